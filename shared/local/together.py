"""Several things at once that stand or fall together: when one fails the others are cancelled and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*work: Coroutine[Any, Any, object]) -> None:
    """Run all. Raises the first failure as it is, after the others have cleaned up behind themselves."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as failures:
        raise first_of(failures) from None


def first_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first single failure in a group of groups."""
    match failures.exceptions[0]:
        case BaseExceptionGroup() as inner:
            return first_of(inner)
        case single:
            return single
