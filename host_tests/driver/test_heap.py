"""The steady state allocates nothing: under heap_lock(), and by mem_total() where the VM counts every byte.

heap_lock() does not see frames that are taken from the heap and given back at once; mem_total() does. On CPython the
same work is done and only its bytes are compared. The engine alone does it, and the blocking face does.
"""

import kit
from kit import cases, rows
from lean import SINK, UNIT
from quectel import QuectelTimeout
from quectel._compat import Store
from quectel.table import HEX, INLINE, PUSH
from stands import DATA, PARTS, SOURCE, WHOLE, Bare, Blocking, Stand
from stated import stated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[Stand, int], int]

if kit.MICROPYTHON:
    from gc import collect

    import micropython

COUNTED = kit.MICROPYTHON and hasattr(micropython, "mem_total")
SLOW = kit.MICROPYTHON and not COUNTED  # npm's VM
CHUNKS = (1, 7, 64, 511)
_POLL = 3  # ioctl
_RD = 1
TYPED = b"0123456789 abcdef"


# --- what is done ---------------------------------------------------------------------------------------------------


def receive_some(stand: Stand, total: int) -> int:
    """recv_into() until total bytes are there; a datagram each in the one case."""
    got = 0
    while got < total:
        stand.slot.more = True
        got += stand.take()
    return got


def receive_all(stand: Stand, total: int) -> int:
    """One readinto(), which is never short."""
    stand.slot.more = True
    return stand.fill(stand.big, total)


def receive_pushed(stand: Stand, total: int) -> int:
    got = 0
    while got < total:
        stand.wire.push()
        left = UNIT
        while left:
            left -= stand.take()
        got += UNIT
    return got


def send_all(stand: Stand, total: int) -> int:
    done = 0
    while done < total:
        stand.send(SOURCE)
        done += len(SOURCE)
    return done


def send_datagrams(stand: Stand, total: int) -> int:
    done = 0
    while done < total:
        stand.send(PARTS[done // UNIT % len(PARTS)])
        done += UNIT
    return done


def hear_urcs(stand: Stand, total: int) -> int:
    for i in range(total):
        if i & 3:
            stand.wire.say_urc()
        else:
            stand.wire.say_rare_urc()
        while stand.turn() or stand.wire.out.n:
            pass
    return total


def ask_states(stand: Stand, total: int) -> int:
    for _ in range(total):
        wanted = stand.wire.asked % 5
        assert stand.ask() == wanted
    return total


def idle(stand: Stand, total: int) -> int:
    for _ in range(total):
        assert not stand.turn()
    return total


# --- what it costs --------------------------------------------------------------------------------------------------


def costs(work: "Work", stand: Stand, total: int) -> "tuple[int, int]":
    """(what work gave, bytes that it has asked the heap for): 0 where the VM does not count them."""
    if not kit.MICROPYTHON:
        return work(stand, total), 0
    collect()
    before = micropython.mem_total() if COUNTED else 0
    micropython.heap_lock()
    try:
        got = work(stand, total)
    finally:
        micropython.heap_unlock()
    return got, micropython.mem_total() - before if COUNTED else 0


def steady(what: str, work: "Work", stand: Stand, total: int) -> Stand:
    """Do the work once to warm up, then again under the lock."""
    stand.drain()
    work(stand, max(total // 16, min(total, 16)))
    stand.drain()
    stats = stand.engine.stats
    before = stats.urcs + stats.unknown - stand.wire.urcs
    got, cost = costs(work, stand, total)
    assert got >= total, (got, total)
    assert cost == 0, (stand.__class__, stand.wire.chunk, cost)
    if COUNTED:
        kit.count("heap bytes, " + what, cost)
    if kit.MICROPYTHON:
        kit.count("steady states under heap_lock")
    return checked(stand, before)


def checked(stand: Stand, before: int) -> Stand:
    """No URC and no byte was lost."""
    while stand.turn() or stand.wire.out.n:
        pass
    stats = stand.engine.stats
    assert stats.urcs + stats.unknown - stand.wire.urcs == before
    assert stats.framing == stats.rx_lost == stats.timeouts == stats.dgram_cut == stats.long_lines == 0
    return stand


def every(*names: str) -> "Callable[[Callable[..., None]], Callable[..., None]]":
    """Each of these connections, by the engine alone and by the blocking face, at each chunk."""
    table = [(make, name, chunk) for make in (Bare, Blocking) for name in names for chunk in CHUNKS]
    return cases(*[case for case in table if not SLOW or is_proof(case[0], case[1]) or case[2] in (1, 511)])


def is_proof(make: "type[Stand]", name: str) -> bool:
    """The others repeat it, and may be shorter where reads are short or the VM is slow."""
    return name == "BC25" and (make is Blocking or not kit.MICROPYTHON)


def amount(make: "type[Stand]", name: str, chunk: int, whole: int = WHOLE) -> int:
    """64 KiB, or less where it only repeats the proof."""
    if is_proof(make, name):
        return whole
    if SLOW:
        return whole // 16 if chunk > 7 else whole // 64
    return whole if chunk > 7 else whole // 16


@rows("R094", "R166", "R214")
@every("BC25", "BG96", "TLS", "UDP", "UDP on LTE", "UDP SERVICE")
def test_receiving_what_is_there(make: "type[Stand]", name: str, chunk: int) -> None:
    stand = make(name, chunk, 0)
    total = amount(make, name, chunk)
    steady("64 KiB received", receive_some, stand, total)
    assert kept(stand.seen, total) == DATA[:total]


@rows("R166")
@every("BC25", "BG96", "TLS")
def test_receiving_into_one_buffer_never_short(make: "type[Stand]", name: str, chunk: int) -> None:
    stand = make(name, chunk, 0)
    total = amount(make, name, chunk)
    steady("64 KiB received into one buffer", receive_all, stand, total)
    assert stand.big[:total] == DATA[:total]


@rows("R095", "R213")
@every("BC25", "BG96", "TLS", "UDP", "UDP SERVICE")
def test_receiving_in_direct_push(make: "type[Stand]", name: str, chunk: int) -> None:
    stand = make(name, chunk, PUSH)
    total = amount(make, name, chunk)
    steady("64 KiB received in direct push", receive_pushed, stand, total)
    assert kept(stand.seen, total) == DATA[:total]


@rows("R149", "R292")
@every("BC25", "BG96", "TLS")
def test_sending(make: "type[Stand]", name: str, chunk: int) -> None:
    stand = make(name, chunk, 0)
    total = max(amount(make, name, chunk, SINK), len(SOURCE))
    steady("64 KiB sent", send_all, stand, total)
    assert kept(stand.wire.sink, total) == DATA[:total]


def send_typed(stand: Stand, total: int) -> int:
    for i in range(total):
        stand.slot.form = HEX if i & 1 else INLINE
        stand.send(TYPED)
    return total


@rows("R147", "R159")
@every("BC25")
def test_sending_in_the_command_line(make: "type[Stand]", name: str, chunk: int) -> None:
    stand = make(name, chunk, 0)
    total = amount(make, name, chunk, 200)
    steady("200 sends in the command line", send_typed, stand, total)
    assert stand.wire.typed >= total


@rows("R149")
@every("UDP", "UDP on LTE", "UDP SERVICE")
def test_sending_datagrams(make: "type[Stand]", name: str, chunk: int) -> None:
    stand = make(name, chunk, 0)
    total = amount(make, name, chunk, SINK)
    steady("64 KiB sent as datagrams", send_datagrams, stand, total)
    assert kept(stand.wire.sink, total) == DATA[:total]


def kept(store: Store, n: int) -> bytearray:
    """What was written there first."""
    store.seek(0)
    got = bytearray(n)
    store.readinto(got, n)
    return got


@rows("R212", "R217")
@every("BC25", "BG96", "TLS")
def test_a_thousand_urcs(make: "type[Stand]", name: str, chunk: int) -> None:
    stand = make(name, chunk, 0)
    total = amount(make, name, chunk, 1000)
    steady("1,000 URCs", hear_urcs, stand, total)
    assert stand.engine.stats.no_slot >= total // 4


@rows("R090", "R136", "R138")
@every("BC25", "BG96", "TLS")
def test_a_thousand_state_queries(make: "type[Stand]", name: str, chunk: int) -> None:
    steady("1,000 state queries", ask_states, make(name, chunk, 0), amount(make, name, chunk, 1000))


@cases(Bare, Blocking)
def test_a_thousand_turns_with_nothing_to_do(make: "type[Stand]") -> None:
    steady("1,000 idle turns", idle, make("BC25", 64, 0), 1000)


def would_block(stand: Stand, total: int) -> int:
    assert isinstance(stand, Blocking)
    stand.sock.settimeout(0)
    for _ in range(total):
        assert stand.sock.readinto(stand.big) is None
        assert stand.sock.ioctl(_POLL, _RD) == 0
    return total


def test_a_thousand_calls_that_would_block() -> None:
    """Those that give None, and a poll; what raises EAGAIN makes an exception."""
    steady("1,000 calls that would block", would_block, Blocking("BC25", 64, 0), 1000)


def time_out(stand: Blocking) -> None:
    try:
        stand.take()
    except QuectelTimeout:
        return
    raise AssertionError("there was something")


def receive_with_time_outs(stand: Stand, total: int) -> int:
    assert isinstance(stand, Blocking)
    stand.sock.settimeout(0.005)
    for _ in range(total):
        time_out(stand)
        stand.slot.more = True
        while stand.take() < UNIT or stand.wire.out.n:
            pass
        stand.drain()
    return total


def test_time_outs_cost_their_exceptions_alone() -> None:
    stand = Blocking("BC25", 64, 0)
    receive_with_time_outs(stand, 3)
    most = 100 * stated("sync_socket.Socket")[0]
    before = micropython.mem_total() if COUNTED else 0
    receive_with_time_outs(stand, 100)
    if COUNTED:
        got = micropython.mem_total() - before
        assert got <= most, got
        kit.count("heap bytes, 100 time-outs", got)
