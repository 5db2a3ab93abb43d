"""Every loss of up to 20 bytes in an exchange of two sockets, bytes that come twice, and chunks that a UART overran."""

import os

import kit
from kit import cases, rows
from lossy import LossyModule
from quectel.table import BUFFER, FAILED, OPEN, PUSH

_SMALL = not hasattr(os, "getenv")  # npm's VM is slow: a sample
_FOX = b"The quick brown fox jumps over the lazy dog"
_LONGEST = 20  # bytes lost; a pushed header and its line ends are more
_SAMPLE = 50 if _SMALL else 8 if kit.MICROPYTHON else 1  # a VM tries one loss of so many

_numbers: "list[kit.Random]" = []


def numbers() -> kit.Random:
    if not _numbers:
        _numbers.append(kit.Random(kit.seed()))
    return _numbers[0]


# --- every loss in an exchange of two sockets -----------------------------------------------------------------------


def exchange(module: LossyModule) -> int:
    """The driver learns how the module prints; then bytes are lost; then there is more.  Bytes that can be lost."""
    module.give(0, b"one ")
    module.quiet()
    module.give(1, b"two ")
    module.quiet()
    module.counting = True
    module.give(0, _FOX[:24])
    module.give(1, b"hello, you")
    module.give(0, b"abcdefghijkl")
    module.quiet()
    module.give(1, _FOX)
    module.quiet()
    module.counting = False
    module.give(0, b"a little later")
    module.give(1, b"and much too late")
    module.run(1500)
    module.give(0, b"the very end")
    module.give(1, b"of the story")
    module.run(2500)
    return module.said


def drops(total: int, share: int = 1) -> "list[tuple[int, int]]":
    """Every loss, or one of `share` at random; in a VM a sample."""
    every = [(at, n) for n in range(1, _LONGEST + 1) for at in range(total - n + 1)]
    share *= _SAMPLE
    if share > 1:
        numbers().shuffle(every)
        every = every[: len(every) // share]
    return every


EXCHANGES = [
    (modes, trailing, blank)
    for modes in ((PUSH, PUSH), (BUFFER, BUFFER), (PUSH, BUFFER))
    for trailing, blank in ((True, True), (False, False))
]


@rows("R095", "R166", "R214", "R441")
@cases(*EXCHANGES)
def test_what_is_delivered_is_a_beginning_of_the_stream_whatever_is_lost(
    modes: "tuple[int, int]", trailing: bool, blank: bool
) -> None:
    """Every position, every length up to 20 bytes; and then the next command and other sockets work.

    Every one where both sockets have one mode and the module prints all line ends; of the others one of four.
    """
    module = LossyModule(modes, trailing, blank)
    total = exchange(module)
    share = 1 if trailing and modes[0] == modes[1] else 4
    assert module.got == module.truth and module.rig.stat("framing") == 0
    tried = 0
    for cut in drops(total, share):
        module = LossyModule(modes, trailing, blank, cut)
        exchange(module)
        assert not module.broken(), (cut, module.broken())
        assert not module.silent(), (cut, module.silent())
        states = [slot.state for slot in module.slots.values()]
        assert modes != (BUFFER, BUFFER) or OPEN in states, cut  # the other one goes on
        if FAILED in states:
            assert module.rig.stat("framing") + module.rig.stat("rx_lost") + module.rig.stat("timeouts"), cut
        if cut[0] % 5 == 0:
            assert not module.stuck(), (cut, module.stuck())
        tried += 1
    kit.count("losses tried", tried)


@rows("R095", "R214", "R441")
@cases((0,), (1,), (2,))
def test_however_the_reads_cut_what_is_left(piece: int) -> None:
    """Byte by byte, in sevens, and in pieces of 1 to 30."""
    module = LossyModule((PUSH, BUFFER))
    for cut in drops(exchange(module), 10):
        module = LossyModule((PUSH, BUFFER), cut=cut, piece=(1, 7, numbers().between(1, 30))[piece])
        exchange(module)
        assert not module.broken(), (cut, module.piece, module.broken())
        assert not module.silent(), (cut, module.piece, module.silent())


@rows("R166", "R441")
def test_doubled_bytes_are_found_in_buffer_mode() -> None:
    module = LossyModule((BUFFER, BUFFER))
    for cut in drops(exchange(module), 4):
        module = LossyModule((BUFFER, BUFFER), cut=cut, doubled=True)
        exchange(module)
        assert not module.broken(), (cut, module.broken())
        if cut[0] % 5 == 0:
            assert not module.stuck(), (cut, module.stuck())


@rows("R095", "R214")
@cases(40, 64, 100, 128, 200, 300)
def test_a_chunk_that_a_uart_overran(lost: int) -> None:
    """Within one pushed payload, at its end, and from one payload into the other's."""
    one, two = bytes(range(32, 127)) * 4, _FOX * 6
    for at in range(0, 700, 130 if _SMALL else 13):
        module = LossyModule((PUSH, PUSH, BUFFER), cut=(at, lost))
        for cid in range(3):
            module.give(cid, b"learn this")
            module.quiet()
        module.counting = True
        module.give(0, one)
        module.give(1, two)
        module.give(2, _FOX)
        module.counting = False
        module.run(1500)
        for cid in range(3):
            module.give(cid, b"later")
            module.run(1500)  # a count may still wait for its bytes
        assert not module.broken(), (at, module.broken())
        assert not module.silent(), (at, module.silent())
        kit.count("losses tried")
