"""Holds a build against the record: what each log itself says that its lanes were, at the positions that the build has read.

Two builds of one topic are equal also where the topic lies; only the log knows. Where a build's head is not the log's, the
first record that differs is named: by a binary search over positions, along the chain that leads to the build's head. Refuses
to call equal what nobody answered for: that is said in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from shared.eventlog.links import At, Links, links_at
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.headers import coordinates, hash_of, link_of
from shared.kafka.independent import read_topic
from shared.kafka.record import Received
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.database import Pool
from shared.kernel.event import Undecodable
from shared.kernel.lanes import partition_of

Json = dict[str, Any]
State = Literal["equal", "differs", "not-compared"]


class NotAnswered(Exception):
    """A log did not answer; why, in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class LogAnswers(Protocol):
    """A log that can be asked."""

    async def links(self, places: Sequence[At]) -> Links:
        """Its hashes at some positions. May raise `NotAnswered`."""
        ...


@dataclass(frozen=True, slots=True)
class OwnLog:
    """The log that lies in the same database as the build."""

    pool: Pool

    async def links(self, places: Sequence[At]) -> Links:
        """See `LogAnswers.links`."""
        async with self.pool.acquire() as connection:
            return await links_at(connection, places)


def overall(logs: Mapping[str, Json]) -> State:
    """What holds of the build against all logs: one that differs decides, then one that was not compared."""
    states = {each["state"] for each in logs.values()}
    return "differs" if "differs" in states else "not-compared" if "not-compared" in states else "equal"


async def against_logs(
    pool: Pool,
    positions: Mapping[str, Mapping[int, int]],
    heads: Mapping[str, Mapping[int, str | None]],
    logs: Mapping[str, LogAnswers],
    bootstrap: str,
) -> dict[str, Json]:
    """What each log says of a build that stands at these positions with these heads, source by source."""
    return {
        source: await _against(pool, source, lanes, heads[source], logs.get(source), bootstrap)
        for source, lanes in positions.items()
    }


async def _against(
    pool: Pool,
    source: str,
    lanes: Mapping[int, int],
    heads: Mapping[int, str | None],
    log: LogAnswers | None,
    bootstrap: str,
) -> Json:
    try:
        if log is None:
            raise NotAnswered(f"chưa đặt {source.upper()}_URL", f"{source.upper()}_URL is not set")
        links = await log.links([*lanes.items()])
        async with pool.acquire() as connection:
            known: Any = await connection.fetchrow(
                "select deployment, log_id::text from projection.logs where source = $1", source
            )
        identity = {"deployment": links.identity.deployment, "log": links.identity.log_id}
        if known is not None and tuple(known) != (links.identity.deployment, links.identity.log_id):
            return {
                "state": "differs",
                **identity,
                "why": _words(
                    f"bảng này đọc nhật ký {known['log_id']}, dịch vụ {source} trả lời với nhật ký {links.identity.log_id}",
                    f"this view has read the log {known['log_id']}, the service {source} answers with another one",
                ),
            }
        for lane, position in sorted(lanes.items()):
            found, taken = links.hashes.get((lane, position)), heads[lane]
            if taken is None or found is None or found.hex() != taken:
                head = None if taken is None else bytes.fromhex(taken)
                return {"state": "differs", **identity, **await _first(source, log, links, (lane, position), head, bootstrap)}
        return {"state": "equal", **identity, "events": sum(lanes.values())}
    except NotAnswered as why:
        return {"state": "not-compared", "why": _words(why.vi, why.en)}


async def _first(source: str, log: LogAnswers, links: Links, at: At, head: bytes | None, bootstrap: str) -> Json:
    """The first record of a lane that is not the log's, as far as the topic still shows it."""
    (lane, position), taken = at, head
    where: Json = {"topic": None, "partition": None, "offset": None}
    own = links.hashes.get(at)
    if head is not None:
        try:
            chain = await asyncio.to_thread(chain_on_topic, bootstrap, source, at, head, links.identity.genesis(lane))
        except BROKER_FAILURES:
            chain = {}
        low, high = min(chain, default=position) - 1, position
        while high - low > 1:
            middle = (low + high) // 2
            hashes = (await log.links([(lane, middle)])).hashes
            low, high = (middle, high) if hashes.get((lane, middle)) == chain[middle].hash else (low, middle)
        if high in chain:
            position, taken = high, chain[high].hash
            own = (await log.links([(lane, position)])).hashes.get((lane, position))
            where = {"topic": topic_of(source), "partition": chain[high].partition, "offset": chain[high].offset}
    record = f"{where['topic']}/{where['partition']}@{where['offset']}" if where["topic"] else topic_of(source)
    theirs, ours = own.hex()[:16] if own is not None else "-", taken.hex()[:16] if taken is not None else "-"
    vi = f"{record}: làn {lane}, vị trí {position}: bản dựng có {ours}, nhật ký có {theirs}"
    en = f"{record}: lane {lane}, position {position}: the build has {ours}, the log has {theirs}"
    return {
        "lane": lane,
        "position": position,
        **where,
        "taken": None if taken is None else taken.hex(),
        "stands": None if own is None else own.hex(),
        "why": _words(vi, en),
    }


@dataclass(frozen=True, slots=True)
class Linked:
    """A record on a topic that follows: its hash, the hash before it, and where it stands."""

    hash: bytes
    before: bytes
    partition: int
    offset: int


@dataclass(slots=True)
class _Lane:
    """What a topic says of one lane: at each position the records that follow one of the position before."""

    linked: dict[int, list[Linked]] = field(default_factory=dict[int, list[Linked]])
    waiting: dict[int, list[Received]] = field(default_factory=dict[int, list[Received]])
    """Records whose position before has not come yet, or that follow nothing."""

    def add(self, position: int, record: Received, genesis: bytes) -> None:
        before = [genesis] if position == 1 else [each.hash for each in self.linked.get(position - 1, ())]
        headers = dict(record.headers)
        digest = hash_of(headers)
        for one in before:
            try:
                follows = link_of(one, record.value, headers) == digest
            except Undecodable:
                return
            if follows and digest is not None:
                self.linked.setdefault(position, []).append(Linked(digest, one, record.partition, record.offset))
                for later in self.waiting.pop(position + 1, ()):
                    self.add(position + 1, later, genesis)
                return
        self.waiting.setdefault(position, []).append(record)


def chain_on_topic(bootstrap: str, source: str, at: At, head: bytes, genesis: bytes) -> dict[int, Linked]:
    """The records that lead to the head of a lane, by position; from where the topic shows them on. Blocks."""
    lane, last = at
    found = _Lane()
    for batch in read_topic(bootstrap, topic_of(source), [partition_of(lane, PARTITIONS)]):
        for record in batch:
            try:
                where = coordinates(dict(record.headers))
            except Undecodable:
                continue
            if where.source == source and where.lane == lane and where.position <= last:
                found.add(where.position, record, genesis)
    chain: dict[int, Linked] = {}
    wanted = head
    for position in range(last, 0, -1):
        one = next((each for each in found.linked.get(position, ()) if each.hash == wanted), None)
        if one is None:
            break
        chain[position], wanted = one, one.before
    return chain


def _words(vi: str, en: str) -> Json:
    return {"vi": vi, "en": en}
