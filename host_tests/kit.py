"""What the test files need in place of pytest, on CPython and on MicroPython 1.23 and later.

A test file imports this module alone. Its tests are functions `test_*` without arguments; they use `assert`.
pytest runs them on CPython; `run_file()` runs them in a MicroPython VM.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any, TypeVar

    Test = Callable[..., None]
    Item = TypeVar("Item")

MICROPYTHON = sys.implementation.name == "micropython"

if TYPE_CHECKING or not MICROPYTHON:
    from unittest import SkipTest as Skip  # pytest counts it as skipped
else:

    class Skip(Exception):
        """Raised by skip()."""


# Rows that each test covers, by "file.test"; by "test" alone on MicroPython, whose functions know no module.
ROWS: "dict[str, tuple[str, ...]]" = {}
COUNTS: "dict[str, int]" = {}  # what the tests have counted, by its name
_names: "dict[object, str]" = {}  # names of functions that cases() made


def getenv(name: str) -> "str | None":
    """One variable of the environment; npm's VM, which has none, is lent that of its launcher."""
    if hasattr(os, "getenv"):
        return os.getenv(name)
    import wasm_env

    value: str = wasm_env.get(name)
    return value or None


def path(name: str) -> str:
    """The file `name` under host_tests, with forward slashes: path("facts/limits.csv")."""
    return __file__.rsplit("/", 1)[0] + "/" + name


def skip(reason: str) -> None:
    """End the running test and count it as skipped."""
    raise Skip(reason)


class _Raises:
    """What raises() gives to the `with` statement."""

    value: "Any"  # what was caught, an exception with the attributes of its type

    def __init__(self, kinds: "tuple[type[BaseException], ...]") -> None:
        self._kinds = kinds

    def __enter__(self) -> "_Raises":
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", value: "BaseException | None", trace: "TracebackType | None"
    ) -> bool:
        if value is None:
            raise AssertionError("nothing was raised, expected %s" % (self._kinds,))
        self.value = value
        return isinstance(value, self._kinds)


def raises(*kinds: "type[BaseException]") -> _Raises:
    """`with raises(ValueError) as caught:` fails unless the block raises such; see `caught.value`."""
    return _Raises(kinds)


def _name(test: "Callable[..., object]") -> str:
    name = _names.get(test)
    return test.__name__ if name is None else name


def named(made: "Test", test: "Callable[..., object]") -> "Test":
    """`made`, which a decorator made of `test`, under the name, module and docstring of `test`."""
    _names[made] = _name(test)
    if not MICROPYTHON:  # functions have no attributes there
        made.__name__ = test.__name__
        made.__module__ = test.__module__
        made.__doc__ = test.__doc__
    return made


def cases(*table: object) -> "Callable[[Test], Test]":
    """Call the test once per case: `@cases((1, "a"), (2, "b"))`; a case that is no tuple is one argument."""

    def decorate(test: "Test") -> "Test":
        def every_case() -> None:
            for case in table:
                _one_case(test, case)

        return named(every_case, test)

    return decorate


def _one_case(test: "Test", case: object) -> None:
    done = False
    try:
        test(*(case if isinstance(case, tuple) else (case,)))
        done = True
    finally:
        if not done:
            print("case:", repr(case))


def rows(*names: str) -> "Callable[[Test], Test]":
    """Say which rows of the specification a test covers: `@rows("R108", "R170")`. They are kept in ROWS."""
    for name in names:
        if len(name) != 4 or name[0] != "R" or not name[1:].isdigit():
            raise ValueError("not a row: %r" % (name,))

    def decorate(test: "Test") -> "Test":
        ROWS[_key(test)] = rows_of(test) + names
        return test

    return decorate


def rows_of(test: "Callable[..., object]") -> "tuple[str, ...]":
    """The rows that a test covers."""
    return ROWS.get(_key(test), ())


def _key(test: "Callable[..., object]") -> str:
    module = getattr(test, "__module__", None)
    return _name(test) if module is None else "%s.%s" % (module, _name(test))


def count(what: str, n: int = 1) -> None:
    """Add to a number that the summary of `dev.py test` shows: count("splits fed", 4711).

    One name for one thing in all files; 0 is shown too: count("heap bytes, 64 KiB sent", 0).
    """
    COUNTS[what] = COUNTS.get(what, 0) + n


def counted() -> "list[str]":
    """What was counted, a line each, as `dev.py test` reads it."""
    return ["count: %d %s" % (COUNTS[what], what) for what in sorted(COUNTS)]


def seed() -> int:
    """A seed below 2**30 from $QUECTEL_SEED or at random; printed, so that a failure can be repeated."""
    given = getenv("QUECTEL_SEED")
    value = int(given) & 0x3FFFFFFF if given else _any_seed()
    print("QUECTEL_SEED=%d" % value)
    return value


def _any_seed() -> int:
    if hasattr(os, "urandom"):
        return int.from_bytes(os.urandom(4), "big") & 0x3FFFFFFF
    import random  # npm's VM seeds it from the host

    return random.getrandbits(30)


class Random:
    """Numbers from a seed, the same on every VM: Wichmann and Hill's generator, no product reaches 2**30."""

    def __init__(self, seed: int) -> None:
        self._x = seed % 30268 + 1
        self._y = seed // 30268 % 30306 + 1
        self._z = seed % 30322 + 1
        for _ in range(8):  # small seeds begin alike
            self._step()

    def _step(self) -> int:
        self._x = 171 * self._x % 30269
        self._y = 172 * self._y % 30307
        self._z = 170 * self._z % 30323
        return (self._x ^ self._y ^ self._z) & 0x7FFF

    def below(self, n: int) -> int:
        """A number from 0 to n - 1; n is 1 to 2**30."""
        return (self._step() << 15 | self._step()) % n

    def between(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return low + self.below(high - low + 1)

    def choice(self, items: "list[Item] | tuple[Item, ...]") -> "Item":
        """One of the items."""
        return items[self.below(len(items))]

    def data(self, n: int) -> bytes:
        """n bytes."""
        out = bytearray(n)
        for i in range(n):
            out[i] = self._step() >> 4 & 0xFF
        return bytes(out)

    def shuffle(self, items: "list[Item]") -> None:
        """Put the list in another order, in place."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]

    def chunks(self, data: bytes, largest: int) -> "Iterable[bytes]":
        """The data in pieces of 1 to `largest` bytes."""
        at = 0
        while at < len(data):
            n = self.between(1, largest)
            yield data[at : at + n]
            at += n


def selected(name: str, expr: str) -> bool:
    """Whether a name fits pytest's -k: words that it contains, with `and`, `or`, `not` and brackets."""
    words = expr.replace("(", " ( ").replace(")", " ) ").split()
    for i in range(len(words)):
        if words[i] not in ("and", "or", "not", "(", ")"):
            words[i] = "True" if words[i].lower() in name.lower() else "False"
    return bool(eval(" ".join(words))) if words else True


def _run_one(name: str, test: "Test") -> int:
    """0 passed, 1 failed, 2 skipped."""
    try:
        test()
    except Skip as reason:
        print("skip", name, reason)
        return 2
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a test may raise anything, SystemExit too
        print("FAIL", name)
        _print_error(error)
        return 1
    print("ok", name)
    return 0


def _print_error(error: BaseException) -> None:
    if MICROPYTHON:
        sys.print_exception(error)  # type: ignore[attr-defined,unused-ignore]
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def _report(counts: "list[int]") -> int:
    print("kit: %d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] else 0


def run(names: "dict[str, object]", expr: str = "", file: str = "") -> int:
    """Run every test_* function in a module's globals that -k EXPR selects; 0 if none failed.

    Prints `ok NAME`, `skip NAME` or `FAIL NAME` with a traceback each, and the counts in the last line.
    """
    counts = [0, 0, 0]
    for name in sorted(names):
        test = names[name]
        if name.startswith("test_") and callable(test) and selected(file + "::" + name, expr):
            counts[_run_one(name, test)] += 1
    for line in counted():
        print(line)
    return _report(counts)


def forget() -> None:
    """What a file has left here, before the next one is run in the same process."""
    ROWS.clear()
    COUNTS.clear()
    _names.clear()


def run_file(file: str, expr: str = "") -> int:
    """Import a test module and run its tests; one that cannot be imported counts as one failed test."""
    try:
        module = __import__(file)
    except Exception as error:  # whatever a test file raises is its failure
        print("FAIL", file)
        _print_error(error)
        return _report([0, 1, 0])
    return run(module.__dict__, expr, file)
