"""Rows in Postgres's text forms: whatever stands in a text comes back as it was."""

from __future__ import annotations

import pytest

from services.reporting.ledger import text
from tests.reporting.world import ReportingWorld

TEXTS = ["", "a", "NULL", "null", 'a"b', "a\\b", "\\N", "a\tb\nc\r", "{x,y}", "đợt tập huấn", "None", " "]


@pytest.mark.parametrize("values", [TEXTS, TEXTS[:2], ["x", None, 'q"'], [None], ['"']])
async def test_a_column_survives_its_array_literal(world: ReportingWorld, values):
    async with world.pool.acquire() as connection:
        assert await connection.fetchval("select $1::text::text[]", text.column(values)) == values


async def test_a_field_survives_its_copy_line(world: ReportingWorld):
    rows = [f"source\t1\t{index}\tid\ttype\tstream\t{text.field(value)}\t2026-01-01" for index, value in enumerate(TEXTS)]
    async with world.pool.acquire() as connection:
        await connection.copy_to_table("events", source=text.lines(rows))
        assert [row["actor"] for row in await connection.fetch("select actor from events order by position")] == TEXTS


@pytest.mark.parametrize("amounts", [{7: -3}, {3: 1, 1: 2, 2: -5}, {2: 0, 1: 2**62}])
async def test_amounts_come_back_by_measure_in_order(world: ReportingWorld, amounts):
    line = f"source\t1\t1\tstream\tVN\t\t\t\t2026-01-01\t2026-01-01\tcounted\t{text.amounts(amounts)}"
    async with world.pool.acquire() as connection:
        await connection.copy_to_table("entries", source=text.lines([line]))
        row = await connection.fetchrow("select measures, amounts from entries")
    assert (row["measures"], row["amounts"]) == (sorted(amounts), [amounts[number] for number in sorted(amounts)])
