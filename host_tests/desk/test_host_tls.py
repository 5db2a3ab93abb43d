"""TLS of MicroPython itself over a plain modem socket, in the unix VM: TLS 1.3, which no module has."""

from __future__ import annotations

import pytest
import vm_peers as peers
from kit import rows
from test_drop_in import PAGE, SUM, needs_vm, said, site, start_vm, world
from vm_drop_in import SECURE_WEB

TLS_1_3 = 4


@needs_vm
@rows("R149", "R166", "R214", "R441")
@pytest.mark.parametrize("model", ["BC25", "BC65", "BG96", "EC200U"])
def test_a_page_over_the_vms_own_tls(model: str) -> None:
    """256 KiB in buffer mode, a POST in both modes, and a server of another authority, which is refused."""
    with site(True, TLS_1_3) as port, world(model, **{SECURE_WEB: port}) as w:
        names = {"url": w.module.url, "model": model, "host": SECURE_WEB}
        certificates = {"ca": peers.ca_pem("one").decode(), "other": peers.ca_pem("other").decode()}
        lines = said(start_vm(script="vm_host_tls.py", size=len(PAGE), **names, **certificates))
        assert not [line for _, way, line in w.module.log if way == ">>" and b"QSSLOPEN" in line]
    assert lines["page"] == "200 %d %s" % (len(PAGE), SUM)
    assert lines["posted0"] == lines["posted1"] == lines["refused"] == "True"
    assert lines["stats"] == "0 0 0 0"
