"""Rows in the text forms of Postgres, made once a batch: COPY lines, and whole columns as array literals.

Measured: encoding arrays value by value costs more than folding the events. Every text of somebody else is escaped; codes,
dates and numbers of our own have no character that needs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import lru_cache

from services.reporting.ledger.entries import Key

_COPY = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_CHUNK = 2000


@lru_cache(maxsize=16384)
def field(value: str) -> str:
    """A text as a field of a COPY line; whoever sends one event sends more."""
    return value.translate(_COPY)


@lru_cache(maxsize=65536)
def of_key(key: Key) -> str:
    """The four fields of a key."""
    return "\t".join(key)


@lru_cache(maxsize=4096)
def numbers(measures: tuple[int, ...]) -> str:
    """Measures as an array literal."""
    return "{" + ",".join(map(str, measures)) + "}"


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
