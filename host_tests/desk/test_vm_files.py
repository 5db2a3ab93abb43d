"""The flash file system of the virtual module (spec of the BG96 FILE commands, R098, R319)."""

from __future__ import annotations

import random
import runpy
from collections.abc import Callable
from typing import ParamSpec

import pytest
from kit import cases, path, rows
from virtual_module.files import FileError, FileStore, checksum
from vm_bench import OK, Bench, cme, play

P = ParamSpec("P")

AMAZON = runpy.run_path(path("driver/pems.py"))["AMAZON"].decode()


@rows("R098")
def test_checksum_of_a_well_known_certificate() -> None:
    unix = AMAZON.encode()
    assert (len(unix), checksum(unix)) == (1188, 0x2D13)
    dos = AMAZON.replace("\n", "\r\n").encode()
    assert (len(dos), checksum(dos)) == (1208, 0x5769)


@rows("R098")
@pytest.mark.parametrize(
    ("data", "value"), [(b"", 0), (b"\x12", 0x1200), (b"\x12\x34", 0x1234), (b"\x12\x34\x56", 0x4434)]
)
def test_checksum_of_few_bytes(data: bytes, value: int) -> None:
    assert checksum(data) == value


@rows("R098")
def test_checksum_against_the_definition() -> None:
    data = random.Random(5).randbytes(1001)
    value = 0
    for at in range(0, len(data), 2):
        value ^= int.from_bytes((data[at : at + 2] + b"\0")[:2], "big")
    assert checksum(data) == value


def code_of(call: Callable[P, object], *args: P.args, **kw: P.kwargs) -> int:
    with pytest.raises(FileError) as caught:
        call(*args, **kw)
    return caught.value.code


@rows("R319")
def test_one_file_under_both_names() -> None:
    shared: dict[str, bytes] = {}
    store = FileStore(shared)
    store.put("UFS:cacert.pem", b"abc")
    assert shared == {"cacert.pem": b"abc"}
    assert store.get("cacert.pem") == store.get("ufs:cacert.pem") == b"abc"
    assert code_of(store.put, "cacert.pem", b"x") == 407
    store.delete("UFS:cacert.pem")
    assert code_of(store.get, "cacert.pem") == 405
    assert code_of(store.delete, "cacert.pem") == 405


def test_room_names_and_patterns() -> None:
    store = FileStore({}, total=100)
    store.put("a.pem", bytes(60))
    assert store.free() == 40
    assert code_of(store.put, "b.pem", bytes(41)) == 420
    store.put("b.key", bytes(40))
    assert store.names("*") == ["a.pem", "b.key"]
    assert store.names("UFS:*.pem") == ["a.pem"]
    assert store.names("b.key") == ["b.key"]
    assert code_of(store.names, "c") == 405
    assert code_of(store.check_new, "", 0) == 406
    assert code_of(store.check_new, "x" * 81, 0) == 406
    store.check_new("x" * 80, 0)
    store.delete("*")
    assert store.names("*") == []


def test_handles() -> None:
    store = FileStore({"old": b"0123456789"}, total=30)
    handle = store.open("old")
    assert store.read(handle, 4) == b"0123"
    store.seek(handle, 2, 1)
    assert store.read(handle) == b"6789"
    assert code_of(store.read, handle) == 402
    assert store.write(handle, b"ab") == 12
    store.seek(handle, 12, 2)
    assert store.write(handle, b"XY") == 12
    assert store.get("old") == b"XY23456789ab"
    assert code_of(store.write, handle, bytes(100)) == 420
    assert code_of(store.seek, handle, 13) == 401
    store.seek(handle, 2)
    store.truncate(handle)
    assert store.get("UFS:old") == b"XY"
    assert code_of(store.open, "old") == 426
    assert code_of(store.delete, "old") == 426
    assert store.opened() == [("old", 1, 0)]
    store.close(handle)
    assert code_of(store.read, handle) == 416
    reader = store.open("UFS:old", 2)
    assert code_of(store.write, reader, b"x") == 414
    assert code_of(store.open, "new", 2) == 405
    assert store.get("old") == b"XY"
    store.close(reader)
    store.open("old", 1)
    assert store.get("old") == b""


@rows("R098", "R319")
def test_upload_list_download_delete() -> None:
    async def run(b: Bench) -> None:
        data = bytes(range(256)) * 5 + b"\r\nOK\r\n\x1a\x1b+++"
        size, check = len(data), checksum(data)
        assert await b.answer('AT+QFUPL="UFS:ca.pem",%d,100' % size) == b"\r\nCONNECT\r\n"
        assert await b.raw(data[:700]) == b""
        assert await b.raw(data[700:]) == b"\r\n+QFUPL: %d,%x\r\n" % (size, check) + OK
        assert b.module.files == {"ca.pem": data}
        assert await b.answer('AT+QFUPL="ca.pem",5') == cme(407)
        prefix = b"" if b.module.model == "BG96" else b"UFS:"
        line = b'\r\n+QFLST: "%sca.pem",%d\r\n' % (prefix, size)
        for form in ("", '="*"', '="ca.pem"', '="UFS:ca.pem"'):
            assert await b.answer("AT+QFLST" + form) == line + OK
        assert await b.answer('AT+QFDWL="ca.pem"') == (
            b"\r\nCONNECT\r\n%s\r\n+QFDWL: %d,%x\r\n" % (data, size, check) + OK
        )
        free, total = (await b.answer('AT+QFLDS="UFS"')).split(b"+QFLDS: ")[1].split(b"\r\n")[0].split(b",")
        assert int(total) - int(free) == size
        assert await b.answer('AT+QFDEL="UFS:ca.pem"') == OK
        assert await b.answer('AT+QFDEL="ca.pem"') == cme(405)
        assert await b.answer('AT+QFDWL="ca.pem"') == cme(405)
        assert await b.answer('AT+QFLST="ca.pem"') == cme(405)
        assert await b.answer("AT+QFLST") == OK

    play("BG96", run)
    play("EC200U", run)


def test_upload_that_falls_silent() -> None:
    async def run(b: Bench) -> None:
        assert await b.answer('AT+QFUPL="a"') == b"\r\nCONNECT\r\n"  # 10240 bytes and 5 s by default
        assert await b.raw(b"abc") == b""
        b.module.clock.advance(4900)
        assert await b.raw(b"d") == b""
        b.module.clock.advance(4900)
        assert await b.raw(b"") == b""
        b.module.clock.advance(200)
        assert await b.raw(b"") == b"\r\n+QFUPL: 4,%x\r\n" % checksum(b"abcd") + OK
        assert await b.answer('AT+QFUPL="b",10,1') == b"\r\nCONNECT\r\n"
        b.module.clock.advance(1100)
        assert await b.raw(b"") == cme(421)
        assert list(b.module.files) == ["a"]

    play("BG96", run)


@rows("R037")
def test_upload_is_left_with_three_pluses() -> None:
    """BG96 FILE manual: +++ or DTR leaves data mode; what came is kept, and ATO does not go back."""

    async def pluses(b: Bench, before_ms: int = 1000, behind_ms: int = 1000, typed: bytes = b"+++") -> bytes:
        b.module.clock.advance(before_ms)
        assert await b.raw(typed) == b""
        b.module.clock.advance(behind_ms)
        return await b.raw(b"")

    async def run(b: Bench) -> None:
        assert await b.answer('AT+QFUPL="a",100,50,1') == b"\r\nCONNECT\r\n"
        assert await b.raw(b"+++abc") == b""
        assert await pluses(b, before_ms=999) == b""  # no silence before
        assert await pluses(b, typed=b"++") == b""  # two are data
        b.module.urc("+HELD")
        assert await pluses(b) == b"\r\n+HELD\r\n" + OK
        assert b.module.files == {"a": b"+++abc+++++"}
        assert await b.answer("ATO") == b"\r\nNO CARRIER\r\n"
        assert await b.answer('AT+QFUPL="b",100,5') == b"\r\nCONNECT\r\n"
        assert await pluses(b) == OK
        assert list(b.module.files) == ["a"]  # nothing came, nothing is kept
        assert await b.answer('AT+QFUPL="b",3,5') == b"\r\nCONNECT\r\n"
        b.module.clock.advance(1000)
        assert await b.raw(b"+++") == b"\r\n+QFUPL: 3,2b\r\n" + OK  # they make the size full
        assert await b.answer('AT+QFUPL="c",9,1') == b"\r\nCONNECT\r\n"
        b.module.clock.advance(999)
        assert await b.raw(b"++") == b""
        b.module.clock.advance(1000)
        assert (await b.raw(b"")).startswith(b"\r\n+QFUPL: 2,")
        await b.answer('AT+QFOPEN="d"')
        assert await b.answer("AT+QFWRITE=1,10,5") == b"\r\nCONNECT\r\n"
        await b.raw(b"xy")
        assert await pluses(b) == OK
        assert b.module.files["d"] == b"xy"

    play("BG96", run)


@cases((0, False), (1, True), (2, True))
def test_upload_is_left_with_dtr(mode: int, left: bool) -> None:
    async def run(b: Bench) -> None:
        await b.ok("AT&D%d" % mode)
        assert await b.answer('AT+QFUPL="a",100') == b"\r\nCONNECT\r\n"
        await b.raw(b"abc")
        b.module.pin("dtr", 1)
        assert await b.raw(b"") == (OK if left else b"")
        assert b.module.files == ({"a": b"abc"} if left else {})

    play("EC200U", run)


def test_acknowledged_upload() -> None:
    async def run(b: Bench) -> None:
        assert await b.answer('AT+QFUPL="a",2500,5,1') == b"\r\nCONNECT\r\n"
        assert await b.raw(bytes(1023)) == b""
        assert await b.raw(bytes(1)) == b"A"
        assert await b.raw(bytes(1024)) == b"A"
        assert (await b.raw(bytes(452))).startswith(b"\r\n+QFUPL: 2500,0\r\n")

    play("BG96", run)


def test_bad_parameters_of_file_commands() -> None:
    async def run(b: Bench) -> None:
        for line in ("QFUPL=a,5", 'QFUPL="a",0', 'QFUPL="a",5,0', 'QFUPL="a",5,1,2', 'QFLDS="SD"', "QFDEL=*", "QFDWL="):
            assert await b.answer("AT+" + line) == cme(400), line
        assert await b.answer('AT+QFUPL="%s",5' % ("x" * 81)) == cme(406)
        assert await b.answer('AT+QFUPL="a",99999999') == cme(420)
        b.module.terminal.cmee = 0
        assert await b.answer('AT+QFDEL="a"') == b"\r\nERROR\r\n"

    play("EC200U", run)


def test_handles_typed() -> None:
    async def run(b: Bench) -> None:
        assert await b.answer('AT+QFOPEN="log"') == b"\r\n+QFOPEN: 1\r\n" + OK
        assert await b.answer("AT+QFWRITE=1,5") == b"\r\nCONNECT\r\n"
        assert await b.raw(b"hello") == b"\r\n+QFWRITE: 5,5\r\n" + OK
        await b.ok("AT+QFSEEK=1,1")
        assert await b.answer("AT+QFREAD=1,3") == b"\r\nCONNECT 3\r\nell" + OK
        assert await b.answer("AT+QFPOSITION=1") == b"\r\n+QFPOSITION: 4\r\n" + OK
        assert await b.answer("AT+QFOPEN?") == b'\r\n+QFOPEN: "log",1,0\r\n' + OK
        await b.ok("AT+QFTUCAT=1", "AT+QFCLOSE=1")
        assert b.module.files == {"log": b"hell"}
        assert await b.answer("AT+QFREAD=1") == cme(416)
        assert await b.answer('AT+QFOPEN="no",2') == cme(405)

    play("BG96", run)


CODES = (400, 401, 402, 403, 405, 406, 407, 409, 410, 411, 413, 414, 416, 417, 418, 419, 420, 421, 423, 425, 426)


def test_every_error_of_the_list_as_a_fault() -> None:
    async def run(b: Bench) -> None:
        for code in CODES:
            b.module.fault("file_error", code=code)
            assert await b.answer('AT+QFLDS="UFS"') == cme(code)
            b.module.terminal.cmee = 2
            b.module.fault("file_error", code=code)
            words = await b.answer('AT+QFLDS="UFS"')
            assert words.startswith(b"\r\n+CME ERROR: ") and words != cme(code) and b"unknown" not in words
            b.module.terminal.cmee = 1
        assert (await b.answer('AT+QFLDS="UFS"')).endswith(OK)

    play("EC200U", run)


def test_a_write_that_fails_after_the_bytes() -> None:
    async def run(b: Bench) -> None:
        b.module.fault("file_error", skip=1)
        assert await b.answer('AT+QFUPL="a",5') == b"\r\nCONNECT\r\n"
        assert await b.raw(b"hello") == cme(409)
        assert b.module.files == {}
        assert await b.answer('AT+QFUPL="a",5') == b"\r\nCONNECT\r\n"
        assert (await b.raw(b"hello")).endswith(OK)

    play("BG96", run)


def test_patterns_typed() -> None:
    async def run(b: Bench) -> None:
        for name in ("a.pem", "b.pem", "c.key"):
            await b.upload(name, name.encode())
        prefix = b"" if b.module.model == "BG96" else b"UFS:"
        pems = b'\r\n+QFLST: "%sa.pem",5\r\n\r\n+QFLST: "%sb.pem",5\r\n' % (prefix, prefix)
        for pattern in ("*.pem", "UFS:*.pem"):
            assert await b.answer('AT+QFLST="%s"' % pattern) == pems + OK
        assert (await b.answer('AT+QFLST="*"')).count(b"+QFLST: ") == 3
        assert await b.answer('AT+QFLST="*.txt"') == OK
        await b.ok('AT+QFDEL="*.pem"')
        assert list(b.module.files) == ["c.key"]
        await b.ok('AT+QFDEL="*"', 'AT+QFDEL="*"')
        assert b.module.files == {}

    play("BG96", run)
    play("EC200U", run)


@pytest.mark.parametrize("code", [405, 418])
def test_deleting_what_is_not_there(code: int) -> None:
    async def run(b: Bench) -> None:
        assert await b.answer('AT+QFDEL="a"') == cme(code)
        assert await b.answer('AT+QFDWL="a"') == cme(405)
        b.module.terminal.cmee = 0
        assert await b.answer('AT+QFDEL="a"') == b"\r\nERROR\r\n"

    play("BG96", run, options={"qfdel_missing": code})


def test_ten_files_open_and_none_after_a_restart() -> None:
    async def run(b: Bench) -> None:
        for number in range(1, 11):
            assert await b.answer('AT+QFOPEN="f%d"' % number) == b"\r\n+QFOPEN: %d\r\n" % number + OK
        assert await b.answer('AT+QFOPEN="f11"') == cme(413)
        assert await b.answer('AT+QFOPEN="f1"') == cme(426)
        assert await b.answer('AT+QFDEL="f1"') == cme(426)
        assert await b.answer("AT+QFSEEK=1,1") == cme(401)
        assert await b.answer("AT+QFSEEK=1,0,3") == cme(400)
        assert await b.answer("AT+QFREAD=1") == cme(402)
        b.module.power.restart()
        b.module.clock.advance(60_000)
        b.module.take()
        b.module.terminal.echo = False
        assert await b.answer("AT+QFOPEN?") == OK
        assert await b.answer("AT+QFCLOSE=1") == cme(416)
        assert len(b.module.files) == 10

    play("EC200U", run)


def test_bytes_before_connect_are_lost() -> None:
    """A sender that does not wait: what stands behind the command line is no part of the file."""

    async def run(b: Bench) -> None:
        assert await b.raw(b'AT+QFUPL="a",5\rhello') == b"\r\nCONNECT\r\n"
        b.module.clock.advance(5000)
        assert await b.raw(b"") == cme(421)
        assert b.module.files == {}

    play("BG96", run)
