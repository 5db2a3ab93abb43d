"""CoAP of BC95-G and BC68: a client, resources, and Observe in both directions (R225-R270)."""

from ._compat import LONGEST_MS, const
from .coap_message import CON, METHODS, NON, CoapMessage
from .coap_traffic import Request, Traffic
from .coap_wire import check_line, check_path, check_token, pairs_of, split_uri, typed
from .text import check_callable, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._faces import CoapOptions
    from ._types import ReadBuf
    from .coap_resources import Answerer
    from .coap_wire import Options


class Coap(Traffic):
    """modem.coap().  On AsyncModem that and the methods are awaited; handlers are plain functions on both faces.

    One request is outstanding at a time: the response URC carries no token (R433), so an answer is matched by its
    message id, and a separate response by being the only one of its server.  Messages that were doubled on their way
    are taken once.  Handlers are called from poll(), or from what waits; they must not call what waits.
    A message has to fit into rx_ring with its options: 1536 holds the longest payload and 400 bytes of them.  One that
    does not is lost, counted in stats.rx_lost, and fails the request that waits with CoapError(EIO).
    """

    # --- client -------------------------------------------------------------------------------------------------

    def get(self, uri: str, *, payload: "ReadBuf" = b"", **options: "Unpack[CoapOptions]") -> CoapMessage:
        """GET coap://address:port/path?query.  See request().  Allocates at most 22,000 bytes."""
        return self.request("GET", uri, payload=payload, **options)

    def post(self, uri: str, payload: "ReadBuf" = b"", **options: "Unpack[CoapOptions]") -> CoapMessage:
        """POST payload.  See request().  Allocates at most 22,000 bytes, 6 a byte."""
        return self.request("POST", uri, payload=payload, **options)

    def put(self, uri: str, payload: "ReadBuf" = b"", **options: "Unpack[CoapOptions]") -> CoapMessage:
        """PUT payload.  See request().  Allocates at most 22,000 bytes, 6 a byte."""
        return self.request("PUT", uri, payload=payload, **options)

    def delete(self, uri: str, *, payload: "ReadBuf" = b"", **options: "Unpack[CoapOptions]") -> CoapMessage:
        """DELETE.  See request().  Allocates at most 22,000 bytes."""
        return self.request("DELETE", uri, payload=payload, **options)

    def request(
        self,
        method: str,
        uri: str,
        *,
        payload: "ReadBuf" = b"",
        format: "int | None" = None,
        options: "Options" = (),
        confirmable: bool = True,
        token: "bytes | None" = None,
        msgid: "int | None" = None,
        timeout_ms: int = 100_000,
    ) -> CoapMessage:
        """Send a request and wait for its response: a CoapMessage, whatever its code, 4.xx and 5.xx too.

        method: GET, POST, PUT or DELETE.  uri: coap://<IPv4 address>[:port][/path][?query]; each path segment and
        query is one option, %XX is decoded.  payload: at most 1024 bytes as text, with format 0, 41 or 50, else 512
        (R244, R427).  format: content format of the payload, one of 0 40 41 42 47 50 (R238).  options: (number or
        name, value) pairs, 12 in all with those of the uri (R236); values are numbers, strings of 1 to 180
        characters, or bytes for ETag and If-Match.  confirmable: CON, which the module repeats until it is
        acknowledged, else NON.  token: 0 to 8 bytes, msgid: 0 to 65535; left out, the driver chooses them.
        ValueError, TypeError before a byte is sent.
        CoapError: ECONNRESET if the server answered with RST or the module restarted, ETIMEDOUT if it did not
        acknowledge after four repetitions, EIO if the module could not send or bytes were lost; else what the module
        refused.  QuectelTimeout when timeout_ms is over; the next request then waits until the module has given this
        one up, 93 s at most.
        Of a response the module shows 512 bytes (R260), and does not tell of more: what may be longer is asked for in
        blocks, ("Block2", number << 4 | 5) among the options, while value & 8 is in the Block2 of the response.
        One that shows that its block was cut is a CoapError(EIO).  Allocates at most 22,000 bytes, 6 a byte.
        """
        if method not in METHODS:
            raise ValueError("method must be GET, POST, PUT or DELETE, not %r" % (method,))
        request = self._request(METHODS[method], uri, payload, format, options, confirmable, token)
        if msgid is not None:
            request.msgid = in_range("msgid", msgid, 0, 0xFFFF)
        return self._modem.run(self._exchange(request, _time(timeout_ms)), timeout_ms)

    def observe(
        self,
        uri: str,
        handler: "Answerer | None",
        *,
        options: "Options" = (),
        token: "bytes | None" = None,
        timeout_ms: int = 100_000,
    ) -> CoapMessage:
        """Observe a resource (RFC 7641): its state now, and from then on handler(CoapMessage) whenever it changes.

        Without an Observe option in what this gives the server takes no observers, and the handler is not called.
        It is for the last time when an error comes.  Behind a restart of the module it is observed again, and the
        handler gets the first answer.  One observation for each server: CoapError(EADDRINUSE) for a second.
        The same uri and options again make it anew, with its token and this handler: for a server that may have
        forgotten it.  handler None ends it: the server is told, with uri and options as before.  options, token, and
        what is raised: as of request().
        Allocates at most 22,000 bytes; a notification at most 3,000, 2 a byte.
        """
        request = self._request(METHODS["GET"], uri, b"", None, options, True, token)
        check_callable("handler", handler)
        request.observes = handler is not None
        if handler is not None:
            request.is_new = self._observations.check(request)
        return self._modem.run(self._observe(request, handler, _time(timeout_ms)), timeout_ms)

    # --- resources ----------------------------------------------------------------------------------------------

    def resource(self, path: str, handler: "Answerer | None", observable: bool = False) -> None:
        """Register a resource: handler(CoapMessage) is called for each request and gives the answer.

        path: 1 to 50 characters that begin with / (R229).  The answer: (code, format, payload) with format None where
        there is no payload, a CoapMessage of which code, options and payload count, or a code alone.  It goes out as
        ACK if the request was confirmable, else as NON.  What the handler raises comes out of poll(), of the call that
        waits, or of AsyncModem's task, which tells the event loop and goes on; 5.00 is sent.
        observable: a GET with Observe 0 makes its sender an observer, at most 8 in all; see notify().
        handler None removes a resource; 4.04 is answered then, as for all paths that nobody has.
        The module keeps resources until it restarts; then they are registered again.  Requests are answered while
        poll() is called or something waits.  Allocates at most 6,000 bytes; a request at most 5,000, 8 a byte.
        """
        check_path(path)
        check_callable("handler", handler)
        if handler is None:
            self._resources.remove(path)
        return self._modem.run(self._register(path, handler, observable))

    def notify(
        self,
        path: str,
        payload: "ReadBuf" = b"",
        *,
        code: int = 205,
        format: "int | None" = None,
        confirmable: bool = True,
        timeout_ms: int = 100_000,
    ) -> int:
        """Tell the observers of a resource its new state; how many have been told.

        confirmable: each is waited for until it has acknowledged, and one that answers with RST or not at all is
        not told any more; once a day this is so anyway.  An error code ends all observations of the path.
        payload, format: as for request().
        ValueError, QuectelTimeout.  Allocates at most 13,000 bytes, 6 a byte, for each observer.
        """
        pairs, format = pairs_of((), format)
        kind = CON if confirmable else NON
        if code // 100 not in (2, 4, 5):
            raise ValueError("%r is no response code" % (code,))
        request = Request(kind, code, ("", 0), pairs, typed(payload, format), None)
        return self._modem.run(self._notify(check_path(path), request), _time(timeout_ms))

    def close(self) -> None:
        """Delete the context at the module, with all resources and observations.  Allocates at most 1,600 bytes."""
        self._resources.clear()
        self._observations.clear()
        self._kept = False
        return self._modem.run(self._context.close())

    def _request(
        self,
        code: int,
        uri: str,
        payload: "ReadBuf",
        format: "int | None",
        options: "Options",
        confirmable: bool,
        token: "bytes | None",
    ) -> Request:
        """ValueError, TypeError before a byte is sent."""
        peer, pairs = split_uri(uri)
        others, format = pairs_of(options, format)
        check_line(pairs + others, len(self._engine.cmd.tx))
        kind = CON if confirmable else NON
        return Request(kind, code, peer, pairs + others, typed(payload, format), check_token(token))


def _time(timeout_ms: int) -> int:
    return in_range("timeout_ms", timeout_ms, 1, LONGEST_MS)
