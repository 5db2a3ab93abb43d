"""What only the asyncio face has: several tasks at once, and tasks that are cancelled."""

import asyncio

from aio_face import ended, on_loop, pause
from costing_services import ALLOWED, WOKEN
from kit import raises, rows
from quectel import SOCK_DGRAM, QuectelError
from quectel.table import FREE
from scripted import OK, lines
from steps import CLOSE_0, CONTEXT_UP, EMPTY, OPEN_0, READ_0, RECV_0, RECV_1, SENT, SERVER, payload, said, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aio_face import AsyncFace


def second(face: "AsyncFace", first: "Any") -> "Any":
    """A socket with connection id 1, connected as the first one is."""
    sock = face.modem.socket()
    face.modem.engine.table.bind(sock._slot, 1)
    sock._slot.state = first._slot.state
    return sock


def all_free(face: "AsyncFace") -> bool:
    return all([slot.state == FREE for slot in face.modem.engine.table.slots])


@rows("R108")
@on_loop
async def test_two_tasks_receive_at_the_same_time(face: "AsyncFace") -> None:
    read_1 = b"AT+QIRD=1,512\r"
    script = [(READ_0, payload(b"zero")), (READ_0, EMPTY), (read_1, payload(b"one")), (read_1, EMPTY)]
    s = face.opened(script)
    t = second(face, s)
    tasks = [asyncio.create_task(s.read(4)), asyncio.create_task(t.read(3))]
    await face.settle()
    face.uart.say(RECV_0)
    await face.settle()
    face.uart.say(RECV_1)
    assert await tasks[0] == b"zero" and await tasks[1] == b"one"
    await face.settle()


@rows("R108")
@on_loop
async def test_what_comes_while_another_task_does_not_wait(face: "AsyncFace") -> None:
    """A call that does not wait takes what the UART has: those that wait for it must hear of it."""
    s = face.opened([(READ_0, payload(b"zero")), (READ_0, EMPTY)])
    t = second(face, s)
    t.settimeout(0)
    receiving = asyncio.create_task(s.read(4))
    await face.settle()
    face.uart.say(RECV_0)
    for _ in range(100):
        with raises(QuectelError):
            await t.recv(1)  # never awaits anything, but takes what comes
        if receiving.done():
            break
        await pause()
    else:
        raise AssertionError("nobody told it")
    assert await receiving == b"zero"
    await face.settle()


@on_loop
async def test_a_task_that_always_finds_something_lets_others_run(face: "AsyncFace") -> None:
    modem = face.start("BC25", [])
    turns = []

    async def other() -> None:
        for i in range(3):
            turns.append(i)
            await pause()

    task = asyncio.create_task(other())
    for _ in range(40):
        modem.changed.set()
        await modem.changed.wait()
    assert len(turns) == 3
    await task


@rows("R108", "R149", "R292")
@on_loop
async def test_one_task_sends_while_another_receives(face: "AsyncFace") -> None:
    script = sending(b"ping", [OK, 200, RECV_0, 200, lines("SEND OK")]) + [(READ_0, payload(b"pong")), (READ_0, EMPTY)]
    s = face.opened(script)
    receiving = asyncio.create_task(s.read(4))
    await face.settle()
    assert await s.send(b"ping") == 4
    assert await receiving == b"pong"
    await face.settle()


@rows("R149", "R292")
@on_loop
async def test_two_tasks_send_on_one_socket(face: "AsyncFace") -> None:
    s = face.opened(sending(b"one", SENT) + sending(b"two", SENT))
    tasks = [asyncio.create_task(s.sendall(b"one")), asyncio.create_task(s.sendall(b"two"))]
    for task in tasks:
        await task


@rows("R108")
@on_loop
async def test_a_cancelled_receiver_loses_nothing(face: "AsyncFace") -> None:
    s = face.opened([(READ_0, payload(b"data")), (READ_0, EMPTY)])
    task = asyncio.create_task(s.recv(10))
    await face.settle()
    task.cancel()
    assert isinstance(await ended(task), asyncio.CancelledError)
    face.uart.say(RECV_0)
    assert await s.recv(10) == b"data"
    await face.settle()


@rows("R395")
@on_loop
async def test_a_cancelled_connect_frees_its_id(face: "AsyncFace") -> None:
    script = [(OPEN_0, OK), CLOSE_0, (OPEN_0, lines("OK", "+QIOPEN: 0,0"))]
    m = face.start("BC25", script)
    s = m.socket()
    task = asyncio.create_task(s.connect(SERVER))
    await face.settle()
    task.cancel()
    assert isinstance(await ended(task), asyncio.CancelledError)
    await face.settle()
    assert all_free(face)
    await s.connect(SERVER)
    assert s.id == 0


@rows("R395")
@on_loop
async def test_a_connect_that_is_cancelled_just_as_it_came_open_is_closed(face: "AsyncFace") -> None:
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,0")), CLOSE_0])
    s = m.socket()
    steps = s._open_steps(SERVER)
    while s._slot.opened:
        next(steps)
        m.poll()
    steps.close()
    await face.settle()
    assert all_free(face) and s.id == -1


@rows("R395")
@on_loop
async def test_a_cancelled_create_connection_frees_its_slot(face: "AsyncFace") -> None:
    m = face.start("BC25", [(OPEN_0, OK), CLOSE_0])
    task = asyncio.create_task(m.create_connection(SERVER))
    await face.settle()
    task.cancel()
    await ended(task)
    await face.settle()
    assert all_free(face)


@rows("R395")
@on_loop
async def test_a_create_connection_that_is_cancelled_at_once_frees_its_slot(face: "AsyncFace") -> None:
    """Before its command went out: another one is in flight. The id is closed all the same, which does no harm."""
    m = face.start("BC25", [(b"AT+CSQ\r", [200, lines("+CSQ: 1,99", "OK")]), (CLOSE_0[0], lines("ERROR"))])
    asking = asyncio.create_task(m.command("AT+CSQ"))
    await pause()
    task = asyncio.create_task(m.create_connection(SERVER))
    await pause()
    task.cancel()
    await ended(task)
    assert await asking == ["+CSQ: 1,99"]
    await face.settle()
    assert all_free(face)


@rows("R149", "R292")
@on_loop
async def test_a_cancelled_send_is_completed(face: "AsyncFace") -> None:
    """The module was told how many bytes come: they must come."""
    script = [(b"AT+QISEND=0,5\r", [100, b"\r\n> "]), (b"hello", [OK, 400, lines("SEND OK")])] + sending(b"again", SENT)
    s = face.opened(script)
    task = asyncio.create_task(s.send(b"hello"))
    await pause()
    await pause()
    task.cancel()
    assert isinstance(await ended(task), asyncio.CancelledError)
    assert await s.send(b"again") == 5


@rows("R003", "R008", "R018")
@on_loop
async def test_a_cancelled_command_does_not_disturb_the_next(face: "AsyncFace") -> None:
    script = [(b"AT+A\r", [200, lines("+A: 1", "OK")]), (b"AT+B\r", lines("+B: 2", "OK"))]
    m = face.start("BC25", script)
    task = asyncio.create_task(m.command("AT+A"))
    await pause()
    await pause()
    task.cancel()
    await ended(task)
    assert await m.command("AT+B") == ["+B: 2"]


@rows("R003", "R008", "R018")
@on_loop
async def test_commands_of_several_tasks_do_not_mix(face: "AsyncFace") -> None:
    script = [(b"AT+N=%d\r" % i, [20, lines("+N: %d" % i, "OK")]) for i in range(5)]
    m = face.start("BC25", script)
    tasks = [asyncio.create_task(m.command("AT+N=%d" % i)) for i in range(5)]
    for i in range(5):
        assert await tasks[i] == ["+N: %d" % i]


@rows("R132")
@on_loop
async def test_closing_wakes_the_receiver(face: "AsyncFace") -> None:
    s = face.opened([CLOSE_0])
    task = asyncio.create_task(s.recv(10))
    await face.settle()
    await s.close()
    error = await ended(task)
    assert isinstance(error, QuectelError), error


@rows("R217")
@on_loop
async def test_accept_wakes_up(face: "AsyncFace") -> None:
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    m = face.start("BC65", [CONTEXT_UP, (opening, lines("OK", "+QIOPEN: 0,0"))])
    server = m.socket()
    server.bind(("", 2020))
    await server.listen()
    task = asyncio.create_task(server.accept())
    await face.settle()
    face.uart.say(lines('+QIURC: "incoming",3,0,"192.168.2.2",36566'))
    client, address = await task
    assert client.id == 3 and address == ("192.168.2.2", 36566)


@rows("R003", "R008", "R018")
@on_loop
async def test_a_uart_that_breaks_tells_everybody(face: "AsyncFace") -> None:
    s = face.opened([])
    tasks = [asyncio.create_task(s.recv(10)), asyncio.create_task(face.modem.command("AT+X", timeout_ms=100_000))]
    broken = OSError(5, "unplugged")

    def unplugged(buf: "Any") -> int:
        raise broken

    face.uart.readinto = unplugged
    face.uart.script = [(b"AT+X\r", b"")]
    for task in tasks:
        assert await ended(task) is broken
    with raises(OSError) as caught:
        await s.recv(1)
    assert caught.value is broken
    face.uart.script, face.uart._at = [], 0


@rows("R132")
@on_loop
async def test_async_with_closes(face: "AsyncFace") -> None:
    s = face.opened([CLOSE_0])
    async with s as same:
        assert same is s
    assert s.id == -1


@rows("R166")
@on_loop
async def test_what_a_cancelled_read_had_is_not_lost(face: "AsyncFace") -> None:
    s = face.opened([(READ_0, payload(b"0123")), (READ_0, EMPTY), (READ_0, payload(b"456789")), (READ_0, EMPTY)])
    face.uart.say(RECV_0)
    task = asyncio.create_task(s.read(10))
    await face.settle()
    task.cancel()
    await ended(task)
    face.uart.say(RECV_0)
    await face.settle()
    assert s.pending() == 10
    assert await s.read(10) == b"0123456789"


@rows("R003", "R008", "R018")
@on_loop
async def test_the_callers_time_limit_is_kept(face: "AsyncFace") -> None:
    """The default limit of a command is the family's, and a limit of the caller's own ends it on time."""
    m = face.start("BC25", [(b"AT+A\r", b""), (b"AT+CMEE?\r", lines("+CMEE: 1", "OK")), (b"AT+A\r", b"")])
    for limit_ms in (None, 1000):
        before = face.clock.passed
        with raises(QuectelError):
            await m.command("AT+A", timeout_ms=limit_ms)
        assert 0 <= face.clock.passed - before - (limit_ms or 300) <= 60
    face.uart.script.append((b"AT+CMEE?\r", lines("+CMEE: 1", "OK")))
    await face.settle()


@on_loop
async def test_two_tasks_open_one_service(face: "AsyncFace") -> None:
    """The second waits for the first, and neither datagram gets the other's peer."""
    opening = (b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,5000,0\r', [OK, 200, lines("+QIOPEN: 0,0")])
    script: "list[Any]" = [opening]
    for data, peer in ((b"a", 1), (b"b", 2)):
        script += [(b'AT+QISEND=0,1,"10.0.0.%d",9\r' % peer, b"\r\n> "), (data, lines("SEND OK"))]
    s = face.start("EC200U", script).socket(SOCK_DGRAM)
    s.bind(("", 5000))
    tasks = [asyncio.create_task(s.sendto(b"a", ("10.0.0.1", 9))), asyncio.create_task(s.sendto(b"b", ("10.0.0.2", 9)))]
    for task in tasks:
        assert await task == 1


@on_loop
async def test_two_tasks_send_to_peers_of_their_own(face: "AsyncFace") -> None:
    """Each datagram goes where its task has said, whatever the other says while it waits for its turn."""
    opening = (b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,5000,0\r', lines("OK", "+QIOPEN: 0,0"))
    heads = tuple([b'AT+QISEND=0,2,"10.0.0.%d",9\r' % peer for peer in (1, 2)])
    step = [(heads, [100, b"\r\n> "]), ((b"a1", b"a2", b"b1", b"b2"), [100, lines("SEND OK")])]
    s = face.start("EC200U", [opening] + step * 5).socket(SOCK_DGRAM)
    s.bind(("", 5000))

    async def talk(name: bytes, peer: str) -> None:
        for i in (b"1", b"2"):
            assert await s.sendto(name + i, (peer, 9)) == 2

    await s.sendto(b"a1", ("10.0.0.1", 9))
    tasks = [asyncio.create_task(talk(b"a", "10.0.0.1")), asyncio.create_task(talk(b"b", "10.0.0.2"))]
    for task in tasks:
        await task
    sent = face.uart.wrote.split(b"AT+QISEND=0,2,")[1:]
    wanted = [b'"10.0.0.%d",9\r%s' % (peer, data) for peer, data in ((1, b"a1"), (1, b"a1"), (1, b"a2"))]
    assert sorted(sent) == wanted + [b'"10.0.0.2",9\rb1', b'"10.0.0.2",9\rb2']


# --- deep sleep -----------------------------------------------------------------------------------------------------


@rows("R121", "R219", "R453")
@on_loop
async def test_a_task_that_receives_does_not_keep_the_module_awake(face: "AsyncFace") -> None:
    """It waits on while the module sleeps, and gets what comes when somebody else has woken it."""
    opening = (b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    script = [opening] + ALLOWED + WOKEN + sending(b"ping", SENT) + [(READ_0, payload(b"pong")), (READ_0, EMPTY)]
    modem = face.start("BC25", script)
    s = modem.socket(SOCK_DGRAM)
    await s.connect(SERVER)
    receiving = asyncio.create_task(s.recv(10))
    await face.settle()
    await modem.sleep("deep")
    before = face.uart.wrote
    await face.settle()
    assert face.uart.wrote == before and modem.engine.asleep
    await s.send(b"ping")  # awake before +QATSLEEP has come: no pin is needed
    face.uart.say(RECV_0)
    assert await receiving == b"pong"
    await face.settle()


@on_loop
async def test_what_comes_in_light_sleep_has_the_module_woken(face: "AsyncFace") -> None:
    """For a task that has waited since before; until then nothing is sent."""
    levels: "list[int]" = []

    class Line:
        dtr = levels.append

    opening = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    reads = [(b"AT+QIRD=0,1500\r", payload(b"pong")), (b"AT+QIRD=0,1500\r", EMPTY)]
    modem = face.start("BG96", [opening] + ALLOWED + [said("AT")] + reads, pins=Line())
    s = await modem.create_connection(SERVER)
    receiving = asyncio.create_task(s.recv(10))
    await face.settle()
    await modem.sleep("light")
    before = face.uart.wrote
    await face.settle()
    assert face.uart.wrote == before and levels == [1]
    face.uart.say(lines('+QIURC: "recv",0'))
    assert await receiving == b"pong" and levels == [1, 0]
    await face.settle()


@rows("R219")
@on_loop
async def test_two_tasks_wake_the_module_once(face: "AsyncFace") -> None:
    opening = (b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    modem = face.start("BC25", [opening] + ALLOWED + WOKEN + [said("AT+CSQ", "+CSQ: 17,99")])
    s = modem.socket(SOCK_DGRAM)
    await s.connect(SERVER)
    await modem.sleep("deep")
    tasks = [asyncio.create_task(modem.command("AT+CSQ")), asyncio.create_task(modem.wake())]
    assert await tasks[0] == ["+CSQ: 17,99"]
    await tasks[1]
