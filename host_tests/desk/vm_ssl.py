"""What the tests of the SSL commands share."""

from __future__ import annotations

import pytest
import vm_peers as peers
from vm_bench import OK, Bench

CODES = {"BG96": 566, "EC200U": 579}  # of a TLS failure (R398)
LTE = pytest.mark.parametrize("model", ["BG96", "EC200U"])


async def ready(b: Bench, port: int, *more: str) -> None:
    """PDP context up, SSL context 1 checks the server against the CA."""
    b.module.resolver.table["server.test"] = ("127.0.0.1", port)
    b.module.resolver.table["220.180.239.201"] = ("127.0.0.1", port)
    answer = await b.upload("cacert.pem", peers.ca_pem())
    assert answer.startswith(b"\r\n+QFUPL: %d," % len(peers.ca_pem()))
    b.module.network.activate(1)
    await b.ok('AT+QSSLCFG="seclevel",1,1', 'AT+QSSLCFG="cacert",1,"UFS:cacert.pem"', *more)


async def opened(b: Bench, mode: int = 0, host: str = "server.test", number: int = 4) -> None:
    command = 'AT+QSSLOPEN=1,1,%d,"%s",443,%d' % (number, host, mode)
    assert (await b.type_until(command, "+QSSLOPEN: %d," % number)).startswith(OK)
