"""The worked examples as the fuzzer plays them, and the lines and tokens that it puts where they do not belong."""

from play import FAMILIES, final_of, parts, playable, spellings_in, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from transcript import Item

FINALS = (
    b"\r\nOK\r\n",
    b"\r\nERROR\r\n",
    b"\r\nSEND OK\r\n",
    b"\r\nSEND FAIL\r\n",
    b"\r\nCLOSE OK\r\n",
    b"\r\nCONNECT\r\n",
    b"\r\nNO CARRIER\r\n",
    b"\r\n+CME ERROR: 3\r\n",
    b"\r\n+CME ERROR: SIM not inserted\r\n",
    b"\r\n> ",
    b"\r\nRDY\r\n",
    b"\r\nPOWERED DOWN\r\n",
    b"\r\n+CMEE: 1\r\n",
)
URCS = (
    b'\r\n+QIURC: "closed",0\r\n',
    b'\r\n+QIURC: "closed",1\r\n',
    b'\r\n+QSSLURC: "closed",2\r\n',
    b'\r\n+QIURC: "recv",0\r\n',
    b'\r\n+QIURC: "recv",1,5\r\n',
    b'\r\n+QIURC: "recv",2,1500\r\n',
    b'\r\n+QSSLURC: "recv",0,3\r\nabc\r\n',
    b'\r\n+QIURC: "pdpdeact",1\r\n',
    b'\r\n+QIURC: "incoming",3,0,"1.2.3.4",5\r\n',
    b'\r\n+QIURC: "incoming full"\r\n',
    b"\r\n+QIOPEN: 0,0\r\n",
    b"\r\n+QIOPEN: 1,566\r\n",
    b"\r\n+QSSLOPEN: 0,0\r\n",
    b"\r\n+QIRD: 0\r\n",
    b"\r\n+QIRD: 5\r\n",
    b"\r\n+QIRD: 512\r\n",
    b"\r\n+QSSLRECV: 1500\r\n",
    b"\r\n+QPING: 4,4,0,10,12,11\r\n",
    b"\r\n+CEREG: 1\r\n",
    b"\r\n+CEREG: 0,1\r\n",
    b'\r\n+QCOAPURC: "rsp",1.2.3.4,5683,2,2.05,8,1,12,"0",30,',
    b'\r\n+QCOAPURC: "req",1.2.3.4,5683,2,1,8,ff,8,aa,1,"',
    b'\r\n+QCOAPURC: "rsp",2,2.05,8,3,ABCDEF\r\n',
)
TOKENS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b",",
    b"-",
    b'"',
    b"> ",
    b"OK",
    b"\r\nOK",
    b"OK\r\n",
    b"0",
    b"9",
    b"99999999999",
    b"\x00\x00\x00",
    b"\xff\xfe",
    b"+QIRD: ",
    b'+QIURC: "recv",',
    b"AT",
    b"+",
    b"x" * 300,
)


class Played:
    """One line of the host in a worked example, and what becomes of it."""

    def __init__(self, line: bytes, answer: bytes, final: str) -> None:
        self.line = line
        self.answer = answer
        self.final = final
        self.data: "bytes | None" = None  # what the host enters behind the prompt ...
        self.wanted = 0  # ... so many bytes; -1: up to its Ctrl-Z
        self.then = b""  # what the module says behind it


class Example:
    """One file, one spelling."""

    def __init__(self, path: str, spelling: int) -> None:
        self.name = "/".join(path.split("/")[-2:])
        self.family = FAMILIES[self.name.split("/")[0]]
        self.spelling = spelling
        self.first = b""  # what the module says before the host says anything
        self.played: "list[Played]" = []
        cut = parts(path, spelling)
        for i in range(0, len(cut), 2):
            self._take(cut[i], cut[i + 1])

    def _take(self, host: "list[Item]", module: "list[Item]") -> None:
        said = wire(module)
        if not host:
            self.first = said
        elif host[0].kind == ">>":
            final = "OK" if said.rstrip().endswith(b">") else final_of(module)
            self.played.append(Played(host[0].wire[:-1], said, final))
        elif self.played:
            last = self.played[-1]
            last.data = wire(host)
            last.wanted = -1 if last.data[-1] == 26 else len(last.data)
            last.then = said
            last.final = final_of(module)


EXAMPLES: "list[Example]" = [Example(path, k) for path in playable() for k in range(spellings_in(path))]


def _lines() -> "dict[str, list[bytes]]":
    """What may be inserted as a line, by family: everything that its module says anywhere."""
    found: "dict[str, list[bytes]]" = {"": list(FINALS + URCS)}
    for example in EXAMPLES:
        lines = found.setdefault(example.family, list(FINALS + URCS))
        for said in [example.first] + [part.answer for part in example.played]:
            if said and said not in lines:
                lines.append(said)
    return found


LINES = _lines()
