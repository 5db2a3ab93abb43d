"""`dev.py size`: bytes of each module as bytecode, of each part of the driver, and of the heap, against budgets.

The budgets are what was measured when they were written; more than 5 % above one is a failure. Bytecode is that of
mpy-cross -O2, as `manifest.py` and `dev.py deploy` have it. The heap is that of a program that imports the bytecode,
then makes a modem with the defaults: on the 64-bit unix VM, and on npm's 32-bit VM, whose figures are about those of a
board.
"""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from desk import image, manifest, runtimes
from desk.common import ROOT, Parser, Stop

BUDGET = ROOT / "tools" / "size_budget.json"
TOLERANCE = 0.05
PARTS = {"tcp": "TCP only", "tls": "TCP and TLS", "coap": "CoAP", "all": "all"}
UNIX, NPM = "unix VM", "npm's 32-bit VM"
LIMIT_S = 60

# What a program of each kind imports and makes
PROGRAMS = {
    "tcp": "from quectel import Modem\nmake = lambda: Modem(Uart(), 'BC25')",
    "tls": "from quectel import Modem, TLSContext\nmake = lambda: Modem(Uart(), 'BG96')",
    "coap": "from quectel import Modem, Coap\nmake = lambda: Modem(Uart(), 'BC95G')",
    "asyncio": "from quectel import AsyncModem\nmake = lambda: AsyncModem(Uart(), 'BG96')",
}
_SCRIPT = """
import gc
class Uart:
    def readinto(self, buf): return None
    def write(self, buf, off=0, n=-1): return n
def used():
    gc.collect()
    return gc.mem_alloc()
start = used()
%s
imported = used()
modem = make()
print("#> %%d %%d" %% (imported - start, used() - imported))
"""

Table = dict[str, int]  # "what" -> bytes


def main(argv: list[str]) -> int:
    """Print the sizes; 1 if one is more than 5 % above its budget."""
    parser = Parser(prog="dev.py size", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="make what is measured now the budget")
    options = parser.parse_args(argv)
    sizes = measure()
    if options.write:
        write(sizes)
    budgets = read()
    print(report(sizes, budgets))
    over = exceeded(sizes, budgets)
    for words in over:
        print(words)
    return 1 if over else 0


# --- measuring ----------------------------------------------------------------------------------------------------


def measure() -> Table:
    """All sizes by name, e.g. "quectel/text.mpy", "part tls", "heap tcp, imported, unix VM"."""
    with _compiled() as (folder, sizes):
        table = dict(sizes)
        for part in PARTS:
            table[f"part {part}"] = sum(sizes[_mpy(file.target)] for file in _files(part))
        for machine, start in machines():
            for kind, program in PROGRAMS.items():
                if start is not None:
                    table |= _heap(machine, kind, start(program, folder))
    return table


def machines() -> Iterator[tuple[str, "Callable[[str, Path], str] | None"]]:
    """The VMs, each with what runs a program in it; None where it is not there."""
    unix = runtimes.find_unix_vm()
    yield UNIX, (lambda program, folder: _run_unix(unix, program, folder)) if unix else None
    wasm = runtimes.find_wasm_vm()
    yield NPM, (lambda program, folder: _run_wasm(wasm, program, folder)) if wasm else None


def _files(part: str) -> list[manifest.Frozen]:
    return manifest.frozen(ROOT / "manifest.py", part)


def _mpy(name: str) -> str:
    return name[:-2] + "mpy"


@contextlib.contextmanager
def _compiled() -> Iterator[tuple[Path, Table]]:
    """A folder with the whole package as bytecode, and the size of each file."""
    sizes = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in _files("all"):
            path = folder / _mpy(file.target)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image.compile_file(file.source, file.target))
            sizes[_mpy(file.target)] = path.stat().st_size
        yield folder, sizes


def _run_unix(vm: Path, program: str, folder: Path) -> str:
    return _output(runtimes.start_unix(vm, _script(program, folder), path=[folder], stdout=subprocess.PIPE))


def _run_wasm(vm: Path, program: str, folder: Path) -> str:
    return _output(runtimes.start_wasm(vm, _script(program, folder), path=[folder], stdout=subprocess.PIPE))


def _script(program: str, folder: Path) -> Path:
    script = folder / "measure.py"
    script.write_text(_SCRIPT % program)
    return script


def _output(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=LIMIT_S)
    return output


def _heap(machine: str, kind: str, output: str) -> Table:
    lines = [line for line in output.splitlines() if line.startswith("#> ")]
    if not lines:
        raise Stop(f"{machine} could not measure the heap: {output!r}")
    imported, made = map(int, lines[0][3:].split())
    return {f"heap {kind}, imported, {machine}": imported, f"heap {kind}, a modem, {machine}": made}


# --- judging ------------------------------------------------------------------------------------------------------


def read() -> Table:
    """The budgets; Stop where there are none."""
    try:
        table: Table = json.loads(BUDGET.read_text())
    except OSError as error:
        raise Stop(f"{BUDGET.relative_to(ROOT)}: {error.strerror}; `dev.py size --write` makes it") from error
    return table


def write(sizes: Mapping[str, int]) -> None:
    """Make sizes the budgets; those of a VM that was not there now stay as they were."""
    old: dict[str, Any] = read() if BUDGET.exists() else {}
    kept = {name: old[name] for name in old if name.startswith("heap ") and name not in sizes}
    BUDGET.write_text(json.dumps({**sizes, **kept}, indent=2, sort_keys=True) + "\n")


def exceeded(sizes: Mapping[str, int], budgets: Mapping[str, int]) -> list[str]:
    """Words for each size that is more than 5 % above its budget. A module without one counts in its parts."""
    return [
        f"{name}: {sizes[name]} bytes are {sizes[name] / budgets[name] - 1:.1%} above the budget of {budgets[name]}"
        for name in sizes
        if name in budgets and sizes[name] > budgets[name] * (1 + TOLERANCE)
    ]


def report(sizes: Mapping[str, int], budgets: Mapping[str, int]) -> str:
    """The table: what, bytes, budget."""
    lines = [f"{'bytes':>8} {'budget':>8}"]
    for title, names in _groups(sizes):
        lines += ["", title, *(_line(name, sizes[name], budgets.get(name)) for name in names)]
    return "\n".join(lines)


def _groups(sizes: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    yield "modules", sorted(name for name in sizes if name.endswith(".mpy"))
    yield "parts of the driver", [f"part {part}" for part in PARTS]
    for machine in (UNIX, NPM):
        names = [name for name in sizes if name.endswith(f", {machine}")]
        if names:
            yield f"heap, {machine}", names


def _line(name: str, size: int, budget: "int | None") -> str:
    words = PARTS.get(name.removeprefix("part "), name.removeprefix("heap ").rpartition(", ")[0] or name)
    return f"{size:8} {budget if budget is not None else '-':>8}  {words}"
