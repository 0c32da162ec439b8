"""Holds a store against its topic, record by record, through a client that shares no code with the relay.

Every row that the relay has published must be on the topic, byte for byte and with its hash. So a row that was changed together
with its chain and its heads is named exactly. A record that is not the store's is told of where the true one is missing, or
where it follows the store's end: then the store has lost something. What stands beside the true record, or follows nothing,
is a stranger's: it is counted, and no reader believes it. Memory stays flat: of what was seen, only spans of positions are
kept. Refuses to say which of the two is right where both could be: the signed checkpoints do.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.eventlog.chain import canonical
from shared.eventlog.links import hashes_at
from shared.eventlog.marks import Finding
from shared.eventlog.postgres import identity_of
from shared.eventlog.records import RECORDED, LogIdentity
from shared.kafka.headers import from_kafka, link_of
from shared.kafka.independent import read_topic
from shared.kafka.record import Received
from shared.kafka.topics import topic_of
from shared.kernel.database import Pool
from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable
from shared.relay.recovery.branches import Rulings

_STORED = f"""select {RECORDED} from unnest($1::smallint[], $2::bigint[]) as w (lane, position)
    join log.events e using (lane, position)"""  # noqa: S608  constants
_FIELDS = (
    "source", "stream", "version", "event_id", "type", "schema_version", "recorded_at", "command_id", "actor", "data",
    "fingerprint", "origin",
)  # fmt: skip
_PAGE = 250
_MOST = 10_000
"""So many records that are not the store's are remembered; more are only counted."""


class Spans:
    """Which positions of a lane were seen, as spans that neither touch nor overlap."""

    def __init__(self, until: int = 0) -> None:
        self._starts: list[int] = [1] if until else []
        self._ends: list[int] = [until] if until else []

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

    def __contains__(self, position: int) -> bool:
        at = bisect_right(self._starts, position)
        return bool(at) and position <= self._ends[at - 1]

    def first_missing(self) -> int:
        """The first position from 1 on that was not seen."""
        return self._ends[0] + 1 if self._starts and self._starts[0] == 1 else 1


@dataclass(frozen=True, slots=True)
class Reached:
    """Up to where an earlier look found the topic whole: the position of each lane, the offset of each partition."""

    positions: Mapping[int, int] = field(default_factory=dict[int, int])
    offsets: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(slots=True)
class Witnessed:
    """What the topic says: of each lane the first row in which it differs, and how many records are none of the log's."""

    findings: list[Finding] = field(default_factory=list[Finding])
    strangers: int = 0
    first_stranger: str | None = None
    """Topic, partition and offset of the first."""
    records: int = 0
    reached: Reached = field(default_factory=Reached)


async def against_kafka(
    pool: Pool,
    source: str,
    bootstrap: str,
    tell: Callable[[int], None] = lambda _: None,
    *,
    since: Reached | None = None,
    pause: float = 0.0,
    ruled: Rulings | None = None,
) -> Witnessed:
    """The store against its topic, from its beginning or `since` where an earlier look ended. What was ruled out is a
    stranger's. May raise what kafka-python raises."""
    async with pool.acquire() as connection:
        rows = await connection.fetch("select lane, position from relay.lanes")
        identity = await identity_of(connection)
    look = _Look(pool, source, identity, since or Reached(), ruled or Rulings())
    batches = read_topic(bootstrap, topic_of(source), starts=look.offsets)
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        for start in range(0, len(batch), _PAGE):
            await look.at(batch[start : start + _PAGE])
            if pause:
                await asyncio.sleep(pause)
        tell(look.found.records)
    return await look.ended({row["lane"]: row["position"] for row in rows})


class _Look:
    """One reading of the topic."""

    def __init__(self, pool: Pool, source: str, identity: LogIdentity, since: Reached, ruled: Rulings) -> None:
        self._ruled = ruled
        self._pool = pool
        self._source = source
        self._identity = identity
        self._wire = identity.wire_source(source)
        self._seen = {lane: Spans(position) for lane, position in since.positions.items()}
        self._others: list[tuple[Finding, str]] = []
        """Records that are not the store's, though they say that they are: each with where it stands."""
        self.offsets = dict(since.offsets)
        self.found = Witnessed()

    async def at(self, records: Sequence[Received]) -> None:
        """Some records, in the order of the topic."""
        events: list[tuple[Received, Recorded]] = []
        for record in records:
            self.offsets[record.partition] = max(record.offset + 1, self.offsets.get(record.partition, 0))
            try:
                event = from_kafka(record.value, record.headers)
            except Undecodable:
                self._stranger(_where(record))
                continue
            if _text(dict(record.headers)["ce_source"]) == self._wire:
                events.append((record, event))
            else:
                self._stranger(_where(record))
        self.found.records += len(records)
        async with self._pool.acquire() as connection:
            rows: list[Any] = await connection.fetch(
                _STORED, [event.lane for _, event in events], [event.position for _, event in events]
            )
        stored = {(row["lane"], row["position"]): Recorded(*row) for row in rows}
        others: list[tuple[Received, Recorded]] = []
        for record, event in events:
            row = stored.get((event.lane, event.position))
            if row is not None and row.hash == event.hash and self._canonical(row) == self._canonical(event):
                self._seen.setdefault(event.lane, Spans()).add(event.position)
            else:
                others.append((record, event))
        if others:
            await self._are_others(others, stored)

    async def ended(self, published: Mapping[int, int]) -> Witnessed:
        """After the last record. `published`: up to where the relay had brought each lane before the reading began."""
        first: dict[int, Finding] = {}
        for finding, where in self._others:
            if finding.position in self._seen.get(finding.lane, ()):
                self._stranger(where)
            elif finding.lane not in first or finding.position < first[finding.lane].position:
                first[finding.lane] = finding
        for lane, position in published.items():
            missing = self._seen.get(lane, Spans()).first_missing()
            if missing <= position and (lane not in first or missing < first[lane].position):
                first[lane] = await self._not_on_topic(lane, missing)
        self.found.findings = sorted(first.values())
        self.found.reached = Reached(
            {lane: spans.first_missing() - 1 for lane, spans in self._seen.items()}, dict(self.offsets)
        )
        return self.found

    async def _are_others(
        self, others: Iterable[tuple[Received, Recorded]], stored: Mapping[tuple[int, int], Recorded]
    ) -> None:
        """Records that the store does not have like that; what follows nothing in it is a stranger's for certain."""
        before = [(event.lane, event.position - 1) for _, event in others]
        async with self._pool.acquire() as connection:
            hashes = await hashes_at(connection, before)
        for record, event in others:
            at = (event.lane, event.position - 1)
            previous = self._identity.genesis(event.lane) if event.position == 1 else hashes.get(at)
            row = stored.get((event.lane, event.position))
            follows = previous is not None and link_of(previous, record.value, dict(record.headers)) == event.hash
            if not follows or not self._ruled.may_be(event.lane, event.position, event.hash) or len(self._others) >= _MOST:
                self._stranger(_where(record))
                continue
            if row is None:
                vi, en = (
                    "kho không có hàng này, Kafka có: chạy ./clb recover " + self._source,
                    "the store has no such row, Kafka has it: run ./clb recover " + self._source,
                )
            else:
                named = ", ".join([name for name in _FIELDS if getattr(row, name) != getattr(event, name)] or ["hash"])
                vi, en = f"kho khác Kafka ở: {named}", f"the store differs from Kafka in: {named}"
            finding = Finding(event.lane, event.position, event.position, "kafka", vi, en, event.stream)
            self._others.append((finding, _where(record)))

    def _stranger(self, where: str) -> None:
        self.found.strangers += 1
        self.found.first_stranger = self.found.first_stranger or where

    def _canonical(self, event: Recorded) -> bytes:
        return canonical(event, self._identity.deployment)

    async def _not_on_topic(self, lane: int, position: int) -> Finding:
        async with self._pool.acquire() as connection:
            stream = await connection.fetchval(
                "select stream from log.events where lane = $1 and position = $2", lane, position
            )
        topic = topic_of(self._source)
        vi = f"{topic} không có hàng này dù đã chuyển: ./clb republish"
        en = f"{topic} lacks this row although it was published: ./clb republish"
        return Finding(lane, position, position, "kafka", vi, en, stream)


def _where(record: Received) -> str:
    return f"{record.topic}/{record.partition}@{record.offset}"


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
