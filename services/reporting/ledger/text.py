"""Rows in the text forms of Postgres, made once a batch: COPY lines, and whole columns as array literals.

Measured: encoding arrays value by value costs more than folding the events. Every text of somebody else is escaped; codes,
dates and numbers of our own have no character that needs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

import orjson

from services.reporting.ledger.entries import Key

_COPY = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_CHUNK = 2000

_Pick = Callable[[Mapping[int, int]], tuple[int, ...]]


@lru_cache(maxsize=16384)
def field(value: str) -> str:
    """A text as a field of a COPY line; whoever sends one event sends more."""
    return value.translate(_COPY)


@lru_cache(maxsize=65536)
def of_key(key: Key) -> str:
    """The four fields of a key."""
    return "\t".join(key)


def amounts(of: Mapping[int, int]) -> str:
    """Amounts by measure as two fields, each an array literal: the measures in order, and their amounts. JSON writes the digits
    of many numbers in a fraction of the time of `str`, one by one."""
    measures, pick = _layout(tuple(of))
    return f"{measures}\t{{{orjson.dumps(pick(of))[1:-1].decode()}}}"


@lru_cache(maxsize=16384)
def _layout(measures: tuple[int, ...]) -> tuple[str, _Pick]:
    """Measures in whatever order: the array literal of them in order, and what picks their amounts in that order."""
    first, *rest = sorted(measures)
    literal = "{" + ",".join(map(str, (first, *rest))) + "}"
    if not rest:
        return literal, lambda of: (of[first],)
    return literal, itemgetter(first, *rest)


async def lines(rows: Sequence[str]) -> AsyncIterator[bytes]:
    """Lines in pieces that are sent one by one."""
    for start in range(0, len(rows), _CHUNK):
        yield ("\n".join(rows[start : start + _CHUNK]) + "\n").encode()


def column(values: Sequence[object]) -> str:
    """A column as an array literal, every value quoted; None is null."""
    if None not in values:
        joined = '","'.join(map(str, values))
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return f'{{"{joined}"}}'
    return "{" + ",".join("NULL" if value is None else f'"{_quoted(str(value))}"' for value in values) + "}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def columns(rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows as one array literal a column."""
    return [column(values) for values in zip(*rows, strict=True)]
