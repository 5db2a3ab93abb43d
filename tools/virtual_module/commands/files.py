"""AT+QFUPL, QFDWL, QFLST, QFDEL, QFLDS and the file handles of QFOPEN (LTE families)."""

from __future__ import annotations

from ..cme import cme_command
from ..files import NOT_FOUND, TIMED_OUT, WRITE_FAILED, FileError, FileStore, checksum
from . import EXEC, READ, WRITE, Call

_FILES, _WRONG = "files", 400
_SIZE, _TIMEOUT_S = 10240, 5
_ALL = 1 << 30


def _store(call: Call) -> FileStore:
    """Files outlive a restart, handles do not: the store is made anew then. The fault file_error strikes here."""
    fault = call.module.faults.take("file_error")
    if fault is not None:
        raise FileError(fault.value("code", WRITE_FAILED))
    store = call.module.service.get("files")
    if not isinstance(store, FileStore):
        store = call.module.service["files"] = FileStore(call.module.files)
    return store


def _sum(data: bytes) -> str:
    """Size and checksum: lower-case hex without leading zeros."""
    return "%d,%x" % (len(data), checksum(data))


@cme_command("+QFUPL", WRITE, feature=_FILES, wrong=_WRONG)
async def upload(call: Call) -> None:
    """`="<name>"[,<size>[,<timeout_s>[,<ack>]]]`: CONNECT, raw bytes, `+QFUPL: <size>,<checksum>` (R098).

    +++ or DTR end it: OK alone, and the file is what came until then.
    """
    call.count(1, 4)
    name, size = call.text(0), call.integer(1, 1, _ALL, _SIZE)
    timeout_ms, ack = 1000 * call.integer(2, 1, 65535, _TIMEOUT_S), call.integer(3, 0, 1, 0)
    _store(call).check_new(name, size if call.has(1) else 0)
    data = await call.upload(size, timeout_ms, bool(ack))
    if data:
        _store(call).put(name, data)
    elif not call.stopped:
        raise FileError(TIMED_OUT)
    if not call.stopped:
        call.line("+QFUPL: " + _sum(data))


@cme_command("+QFDWL", WRITE, feature=_FILES, wrong=_WRONG)
def download(call: Call) -> None:
    """`="<name>"`: CONNECT, the bytes, `+QFDWL: <size>,<checksum>`."""
    call.count(1, 1)
    data = _store(call).get(call.text(0))
    call.line("CONNECT")
    call.raw(data)
    call.line("+QFDWL: " + _sum(data))


@cme_command("+QFLST", WRITE, EXEC, feature=_FILES, wrong=_WRONG)
def listing(call: Call) -> None:
    """`[="<pattern>"]`: one line per file, name and size."""
    call.count(0, 1)
    store, prefix = _store(call), call.options.text("qflst_prefix")
    call.terminal.answer_lines(
        ['+QFLST: "%s%s",%d' % (prefix, name, len(store.get(name))) for name in store.names(call.text(0, "*"))]
    )


@cme_command("+QFDEL", WRITE, feature=_FILES, wrong=_WRONG)
def delete(call: Call) -> None:
    """`="<name>"` or `="*"`."""
    call.count(1, 1)
    try:
        _store(call).delete(call.text(0))
    except FileError as error:
        missing = error.code == NOT_FOUND
        raise FileError(call.options.number("qfdel_missing") if missing else error.code) from None


@cme_command("+QFLDS", WRITE, feature=_FILES, wrong=_WRONG)
def space(call: Call) -> None:
    """`="UFS"`: free bytes and all bytes."""
    call.count(1, 1)
    if call.text(0).upper() != "UFS":
        raise FileError(_WRONG)
    call.line("+QFLDS: %d,%d" % (_store(call).free(), _store(call).total))


@cme_command("+QFLDS", EXEC, feature=_FILES, wrong=_WRONG)
def stored(call: Call) -> None:
    """Bytes of all files, and how many they are."""
    files = _store(call).files
    call.line("+QFLDS: %d,%d" % (sum(map(len, files.values())), len(files)))


@cme_command("+QFOPEN", WRITE, feature=_FILES, wrong=_WRONG)
def open_file(call: Call) -> None:
    """`="<name>"[,<mode>]`: a handle; mode 0 read and write, 1 emptied, 2 read only."""
    call.count(1, 2)
    call.line("+QFOPEN: %d" % _store(call).open(call.text(0), call.integer(1, 0, 2, 0)))


@cme_command("+QFOPEN", READ, feature=_FILES, wrong=_WRONG)
def opened(call: Call) -> None:
    """Name, handle and mode of every open file."""
    call.terminal.answer_lines(['+QFOPEN: "%s",%d,%d' % one for one in _store(call).opened()])


@cme_command("+QFREAD", WRITE, feature=_FILES, wrong=_WRONG)
def read(call: Call) -> None:
    """`=<handle>[,<length>]`: `CONNECT <length>` and that many bytes."""
    call.count(1, 2)
    data = _store(call).read(call.integer(0, 0, _ALL), call.integer(1, 1, _ALL, _ALL))
    call.line("CONNECT %d" % len(data))
    call.raw(data)


@cme_command("+QFWRITE", WRITE, feature=_FILES, wrong=_WRONG)
async def write(call: Call) -> None:
    """`=<handle>[,<length>[,<timeout_s>]]`: CONNECT, raw bytes, `+QFWRITE: <written>,<size>`."""
    call.count(1, 3)
    handle, store = call.integer(0, 0, _ALL), _store(call)
    store.handle(handle)
    length, timeout_s = call.integer(1, 1, _ALL, _SIZE), call.integer(2, 1, 65535, _TIMEOUT_S)
    data = await call.upload(length, 1000 * timeout_s)
    size = store.write(handle, data)
    if not call.stopped:
        call.line("+QFWRITE: %d,%d" % (len(data), size))


@cme_command("+QFSEEK", WRITE, feature=_FILES, wrong=_WRONG)
def seek(call: Call) -> None:
    """`=<handle>,<offset>[,<origin>]`: origin 0 start, 1 here, 2 end."""
    call.count(2, 3)
    _store(call).seek(call.integer(0, 0, _ALL), call.integer(1, 0, _ALL), call.integer(2, 0, 2, 0))


@cme_command("+QFPOSITION", WRITE, feature=_FILES, wrong=_WRONG)
def position(call: Call) -> None:
    """`=<handle>`: where the next byte is read or written."""
    call.count(1, 1)
    call.line("+QFPOSITION: %d" % _store(call).handle(call.integer(0, 0, _ALL)).position)


@cme_command("+QFTUCAT", WRITE, feature=_FILES, wrong=_WRONG)
def truncate(call: Call) -> None:
    """`=<handle>`: the file ends at the position."""
    call.count(1, 1)
    _store(call).truncate(call.integer(0, 0, _ALL))


@cme_command("+QFCLOSE", WRITE, feature=_FILES, wrong=_WRONG)
def close(call: Call) -> None:
    """`=<handle>`."""
    call.count(1, 1)
    _store(call).close(call.integer(0, 0, _ALL))
