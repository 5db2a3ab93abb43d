"""The four forms of every TCP/IP command of the NB families, byte for byte."""

from __future__ import annotations

from kit import cases, rows
from vm_bench import ERROR, OK, Bench, answer, play
from vm_nb import BOTH

OPEN = '+QIOPEN: (1-3),(0-5),"TCP/UDP/TCP LISTENER/UDP SERVICE","<IP_address>/<domain_name>",<remote_port>'
SETTINGS = ('+QICFG: "dataformat",(0,1),(0,1)', '+QICFG: "viewmode",(0,1)', '+QICFG: "showlength",(0,1)')
COMMON: dict[str, tuple[str, ...]] = {
    "+QICLOSE": ("+QICLOSE: (0-5)",),
    "+QISTATE": (),
    "+QPING": ('+QPING: (1-3),"<host>"[,(1-255)[,(1-10)[,(32-200)]]]',),
    "+QNTP": ('+QNTP: (1-3),"<server>"[,<port>[,(0,1)]]',),
    "+QIDNSGIP": ('+QIDNSGIP: (1-3),"<hostname>"',),
    "+QIGETERROR": (),
}
TESTS: dict[str, dict[str, tuple[str, ...]]] = {
    "BC65": {
        **COMMON,
        "+QIOPEN": (OPEN + "[,<local_port>[,(0-1)[,(0-1)]]]",),
        "+QISEND": ('+QISEND: (0-5),(1-1440),"<data>"',),
        "+QISENDEX": ('+QISENDEX: (0-5),(1-1440),"<hex_string>"',),
        "+QIRD": ("+QIRD: (0-5),(1-1024)",),
        "+QISWTMD": ("+QISWTMD: (0-5),(0,1)",),
        "+QIDNSCFG": ("+QIDNSCFG: <PrimaryDNS>[,<SecondaryDNS>]",),
        "+QICFG": (*SETTINGS, '+QICFG: "open_time",(1-36)'),
    },
    "BC25": {
        **COMMON,
        "+QIOPEN": (OPEN + "[,<local_port>[,<0-1>[,<0-1>]]]",),
        "+QISEND": ('+QISEND: (0-5),(1-512),"<data>"',),
        "+QISENDEX": ('+QISENDEX: (0-5),(1-512),"<hex_string>"',),
        "+QIRD": ("+QIRD: (0-5),(1-512)",),
        "+QISWTMD": ("+QISWTMD: (0-5),(0-1)",),
        "+QIDNSCFG": ("+QIDNSCFG: <PrimaryDns>[,<SecondaryDns>]",),
        "+QICFG": SETTINGS,
        "+QIKALIVE": (
            "+QIKALIVE: <keepalive_on>[,<keepalive_idle_time>[,<keepalive_interval_time>"
            '[,<keepalive_count>[,"<keepalive_data>"]]]]',
        ),
    },
}
READABLE = {"+QISTATE": "", "+QISWTMD": "", "+QIDNSCFG": '+QIDNSCFG: "8.8.8.8","8.8.4.4"'}
READABLE["+QIKALIVE"] = "+QIKALIVE: 0,60,10,9"


@rows("R110", "R111", "R131", "R135", "R145", "R146", "R158", "R165", "R175", "R180", "R184", "R189", "R191")
@rows("R196", "R197", "R206", "R208", "R318", "R347", "R350", "R351", "R352", "R442")
@cases(*BOTH)
def test_the_test_form_of_every_command(model: str) -> None:
    async def run(bench: Bench) -> None:
        for name, lines in TESTS[model].items():
            shown = "".join("\r\n%s\r\n" % line for line in lines).encode()
            assert await bench.answer("AT%s=?" % name) == shown + OK, name

    play(model, run)


@rows("R136", "R176", "R192", "R209", "R439")
@cases(*BOTH)
def test_the_read_form_of_every_command(model: str) -> None:
    """What the tables list answers; the others are ERROR."""

    async def run(bench: Bench) -> None:
        for name in TESTS[model]:
            shown = READABLE.get(name)
            expected = ERROR if shown is None else answer(shown) if shown else OK
            assert await bench.answer("AT%s?" % name) == expected, name

    play(model, run)


@rows("R138", "R207", "R308", "R350", "R439")
@cases(*BOTH)
def test_the_execution_form_of_every_command(model: str) -> None:
    """Only QIGETERROR has one; a form that does not exist leaves the register alone."""

    async def run(bench: Bench) -> None:
        await bench.refused("AT+QIRD=0,5", 567)
        for name in TESTS[model]:
            expected = answer("+QIGETERROR: 567,socket has been closed") if name == "+QIGETERROR" else ERROR
            assert await bench.answer("AT" + name) == expected, name
        for line in ("AT+QIGETERROR=0", "AT+QNTTP=?", "AT+QSSLSTATE?", "AT+QIACT=?", "AT+QICSGP=?"):
            assert await bench.answer(line) == ERROR, line
        assert b": 567," in await bench.answer("AT+QIGETERROR")
        kalive = ERROR if model == "BC65" else answer("+QIKALIVE: 0,60,10,9")
        assert await bench.answer("AT+QIKALIVE?") == kalive

    play(model, run)
