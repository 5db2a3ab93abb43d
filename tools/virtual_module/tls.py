"""A TLS client as the modules have it: versions, suites and certificate checks of AT+QSSLCFG.

TLS runs over memory BIOs, so nothing here waits or knows about sockets. pyOpenSSL is used because it asks back
for every single verification error: that is what "ignorecertitem" and its companions need.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from OpenSSL import SSL, crypto

from . import certificates, suites

_VERSIONS = {1: SSL.TLS1_VERSION, 2: SSL.TLS1_1_VERSION, 3: SSL.TLS1_2_VERSION}
_DATAGRAM_VERSIONS = {1: 0xFEFF, 2: 0xFEFF, 3: 0xFEFD}  # DTLS 1.0 has no older brother; pyOpenSSL names neither
_RECORD = 16384
_MTU = 1400


class TlsFailure(Exception):
    """The session cannot be opened; its words are for the log, the module only says a number."""


@dataclass(frozen=True)
class TlsSettings:
    """One SSL context at the moment of an open; later changes do not touch it (R031)."""

    family: str
    version: int = 4  # 0 SSL3.0, 1..3 TLS1.0..1.2, 4 all of TLS1.0..1.2 (R026, R044)
    suite: int = suites.ALL
    seclevel: int = 0  # 0 no checks, 1 server, 2 server and client if asked (R050)
    ca: "tuple[bytes, ...]" = ()  # files: "cacert", and "cacertex" beside it (R419)
    client_cert: "bytes | None" = None
    client_key: "bytes | None" = None
    ignore_time: bool = True
    ignore_chain: bool = False
    ignore_sign: bool = False
    ignore_items: int = 0
    sni: bool = False
    check_name: bool = False
    now: "datetime.datetime | None" = None  # the module's clock
    dtls: bool = False  # over UDP; one `send()` is one record (R420)
    rsa_min: int = 0  # fewest bits of an RSA key in a certificate
    der: bool = False  # files may be DER, too


class TlsEvents(Protocol):
    """Who owns a session is told these four things."""

    def opened(self) -> None: ...
    def failed(self, reason: str) -> None: ...
    def received(self, data: bytes) -> None: ...
    def closed(self, clean: bool) -> None: ...


class TlsSession:
    """One client session: `start()`, then `data()` for what the peer says; `send()`, `close()`; events."""

    def __init__(
        self, settings: TlsSettings, name: "str | None", events: TlsEvents, write: "Callable[[bytes], None]"
    ) -> None:
        """TlsFailure: the settings cannot work.

        `name` is the host name given in the AT command, or None when that was an address; `write` takes bytes
        for the peer.
        """
        self._events = events
        self._settings = settings
        self._name = name
        self._write = write
        self._judge: "certificates.Judge | None" = None
        self.is_open = False
        self._started = False
        self._ended = False
        try:
            self._session = self._new_session()
        except certificates.BadCertificate as error:
            raise TlsFailure(str(error)) from None

    def start(self) -> None:
        """The connection to the peer stands: say hello."""
        self._started = True
        self._handshake()

    # -- building the session ------------------------------------------------------------------

    def _new_session(self) -> SSL.Connection:
        settings = self._settings
        context = SSL.Context(SSL.DTLS_METHOD if settings.dtls else SSL.TLS_METHOD)
        _limit_version(context, settings)
        _choose_suites(context, settings)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        if settings.seclevel:
            self._check_server(context)
        if settings.seclevel == 2:
            _give_identity(context, settings)
        session = SSL.Connection(context, None)
        session.set_connect_state()
        if settings.dtls:
            session.set_ciphertext_mtu(_MTU)
        if settings.sni and self._name:
            session.set_tlsext_host_name(_wire_name(self._name))
        return session

    def _check_server(self, context: SSL.Context) -> None:
        settings = self._settings
        store = context.get_cert_store()
        if store is None:
            raise TlsFailure("no certificate store")
        for file in settings.ca:
            for certificate in certificates.load(file, settings.der):
                store.add_cert(crypto.X509.from_cryptography(certificate))
        judge = certificates.Judge(
            name=self._name if settings.check_name else None,
            now=None if settings.ignore_time else settings.now,
            ignore_items=settings.ignore_items,
            ignore_chain=settings.ignore_chain,
            ignore_sign=settings.ignore_sign,
            rsa_min=settings.rsa_min,
        )
        self._judge = judge
        context.set_verify(SSL.VERIFY_PEER, judge.verify)

    # -- the peer ------------------------------------------------------------------------------

    def data(self, data: bytes) -> None:
        """Bytes from the peer."""
        if self._ended:
            return
        self._session.bio_write(data)
        if self._started and not self.is_open:
            self._handshake()
        if self.is_open:
            self._read()

    def retransmit(self) -> None:
        """DTLS: say again what may have been lost, when the time for it has come."""
        if self._started and not self._ended and not self.is_open and self._session.DTLSv1_handle_timeout():
            self._flush()

    def lost(self) -> None:
        """The connection to the peer is gone."""
        self._end("the connection was lost", clean=False)

    # -- the session ---------------------------------------------------------------------------

    def _handshake(self) -> None:
        try:
            self._session.do_handshake()
        except SSL.WantReadError:
            self._flush()
        except SSL.Error as error:
            self._flush()  # the alert that tells the server why
            self._end(self._reason(error), clean=False)
        else:
            self._flush()
            self.is_open = True
            self._events.opened()

    def _reason(self, error: SSL.Error) -> str:
        if self._judge is not None and self._judge.refusal:
            return self._judge.refusal
        return "handshake: %s" % (error.args,)

    def _read(self) -> None:
        while not self._ended:
            try:
                data = self._session.recv(_RECORD)
            except SSL.WantReadError:
                self._flush()
                return
            except SSL.ZeroReturnError:
                self._goodbye()
                self._end("closed by the server", clean=True)
            except SSL.Error as error:
                self._flush()
                self._end("record: %s" % (error.args,), clean=False)
            else:
                self._events.received(data)

    def _flush(self) -> None:
        while True:
            try:
                self._write(self._session.bio_read(_RECORD))
            except SSL.WantReadError:
                return

    def _goodbye(self) -> None:
        try:
            self._session.shutdown()
        except SSL.Error:
            return  # the session is broken: there is nobody to say goodbye to
        self._flush()

    def _end(self, reason: str, clean: bool) -> None:
        if self._ended:
            return
        self._ended = True
        was_open, self.is_open = self.is_open, False
        if was_open:
            self._events.closed(clean)
        else:
            self._events.failed(reason)

    # -- for the owner -------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Encrypts and writes; only while `is_open`."""
        self._session.sendall(data)
        self._flush()

    def close(self) -> None:
        """Says goodbye (close_notify); no event follows. Closing the connection is left to the owner."""
        if not self._ended and self.is_open:
            self._goodbye()
        self._ended, self.is_open = True, False

    def describe(self) -> "dict[str, object]":
        """What was agreed on: protocol version and suite, for the log and for tests."""
        if not self.is_open:
            return {}
        return {"version": self._session.get_protocol_version_name(), "suite": self._session.get_cipher_name()}


def _wire_name(name: str) -> bytes:
    try:
        return name.encode("ascii")
    except UnicodeEncodeError:
        raise TlsFailure("a host name is ASCII") from None


def _limit_version(context: SSL.Context, settings: TlsSettings) -> None:
    if settings.version == 0:
        raise TlsFailure("SSL 3.0 is not to be had any more")
    versions = _DATAGRAM_VERSIONS if settings.dtls else _VERSIONS
    context.set_min_proto_version(versions.get(settings.version, versions[1]))
    context.set_max_proto_version(versions.get(settings.version, versions[3]))


def _choose_suites(context: SSL.Context, settings: TlsSettings) -> None:
    names = suites.openssl_names(settings.family, settings.suite)
    try:
        context.set_cipher_list((":".join(names) + ":@SECLEVEL=0").encode("ascii"))
    except SSL.Error:
        raise TlsFailure("this host has no suite 0X%04X" % settings.suite) from None


def _give_identity(context: SSL.Context, settings: TlsSettings) -> None:
    if settings.client_cert is None or settings.client_key is None:
        return
    chain = certificates.load(settings.client_cert, settings.der)
    try:
        context.use_certificate(chain[0])
        for certificate in chain[1:]:
            context.add_extra_chain_cert(certificate)
        context.use_privatekey(certificates.load_key(settings.client_key, settings.der))
        context.check_privatekey()
    except SSL.Error as error:
        raise TlsFailure("client certificate and key do not fit: %s" % (error.args,)) from None
