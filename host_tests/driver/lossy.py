"""A module with open sockets, some of whose bytes get lost on the way to the driver."""

from errno import EIO

from quectel.command import DONE, ON_OK
from quectel.table import BUFFER, FAILED, OPEN, PUSH
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

    Cut = tuple[int, int]  # where in what the module says, and how many bytes

_QUIET = 30  # ms; more than the driver's 20


class LossyModule:
    """Sockets 0 and 1 are open in `modes`; what is said is fed to the driver without the bytes of `cut`.

    trailing: it prints CR LF behind a pushed payload.  blank: and a blank line between the payload of a read and OK.
    piece: what a read of the UART gives.  doubled: the bytes come twice instead.
    """

    def __init__(
        self,
        modes: "tuple[int, ...]",
        trailing: bool = True,
        blank: bool = True,
        cut: "Cut" = (0, 0),
        piece: int = 512,
        doubled: bool = False,
    ) -> None:
        self.rig = Rig("BC25", slots=4, rx_ring=2048)
        self.rig.engine.echo_off = True
        self.trailing = trailing
        self.blank = blank
        self.cut = cut
        self.piece = piece
        self.doubled = doubled
        self.said = 0  # bytes, before any were lost
        self.counting = False  # bytes of the cut are counted from here on
        self.truth: "dict[int, bytes]" = {}
        self.got: "dict[int, bytes]" = {}
        self.modes: "dict[int, int]" = {}
        self.slots: "dict[int, Slot]" = {}
        self.waiting: "dict[int, bytes]" = {}  # not read yet
        self.heard: "list[bytes]" = []
        for cid in range(len(modes)):
            self.open(cid, modes[cid])

    def open(self, cid: int, mode: int) -> None:
        self.slots[cid] = self.rig.open(cid, mode=mode)
        self.modes[cid] = mode
        self.truth[cid] = self.got[cid] = self.waiting[cid] = b""

    # --- the wire ---------------------------------------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        at = self.said
        if self.counting:
            self.said += len(data)
            first = max(self.cut[0] - at, 0)
            last = max(self.cut[0] + self.cut[1] - at, 0)
            lost = data[first:last]
            data = data[:last] + lost + data[last:] if self.doubled else data[:first] + data[last:]
        self.rig.feed(data, self.piece)
        self.hear()

    def hear(self) -> None:
        """Let the driver work at this moment, and answer what it asks."""
        self.rig.engine.tick(self.rig.now)
        while True:
            written = self.rig.take()
            if not written:
                break
            for line in written.split(b"\r"):
                if line:
                    self.heard.append(line)
                    self.answer(line)
        self.collect()

    def answer(self, line: bytes) -> None:
        if line.startswith(b"AT+QIRD="):
            self.read(int(line[8:9]), int(line[10:]))
        elif line.startswith(b"AT+QIGETERROR"):
            self.say(b"\r\n+QIGETERROR: 0,Operate successfully\r\n\r\nOK\r\n")
        elif line.startswith(b"AT+CMEE"):
            self.say(b"\r\n+CMEE: 1\r\n\r\nOK\r\n" if line.endswith(b"?") else b"\r\n+CMEE: (0-2)\r\n\r\nOK\r\n")
        elif line.startswith(b"AT+CSQ"):
            self.say(b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n")
        elif line.startswith(b"AT+CGATT"):
            self.say(b"\r\n+CGATT: 1\r\n\r\nOK\r\n")
        elif line == b"AT+X":
            self.say(b"\r\n+X: 1\r\n\r\nOK\r\n")
        else:
            self.say(b"\r\nOK\r\n")

    def read(self, cid: int, most: int) -> None:
        data = self.waiting[cid][:most]
        self.waiting[cid] = self.waiting[cid][most:]
        if data:
            self.say(b"\r\n+QIRD: %d\r\n" % len(data) + data + (b"\r\n" if self.blank else b"") + b"\r\nOK\r\n")
        else:
            self.say(b"\r\n+QIRD: 0\r\n\r\nOK\r\n")

    # --- what happens -----------------------------------------------------------------------------------------------

    def give(self, cid: int, data: bytes) -> None:
        """Data come in for a socket."""
        self.truth[cid] += data
        if self.modes[cid] == PUSH:
            head = b'\r\n+QIURC: "recv",%d,%d\r\n' % (cid, len(data))
            self.say(head + data + (b"\r\n" if self.trailing else b""))
        else:
            first = not self.waiting[cid]
            self.waiting[cid] += data
            if first:
                self.say(b'\r\n+QIURC: "recv",%d,%d\r\n' % (cid, len(data)))

    def run(self, ms: int) -> None:
        """Let time pass; the driver is asked when it says that it has something to do."""
        end = ms
        while end > 0:
            due = self.rig.engine.due(self.rig.now)
            step = end if due < 0 else min(max(due, 1), end)
            end -= step
            self.rig.now = (self.rig.now + step) & 0x3FFFFFFF
            self.hear()

    def quiet(self) -> None:
        self.run(_QUIET)

    def collect(self) -> None:
        for cid in self.slots:
            while True:
                got = self.rig.recv(self.slots[cid])
                if not isinstance(got, bytes):
                    break
                self.got[cid] += got

    # --- what must hold ---------------------------------------------------------------------------------------------

    def broken(self) -> str:
        """What a socket was given that is no beginning of what was sent to it; empty if nothing."""
        for cid in self.truth:
            if not self.truth[cid].startswith(self.got[cid]):
                return "%r is no beginning of %r" % (self.got[cid], self.truth[cid])
        return ""

    def silent(self) -> str:
        """A socket that lost bytes and does not say so.  That data were announced may get lost in buffer mode."""
        for cid in self.truth:
            slot = self.slots[cid]
            if slot.state == FAILED:
                if slot.err != EIO:
                    return "socket %d fails with %d" % (cid, slot.err)
            elif self.modes[cid] == PUSH and self.got[cid] != self.truth[cid]:
                return "socket %d has %r of %r" % (cid, self.got[cid], self.truth[cid])
        return ""

    def stuck(self) -> str:
        """What does not work although the loss is over; empty if all does."""
        self.counting = False
        self.run(3000)
        lines: "list[bytes]" = []
        if not self.rig.engine.start(b"AT+X", b"+X:", ON_OK, 300, None, lines):
            return "the next command is not taken"
        self.hear()
        if lines != [b"+X: 1"] or self.rig.engine.cmd.result != DONE:
            return "the next command ends with %d %r" % (self.rig.engine.cmd.result, lines)
        self.rig.engine.release()
        for cid, mode in ((4, BUFFER), (5, PUSH)):
            self.open(cid, mode)
            self.give(cid, b"after all")
            self.quiet()
            if self.got[cid] != b"after all" or self.slots[cid].state != OPEN:
                return "a new socket got %r" % self.got[cid]
        return ""
