"""CoAP with several tasks at once, tasks that are cancelled, and handlers that raise in the driver's own task."""

import asyncio
from errno import EADDRINUSE, ENOTCONN

from aio_face import ended, on_loop, pause
from coap_steps import CREATE, DELETE, DONE, TOKEN, URI, WAITING, coap, head, request, response, send, status
from coap_told import ADD, ASKED, Told
from kit import rows
from scripted import OK, lines
from steps import met, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aio_face import AsyncFace


@rows("R245", "R433", "R434")
@on_loop
async def test_requests_of_two_tasks_go_one_after_the_other(face: "AsyncFace") -> None:
    script = whole(head(8, options='1,11,"a"'), send("0,1", [OK, 300, response("2,2.05,8,1,31")]), DONE)
    script += whole(head(9, options='1,11,"b"'), send("0,1", OK + response("2,2.05,9,1,32")), DONE)
    service = coap(face, script)
    tasks = [asyncio.create_task(service.get(URI + path, token=TOKEN)) for path in ("/a", "/b")]
    assert (await tasks[0]).payload == b"1"
    assert (await tasks[1]).payload == b"2"


@rows("R234", "R240", "R245")
@on_loop
async def test_a_request_that_is_cancelled_anywhere(face: "AsyncFace") -> None:
    """The next one gets its own answer, and no option of the cancelled one goes with it."""
    waits = left = 0
    done = False
    while not done:
        service = await face.start("BC95-G", []).coap()
        module = OneShot(face.uart)
        task = asyncio.create_task(service.get(URI + "/old", token=TOKEN))
        for _ in range(waits):
            await pause()
        done = task.done()
        task.cancel()
        await ended(task)
        left += module.options != b"" and not module.sent
        message = await service.get(URI, token=TOKEN)
        assert message.payload == b"%d" % message.msgid and message.msgid == service._context._next_id, waits
        assert module.sent[-1] in (b"", b'1,7,"5683"'), (waits, module.sent)
        await face.modem.aclose()
        waits += 1
    assert left  # options of a message that was never sent


class OneShot:
    """A module that answers every command of a request; options stay until a message is sent."""

    def __init__(self, uart: "Any") -> None:
        self.msgid = b""
        self.options = b""
        self.sent: "list[bytes]" = []  # options of each message
        self.uart = uart
        uart.clock.step = 5
        uart._follow = self.follow

    def follow(self) -> None:
        uart = self.uart
        while uart.heard:
            if uart.heard[:1] == b"\x1a":
                uart.heard = uart.heard[1:]
                self._send()
                continue
            line, cr, rest = uart.heard.partition(b"\r")
            if not cr:
                return
            uart.heard = rest
            self._answer(line)

    def _send(self) -> None:
        self.sent.append(self.options)
        self.options = b""
        msgid = self.msgid.decode()
        self.uart.say([20, OK + response('2,2.05,%s,1,12,"0",%d,%s' % (msgid, len(msgid), msgid))])

    def _answer(self, line: bytes) -> None:
        if line.startswith(b"AT+QCOAPHEAD=5,"):
            self.msgid = line[15:].split(b",")[0]
            self.options = line.partition(b"OPTION=")[2] or self.options
        if line.startswith(b"AT+QCOAPSEND="):
            self.uart.say([20, b"\r\n>"])
        elif line == b"AT+QCOAPDATASTATUS?":
            self.uart.say([20, b"\r\n+QCOAPDATASTATUS: 4\r\n" + OK])
        else:
            self.uart.say([20, OK])


@rows("R433")
@on_loop
async def test_two_tasks_observe_one_server(face: "AsyncFace") -> None:
    """The second is refused, although the first one was not registered yet when it began."""
    answer = OK + response('2,2.05,8,1,6,"1"')
    service = coap(face, whole(head(8, options='1,6,"0"'), send("0,1", answer), DONE))
    tasks = [asyncio.create_task(service.observe(URI, print, token=TOKEN)) for _ in range(2)]
    assert (await tasks[0]).observe == 1
    refused: "Any" = await ended(tasks[1])
    assert refused.errno == EADDRINUSE


@rows("R433")
@on_loop
async def test_two_tasks_make_an_observation_anew(face: "AsyncFace") -> None:
    """The handler of the one that came last is the one, and the end is the end of both."""
    begin = whole(head(8, options='2,6,"0",11,"t"'), send("0,1", OK + response('2,2.05,8,1,6,"5"')), DONE)
    anew = [
        whole(head(n, options='2,6,"0",11,"t"'), send("0,1", OK + response('2,2.05,%d,1,6,"1"' % n)), DONE)
        for n in (9, 10)
    ]
    end = whole(head(11, options='2,6,"1",11,"t"'), send("0,1", OK + response("2,2.05,11")), DONE)
    service = coap(face, begin + anew[0] + anew[1] + end)
    told = [Told(), Told(), Told()]
    await service.observe(URI + "/t", told[0], token=TOKEN)
    tasks = [asyncio.create_task(service.observe(URI + "/t", one)) for one in told[1:]]
    for task in tasks:
        assert (await task).observe == 1
    for number in (2, 3):
        face.uart.say(response('1,2.05,%d,1,6,"%d"' % (100 + number, number)))
        await face.settle()
        if number == 2:
            await service.observe(URI + "/t", None)
    assert [len(one.messages) for one in told] == [0, 0, 1]


@rows("R255", "R286", "R433")
@on_loop
async def test_an_observation_made_anew_behind_a_restart(face: "AsyncFace") -> None:
    """The driver makes it again, too: the handler of before hears nothing of that."""
    begin, anew, again = [
        whole(head(n, options='2,6,"0",11,"t"'), send("0,1", OK + response('2,2.05,%d,1,6,"1"' % n)), DONE)
        for n in (8, 9, 10)
    ]
    service = coap(face, begin + met("BC95-G") + CREATE + anew + again)
    told = [Told(), Told()]
    await service.observe(URI + "/t", told[0], token=TOKEN)
    face.uart.say(lines("RDY"))
    task = asyncio.create_task(service.observe(URI + "/t", told[1]))
    assert (await task).observe == 1
    for _ in range(4):
        await face.settle()
    face.uart.say(response('1,2.05,100,1,6,"2"'))
    await face.settle()
    assert [len(one.messages) for one in told] == [0, 1]


@rows("R286")
@on_loop
async def test_closing_ends_a_request_of_another_task(face: "AsyncFace") -> None:
    script = whole(head(8), send("0,1"), DELETE, CREATE, head(9), send("0,1", OK + response("2,2.05,9")), DONE)
    service = coap(face, script)
    task = asyncio.create_task(service.get(URI, token=TOKEN))
    await face.settle()
    await service.close()
    gone: "Any" = await ended(task)
    assert gone.errno == ENOTCONN
    assert (await service.get(URI, token=TOKEN)).code == 205


@rows("R265")
@on_loop
async def test_a_handler_that_raises_in_the_drivers_task(face: "AsyncFace") -> None:
    """Told to the event loop; the modem goes on, and 5.00 is sent. So it is for an OSError of the handler's own."""
    told: "list[Any]" = []
    asyncio.get_event_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    for error in (KeyError("no such sensor"), OSError(5, "no sensor")):

        def fails(_: "Any", error: BaseException = error) -> "Any":
            raise error

        service = coap(
            face, whole(ADD, head(50670, "ABCD"), send("2,500"), (b"AT+CSQ\r", [100, lines("+CSQ: 1,99", "OK")]))
        )
        await service.resource("/t/d", fails)
        face.uart.say(ASKED)
        for _ in range(20):
            await pause()
        await face.settle()
        assert await face.modem.command("AT+CSQ") == ["+CSQ: 1,99"]
        face.check()
        await face.modem.aclose()


@rows("R245", "R434")
@on_loop
async def test_a_cancelled_notification(face: "AsyncFace") -> None:
    """The observer stays; the next notification waits until the last one's status is known."""
    script = whole(
        ADD, head(50670, "ABCD", '1,6,"1"'), send("2,205"), head(8, "ABCD", '1,6,"2"'), send("0,205"), WAITING
    )
    script += whole(status(3), head(9, "ABCD", '1,6,"3"'), send("0,205"), DONE)
    service = coap(face, script)
    await service.resource("/t/d", lambda _: 205, True)
    face.uart.say(request('0,1,50670,07,2,ABCD,6,"0",11,"t",11,"d"'))
    await face.settle()
    task = asyncio.create_task(service.notify("/t/d"))
    while len(face.uart.script) - face.uart._at > 5:
        await pause()
    task.cancel()
    await ended(task)
    assert await service.notify("/t/d") == 1
