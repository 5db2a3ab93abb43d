"""The worked examples of the two SSL documents, typed at the virtual module in the order of the documents.

The server has what the examples ask for: TLS 1.0 and the suite 0X0035 only, a certificate of the CA in cacert.pem.
"""

from __future__ import annotations

from collections.abc import Mapping

import transcript
import vm_peers as peers
from kit import cases, rows
from vm_bench import Bench, play
from vm_player import NONE, Act, Player

FAMILIES = (("BG96", "bg96_ssl", "220.180.239.201"), ("EC200U", "ec200u_ssl", "220.180.239.212"))
TEXT = b"Test data from SSL"
GIVEN = {"address": "10.7.157.1", "at_port": "usbmodem", "local_port": 65344}

# Files that the module cannot reproduce in a spelling that they allow, and why. There is none.
NOT_REPRODUCIBLE: dict[str, str] = {}


class Walk:
    """Plays the files of one folder one after the other; the first failure names its file."""

    def __init__(self, b: Bench, folder: str, server: peers.TlsServer) -> None:
        self.bench, self.server = b, server
        self.player = Player(b, folder)
        self.played: list[str] = []

    async def files(self, *names: str, acts: Mapping[int, Act] = NONE) -> None:
        for name in names:
            self.played.append(name)
            await self.player.play(name, acts)

    def push(self) -> None:
        self.server.peers[-1].write(TEXT)

    async def leave(self) -> None:
        """Silence before and after +++: the player types at once, so the time is stepped around it."""
        self.bench.module.clock.advance(1000)

    async def heard(self, count: int) -> None:
        await peers.until(lambda: self.server.heard.count(TEXT) == count)


@rows("R030", "R060", "R068", "R069", "R070", "R078", "R084", "R088", "R095", "R101", "R102", "R103", "R319", "R331")
@cases(*FAMILIES)
def test_chapter_3(model: str, folder: str, address: str) -> None:
    async def run(b: Bench) -> None:
        context = peers.server_context(peers.leaf("one", "server.test"), version=1, ciphers="AES256-SHA")
        async with peers.TlsServer(context, echo=False) as server:
            for port in (8010, 8011):
                b.module.resolver.table["%s:%d" % (address, port)] = ("127.0.0.1", server.port)
            b.module.files["cacert.pem"] = peers.ca_pem()
            walk = Walk(b, folder, server)
            await chapter(walk, model)
            names = {path.rsplit("/", 1)[1] for path in transcript.paths() if "/%s/3" % folder in path}
            played = {name for name in names if any(name.startswith(one) for one in walk.played)}
            assert played == names - set(NOT_REPRODUCIBLE)

    play(model, run, options=GIVEN)


async def chapter(walk: Walk, model: str) -> None:
    fixed = model == "EC200U"
    await walk.player.play("3.1.1", other_spelling=fixed)
    walk.played.append("3.1.1")
    await walk.files("3.1.2", "3.2", "3.3.1")
    await walk.files(*(("3.3.2.1", "3.3.2.2") if fixed else ("3.3.2-",)))
    await walk.heard(2)
    await walk.files("3.3.3", acts={0: walk.push})
    await walk.files("3.3.4")
    walk.bench.module.options["local_port"] = 65047
    await walk.files("3.4.1", "3.4.2")
    await walk.heard(4)
    await walk.files("3.4.3", acts={0: walk.push})
    await walk.files("3.4.4")
    await walk.files("3.5.1", acts={2: walk.leave})
    await walk.files("3.5.3")
    walk.server.greeting = b"<Received data>"
    await walk.files("3.5.2", acts={2: walk.leave})
    await walk.files("3.5.3", "3.1.3")
    assert walk.server.heard == 4 * TEXT


@rows("R041", "R061", "R071", "R079", "R085", "R089", "R320", "R321")
@cases(("BG96", "bg96_ssl", "2.1"), ("EC200U", "ec200u_ssl", "2.2"))
def test_test_commands(model: str, folder: str, name: str) -> None:
    async def run(b: Bench) -> None:
        await Player(b, folder).play(name)

    play(model, run)
