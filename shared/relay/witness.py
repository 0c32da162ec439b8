"""Holds a store against its topic, record by record, through a client that shares no code with the relay.

Every record must be, byte for byte and with its hash, the row at its lane and position; every row that the relay has published
must be on the topic. So a row that was changed together with its chain and its heads is named exactly. Memory stays flat: of
what was seen, only spans of positions are kept. Refuses to say which of the two is right: the signed checkpoints do.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from shared.eventlog.chain import canonical
from shared.eventlog.marks import Finding
from shared.eventlog.postgres import identity_of
from shared.eventlog.records import RECORDED
from shared.kafka.headers import from_kafka
from shared.kafka.independent import read_topic
from shared.kafka.record import Received
from shared.kafka.topics import topic_of
from shared.kernel.database import Pool
from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable

_STORED = f"""select {RECORDED} from unnest($1::smallint[], $2::bigint[]) as w (lane, position)
    join log.events e using (lane, position)"""  # noqa: S608  constants
_FIELDS = (
    "source", "stream", "version", "event_id", "type", "schema_version", "recorded_at", "command_id", "actor", "data",
    "fingerprint", "origin",
)  # fmt: skip


class Spans:
    """Which positions of a lane were seen, as spans that neither touch nor overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, position: int) -> None:
        """See a position; again is nothing new."""
        at = bisect_right(self._starts, position)
        if at and position <= self._ends[at - 1]:
            return
        after, before = at and self._ends[at - 1] == position - 1, at < len(self._starts) and self._starts[at] == position + 1
        if after and before:
            self._ends[at - 1] = self._ends[at]
            del self._starts[at], self._ends[at]
        elif after:
            self._ends[at - 1] = position
        elif before:
            self._starts[at] = position
        else:
            self._starts.insert(at, position)
            self._ends.insert(at, position)

    def first_missing(self) -> int:
        """The first position from 1 on that was not seen."""
        return self._ends[0] + 1 if self._starts and self._starts[0] == 1 else 1


async def against_kafka(pool: Pool, source: str, bootstrap: str, tell: Callable[[int], None] = lambda _: None) -> list[Finding]:
    """Of each lane the first row in which the store and its topic differ. May raise what kafka-python raises."""
    published = await _published(pool)
    async with pool.acquire() as connection:
        deployment = (await identity_of(connection)).deployment
    seen: dict[int, Spans] = {}
    first: dict[int, Finding] = {}
    batches = read_topic(bootstrap, topic_of(source))
    read = 0
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        for finding in await _differences(pool, source, deployment, batch, seen):
            known = first.get(finding.lane)
            if known is None or finding.position < known.position:
                first[finding.lane] = finding
        read += len(batch)
        tell(read)
    for lane, position in published.items():
        missing = seen.get(lane, Spans()).first_missing()
        if missing <= position and (lane not in first or missing < first[lane].position):
            first[lane] = await _not_on_topic(pool, lane, missing, topic_of(source))
    return sorted(first.values())


async def _differences(
    pool: Pool, source: str, deployment: str, batch: Sequence[Received], seen: dict[int, Spans]
) -> list[Finding]:
    events: list[Recorded] = []
    for record in batch:
        try:
            event = from_kafka(record.value, record.headers)
        except Undecodable:
            continue  # no event of the store looks like that; the position it stands for will be missing
        if event.source == source:
            events.append(event)
            seen.setdefault(event.lane, Spans()).add(event.position)
    async with pool.acquire() as connection:
        rows: list[Any] = await connection.fetch(
            _STORED, [event.lane for event in events], [event.position for event in events]
        )
    stored = {(row["lane"], row["position"]): Recorded(*row) for row in rows}
    findings: list[Finding] = []
    for event in events:
        row = stored.get((event.lane, event.position))
        if row is None:
            vi, en = "kho không có hàng này, Kafka có", "the store has no such row, Kafka has it"
        elif canonical(row, deployment) != canonical(event, deployment) or row.hash != event.hash:
            fields = [name for name in _FIELDS if getattr(row, name) != getattr(event, name)]
            named = ", ".join(fields or ["hash"])
            vi, en = f"kho khác Kafka ở: {named}", f"the store differs from Kafka in: {named}"
        else:
            continue
        findings.append(Finding(event.lane, event.position, event.position, "kafka", vi, en, event.stream))
    return findings


async def _published(pool: Pool) -> dict[int, int]:
    async with pool.acquire() as connection:
        rows = await connection.fetch("select lane, position from relay.lanes")
    return {row["lane"]: row["position"] for row in rows}


async def _not_on_topic(pool: Pool, lane: int, position: int, topic: str) -> Finding:
    async with pool.acquire() as connection:
        stream = await connection.fetchval("select stream from log.events where lane = $1 and position = $2", lane, position)
    return Finding(
        lane,
        position,
        position,
        "kafka",
        f"{topic} không có hàng này dù đã chuyển: ./clb republish",
        f"{topic} lacks this row although it was published: ./clb republish",
        stream,
    )
