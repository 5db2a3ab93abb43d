"""A virtual module on a clock that tests step: what is typed, and what it says to that."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from virtual_module import VirtualModule
from virtual_module.clock import Clock


def module(model: str = "BG96", **options: object) -> VirtualModule:
    return VirtualModule(model, clock=Clock.stepped(), options={"boot_ms": 1000, **options})


def played(body: "Callable[[], Coroutine[Any, Any, None]]") -> "Callable[[], None]":
    def test() -> None:
        asyncio.run(body())

    return test


def said(one: VirtualModule, line: bytes) -> bytes:
    one.feed(line + b"\r")
    return one.take()
