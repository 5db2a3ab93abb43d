from .aio import AsyncModem as AsyncModem
from .aio_socket import AsyncSocket as AsyncSocket
from .coap import Coap as Coap
from .coap_message import CoapMessage as CoapMessage
from .errors import CoapError as CoapError
from .errors import NetworkError as NetworkError
from .errors import QuectelError as QuectelError
from .errors import QuectelTimeout as QuectelTimeout
from .errors import TLSError as TLSError
from .sync import Modem as Modem
from .sync_socket import Socket as Socket
from .table import AF_INET as AF_INET
from .table import AF_INET6 as AF_INET6
from .table import SOCK_DGRAM as SOCK_DGRAM
from .table import SOCK_STREAM as SOCK_STREAM
from .tls import TLSContext as TLSContext

__version__: str
BUFFER: int
PUSH: int
TRANSPARENT: int
STAT_IDLE: int
STAT_SEARCHING: int
STAT_DENIED: int
STAT_REGISTERED: int
STAT_ONLINE: int
STAT_ASLEEP: int
STAT_LOST: int
