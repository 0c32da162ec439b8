"""Reads entries out of the database as columns: one statement a piece, numbers in Postgres's binary form, each text once.

Measured: a record of Python objects for every entry costs ten times as much, and would hold the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.kernel.database import Connection

BLOCKS: Final = 4096
"""Blocks of the table in a piece of a whole load."""


class Cell(NamedTuple):
    """Where an amount counts: the place as recorded, its province on both maps, the cohort, the basis."""

    place: str
    province63: str
    province34: str
    cohort: str
    basis: str


class Subject(NamedTuple):
    """Whose amounts they are: a stream, and the lane that it is in."""

    stream: str
    source: str
    lane: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some entries. `cell` and `subject` are indexes into the lists of the piece itself."""

    cells: list[Cell]
    subjects: list[Subject]
    days: NDArray[np.int32]
    known: NDArray[np.int64]
    positions: NDArray[np.int64]
    cell: NDArray[np.int32]
    subject: NDArray[np.int32]
    amounts: Mapping[int, tuple[NDArray[np.int32], NDArray[np.int64]]]
    """By measure: indexes of entries of the piece, and what each adds."""


_READ: Final = """
    select string_agg(date_send(valid_on), '') as days, string_agg(timestamptz_send(known_at), '') as known,
        string_agg(int8send(position), '') as positions,
        string_agg(concat_ws(E'\\t', place, province63, province34, cohort, basis), E'\\n') as cells,
        string_agg(concat_ws(E'\\t', stream, source, lane), E'\\n') as subjects,
        string_agg(int4send(cardinality(measures)), '') as sizes,
        string_agg(substring(array_send(measures) from 21), '') as measures,
        string_agg(substring(array_send(amounts) from 21), '') as amounts
    from ({picked}) as picked
"""
"""Streams, places, cohorts and bases hold neither tabs nor line ends: they are written into the table without escapes too.
An array is sent as a head of 20 bytes, which is cut off, and each element behind its own length in four bytes."""
_OF_BLOCKS: Final = "select * from entries where ctid >= $1::text::tid and ctid < $2::text::tid"
_OF_STREAMS: Final = """
    select e.* from unnest($1::text[], $2::bigint[]) as wanted(stream, above), lateral (
        select * from entries where stream = wanted.stream and position > wanted.above offset 0
    ) as e
"""
_NEWER: Final = """
    select v.stream, held.position as above, count(*) as events
    from unnest($1::text[], $2::smallint[], $3::bigint[]) as held(source, lane, position), lateral (
        select stream from events
        where source = held.source and lane = held.lane and position > held.position offset 0
    ) as v
    group by 1, 2
"""
"""`offset 0` keeps the planner from reading whole tables: a lane's end and a stream's entries are ranges of an index."""


async def newer(connection: Connection, held: Sequence[tuple[str, int, int]]) -> tuple[int, list[str], list[int]]:
    """The events behind some lanes' positions: how many, their streams, and the position held of each stream's lane."""
    rows = await connection.fetch(_NEWER, *(list(column) for column in zip(*held, strict=True)))
    return sum(row["events"] for row in rows), [row["stream"] for row in rows], [row["above"] for row in rows]


async def of_streams(connection: Connection, streams: Sequence[str], above: Sequence[int]) -> Piece:
    """The entries of some streams, each from behind a position on."""
    return _piece(await connection.fetchrow(_READ.format(picked=_OF_STREAMS), streams, above))


async def everything(connection: Connection) -> AsyncGenerator[Piece]:
    """All entries, by pieces in the order of the table's blocks."""
    blocks: int = await connection.fetchval("select pg_relation_size('entries') / current_setting('block_size')::int")
    for start in range(0, blocks, BLOCKS):
        row = await connection.fetchrow(_READ.format(picked=_OF_BLOCKS), f"({start},0)", f"({start + BLOCKS},0)")
        yield await asyncio.to_thread(_piece, row)


def _piece(row: Any) -> Piece:
    """All columns were made in one pass, so that they hold the entries in one order."""
    cells, cell = _numbered(row["cells"])
    subjects, subject = _numbered(row["subjects"])
    sizes = _numbers(row["sizes"], ">i4")
    measures = _numbers(row["measures"], [("length", ">i4"), ("value", ">i2")])["value"]
    amounts = _numbers(row["amounts"], [("length", ">i4"), ("value", ">i8")])["value"]
    rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    order = np.argsort(measures, kind="stable")
    found, starts = np.unique(measures[order], return_index=True)
    parts = np.split(order, starts[1:])
    return Piece(
        [Cell(*words) for words in cells],
        [Subject(stream, source, int(lane)) for stream, source, lane in subjects],
        _numbers(row["days"], ">i4"),
        _numbers(row["known"], ">i8"),
        _numbers(row["positions"], ">i8"),
        cell,
        subject,
        {number: (rows[part], amounts[part]) for number, part in zip(found.tolist(), parts, strict=False)},
    )


def _numbered(lines: str | None) -> tuple[list[list[str]], NDArray[np.int32]]:
    """The different lines, each in its parts, and the number of every line."""
    numbers: dict[str, int] = {}
    every = [numbers.setdefault(line, len(numbers)) for line in lines.split("\n")] if lines else []
    return [line.split("\t") for line in numbers], np.array(every, np.int32)


def _numbers(column: bytes | None, kind: str | list[tuple[str, str]]) -> NDArray[Any]:
    """Big-endian numbers one after the other, in the machine's own order."""
    found = np.frombuffer(column or b"", dtype=kind)
    return found.astype(found.dtype.newbyteorder("="))
