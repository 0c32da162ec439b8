"""`clb verify`, `dump` and `checkpoint` as a person runs them, on a log that a superuser rewrote."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from shared.eventlog.postgres import PostgresLog
from shared.kafka import topics
from shared.kernel.lanes import lane_of
from tests.shared.clb import clb
from tests.shared.flow import Place, streams_of_one_lane
from tests.shared.verification import tampering as t


@pytest.fixture
async def clubs(place: Place, kafka_bootstrap: str) -> Place:
    """A log of the name `clubs`, with six rows in one lane."""
    await asyncio.to_thread(topics.apply, kafka_bootstrap, ("clubs",))
    clubs = Place(place.urls, place.pool, PostgresLog(place.pool, "clubs"), "clubs", kafka_bootstrap)
    one, two = streams_of_one_lane(2)
    for n in range(3):
        await clubs.put(one, n, expected=n)
        await clubs.put(two, n, expected=n)
    return clubs


async def test_I11_a_person_signs_keeps_a_copy_and_finds_the_row_that_a_superuser_changed(
    clubs: Place, postgres: Any, tmp_path: Path
) -> None:
    """On line and, with nothing but an exported file and the copy, without a database, Kafka or data directory."""
    data, copy = tmp_path / "data", tmp_path / "copy.jsonl"
    reach = {"CLB_DATA": str(data), "CLUBS_DATABASE_URL": clubs.urls.app, "KAFKA_BOOTSTRAP": clubs.bootstrap}
    assert (await clb("checkpoint", "key", **reach))[0] == 0
    code, said = await clb("checkpoint", "make", "--source", "clubs", **reach)
    assert (code, said[:16]) == (0, "clubs: 6 events,")
    code, said = await clb("verify", "--source", "clubs", "--no-kafka", **reach)
    assert (code, said) == (0, "✓ clubs: intact (6 rows, 1 checkpoints)\n")
    fetched, _ = await clb("checkpoint", "fetch", "clubs", "--to", str(copy), **reach)
    assert fetched == 0
    own = (data / "checkpoints" / "clubs.jsonl").read_text().splitlines()
    assert own[-1] in copy.read_text().splitlines()

    one, _ = streams_of_one_lane(2)
    await t.tamper(clubs, postgres, lane_of(one), t.CHANGED, rechain=True)
    code, said = await clb("verify", "--source", "clubs", "--no-kafka", **reach)
    assert code == 1
    assert "✗ clubs: NOT intact (6 rows, 1 checkpoints)" in said
    assert f"the first row: lane {lane_of(one)}, position 1..6: differs from the checkpoint signed at" in said
    code, said = await clb("checkpoint", "make", "--source", "clubs", **reach)
    assert code == 1
    assert "nothing was signed, the log differs from the last checkpoint" in said

    exported = str(tmp_path / "clubs.ndjson.gz")
    assert await clb("dump", "clubs", "--to", exported, **reach) == (0, f"{exported}: 6 rows\n")
    assert (await clb("dump", "clubs", "--to", exported, **reach))[0] == 1
    offline = ["verify", "--dump", exported, "--public-key", str(data / "keys" / "checkpoints.key.pub"), "--checkpoints"]
    code, said = await clb(*offline, str(data / "checkpoints" / "clubs.jsonl"), CLB_DATA=str(tmp_path / "none"))
    assert code == 1
    assert f"lane {lane_of(one)}, position 1..6: differs from the checkpoint" in said


async def test_a_file_that_was_cut_short_is_refused_not_called_intact(clubs: Place, tmp_path: Path) -> None:
    reach = {"CLB_DATA": str(tmp_path / "data"), "CLUBS_DATABASE_URL": clubs.urls.app}
    whole, cut = tmp_path / "whole.ndjson", tmp_path / "cut.ndjson"
    await clb("dump", "clubs", "--to", str(whole), **reach)
    lines = whole.read_text().splitlines(keepends=True)
    for kept in (lines[:-1], lines[:3] + lines[4:], [], lines[1:], [*lines[:2], "x\n"]):
        cut.write_text("".join(kept))
        code, said = await clb("verify", "--dump", str(cut), CLB_DATA=str(tmp_path / "none"))
        assert code == 1
        assert "is not a whole export of a log" in said
    code, said = await clb("verify", "--dump", str(whole), CLB_DATA=str(tmp_path / "none"))
    assert code == 0
    assert "there are no checkpoints to hold it against" in said


async def test_a_database_that_nobody_named_is_said_in_a_sentence(tmp_path: Path) -> None:
    code, said = await clb("verify", "--source", "clubs", CLB_DATA=str(tmp_path))
    assert code == 1
    assert said.startswith("clb: The database of clubs is not known: set CLUBS_DATABASE_URL")
