"""Command lines, echo, framing, URCs between lines, data entry, pacing: the port of the virtual module."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import kit
from kit import cases, rows
from virtual_module import Clock, VirtualModule
from virtual_module.syntax import EXEC, READ, TEST, WRITE, BadLine, parse
from vm_bench import ERROR, FAMILIES, OK, Bench, play
from vm_player import Peer


def typed(model: str, *lines: bytes, options: Mapping[str, object] | None = None) -> list[bytes]:
    """What each piece of typing brings, for commands that answer at once."""
    module = VirtualModule(model, clock=Clock.stepped(), options=options)
    answers = []
    for line in lines:
        module.feed(line)
        answers.append(module.take())
    return answers


@rows("R002", "R008", "R016", "R388")
@cases(*FAMILIES)
def test_bare_at_and_echo(model: str) -> None:
    assert typed(model, b"AT\r", b"at\r", b"ATE0\r", b"AT\r", b"ATE1\r", b"AT\r") == [
        b"AT\r" + OK,
        b"at\r" + OK,
        b"ATE0\r" + OK,
        OK,
        OK,
        b"AT\r" + OK,
    ]


def test_echo_comes_as_bytes_arrive() -> None:
    assert typed("BG96", b"A", b"T", b"+CS", b"Q\r") == [b"A", b"T", b"+CS", b"Q\r\r\n+CSQ: 24,99\r\n" + OK]


@rows("R015")
@cases(*FAMILIES)
def test_line_feeds_do_not_count(model: str) -> None:
    assert typed(model, b"\nAT\r\n") == [b"AT\r" + OK]
    assert typed(model, b"ATE0\r\n", b"\nAT\r\n", b"\n\n", b"A\nT\r") == [b"ATE0\r" + OK, OK, b"", OK]


@rows("R003", "R018", "R019", "R442")
def test_framing_of_answers() -> None:
    assert typed("BC25", b"ATE0\r", b"AT+CGATT?\r", b"AT+QICFG=?\r")[1:] == [
        b"\r\n+CGATT: 1\r\n\r\nOK\r\n",
        b'\r\n+QICFG: "dataformat",(0,1),(0,1)\r\n\r\n+QICFG: "viewmode",(0,1)\r\n\r\n+QICFG: "showlength",(0,1)\r\n'
        + OK,
    ]
    one = typed("BC25", b"ATE0\r", b"AT+QICFG=?\r", options={"one_crlf_between_lines": True})[1]
    assert one.count(b"\r\n\r\n") == 1


@rows("R006", "R013", "R436")
def test_forms_of_a_command() -> None:
    for line, form, tail in (("+CSQ=?", TEST, ""), ("+CSQ?", READ, ""), ("+csq=1,2", WRITE, "1,2"), ("+Csq", EXEC, "")):
        (one,) = parse(b"AT" + line.encode(), False)
        assert (one.name, one.form, one.tail) == ("+CSQ", form, tail)
    (one,) = parse(b"AT&D1", False)
    assert (one.name, one.form, one.args[0].text) == ("&D", EXEC, "1")


@rows("R014", "R440")
def test_blanks() -> None:
    (one,) = parse(b'AT+X= 1 ,  "a b" ,2 ', False)
    assert [arg.text for arg in one.args] == ["1", "a b", "2"]
    (one,) = parse(b"AT+X=1 2,,", False)
    assert [arg.text for arg in one.args] == ["1 2", "", ""] and one.args[1].empty
    for line in (b"AT +CSQ", b"AT+CSQ =1", b"AT+CS Q", b"A T+CSQ", b"aT+CSQ", b"AT+CSQ?x", b"AT+", b"AT=1"):
        with kit.raises(BadLine):
            parse(line, False)
    assert typed("BC95-G", b"ATE0\r", b"AT+CEREG= 1\r", b"AT+CEREG=1 2\r", b"AT+CEREG =1\r")[1:] == [OK, ERROR, ERROR]


@rows("R012", "R017")
def test_several_commands_on_a_line() -> None:
    answers = typed("BC95-G", b"ATE0\r", b"AT+CEREG=1;+CSQ;+CEREG?\r", b"AT+CSQ;+NONE;+CSQ\r", b"AT+CSQ;\r")
    assert answers[1] == b"\r\n+CSQ: 24,99\r\n\r\n+CEREG: 1,1\r\n" + OK
    assert answers[2] == b"\r\n+CSQ: 24,99\r\n" + ERROR
    assert typed("BC95-G", b"ATE0\r", b"AT+CEREG= 1 ;  +CEREG? \r")[1] == b"\r\n+CEREG: 1,1\r\n" + OK
    assert typed("BC95-G", b"ATE0\r", b"ATO;+CSQ\r")[1] == b"\r\nNO CARRIER\r\n"
    assert typed("BG96", b"ATE0\r", b"AT+CSQ;+CSQ\r")[1] == ERROR


@rows("R016")
@cases(*FAMILIES)
def test_what_is_not_known_is_an_error(model: str) -> None:
    for line in (b"AT+NONE\r", b"AT+CSQ=1\r", b"hello\r", b"ATX9\r", b"AT+CGATT=?x\r"):
        assert typed(model, b"ATE0\r", b"AT+CMEE=2\r", line)[2] == ERROR
    assert typed(model, b"ATE0\r", b"\r", b"   \r")[1:] == [b"", b""]


@rows("R021")
@cases(
    "AT+QISTATE?", "AT+QICFG=?", 'AT+QICFG="viewmode"', "AT+QIGETERROR", "AT+QIDNSCFG?", "AT+QICLOSE=0", "AT+QIRD=0,1"
)
def test_answers_need_no_time(line: str) -> None:
    for model in ("BC25", "BC65"):
        assert typed(model, line.encode() + b"\r")[0].endswith((OK, ERROR))


@rows("R439")
@cases("AT+QIOPEN?", "AT+QICLOSE?", "AT+QISEND?", "AT+QIRD?", "AT+QPING?", "AT+QNTP?", "AT+QIDNSGIP?", "AT+QICFG?")
def test_forms_that_no_table_lists(line: str) -> None:
    assert typed("BC25", b"ATE0\r", line.encode() + b"\r")[1] == ERROR
    assert typed("BC25", b"ATE0\r", b"AT+QISTATE\r")[1] == ERROR
    assert typed("BC25", b"ATE0\r", b"AT+QIGETERROR?\r")[1] == ERROR


@rows("R020", "R278", "R317")
def test_error_styles() -> None:
    module = VirtualModule("BG96", clock=Clock.stepped())
    module.sim.state = "ABSENT"
    for style, shown in ((0, "ERROR"), (1, "+CME ERROR: 10"), (2, "+CME ERROR: SIM not inserted")):
        module.feed(b"ATE0\rAT+CMEE=%d\r" % style)
        module.take()
        module.feed(b"AT+CPIN?\r")
        assert module.take() == ("\r\n%s\r\n" % shown).encode()
        module.feed(b"AT+QIRD=99\r")
        assert module.take() == ERROR  # TCP/IP commands never say more


@rows("R389")
def test_a_urc_waits_for_a_half_typed_line() -> None:
    module = VirtualModule("BC25", clock=Clock.stepped())
    module.feed(b"AT+C")
    module.urc("+QATWAKEUP")
    assert module.take() == b"AT+C"
    module.feed(b"SQ\r")
    assert module.take() == b"SQ\r\r\n+CSQ: 24,99\r\n" + OK + b"\r\n+QATWAKEUP\r\n"
    module.feed(b"ATE0\r")
    module.take()
    module.feed(b"AT+C")
    module.urc("+QATWAKEUP")
    assert module.take() == b"\r\n+QATWAKEUP\r\n"


@rows("R386", "R148", "R149", "R389", "R390")
def test_data_entry_holds_urcs_and_takes_any_byte() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h"] = peer.address
            await bench.type('AT+QIOPEN=1,0,"TCP","h",1')
            assert await bench.type("AT+QISEND=0,6") == b"\r\n> "
            bench.module.urc("+LATER")
            assert await bench.raw(b"\x1a\x1bA") == b""
            assert await bench.raw(b"T\r\n") == b"\r\n+LATER\r\n" + OK + b"\r\nSEND OK\r\n"
            assert peer.heard == b"\x1a\x1bAT\r\n"
            assert await bench.type("AT+QISEND=0") == b"\r\n> "
            assert await bench.raw(b"AT\r\x1a") == OK + b"\r\nSEND OK\r\n"
            assert peer.heard.endswith(b"\nAT\r")

    play("BC25", run)


def test_what_is_typed_before_the_prompt_is_no_data() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h"] = peer.address
            await bench.type('AT+QIOPEN=1,0,"TCP","h",1')
            assert await bench.raw(b"AT+QISEND=0,5\r\nhello") == b"\r\n> "
            assert await bench.raw(b"\nworl") == OK + b"\r\nSEND OK\r\n"
            assert peer.heard == b"\nworl"

    play("BC25", run)


@rows("R389")
def test_urcs_may_come_during_data_entry() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h"] = peer.address
            await bench.type('AT+QIOPEN=1,0,"TCP","h",1')
            await bench.type("AT+QISEND=0,5")
            bench.module.urc("+NOW")
            assert bench.module.take() == b"\r\n+NOW\r\n"
            assert await bench.raw(b"hello") == OK + b"\r\nSEND OK\r\n"

    play("BC25", run, options={"urc_in_data_mode": "pass"})


@rows("R387", "R155")
@cases(("OK", OK), ("ERROR", ERROR), ("nothing", b""))
def test_escape(result: str, answer: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h"] = peer.address
            await bench.type('AT+QIOPEN=1,0,"TCP","h",1')
            await bench.type("AT+QISEND=0")
            assert await bench.raw(b"some\x1b") == answer
            assert b"571" in await bench.type("AT+QIGETERROR")
            await bench.type("AT+QISEND=0")
            assert await bench.raw(b"\x1a") == b"\r\nSEND FAIL\r\n"
            assert peer.heard == b""

    play("BC65", run, options={"esc_result": result})


@rows("R405")
@cases(("send", b"x" * 512), ("drop", b"x" * 512))
def test_variable_input_at_its_maximum(how: str, heard: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h"] = peer.address
            await bench.type('AT+QIOPEN=1,0,"TCP","h",1')
            await bench.type("AT+QISEND=0")
            answer = await bench.raw(b"x" * 600 + b"\x1a\r")
            assert answer.startswith(OK + b"\r\nSEND OK\r\n")
            assert peer.heard == heard

    play("BC25", run, options={"variable_overflow": how})


@rows("R406")
def test_data_entry_that_is_given_up() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h"] = peer.address
            await bench.type('AT+QIOPEN=1,0,"TCP","h",1')
            await bench.type("AT+QISEND=0,5")
            await bench.raw(b"ab")
            await bench.given_up(5000)
            assert await bench.type("AT") == OK

    play("BC25", run, options={"data_timeout_ms": 5000})


@rows("R435")
@cases(("keep", OK + b"\r\n+CSQ: 24,99\r\n" + OK), ("drop", OK))
def test_typing_while_a_command_runs(how: str, answer: bytes) -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault("qiact_slow", ms=1000)
        assert await bench.type("AT+QIACT=1") == b""
        bench.module.urc("+BETWEEN")
        assert await bench.type("AT+CSQ") == b"\r\n+BETWEEN\r\n"
        bench.module.clock.advance(1000)
        await bench.module.settle()
        assert bench.module.take() == answer

    play("BG96", run, options={"type_ahead": how})


def test_answers_take_their_time() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+CSQ") == b""
        bench.module.clock.advance(30)
        await bench.module.settle()
        assert bench.module.take() == b"\r\n+CSQ: 24,99\r\n" + OK

    play("BG96", run, options={"answer_ms": 30})


def test_bytes_at_the_speed_of_the_wire() -> None:
    """115,200 baud: 86.8 us a byte; 9600 after AT+IPR."""
    clock = Clock.stepped()

    async def run() -> None:
        module = VirtualModule("BG96", clock=clock, baud=9600)
        module.feed(b"ATE0\r")
        assert module.take() == b""
        for _ in range(60):
            clock.advance(1)
        assert module.take() == b"ATE0\r" + OK
        module.feed(b"AT+CGSN\r")
        done_ms, got = 0, b""
        while not got.endswith(OK) and done_ms < 1000:
            clock.advance(1)
            done_ms += 1
            got += module.take()
        wire_ms = (8 + 19 + 6) * 10_000 / 9600
        assert wire_ms - 6 <= done_ms <= wire_ms + 12, (done_ms, wire_ms)
        await module.aclose()

    asyncio.run(run())


def test_byte_faults() -> None:
    module = VirtualModule("BC25", clock=Clock.stepped())
    module.terminal.echo = False
    module.fault("drop_bytes", count=2, at_byte=3)
    module.fault("garble_bytes", to="module", at_byte=2, count=1)
    module.feed(b"AT+CSQ\r")  # + arrives as ~
    assert module.take() == b"\r\nEOR\r\n"
    module.feed(b"AT\r")
    assert module.take() == OK
    module.fault("insert_bytes", data="\x00\xff")
    module.feed(b"AT\r")
    assert module.take() == b"\x00\xff" + OK
    with kit.raises(ValueError):
        module.fault("drop_bytes", speed=3)


def test_no_answer_and_hang() -> None:
    module = VirtualModule("BC25", clock=Clock.stepped())
    module.terminal.echo = False
    module.fault("no_answer", times=2, skip=1)
    got = []
    for _ in range(4):
        module.feed(b"AT\r")
        got.append(module.take())
    assert got == [OK, b"", b"", OK]
    module.fault("hang")
    module.feed(b"AT\r")
    assert module.take() == b""
    module.pin("reset", 0, 200)
    clock = module.clock

    async def run() -> None:
        clock.advance(200)
        clock.advance(1000)

    asyncio.run(run())
    assert module.take() == b"\r\nRDY\r\n"


def test_log_and_trace() -> None:
    seen = []
    module = VirtualModule("BC25", clock=Clock.stepped(), trace=lambda *entry: seen.append(entry))
    module.feed(b"A")
    module.feed(b"T\r")
    assert b"".join(data for _, way, data in seen if way == ">>") == b"AT\r"
    assert b"".join(data for _, way, data in module.log if way == "<<") == b"AT\r" + OK
    assert all(ms == 0 for ms, _, _ in module.log)


def test_backspace_and_long_lines() -> None:
    assert typed("BG96", b"ATE0\r", b"ATX\x08\r", b"AT" + b"x" * 9000 + b"\r", b"AT\r")[1:] == [OK, ERROR, OK]


@cases("bg96", "EC200U", "eg-915u", "BC65", "bc92", "BC25", "BC32", "bc95-g", "BC95G", "Bc68")
def test_every_model(name: str) -> None:
    module = VirtualModule(name)
    module.feed(b"ATE0\rAT+CGMM\r")
    assert name.replace("-", "").upper() in module.take().replace(b"-", b"").decode()


def test_unknown_model_and_option() -> None:
    with kit.raises(ValueError) as caught:
        VirtualModule("SIM7000")
    assert "BC95-G" in str(caught.value)
    with kit.raises(ValueError):
        VirtualModule("BG96", options={"colour": 1})
