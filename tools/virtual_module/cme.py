"""Command groups whose failures are +CME ERROR numbers of their own: files and CoAP."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .commands import Call, CmeError, Refused, command
from .files import FileError

if TYPE_CHECKING:
    from .commands import Handler, Result


def cme_command(name: str, *forms: str, feature: str, wrong: int) -> "Callable[[Handler], Handler]":
    """Like `command`, but bad parameters end with +CME ERROR: `wrong`, and a FileError with its own number."""

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def guarded(call: Call) -> "Result | Awaitable[Result]":
            try:
                result = handler(call)
            except (Refused, FileError) as error:
                raise _translated(error, wrong) from None
            return _watched(result, wrong) if inspect.isawaitable(result) else result

        command(name, *forms, feature=feature)(guarded)
        return handler

    return register


async def _watched(result: "Awaitable[Result]", wrong: int) -> "Result":
    try:
        return await result
    except (Refused, FileError) as error:
        raise _translated(error, wrong) from None


def _translated(error: "Refused | FileError", wrong: int) -> CmeError:
    return CmeError(error.code if isinstance(error, FileError) else wrong)
