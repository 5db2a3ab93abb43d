"""Modules that look like `socket` and `ssl`, for clients that import them; see Modem.socket_module().

A module cannot put TLS on a connection that is open.  So a port that has a TLSContext is opened as TLS at connect(),
and what the client calls afterwards, wrap_socket(), finds the work done and checks that it is.
"""

from errno import EOPNOTSUPP

from ._compat import const
from .base_socket import pair
from .errors import QuectelError, QuectelTimeout, TLSError
from .sync_socket import Socket
from .table import AF_INET, AF_INET6, BUFFER, SOCK_DGRAM, SOCK_STREAM, TAKEN
from .text import in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._faces import PortContexts, Slot, TLSContext
    from ._types import Address, ReadBuf
    from .aio import AsyncModem
    from .sync import Modem

_POLL = const(3)
_ERR = const(8)
_HUP = const(16)
_ANY = ("0.0.0.0", "::")
_PROTOCOL_CLIENT = const(0)
_CERT_NONE = const(0)
_CERT_REQUIRED = const(2)


class ModemSocket(Socket):
    """A Socket that is opened as TLS where its port has a context.  What socket_module().socket is based on."""

    if TYPE_CHECKING:
        _modem: Any  # a Modem; for LoopSocket an AsyncModem

        def __init__(
            self, family: int = ..., type: int = ..., proto: int = ..., fileno: object = ..., slot: "Slot | None" = ...
        ) -> None: ...

    def _made(
        self, modem: "Modem | AsyncModem", contexts: "PortContexts", af: int, type: int, slot: "Slot | None"
    ) -> None:
        Socket.__init__(self, modem, type, None, BUFFER, af, 1, slot)  # type: ignore[arg-type]
        self._contexts = contexts
        self._wrapped: "Wrapping | None" = None

    def bind(self, address: "Address") -> None:
        """See Socket.bind(); "0.0.0.0" and "::", by which servers mean any address, are the module's own."""
        host, port = pair(address)
        Socket.bind(self, ("" if host in _ANY else host, port))

    def connect(self, address: "Address") -> None:
        """See Socket.connect(); as TLS if the port has a context."""
        host, port = pair(address)
        tls = context_of(self._contexts, port, self._make[0])
        if self._wrapped is not None:
            self._wrapped.check(tls, host)
        if tls is not self._make[1]:
            self._remake(tls)
        self._open(address)

    def _open(self, address: "Address") -> None:
        Socket.connect(self, address)

    def _remake(self, tls: "TLSContext | None") -> None:
        """Another slot, for other commands: nothing has been sent for the one it has."""
        self._check_shut(False)
        self._engine.close(self._slot, self._gen)
        type, _, mode, af, pdp = self._make
        self._make = (type, tls, mode, af, pdp)
        self._slot = self._modem.take_slot(type, tls, mode, af, pdp)
        self._slot.form = self._form
        self._gen = self._slot.gen

    def accept(self) -> "tuple[ModemSocket, Address]":
        """See Socket.accept()."""
        client, address = Socket.accept(self)
        return self.__class__(AF_INET, SOCK_STREAM, 0, None, client._slot), address

    def wrap(self, how: "Wrapping") -> None:
        """A client wants TLS on this socket."""
        if self._slot.gen == self._gen and self._slot.state == TAKEN and self._opening is None:
            self._wrapped = how  # connect() will see
        else:
            how.check(self._make[1], self._peer[0] if self._peer else "")


class LoopSocket(ModemSocket):
    """The same on an AsyncModem: asyncio's own streams wait for it, and it never blocks."""

    def _made(
        self, modem: "Modem | AsyncModem", contexts: "PortContexts", af: int, type: int, slot: "Slot | None"
    ) -> None:
        ModemSocket._made(self, modem, contexts, af, type, slot)
        self._timeout_ms = 0

    def settimeout(self, value: "float | None") -> None:
        """0, which it is from the beginning.  ValueError for others."""
        if value != 0:
            raise ValueError("sockets of an AsyncModem do not block: use asyncio's streams, or a Modem")

    def setblocking(self, flag: bool) -> None:
        """False, which it is from the beginning.  ValueError for True."""
        self.settimeout(None if flag else 0)

    def _open(self, address: "Address") -> None:
        self._modem.begin(0)
        Socket.connect(self, address)

    def listen(self, backlog: int = 1) -> None:
        """See Socket.listen(), of a socket that does not block."""
        self._modem.begin(0)
        Socket.listen(self, backlog)

    def sendto(self, buf: "ReadBuf", address: "Address") -> int:
        """See Socket.sendto().  ValueError for another peer than connect() has named."""
        if self._datagram(buf, address):
            raise ValueError("connect() first: sendto() would have to wait for that")
        return self.send(buf)

    def set_mode(self, mode: int) -> None:
        """ValueError: it would have to wait; AsyncSocket has it."""
        raise ValueError("the access mode is changed by AsyncSocket.set_mode(), which is awaited")

    def _end(self, ms: int = -1) -> None:
        self._engine.close(self._slot, self._gen)
        self._modem.kick()

    def ioctl(self, request: int, arg: int) -> int:
        """See Socket.ioctl(); here the modem's task moves the bytes.  Allocates nothing."""
        if request == _POLL:
            return _ERR | _HUP if self._modem.is_broken() else self._ready() & (arg | _ERR | _HUP)
        return Socket.ioctl(self, request, arg)


# --- the socket module -------------------------------------------------------------------------------------------


class SocketModule:
    """What looks like the module `socket`: for sys.modules["socket"], before the client is imported."""

    AF_UNSPEC = 0
    AF_INET = AF_INET
    AF_INET6 = AF_INET6
    SOCK_STREAM = SOCK_STREAM
    SOCK_DGRAM = SOCK_DGRAM
    IPPROTO_TCP = 6
    IPPROTO_UDP = 17
    TCP_NODELAY = 1
    SOL_SOCKET = 1
    SO_REUSEADDR = 2
    SO_KEEPALIVE = 9
    error = OSError
    timeout = QuectelTimeout
    gaierror = QuectelError

    def __init__(self, kind: "type[ModemSocket]") -> None:
        self.socket = kind

    def getaddrinfo(
        self, host: "str | None", port: "int | str", family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> "list[tuple[int, int, int, str, Address]]":
        """One entry with the name as it is given: the module looks it up when it connects.

        Sends nothing.  Allocates at most 400 bytes.
        """
        host = host or ""
        if isinstance(port, str):
            port = int(port)
        return [(family or family_of(host), type or SOCK_STREAM, proto, "", (host, port))]

    def create_connection(
        self, address: "Address", timeout: "float | None" = None, source_address: "Address | None" = None
    ) -> ModemSocket:
        """A connected stream socket that keeps the timeout (seconds), as CPython's function gives it."""
        sock = self.socket(family_of(pair(address)[0]))
        done = False
        try:
            sock.settimeout(timeout)
            if source_address is not None:
                sock.bind(source_address)
            sock.connect(address)
            done = True
        finally:
            if not done:  # the id is closed when there is time for it
                sock._engine.close(sock._slot, sock._gen)
        return sock


def family_of(host: str) -> int:
    """AF_INET6 for an address with colons."""
    return AF_INET6 if ":" in host else AF_INET


def socket_module(modem: "Modem | AsyncModem", contexts: "PortContexts", base: "type[ModemSocket]") -> SocketModule:
    """The module's look-alike for one modem; see Modem.socket_module()."""
    check_contexts(modem, contexts)

    class socket(base):  # type: ignore[valid-type,misc]
        """A socket of this modem."""

        def __init__(
            self,
            family: int = AF_INET,
            type: int = SOCK_STREAM,
            proto: int = 0,
            fileno: object = None,
            slot: "Slot | None" = None,
        ) -> None:
            if fileno is not None:
                raise QuectelError(EOPNOTSUPP, "no descriptor of the operating system stands behind a socket")
            self._made(modem, contexts, family or AF_INET, type, slot)

    return SocketModule(socket)


# --- contexts of ports -------------------------------------------------------------------------------------------


def context_of(contexts: "PortContexts", port: object, type: int) -> "TLSContext | None":
    """The TLSContext with which a port is opened.  Datagrams have one only if it is for DTLS."""
    tls = contexts.get(port) if isinstance(contexts, dict) else contexts  # type: ignore[call-overload]
    return None if tls is not None and type == SOCK_DGRAM and not tls.dtls else tls


def check_contexts(modem: "Modem | AsyncModem", contexts: "PortContexts") -> None:
    """TypeError, ValueError or QuectelError(EOPNOTSUPP) for what socket_module(tls=) cannot be."""
    if contexts is None:
        return
    if not isinstance(contexts, dict):
        contexts = {1: contexts}
    for port in contexts:
        in_range("a port of tls=", port, 1, 65535)
        check_usable(modem, contexts[port])


def check_usable(modem: "Modem | AsyncModem", tls: object) -> None:
    from .tls import TLSContext, check_context

    if not isinstance(tls, TLSContext):
        raise TypeError("tls is a TLSContext, or a dict that has one for each port")
    if modem.family.tls is None:
        raise QuectelError(EOPNOTSUPP, "%s has no TLS sockets" % modem.family.name)
    check_context(tls, modem.family, SOCK_DGRAM if tls.dtls else SOCK_STREAM)


# --- the TLS module ----------------------------------------------------------------------------------------------


class Wrapping:
    """What a client asks for when it wraps a socket."""

    def __init__(self, name: str, strict: bool) -> None:
        self._name = name
        self._strict = strict

    def check(self, tls: "TLSContext | None", host: str) -> None:
        """Raises if a connection to host, with tls, is less than that."""
        if tls is None:
            raise QuectelError(
                EOPNOTSUPP,
                "a module puts no TLS on an open connection: give the port a context, socket_module(tls={port: ...})",
            )
        if self._name and self._name.lower() != host.lower():
            raise ValueError("the module checks the name it connects to, %s, not %s" % (host, self._name))
        if self._strict and not tls.verify:
            raise ValueError("the client wants the server checked; the port's TLSContext has verify=False")


class Context:
    """`SSLContext`: a client's idea of TLS.  What counts is the port's TLSContext; this can ask for no less.

    verify_mode: CERT_NONE changes nothing; with CERT_REQUIRED, once it was set, a port whose TLSContext has
    verify=False is refused.
    """

    def __init__(self, protocol: int = _PROTOCOL_CLIENT) -> None:
        if protocol & 1:
            raise QuectelError(EOPNOTSUPP, "a module is no TLS server")
        self.check_hostname = False
        self._mode = -1

    @property
    def verify_mode(self) -> int:
        """CERT_REQUIRED unless it was set to something else."""
        return _CERT_REQUIRED if self._mode < 0 else self._mode

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        self._mode = mode

    def wrap_socket(
        self,
        sock: Socket,
        *,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        server_hostname: "str | bytes | None" = None,
        **others: object,
    ) -> Socket:
        """The socket itself, which the module has opened, or will open, with TLS.

        QuectelError(EOPNOTSUPP) for a plain connection, a server, and certificates that a client brings along;
        ValueError if the client asks for another host name or for a check that the TLSContext leaves out.
        """
        for name in others:
            if others[name] is not None:
                _refuse(name)
        if server_side:
            raise QuectelError(EOPNOTSUPP, "a module is no TLS server")
        host = server_hostname or ""
        how = Wrapping(host if isinstance(host, str) else host.decode(), self._mode == _CERT_REQUIRED)
        if isinstance(sock, ModemSocket):
            sock.wrap(how)
        elif isinstance(sock, Socket):
            how.check(sock._make[1], sock._peer[0] if sock._peer else "")
        else:
            raise TypeError("only sockets of this modem have its TLS")
        return sock

    def load_cert_chain(self, *_: object, **__: object) -> None:
        """QuectelError(EOPNOTSUPP): see TLSContext(cert=, key=)."""
        _refuse("cert")

    def load_verify_locations(self, *_: object, **__: object) -> None:
        """QuectelError(EOPNOTSUPP): see TLSContext(ca=)."""
        _refuse("cadata")

    def set_ciphers(self, *_: object) -> None:
        """QuectelError(EOPNOTSUPP): see TLSContext(suites=)."""
        _refuse("ciphers")


def _refuse(what: str) -> None:
    text = "%s belongs into the TLSContext that socket_module(tls=) has for the port"
    raise QuectelError(EOPNOTSUPP, text % what)


class TLSModule:
    """What looks like the modules `ssl` and `tls`."""

    PROTOCOL_TLS_CLIENT = _PROTOCOL_CLIENT
    PROTOCOL_TLS_SERVER = 1
    PROTOCOL_DTLS_CLIENT = 2
    CERT_NONE = _CERT_NONE
    CERT_OPTIONAL = 1
    CERT_REQUIRED = _CERT_REQUIRED
    SSLContext = Context
    SSLError = TLSError

    def create_default_context(self) -> "Context":
        """As CPython's function: a context that wants the server checked."""
        context = Context()
        context.verify_mode = _CERT_REQUIRED
        return context

    def wrap_socket(
        self,
        sock: Socket,
        server_side: bool = False,
        key: object = None,
        cert: object = None,
        cert_reqs: int = _CERT_NONE,
        cadata: object = None,
        server_hostname: "str | bytes | None" = None,
        do_handshake: bool = True,
    ) -> Socket:
        """See SSLContext.wrap_socket(); the arguments are those of MicroPython's ssl.wrap_socket()."""
        context = Context()
        context.verify_mode = cert_reqs
        return context.wrap_socket(
            sock, server_side=server_side, server_hostname=server_hostname, key=key, cert=cert, cadata=cadata
        )
