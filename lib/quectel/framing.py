"""Lost bytes are found by what stands around payloads; what cannot be right is not believed.

Behind the counted bytes of a payload CR LF must come; a payload that is short by some bytes has eaten them.  Only a
module that prints a line end of its own behind a pushed payload, and another in front of the next line, can hide two
missing bytes so.  That it does so is learned from a payload, one line end, silence, and then a line with its own line
end; not from empty lines in front of a line, which some firmware prints doubled.  From then on, and until the module
restarts, a pushed payload is handed over when a second line end or 20 ms of silence follows the first one.

Where more than line ends may have been lost, nobody knows whose bytes went into the payload or stand as lines.  So the
streams in direct push mode fail with EIO all together, sockets in buffer mode are asked anew for data, and URCs are not
believed until the module is silent for 20 ms, at the longest for a second.  Results of commands are believed.  A word
that nobody knows, or a line that is too long, may be a pushed payload without its header: it is taken for one while a
stream is in direct push mode.  on_urc() makes the words of a firmware known.

What cannot be seen, because nothing in the bytes tells it:
- two bytes missing from a pushed payload before the module's line ends are known; from then on if a prompt comes
  right behind it, or if the UART pauses for 20 ms within the CR LF and the text of the next line;
- two bytes missing from the payload of a read, while no read of this epoch has shown an empty line in front of OK;
- a payload that is short by exactly what the module prints from its end to the end of the text of a later line;
- pushed payloads that are lost together with their headers, or of which the header is lost and the rest looks like
  lines of the module; a count that is damaged where CR LF and lines of the module stand in the payload;
- a gap of more than 20 bytes from one socket's pushed payload into another's whose count ends by chance at a line end;
- connection id 10 or 11 that becomes 0 or 1 by a lost digit;
- bytes that were changed, and as many bytes doubled as the payload has of line ends at its end.
"""

from errno import EIO

from ._compat import const, ticks_add
from .command import DONE, ERROR, FETCH, READ, RUN, SYNC
from .intake import Intake
from .parser import PROMPT
from .table import BUFFER, DGRAM, HALF, OPEN, PUSH, STREAM

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line
    from .models.base import Family
    from .table import Slot

_MASK = const(0x3FFFFFFF)
_LF = const(10)
_SPACE = const(32)
_LONGEST_MS = const(1000)  # URCs are thrown away for so long at most

_KNOWN = const(2)  # what was learned is given up when it was contradicted that often in a row: it was damaged bytes

# Framing.ending: what is awaited behind a pushed payload
_SURE = const(0)  # nothing
_WATCHED = const(1)  # it was handed over; does silence follow its line end?
_MARKED = const(2)  # silence has followed; has the next line a line end of its own?
_HELD = const(3)  # it is handed over when a second line end or silence follows


class Framing(Intake):
    """Which payloads are whole, and which lines are believed."""

    def __init__(self, family: "Family", slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
        Intake.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.two_ends = 0  # not 0: this module prints a blank line between a payload and OK
        self.two_pushed = 0  # and a line end between a pushed payload and that of the next line
        self.unframed_until = 0
        self._noise = 0  # noise before the header of the read in flight

    # --- behind a pushed payload ----------------------------------------------------------------------------------

    def _pushed(self, slot: "Slot") -> None:
        """It was followed by CR LF.  An echo has no line end in front."""
        if self.two_pushed and self.echo_off:
            self.ending = _HELD
        else:
            self.ending = _WATCHED
            self._commit(slot)

    def _line_behind(self, ev: int) -> None:
        """A line has begun behind a pushed payload.  Prompts are known without a line end in front (R386)."""
        ending = self.ending
        self.ending = _SURE
        if ending == _MARKED:
            self.two_pushed = _KNOWN if self.parser.gap > 1 else 0
        elif ending == _HELD:
            self._decide(self.parser.gap > 1 or ev == PROMPT)

    def _decide(self, whole: bool) -> None:
        if whole:
            self.two_pushed = _KNOWN
            self._commit(self.into)
        else:
            self.two_pushed -= 1
            self._fail_into()

    def _fail_into(self) -> None:
        self.stats.framing = (self.stats.framing + 1) & _MASK
        self.into.fail(EIO)

    def _listens(self) -> bool:
        """Silence will tell something."""
        return self.parser.tail > 0 or self.ending == _WATCHED or self.ending == _HELD or self.unframed

    def _owes_end(self) -> bool:
        """This module prints a line end behind a pushed payload, and none has come: it is late, or was counted."""
        return self.parser.tail > 0 and self.two_pushed > 0 and self.echo_off and self.into.mode == PUSH

    def _hush(self) -> None:
        """Nothing has come for 20 ms, or for a second where an end is owed."""
        if self._owes_end():
            self.parser.tail = 0
            self._decide(False)
        elif self.parser.tail:
            self.parser.tail = 0
            self._complete(self.into)
            self.ending = _SURE  # no line end has come: there is nothing to learn
        else:
            self._silent()
        if self.unframed:
            self._reframe()

    def _silent(self) -> None:
        p = self.parser
        begun = p.gap < 2 and p.n > 0 and p.line[0] > _SPACE
        if self.ending == _HELD:
            self.ending = _SURE
            self._decide(not begun)
        elif self.ending == _WATCHED:
            self.ending = _SURE if begun or p.behind or p.gap != 1 else _MARKED

    # --- bytes were lost --------------------------------------------------------------------------------------------

    def _lost(self) -> None:
        """No line end behind a payload: bytes were lost in it, so its socket delivers nothing more.

        If LF stands there, the payload has eaten CR.  Else it may have eaten anything.
        """
        self._fail_into()
        if self.cmd.state == RUN and self._awaits_payload():
            self._ended(ERROR)
            self.out_of_step()  # its OK may still come
        if self.parser.lost_at < 0:  # it stood still, so nothing of it stands as lines
            self._fail_pushed()
            self._look_around()
        elif self.parser.lost_at != _LF:
            self._unframe()

    def _look_around(self) -> None:
        """The module may have restarted in the midst of it: then RDY was payload, and the echo is on again.

        The first echo is thrown away with what may still come of the payload.  So there is a query, and then a read.
        """
        if not self.asleep:
            self.out_of_step()
            self._look_again()

    def _awaits_payload(self) -> bool:
        """The payload is the answer to the command in flight: that of a read, or a file."""
        if self.cmd.kind == FETCH:
            return self.cmd.prompted and self.into.index < 0
        return self.cmd.kind == READ and self.into.mode != PUSH

    def _unframe(self) -> None:
        self.unframed = True
        self.unframed_until = ticks_add(self.now, _LONGEST_MS)
        self._fail_pushed()
        if self.cmd.state == RUN and self.cmd.kind != SYNC:
            self.out_of_step()  # what ends it may be a payload's

    def _fail_pushed(self) -> None:
        """Nobody knows whose pushes went into the payload.  Datagrams may be lost."""
        for slot in self.table.slots:
            if slot.mode == PUSH and slot.kind == STREAM and slot.state == OPEN:
                slot.fail(EIO)

    def _reframe(self) -> None:
        """URCs are believed again, and those that were not are made up for."""
        self.unframed = False
        self._look_again()

    def _look_again(self) -> None:
        for slot in self.table.slots:
            if slot.mode == BUFFER and (slot.state == OPEN or slot.state == HALF):
                slot.more = slot.kind == STREAM or slot.kind == DGRAM
                slot.again = slot.asked != 0

    # --- lines that no module prints --------------------------------------------------------------------------------

    def _suspect(self) -> None:
        """A damaged header, or a payload without one: whose is not known."""
        for slot in self.table.slots:
            if slot.mode == PUSH and slot.state == OPEN:
                self.stats.framing = (self.stats.framing + 1) & _MASK
                self._unframe()
                return

    def _stray_bytes(self) -> None:
        """A line that nobody knows, or a too long one.  Behind the header of a read it is the payload's."""
        if self.cmd.state == RUN and self.cmd.kind == READ and self.cmd.prompted:
            self._torn()
        else:
            self._suspect()

    def _damaged(self) -> None:
        """What was left of a +QIURC line: it may have announced data."""
        self._suspect()
        self._look_again()

    def _is_damaged(self, buf: "Line", a: int, b: int) -> bool:
        """A line that begins with + and nobody knows: is it what was left of a push header?"""
        if buf.find(b":", a, b) < 0:
            return not self._is_name(buf, a, b)
        return buf.find(b'"recv",', a, b) >= 0

    def _is_name(self, buf: "Line", a: int, b: int) -> bool:
        """As of +QATSLEEP; +QIU and +QSS are beginnings of a header."""
        if b - a < 5 or buf.startswith(b"+QI", a) or buf.startswith(b"+QS", a):
            return False
        a += 1
        while a < b and 65 <= buf[a] <= 90:
            a += 1
        return a == b

    # --- the answer to a read ---------------------------------------------------------------------------------------

    def _headed(self) -> None:
        """The header of the read in flight has come."""
        self.cmd.prompted = True
        self._noise = self.parser.noise

    def _read_ok(self) -> None:
        """An OK without the header of the read is another command's, or the header was lost: the deadline tells."""
        if not self.cmd.prompted:
            self.stats.late = (self.stats.late + 1) & _MASK
        elif self._noise != self.parser.noise:  # bytes that begin no line stand behind the payload
            self._torn()
        else:
            self._ended(DONE)

    def _is_short(self, slot: "Slot") -> bool:
        """Two bytes were lost if a payload has eaten the first of the two line ends that this module prints (R441)."""
        if not slot.ring.held:
            return False
        if self.parser.gap > 1:
            if self.parser.behind == 1:  # OK is the first line: nothing else has put line ends there
                self.two_ends = _KNOWN
        elif self.two_ends:
            self.two_ends -= 1
            self.stats.framing = (self.stats.framing + 1) & _MASK
            slot.fail(EIO)
            return True
        return False

    def _torn(self) -> None:
        """The answer to the read in flight is damaged: its payload stands as lines, or is lost."""
        self.stats.framing = (self.stats.framing + 1) & _MASK
        self.cmd.slot.fail(EIO)
        self._ended(ERROR)
        self.out_of_step()
        self._unframe()
