"""Reads what the logs sign: which log each one is, how far it was, and what was decided about two records at one position.

Every reader loads it before it reads, and hears of what is new within half a second. A statement counts only under the
deployment's public key; any other record on those topics is set aside. What was decided is kept in the database, with the
builds that had taken what is ruled out: views among them wait to be rebuilt, policies step back and take the true event (what
they did is listed, not undone).
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint
from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling, read_statement
from shared.eventlog.signing import PublicKey
from shared.kafka.independent import record_at
from shared.kafka.record import Received
from shared.kafka.tail import Tail
from shared.kafka.topics import checkpoints_topic, topic_of
from shared.kernel.database import Connection, Pool
from shared.kernel.lanes import partition_of
from shared.projections import rulings
from shared.projections.chain import Chain, Link, Signed, Taken
from shared.projections.checkpoints import Lane
from shared.projections.failures import will_pass
from shared.projections.postgres_store import keep_aside
from shared.projections.store import SetAside

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_PRUNE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Overruled:
    """A ruling says that what was taken at a position is not the log's."""

    lane: Lane
    position: int
    taken: Taken


class Auditor:
    """One a process that reads. `writes`: whether it keeps what it hears; one beside the live runner does not."""

    def __init__(
        self,
        pool: Pool,
        bootstrap: str,
        sources: Sequence[str],
        chain: Chain,
        public: PublicKey | None,
        *,
        partitions: int,
        writes: bool = True,
    ) -> None:
        self._pool = pool
        self._bootstrap = bootstrap
        self._sources = {checkpoints_topic(source): source for source in sources}
        self._chain = chain
        self._public = public
        self._partitions = partitions
        self._writes = writes
        self._next_prune = 0.0
        self.overruled: list[Overruled] = []
        """Rulings against what was taken, for the runner to act on and clear."""
        self.strangers: dict[str, str] = {}
        """Sources that another log signs for than the known one, in words."""
        self.heard = asyncio.Event()
        """Set when everything that had been said before the start is known."""

    async def load(self) -> None:
        """What the database knows: logs and rulings."""
        async with self._pool.acquire() as connection:
            for row in await connection.fetch("select source, deployment, log_id::text from projection.logs"):
                self._chain.know(row["source"], LogIdentity(row["deployment"], row["log_id"]))
            for row in await connection.fetch("select source, lane, position, hash, stands from projection.rulings"):
                self._chain.rule((row["source"], row["lane"]), row["position"], row["hash"], stands=row["stands"])

    async def load_links(self, lanes: Iterable[Lane]) -> None:
        """The links of lanes that this process takes over."""
        wanted = sorted(lanes)
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                """select l.source, l.lane, l.first, l.hashes, l.offsets, (select extract(epoch from max(c.moved_at))::float8
                    from projection.checkpoints c where c.source = l.source and c.lane = l.lane) as moved_at
                from projection.links l join unnest($1::text[], $2::smallint[]) as w (source, lane) using (source, lane)
                order by l.source, l.lane, l.first""",
                [source for source, _ in wanted],
                [lane for _, lane in wanted],
            )
        found: dict[Lane, list[Link]] = {}
        moved: dict[Lane, float] = {}
        for row in rows:
            lane = (row["source"], row["lane"])
            offsets = array("q", row["offsets"])
            moved[lane] = row["moved_at"] or 0.0
            found.setdefault(lane, []).extend(
                Link(row["first"] + at, row["hashes"][at * 32 : at * 32 + 32], offset) for at, offset in enumerate(offsets)
            )
        for lane, links in found.items():
            self._chain.remember(lane, links, moved[lane])

    async def run(self) -> None:
        """Listen until cancelled. The broker and the database may be away at any time."""
        while True:
            try:
                await self._listen()
            except Exception as failure:
                if not will_pass(failure):
                    raise
                log.warning("Cannot read what the logs sign (%s: %s); again soon", type(failure).__name__, failure)
                await asyncio.sleep(_POLL_SECONDS)

    async def _listen(self) -> None:
        async with self._pool.acquire() as connection:
            rows = await connection.fetch("select source, statements from projection.logs")
        starts = {(checkpoints_topic(row["source"]), 0): max(0, row["statements"] - 1) for row in rows if row["statements"] > 0}
        async with Tail(self._bootstrap, sorted(self._sources), starts) as tail:
            ends = await tail.ends()
            waited = {where for where, end in ends.items() if end > starts.get(where, 0)}
            while True:
                if not waited:
                    self.heard.set()
                records = await tail.read(500, _POLL_SECONDS)
                if records:
                    await self._hear(records)
                    reached = {(record.topic, record.partition): record.offset + 1 for record in records}
                    waited -= {where for where, after in reached.items() if after >= ends.get(where, 0)}
                await self._prune()

    async def _hear(self, records: Sequence[Received]) -> None:
        newest: dict[str, Checkpoint] = {}
        decided: list[Ruling] = []
        aside: list[SetAside] = []
        for record in records:
            source = self._sources[record.topic]
            try:
                said = read_statement((record.value or b"").decode("utf-8", "replace"), self._public)
                if said.source != source:
                    raise BadCheckpoint(f"it speaks of {said.source}")
            except BadCheckpoint as bad:
                aside.append(SetAside("unroutable", f"no signed statement of {source}: {bad}", record))
                continue
            known = self._chain.known(source)
            if known is None:
                await self._meet(source, said.identity)
            elif known != said.identity:
                self.strangers[source] = (
                    f"{source} signs as another log ({said.identity.log_id}) than the one that was read here ({known.log_id})"
                )
                aside.append(SetAside("unroutable", self.strangers[source], record))
                continue
            self.strangers.pop(source, None)
            if isinstance(said, Ruling):
                decided.append(said)
            elif source not in newest or said.time >= newest[source].time:
                newest[source] = said
        for ruling in decided:
            await self._rule(ruling)
        for source, checkpoint in newest.items():
            at, now = checkpoint.time.timestamp(), asyncio.get_running_loop().time()
            for lane, (position, digest) in enumerate(checkpoint.heads):
                self._chain.sign((source, lane), Signed(position, digest, at, now))
        if not self._writes:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            await keep_aside(connection, aside)
            for record in records:
                await connection.execute(
                    "update projection.logs set statements = greatest(statements, $2) where source = $1",
                    self._sources[record.topic],
                    record.offset + 1,
                )

    async def _meet(self, source: str, identity: LogIdentity) -> None:
        """The first signed statement of a log says which one it is, for ever."""
        if self._writes:
            async with self._pool.acquire() as connection:
                await connection.execute(
                    "insert into projection.logs (source, deployment, log_id) values ($1, $2, $3) on conflict do nothing",
                    source,
                    identity.deployment,
                    identity.log_id,
                )
        self._chain.know(source, identity)
        log.info("%s is the log %s of %s", source, identity.log_id, identity.deployment)

    async def _rule(self, ruling: Ruling) -> None:
        lane = (ruling.source, ruling.lane)
        known = self._chain.ruled(lane, ruling.position) if ruling.stands else self._chain.excluded(lane, *_what(ruling))
        if known:
            return
        earlier = self._chain.taken(lane, ruling.position - 1)
        before = None if earlier is None else earlier.hash
        taken = self._chain.taken(lane, ruling.position)
        wrong = taken if taken is not None and (taken.hash == ruling.hash) is not ruling.stands else None
        if self._writes:
            record = None if wrong is None else await self._record(lane, wrong)
            async with self._pool.acquire() as connection, connection.transaction():
                await rulings.keep(connection, ruling)
                if wrong is not None:
                    await rulings.spoil(connection, ruling, before, wrong, record)
        self._chain.rule(lane, ruling.position, ruling.hash, stands=ruling.stands)
        verb = "is" if ruling.stands else "is not"
        log.warning("Ruled: position %d of lane %s %s %s (%s)", ruling.position, lane, verb, ruling.hash.hex()[:16], ruling.by)
        if wrong is not None:
            self.overruled.append(Overruled(lane, ruling.position, wrong))

    async def _record(self, lane: Lane, taken: Taken) -> Received | None:
        """The record that had been taken, if the topic still holds it."""
        partition = partition_of(lane[1], self._partitions)
        return await asyncio.to_thread(record_at, self._bootstrap, topic_of(lane[0]), partition, taken.offset)

    async def _prune(self) -> None:
        """Links beyond the last thousand of a lane are not needed."""
        now = asyncio.get_running_loop().time()
        if not self._writes or now < self._next_prune:
            return
        self._next_prune = now + _PRUNE_SECONDS
        async with self._pool.acquire() as connection:
            await prune(connection)


def _what(ruling: Ruling) -> tuple[int, bytes]:
    return ruling.position, ruling.hash


async def prune(connection: Connection) -> None:
    """Forget the links beyond the last thousand of each lane."""
    await connection.execute(
        """delete from projection.links l using (
            select source, lane, max(first) as newest from projection.links group by source, lane) as n
        where l.source = n.source and l.lane = n.lane and l.first + length(l.hashes) / 32 < n.newest - 1000"""
    )
