"""The settings that change the framing of payloads: "viewmode" and "showlength"."""

from kit import rows
from quectel import PUSH, Modem
from quectel.command import DONE
from scripted import ScriptedUart, StepClock, lines, settled, socket_of
from wires import Rig


@rows("R199", "R200")
def test_asking_for_the_ranges_of_a_setting_does_not_change_it() -> None:
    ranges = lines('+QICFG: "dataformat",(0,1),(0,1)', '+QICFG: "viewmode",(0,1)', '+QICFG: "showlength",(0,1)', "OK")
    script = [
        (b'AT+QICFG="viewmode",1\r', lines('+QICFG: "viewmode",1', "OK")),
        (b'AT+QICFG="showlength",1\r', lines('+QICFG: "showlength",1', "OK")),
        (b"AT+QICFG=?\r", ranges),
    ]
    uart = ScriptedUart(script)
    modem = Modem(uart, "BC25", clock=StepClock(step=5))
    for command, _ in script:
        modem.command(command[:-1].decode())
    assert (modem.engine.view, modem.engine.show) == (1, 1)
    uart.say(b"\r\nRDY\r\n")
    settled(modem)
    assert (modem.engine.view, modem.engine.show) == (1, 1)  # the NB modules keep these settings (R306)


@rows("R109", "R166", "R199", "R200", "R305", "R344", "R354")
def test_a_socket_reads_in_every_view() -> None:
    """Both settings, data with line ends and commas in them, every cut: the same bytes and nothing lost."""
    data = b"\r\nOK\r\n+QIRD: 3,\n,,\r"
    for view in (0, 1):
        for show in (0, 1):
            head = b"\r\n+QIRD: %d" % len(data) + (b",7" if show else b"") + (b"," if view else b"\r\n")
            answer = head + data + b"\r\n" + lines("OK")
            for cut in range(-1, len(answer)):
                for pause in (0, 8):
                    script = [
                        (b"AT+QIRD=0,512\r", answer),
                        (b"AT+QIRD=0,512\r", lines("+QIRD: 0", "OK")),
                    ]
                    uart = ScriptedUart(script, 0, cut, pause)
                    modem = Modem(uart, "BC25", slots=1, clock=StepClock(step=5))
                    modem.engine.view, modem.engine.show = view, show
                    modem.engine._views()
                    sock = socket_of(modem, 0)
                    uart.say(lines('+QIURC: "recv",0' + (",19" if show else "")))
                    assert sock.read(len(data)) == data, (view, show, cut, pause)
                    settled(modem)
                    uart.done()
                    assert not modem.stats.framing, (view, show, cut, pause)


@rows("R199", "R214", "R304", "R357", "R452")
def test_push_headers_are_read_in_every_cut() -> None:
    """Connection ids and lengths of two digits, data with line ends, both view modes."""
    data = b"0123456789\r\n>"
    for view in (0, 1):
        for cid in (1, 5):
            urc = b'\r\n+QIURC: "recv",%d,%d' % (cid, len(data)) + (b"," if view else b"\r\n") + data + b"\r\n"
            for cut in range(-1, len(urc)):
                uart = ScriptedUart([], 0, cut, cut & 1 and 8)
                modem = Modem(uart, "BC25", slots=2, clock=StepClock(step=5))
                modem.engine.view, modem.engine.show = view, 1
                modem.engine._views()
                sock = socket_of(modem, cid, PUSH)
                uart.say(urc)
                assert sock.read(len(data)) == data, (view, cid, cut)
                settled(modem)
                uart.done()
                assert modem.stats.urcs == 1 and not modem.stats.framing, (view, cid, cut)


@rows("R199", "R214")
def test_what_follows_a_header_that_began_before_the_command_is_its_answer() -> None:
    """The header's line is older than the command; the next one is not, without a line end in front, too."""
    rig = Rig()
    rig.engine.view = 1
    rig.engine._views()
    slot = rig.open(0, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0,')
    found = rig.ask(b"AT+X", b"+X:")
    rig.asked(b"AT+X", b"3,one\r\n+X: 1\r\nOK\r\n")
    assert rig.recv(slot) == b"one" and found == [b"+X: 1"] and rig.engine.cmd.result == DONE


@rows("R199", "R200")
def test_a_setting_is_told_by_the_answer_about_it_alone() -> None:
    """A line of another answer that was late, or doubled on the wire, changes no framing."""
    script = [
        (b'AT+QICFG="showlength",1\r', lines('+QICFG: "viewmode",1', '+QICFG: "showlength",1', "OK")),
        (b"AT+QICFG?\r", lines('+QICFG: "viewmode",1', "OK")),
    ]
    modem = Modem(ScriptedUart(script), "BC25", clock=StepClock(step=5))
    modem.command('AT+QICFG="showlength",1')
    assert (modem.engine.view, modem.engine.show) == (0, 1)
    modem.command("AT+QICFG?")  # names nothing: all of it is an answer
    assert modem.engine.view == 1
