"""Deadlines of commands, and getting host and module back in step after one: no late answer is the next command's.

A module answers one command after the other, so the answer to a query that was sent behind the trouble tells that all
before it was answered, or never will be.  Such an answer is known by a line that no other command is answered with.
AT+CMEE? is repeated every second until the module answers at all.  When as many answers have come as were asked for,
host and module are in step.  When fewer come, another query goes out, with a line of its own: the answer to the newest
query counts, and late ones are known by their lines and thrown away with their OK.
"""

from errno import ECONNRESET, EIO

from ._compat import const, ticks_add, ticks_diff
from .agenda import Agenda
from .command import DONE, FETCH, ON_CONNECT, ON_OK, READ, RUN, SEND, SLEPT, SYNC, TIMEOUT
from .table import ASLEEP, AWAKE, CLOSING, OPEN

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import ReadBuf
    from .models.base import Family
    from .table import Slot
    from .text import Fields

_MASK = const(0x3FFFFFFF)
_SYNC_MS = const(1000)  # between two queries while the module answers none
_LONGEST = const(8)  # the wait for the answer to a query of another kind grows to that many times _SYNC_MS
_LATE_PROMPT_MS = const(5000)  # a prompt may still come that long after its command's deadline
_ASTRAY = const(3)  # so many times _SYNC_MS without an answer: a data entry that nobody knows of may take the queries
_SILENT = const(10)  # so many times _SYNC_MS without an answer: the module counts as silent
_BRACKET = const(40)

# 27.007 has them all, and no URC begins as their answers do.
_QUERIES = (b"AT+CMEE?", b"AT+CMEE=?", b"AT+CSQ", b"AT+CGATT?")
_HEADS = (b"+CMEE:", b"+CMEE:", b"+CSQ:", b"+CGATT:")
_KINDS = const(4)
_ONCE = (READ, SEND, SYNC, FETCH)  # are not sent a second time when they were cut


class Resync(Agenda):
    """What becomes of a command without an answer."""

    def __init__(self, family: "Family", slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
        Agenda.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.left = 0  # bytes of a payload that are not in tx yet
        self.owed = 0  # length of a payload whose prompt had not come at the deadline
        self._owed_src: "ReadBuf | None" = None  # where it is, or None for the transmit store
        self.writing = False  # bytes of tx are being written
        self._doubled = False  # the command in flight has gone out once and a half
        self.shout = b""  # goes out in place of the next query: a restart, for a module that may hear and not answer
        self.resync = False  # host and module may be out of step: nothing else is sent
        self.silent = False
        self._sync_at = 0
        self._out = bytearray(len(_QUERIES))  # queries of each kind whose answer may still come
        self._newest = 0  # kind of the newest query
        self._heard = -1  # kind of the query whose line has come, and not its OK
        self._answered = False  # a query was answered since the trouble began
        self._unsure = False  # the newest may have been answered, or an older one of its kind
        self._wait = 0  # for the next answer, in _SYNC_MS
        self._missed = 0  # _SYNC_MS since a query was answered

    def _over(self, at: int) -> bool:
        return ticks_diff(self.now, at) >= 0

    # --- deadlines ----------------------------------------------------------------------------------------------

    def _expired(self) -> None:
        c = self.cmd
        if c.kind == SYNC:
            self._sync_expired()
            return
        self.stats.timeouts = (self.stats.timeouts + 1) & _MASK
        if c.kind == READ and c.prefix is not None:
            self.late_head = c.prefix
        if c.kind == FETCH and c.sink is not None and not c.prompted:
            self.late_file = len(c.sink)
        self._count_alike()
        owed = 0 if c.prompted else c.ndata
        self._owed_src = c.data
        self._ended(TIMEOUT)
        self.out_of_step()
        if owed:  # the prompt may come late, and then wants its bytes
            self.parser.prompt_ok = True
            self.owed = owed
            self.late_prompt = True
            self._sync_at = ticks_add(self.now, _LATE_PROMPT_MS)

    def _count_alike(self) -> None:
        """The answer to the caller's own AT+CSQ looks like that to a query of ours."""
        line = bytes(memoryview(self.cmd.tx)[: self.cmd.n]).upper()
        for i in range(len(_QUERIES)):
            if _QUERIES[i][2:] in line:
                self._out[i] = min(self._out[i] + 1, 255)

    def out_of_step(self) -> None:
        """A late answer may come: nothing is sent before a query of ours was answered."""
        if not self.resync:
            self.stats.resyncs = (self.stats.resyncs + 1) & _MASK
            self._begin()
        self.resync = True
        self._sync_at = self.now

    def _begin(self) -> None:
        self._answered = False
        self._unsure = False
        self._newest = 0
        self._heard = -1
        self._wait = 1
        self._missed = 0

    def ask_anew(self) -> None:
        """The rate of the port has changed: a query that is on its way was lost, and the next goes out at once."""
        if self.cmd.state == RUN and self.cmd.kind == SYNC:
            self.cmd.deadline = self.now
            self._missed -= self._wait

    def cut_off(self) -> None:
        """A write was interrupted, and nobody knows how much of it went out.

        A payload is not sent again, and its socket has failed; nor is a read, which may cost data, nor a command that
        a data entry or transparent mode follows: the second would be payload.  Another command goes out once more;
        whatever answers it, more may come.
        """
        c = self.cmd
        self.writing = False
        if self.owner.index >= 0:
            self._cut_raw()
        elif c.state == RUN and not c.ndata and not c.ends & ON_CONNECT and c.kind not in _ONCE:
            self._doubled = True
        else:
            self._cut_short()
            self._cut_command(c.ndata if c.prompted else 0)

    def _cut_raw(self) -> None:
        self.left = self.ntx = 0
        if self.sender is self.owner:
            self.owner.fail(EIO)

    def _cut_command(self, entry: int) -> None:
        """A data entry of so many bytes may be open."""
        if self.cmd.state != RUN:
            return
        if self.cmd.kind == SEND:
            self.cmd.slot.fail(EIO)
        self._expired()
        self.owed = self.owed or entry

    # --- queries ------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Nothing is in flight: what goes next?"""
        if not self.resync:
            if not self.ntx and not self.left:
                self._next()
        elif not self.ntx and not self.left:
            if self._over(self._sync_at):
                self._query()
        elif self._over(self._go_on_at()):  # the UART takes nothing
            self._miss()
            self._sync_at = self.now

    def _go_on_at(self) -> int:
        return ticks_add(self._sync_at, _SYNC_MS if self.ntx or self.left else 0)

    def _miss(self) -> None:
        self.silent = self._missed >= _SILENT
        if self.silent and self.doubt.index >= 0:
            self.decide(TIMEOUT)
        self._missed += self._wait

    def _query(self) -> None:
        if self.shout:
            self._shout()
            return
        if self._answered:
            self._newest = self._other_kind()
            self._wait = min(self._wait << 1, _LONGEST)
        self._miss()
        self._unsure = False
        self.late_prompt = False  # what is typed from now on may go into the payload
        self._out[self._newest] = min(self._out[self._newest] + 1, 255)
        self.asking = True
        self.cmd.begin(SYNC, _QUERIES[self._newest])
        self._run(self.table.nobody, None, ON_OK, self._wait * _SYNC_MS, 32)

    def _shout(self) -> None:
        self._miss()
        self.cmd.begin(SYNC, self.shout)
        self.shout = b""
        self._run(self.table.nobody, None, ON_OK, _SYNC_MS, 32)

    def _other_kind(self) -> int:
        """The kind that was asked longest ago; one that is not on its way rather than another."""
        first = i = (self._newest + 1) % _KINDS
        while self._out[i]:
            i = (i + 1) % _KINDS
            if i == first:
                break
        return i

    def _is_query(self, f: "Fields") -> bool:
        """True if this line answers a query that is on its way; its OK follows."""
        i = self._kind(f)
        if i < 0 or not self._out[i] or (self.live and self.cmd.prefix == _HEADS[i]):
            return False  # where the caller asks the same, the first answer is as good as the second
        self._heard = i
        return True

    def _kind(self, f: "Fields") -> int:
        if f.head(b"+CMEE:"):
            f.blanks()
            return 1 if f.a < f.b and f.buf[f.a] == _BRACKET else 0
        if f.head(b"+CSQ:"):
            return 2
        return 3 if f.head(b"+CGATT:") else -1

    def _query_answered(self) -> bool:
        """An OK has come; True if it is the one behind a query's line."""
        i = self._heard
        if i < 0:
            return False
        self._heard = -1
        self._out[i] -= 1
        if self.cmd.state == RUN and self.cmd.kind == SYNC:
            self._synced(i)
        else:
            self.stats.late = (self.stats.late + 1) & _MASK
        return True

    def _synced(self, i: int) -> None:
        self._answered = True
        self._missed = 0
        newest = i == self._newest
        if newest and not self._out[i]:
            self.cmd.finish(DONE)
            self._forget()
            self._in_step()
            return
        self._unsure = newest and self._wait > 1
        self.cmd.deadline = ticks_add(self.now, max(self._wait, 2) * _SYNC_MS)

    def _sync_expired(self) -> None:
        self.cmd.finish(TIMEOUT)
        if self._unsure:  # an older query of its kind was lost, it seems: else more answers would have come
            self._in_step()
        elif not self._answered and not self.ntx and (self.owed or self._missed == _ASTRAY) and not self.asleep:
            self._fill()
        self._sync_at = self.now

    def _forget(self) -> None:
        """No query is on its way."""
        for i in range(len(self._out)):
            self._out[i] = 0
        self._heard = -1
        self.asking = False

    def _in_step(self) -> None:
        self.resync = False
        self.silent = False
        self.owed = 0
        self.late_prompt = False
        self.late_head = b""
        self.late_file = 0
        self.parser.prompt_ok = False

    # --- the end of a command -----------------------------------------------------------------------------------

    def _ended(self, result: int) -> None:
        if self.cmd.kind == SYNC:  # by a restart: its answer ends it in _synced()
            self.cmd.finish(result)
            return
        self._still_owed()
        if result == DONE and self.asking and not self.resync and self.cmd.prefix not in _HEADS:
            self._forget()  # a module answers one after the other: what was asked before was answered, or never will be
        if result != TIMEOUT and (self.left or self.ntx):
            self._cut_short()
        if self._doubled:
            self._doubled = False
            self.out_of_step()
        Agenda._ended(self, result)

    def _still_owed(self) -> None:
        """Where bytes were lost, an ERROR or RDY may be a payload's, and a data entry still be open (R406)."""
        c = self.cmd
        if c.state == RUN and c.ndata and (not c.prompted or self.left or self.ntx):
            self.owed = c.ndata

    def _cut_short(self) -> None:
        """The module has closed the data entry before it was full: what is left would be read as a command."""
        self.left = self.ntx = 0
        self.out_of_step()

    # --- deep sleep ---------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Nothing is sent from now on: the module sleeps, or may at any time (R222, R224).  What is in flight ends."""
        if self.asleep == AWAKE:
            self.naps = (self.naps + 1) & _MASK
            self.asleep = ASLEEP
        self.left = self.ntx = 0
        self.late_head = b""
        self.wanted = False
        if self.cmd.state == RUN:
            self._break_off(self.cmd.slot, self.cmd.kind)
        if self.pending.index >= 0:
            self._send_result(self.pending, SLEPT)
        if self.blame.index >= 0:
            self._blamed(self.blame, 0)
        self._forget()
        self._in_step()

    def _break_off(self, slot: "Slot", kind: int) -> None:
        self._ended(SLEPT)
        if kind == READ and slot.state == OPEN:
            slot.more = True  # it is read again when the module is awake

    def fell_asleep(self) -> None:
        """+QATSLEEP: TCP connections and listeners are gone, UDP sockets stay (R121, R283)."""
        self.slept = True
        self.rest()
        self.table.fail_streams(ECONNRESET)
        for slot in self.table.slots:
            if slot.state == CLOSING and slot.cid < 0:
                self._freed(slot)

    def woke_up(self) -> None:
        """+QATWAKEUP.  A module that may sleep again at any time gets no commands but by wake()."""
        self.slept = False
        if not self.may_sleep and self.asleep == ASLEEP:
            self.asleep = AWAKE

    def restarted(self) -> None:
        self.asleep = AWAKE
        self.slept = self.may_sleep = False
        self.stat = -1
        self.blame = self.table.nobody
        self._still_owed()
        torn = self.ntx > 0 and self.otx > 0
        self.left = self.ntx = 0
        self.late_head = b""
        self.late_file = 0
        self.shout = b""
        self._begin()
        if self.asking:  # what was on its way to the module may still be answered: its kind would not tell which it is
            self._newest = self._other_kind()
        for cid in range(len(self.orphans)):
            self.orphans[cid] = 0
        Agenda.restarted(self)
        self._drop_store()
        if torn:
            self.out_of_step()  # if it was no restart, half a line stands in front of the next command

    # --- what the engine does -----------------------------------------------------------------------------------

    def _fill(self) -> None:
        raise NotImplementedError
