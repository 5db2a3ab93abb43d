"""The two faces compared by introspection: the same operations, arguments, defaults and types.

That they do the same, and raise the same, is what the bodies of host_tests/driver/test_both_*.py hold on both; here it
is checked that every operation has one.
"""

import ast
import inspect
import re
from typing import Any

import pytest
import quectel
from announced import (
    ATTRIBUTES_MORE,
    MODEM,
    MODEM_MORE,
    MODEM_PLAIN,
    MODEM_PROPERTIES,
    NOT_ON_ASYNC,
    SOCKET,
    SOCKET_MORE,
    SOCKET_PROPERTIES,
)
from desk.common import ROOT
from quectel.coap import Coap
from quectel.files import Files
from quectel.modem import Core

FACES = [(quectel.Modem, quectel.AsyncModem), (quectel.Socket, quectel.AsyncSocket)]
# What sockets and services call on a modem: for those who write a face, not for applications.
INSIDE = {
    "turn", "begin", "run", "pause", "kick", "until", "is_broken", "check_waiting", "open", "switch", "incoming",
    "background", "listen", "take_slot", "keep_alive", "ready", "awake", "greet", "rouse",
    "reached", "hand", "carry_on",
}  # fmt: skip
ONLY_ASYNC = {"aclose"}  # ends the task; a blocking modem has none
MODEM_CALLS, SOCKET_CALLS = {**MODEM, **MODEM_MORE}, {**SOCKET, **SOCKET_MORE}
BODIES = "".join(path.read_text() for path in (ROOT / "host_tests" / "driver").glob("test_both_*.py"))
ELSEWHERE = {"socket_module": "test_drop_in.py", "tls_module": "test_drop_in.py"}


def public(face: type) -> set[str]:
    inside = INSIDE if issubclass(face, Core) else set()
    return {name for name in dir(face) if not name.startswith("_")} - inside


def as_one(signature: inspect.Signature) -> str:
    """A signature in which it does not matter whose it is."""
    return re.sub(r"Async(?=Modem|Socket|Files|Coap)", "", str(signature)).replace("Modem, pos", "Modem")


def shared(blocking: type, other: type) -> list[str]:
    return sorted(name for name in public(blocking) & public(other) if callable(getattr(blocking, name)))


@pytest.mark.parametrize(("blocking", "other"), FACES)
def test_every_operation_is_on_both(blocking: type, other: type) -> None:
    assert public(blocking) - public(other) <= NOT_ON_ASYNC
    assert public(other) - public(blocking) <= ONLY_ASYNC


@pytest.mark.parametrize(("blocking", "other"), FACES)
def test_arguments_defaults_and_types_are_the_same(blocking: type, other: type) -> None:
    for name in ["__init__", *shared(blocking, other)]:
        one, two = (inspect.signature(getattr(face, name)) for face in (blocking, other))
        assert as_one(one) == as_one(two), name


@pytest.mark.parametrize(("face", "names"), [(quectel.Modem, MODEM_CALLS), (quectel.Socket, SOCKET_CALLS)])
def test_nothing_public_is_unannounced(face: type, names: dict[str, str]) -> None:
    assert public(face) <= set(names) | MODEM_PROPERTIES | SOCKET_PROPERTIES | ATTRIBUTES_MORE
    assert {*names} - {"__init__"} <= public(face)


def test_the_asyncio_face_refers_to_the_other_ones_words() -> None:
    """What a call does and what it raises is said once."""
    for blocking, other in FACES:
        for name in shared(blocking, other):
            one, two = getattr(blocking, name), getattr(other, name)
            if inspect.iscoroutinefunction(two):
                assert f"See {blocking.__name__}.{name}()" in two.__doc__ or name == "create_connection", name
            elif one is not two:
                assert "See " in two.__doc__ or name == "socket", name


@pytest.mark.parametrize("names", [MODEM_CALLS, SOCKET_CALLS])
def test_every_operation_has_a_body_that_runs_on_both(names: dict[str, str]) -> None:
    for name in names:
        elsewhere = name in NOT_ON_ASYNC | {"__init__", *ELSEWHERE}
        assert elsewhere or re.search(rf"\.{name}\(", BODIES), name


def stubs(name: str) -> "dict[str, ast.AsyncFunctionDef | ast.FunctionDef]":
    """The methods of a class in _faces.pyi."""
    tree = ast.parse((ROOT / "lib" / "quectel" / "_faces.pyi").read_text())
    kind = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return {node.name: node for node in kind.body if isinstance(node, (ast.AsyncFunctionDef, ast.FunctionDef))}


@pytest.mark.parametrize(("service", "stub"), [(Files, "AsyncFiles"), (Coap, "AsyncCoap")])
def test_services_are_typed_for_both(service: Any, stub: str) -> None:
    """On an AsyncModem the same methods are awaited; only the type checker is told so."""
    methods = stubs(stub)
    assert set(methods) == {
        name for name, value in vars(service).items() if inspect.isfunction(value) and not name.startswith("_")
    }
    for name, method in methods.items():
        given = list(inspect.signature(getattr(service, name)).parameters)
        typed = [argument.arg for argument in (*method.args.args, *method.args.kwonlyargs)]
        assert given[: len(typed)] == typed and (len(given) == len(typed) or method.args.kwarg), name


def test_what_does_not_wait_is_plain_on_both() -> None:
    for name in MODEM_PLAIN:
        assert not inspect.iscoroutinefunction(getattr(quectel.AsyncModem, name)), name
