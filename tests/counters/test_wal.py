"""What an event costs in write-ahead log, from the command to the ledger, in bytes for each byte of its JSON.

WAL is what a disk, a replica and a backup are asked for; it follows from the tables and indexes and not from the machine. A
column or an index more is seen here before it is seen on a bill. Bands, since the server pads.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from services.clubs.app import SERVICE as CLUBS
from services.reporting.app import SERVICE as REPORTING
from shared.eventlog.records import LogIdentity
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES
from shared.local.databases import connect
from shared.local.demo.entries import Entry, Parameters
from shared.local.demo.generator import generate
from shared.reference.book import load
from shared.testing.apps import running
from shared.testing.folding import apply_batch
from tests.reporting.country import VIEW

BATCH = 500


@dataclass
class Written:
    """Bytes of WAL that were written in a block."""

    bytes: int = 0


class Server:
    """The server's WAL; nobody else writes while one test runs."""

    def __init__(self, admin_url: str) -> None:
        self._url = admin_url

    @asynccontextmanager
    async def writes(self) -> AsyncIterator[Written]:
        """Without what depends on the time: the vacuum, and pages that are written whole after a checkpoint."""
        written = Written()
        connection = await connect(self._url)
        try:
            for setting in _UNTIMELY:
                await connection.execute(f"alter system set {setting} = off")
            await connection.execute("select pg_reload_conf()")
            await connection.execute("checkpoint")
            before = await connection.fetchval("select pg_current_wal_insert_lsn()::text")
            yield written
            written.bytes = int(await connection.fetchval("select pg_current_wal_insert_lsn() - $1::text::pg_lsn", before))
        finally:
            for setting in _UNTIMELY:
                await connection.execute(f"alter system reset {setting}")
            await connection.execute("select pg_reload_conf()")
            await connection.close()


_UNTIMELY = ("autovacuum", "full_page_writes")


@pytest.fixture(scope="module")
def server(postgres: Any) -> Server:
    return Server(postgres.admin_url)


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """Commands of about 130 generated clubs, five years of them."""
    history = generate(Parameters(date(2025, 12, 31), scale=0.02), load())
    return list(history.by_service["clubs"])


@pytest.fixture(scope="module")
async def appended(postgres: Any, server: Server, entries: list[Entry]) -> tuple[list[Recorded], int, LogIdentity]:
    """The events of the commands, lane by lane, the WAL that storing them by batches wrote, and which log it is."""
    async with running(CLUBS, postgres, simulated=True) as clubs:
        centre = await clubs.token("centre")
        ours = [json.loads(entry.to_json()) for entry in entries]
        async with server.writes() as written:
            for start in range(0, len(ours), BATCH):
                body = {"commands": ours[start : start + BATCH]}
                answer = await clubs.client.post("/v1/commands:batch", json=body, headers=centre)
                assert {each["status"] for each in answer.json()["answers"]} == {201}
        events = [event for lane in range(LANES) for event in await clubs.writing.log.read_lane(lane, 0, 100_000)]
        identity = await clubs.writing.log.identity()
    events.sort(key=lambda event: event.recorded_at)
    return events, written.bytes, identity


PAYLOAD = 290
"""Bytes of JSON of one of these events. If the demo's events change, all figures below are taken anew."""


def per_event(wal: int, events: Sequence[Recorded]) -> float:
    assert len(events) > 1_500
    assert sum(len(event.data.encode()) for event in events) / len(events) == pytest.approx(PAYLOAD, rel=0.02)
    return wal / len(events)


async def test_an_event_that_is_appended_in_a_batch_writes_about_1205_bytes(
    appended: tuple[list[Recorded], int, LogIdentity],
) -> None:
    """Its row of 540, the command's of 180, four index entries of 80, and its share of splits and lane heads.

    40 of the row are the command's fingerprint and where the event was first recorded: with them a log that was lost is filled
    again from Kafka so that a repeat of a command is still known. Seen to fail: one index more on `log.events`, on its time."""
    events, wal, _ = appended
    assert per_event(wal, events) == pytest.approx(1_205, rel=0.03)


async def test_a_lone_command_writes_a_commit_and_a_lane_head_more(postgres: Any, server: Server, entries: list[Entry]) -> None:
    """About 1,415: what a batch shares is written for each. Seen to fail: the same index more."""
    async with running(CLUBS, postgres, simulated=True) as clubs:
        centre = await clubs.token("centre")
        ours = [json.loads(entry.to_json()) for entry in entries[:BATCH]]
        async with server.writes() as written:
            for one in ours:
                await clubs.client.post("/v1/commands:batch", json={"commands": [one]}, headers=centre)
        stored = sum(head.position for head in (await clubs.heads()).values())
    assert written.bytes / stored == pytest.approx(1_415, rel=0.03)


@pytest.mark.parametrize(("size", "expected"), [(2_000, 1_568), (500, 1_691), (50, 2_225)])
async def test_an_event_writes_less_into_the_ledger_the_larger_its_batch_is(
    postgres: Any, server: Server, appended: tuple[list[Recorded], int, LogIdentity], size: int, expected: int
) -> None:
    """Three entries of 245 bytes with an index entry each, a row of `events`, the year of its club; a batch shares the last,
    and lanes, freshness and checkpoints. And the links, 40 bytes an event in one row for each lane that a batch moved: with
    them a restarted reader tells a repetition from a forgery. The row costs a batch of 50 180 bytes an event, one of 2,000 40.
    Seen to fail: an index more on `entries`."""
    events, _, identity = appended
    async with running(REPORTING, postgres) as reporting, server.writes() as written, reporting.pool.acquire() as connection:
        for start in range(0, len(events), size):
            done = await apply_batch(connection, VIEW, events[start : start + size], identity=identity)
            assert (done.applied, done.parked) == (len(events[start : start + size]), 0)
    assert per_event(written.bytes, events) == pytest.approx(expected, rel=0.03)
