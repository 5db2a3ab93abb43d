"""Random typing: the virtual module never fails, and never depends on how bytes are cut."""

from __future__ import annotations

import kit
from kit import cases
from virtual_module import Clock, VirtualModule
from vm_bench import FAMILIES, Bench, play

NAMES = """+QIOPEN +QICLOSE +QISTATE +QISEND +QISENDEX +QIRD +QISWTMD +QICFG +QPING +QNTP +QIDNSGIP +QIDNSCFG
+QIGETERROR +QIKALIVE +QICSGP +QIACT +QIDEACT +CSQ +CEREG +CGATT +CGPADDR +CGDCONT +CGACT +CMEE +COPS +CCLK +CPIN
E I Z &D +NONE +QSSLCFG +QSSLOPEN +QSSLSEND +QSSLRECV +QSSLCLOSE +QSSLSTATE +QFLST +QFDEL +QCOAPCREATE
+QIACTEX +QIDEACTEX +QIACCEPT +QISDE +QFUPL +QFDWL +QFLDS +QFOPEN +QFREAD +QFWRITE +QFSEEK +QFCLOSE
+QCOAPHEAD +QCOAPCFG +QATWAKEUP""".split()
FORMS = ("", "?", "=?", "=", "=", "=", "=", " =", "=?x", ";")
VALUES: tuple[str, ...] = (
    "0",
    "1",
    "2",
    "5",
    "11",
    "16",
    "70000",
    "-1",
    '"TCP"',
    '"UDP"',
    '"TCP LISTENER"',
    '"h"',
    '"127.0.0.1"',
    '""',
)
VALUES += ('"', "", " ", '"viewmode"', '"seclevel"', "abc", '"30"', "99999999999999999999", '"' + "x" * 600 + '"')
SYNCHRONOUS = "+CSQ +CEREG +CGATT +CGPADDR +CGDCONT +CMEE +COPS +CCLK +QISTATE E I +NONE".split()
LINES, ROUNDS = 40, 6


def a_line(random: kit.Random, names: list[str]) -> bytes:
    """A command line, or something like it."""
    values = [random.choice(VALUES) for _ in range(random.below(7))]
    line = random.choice(("AT", "AT", "AT", "at", "At", "")) + random.choice(names) + random.choice(FORMS)
    return (line + ",".join(values)).encode() + random.choice((b"\r", b"\r", b"\r\n", b""))


@cases(*FAMILIES)
def test_random_lines(model: str) -> None:
    random = kit.Random(kit.seed())

    async def run(bench: Bench) -> None:
        await bench.type("AT+QIACT=1")
        for _ in range(LINES):
            bench.module.feed(a_line(random, NAMES) + random.data(random.below(4)))
            await bench.module.settle()
        bench.module.clock.advance(600_000)
        for _ in range(ROUNDS):  # out of any data entry
            await bench.raw(b"0" * 3000 + b"\x1a\x1b\r")
            bench.module.clock.advance(600_000)
        assert (await bench.type("AT")).endswith(b"\r\nOK\r\n")
        assert bench.module.errors == []

    play(model, run)


@cases(*FAMILIES)
def test_any_cut_gives_the_same_answer(model: str) -> None:
    random = kit.Random(kit.seed())
    typed = b"".join(a_line(random, SYNCHRONOUS) for _ in range(LINES)) + b"\r"
    whole = VirtualModule(model, clock=Clock.stepped())
    whole.feed(typed)
    cut = VirtualModule(model, clock=Clock.stepped())
    for piece in random.chunks(typed, 7):
        cut.feed(piece)
    assert cut.take() == whole.take()
