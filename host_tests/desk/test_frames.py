"""Frames and slices of the functions that run for every read, line and part.

MicroPython takes the frame of a function from the heap on every call when it needs more than 11 words
(N_STATE + 3 x N_EXC_STACK), and heap_lock() does not see it. A slice is an object on most versions. What may do
without stands in host_tests/cold.py; host_tests/driver/test_frame_words.py reads the frames in each VM.
"""

import ast
import functools
import os
import re
import subprocess
from pathlib import Path

import pytest
from cold import COLD, COLD_MODULES, ORDER
from desk import runtimes
from desk.common import ROOT

PACKAGE = ROOT / "lib" / "quectel"
WORDS = 11
MODULES = sorted(COLD)


@functools.cache
def tree(path: Path) -> ast.Module:
    """The module as MicroPython runs it: without what is for the type checker or for CPython."""
    module = ast.parse(path.read_text())
    for node in ast.walk(module):
        if isinstance(node, ast.If) and "sys.implementation" in ast.unparse(node.test):
            node.orelse = []
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    return module


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]


def numbers(module: str) -> set[str]:
    """Names that const() makes numbers of within their module."""
    return {
        target.id
        for node in tree(PACKAGE / f"{module}.py").body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and ast.unparse(node.value.func) == "const"
    }


def hot(module: str) -> list[ast.FunctionDef]:
    return [function for function in functions(PACKAGE / f"{module}.py") if function.name not in COLD[module]]


@functools.cache
def vm() -> Path:
    found = runtimes.find_unix_vm()
    if found is None:
        pytest.skip(runtimes.NO_UNIX_VM)
    return found


def frames(path: Path) -> dict[str, int]:
    """Words of the largest frame of each name. Only compiled: the run behind it may fail."""
    environment = {**os.environ, "MICROPYPATH": str(ROOT / "lib")}
    run = subprocess.run(
        [str(vm()), "-v", "-v", str(path)], env=environment, capture_output=True, check=False, timeout=60
    )
    words: dict[str, int] = {}
    name = ""
    for line in run.stdout.decode("latin-1").splitlines():
        if block := re.match(r"File (.*), code block '(.*)' \(descriptor", line):
            name = block[2] if block[1] == str(path) else ""
        elif state := re.match(r"\(N_STATE (\d+)\)", line):
            size = int(state[1])
            words[name] = max(words.get(name, 0), size)
        elif blocks := re.match(r"\(N_EXC_STACK (\d+)\)", line):
            words[name] = max(words[name], size + 3 * int(blocks[1]))
    return words


@pytest.mark.parametrize("module", MODULES)
def test_hot_functions_keep_their_frames_off_the_heap(module: str) -> None:
    words = frames(PACKAGE / f"{module}.py")
    names = {function.name for function in hot(module)}
    assert names <= words.keys()
    too_large = {name: words[name] for name in names if words[name] > WORDS}
    assert not too_large, f"{module}.py: more than {WORDS} words: {too_large}"


def test_a_large_frame_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text(
        "def large(a, b, c, d, e, f):\n    return max(a, b, c, d, e, f)\n\n\n"
        "def small(a):\n    return a\n\n\n"
        "def trying(a):\n    try:\n        return a\n    finally:\n        a()\n"
    )
    words = frames(file)
    assert words["large"] > WORDS >= words["trying"] > words["small"] + 3


def slices(function: ast.FunctionDef) -> list[int]:
    """Lines of a slice; what runs only with a trace does not count."""
    traced = {
        id(inner)
        for node in ast.walk(function)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "self.trace"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    return [node.lineno for node in ast.walk(function) if isinstance(node, ast.Slice) and id(node) not in traced]


@pytest.mark.parametrize("module", MODULES)
def test_hot_functions_have_no_slices(module: str) -> None:
    found = {function.name: lines for function in hot(module) if (lines := slices(function))}
    assert not found, f"{module}.py: slices in {found}"


@pytest.mark.parametrize("module", MODULES)
def test_hot_functions_make_no_tuples_lists_or_closures(module: str) -> None:
    """Constructs that allocate whatever they are given: sequences of names, comprehensions, functions in functions."""
    costly = (ast.ListComp, ast.GeneratorExp, ast.Lambda, ast.JoinedStr, ast.Starred, ast.Dict, ast.Set, ast.SetComp)
    found = [
        (function.name, node.lineno)
        for function in hot(module)
        for node in body_nodes(function)
        if isinstance(node, costly) or (isinstance(node, ast.Tuple | ast.List) and not constant(node, numbers(module)))
    ]
    assert not found, f"{module}.py: allocates in {found}"


def body_nodes(function: ast.FunctionDef) -> list[ast.AST]:
    """Nodes of the statements; annotations cost nothing, raising and tracing may cost."""
    nodes: list[ast.AST] = []
    for statement in function.body:
        free = [
            inner
            for node in ast.walk(statement)
            if isinstance(node, ast.Raise) or (isinstance(node, ast.If) and ast.unparse(node.test) == "self.trace")
            for inner in ast.walk(node)
        ]
        notes = [inner for node in ast.walk(statement) if isinstance(node, ast.AnnAssign) for inner in ast.walk(node)]
        nodes += [node for node in ast.walk(statement) if node not in free and node not in notes]
    return nodes


def constant(node: ast.Tuple | ast.List, names: set[str]) -> bool:
    """A tuple of constants, or the targets of a swap of two or three."""
    if isinstance(node, ast.List) or isinstance(node.ctx, ast.Store):
        return isinstance(node.ctx, ast.Store) and len(node.elts) < 4
    return all(isinstance(e, ast.Constant) or (isinstance(e, ast.Name) and e.id in names) for e in node.elts)


def test_the_lists_name_what_exists() -> None:
    for module, names in COLD.items():
        there = {function.name for function in functions(PACKAGE / f"{module}.py")}
        assert names.keys() <= there, f"{module}.py has no {names.keys() - there}"


def test_every_module_is_held_to_it_or_named() -> None:
    there = {path.stem for path in PACKAGE.glob("*.py")}
    assert there == COLD.keys() | COLD_MODULES.keys() and not COLD.keys() & COLD_MODULES.keys()


def test_modules_stand_in_the_order_of_their_imports() -> None:
    """So that test_frame_words.py finds each function in its own module."""
    assert COLD.keys() <= set(ORDER)
    for module in ORDER:
        text = (PACKAGE / f"{module}.py").read_text()
        later = [name for name in ORDER[ORDER.index(module) :] if f"\nfrom .{name} import" in text]
        assert not later, f"{module} imports {later}"
