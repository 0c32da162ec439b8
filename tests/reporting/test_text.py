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
