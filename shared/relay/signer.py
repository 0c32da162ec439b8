"""Signs a checkpoint of the log every few minutes, writes it into a file outside of the database, and publishes it on Kafka.

Before it signs it looks whether the log still holds what the last checkpoint proves; if not it signs nothing more and says so,
so a log that was rewritten is found out within one period. The file is the truth, the topic its copy: what could not be
published is published later. Of several relays one signs at a time. Refuses to sign the same heads twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint, append_line, checkpoint_of, last_of, read_file
from shared.eventlog.postgres import identity_of
from shared.eventlog.records import LaneHead
from shared.eventlog.signing import SigningKey
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.independent import last_record
from shared.kafka.producer import Producer, PublishFailed
from shared.kafka.record import Outgoing
from shared.kafka.topics import checkpoints_topic
from shared.kernel.database import Connection, Pool

log = logging.getLogger(__name__)

_LOCK = 0x4C54_1001
_RETRY_SECONDS = 15.0
_PASSING = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    *BROKER_FAILURES,
    PublishFailed,
    OSError,
)


class Rewritten(Exception):
    """The log no longer holds what the last checkpoint proves."""


@dataclass(frozen=True, slots=True)
class SignerStatus:
    """How signing goes: the last checkpoint, and in words why there is no newer one."""

    last_at: datetime | None
    events: int
    failure: str | None


def checkpoint_file(folder: Path, source: str) -> Path:
    """The file of a log's checkpoints."""
    return folder / f"{source}.jsonl"


async def make_checkpoint(pool: Pool, source: str, key: SigningKey, file: Path) -> Checkpoint | None:
    """Sign the log as it is now; None if nothing is new, or another process is at it. May raise `Rewritten`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval("select pg_try_advisory_xact_lock($1, 0)", _LOCK):
            return None
        last = last_of(file)
        rows = await connection.fetch("select lane, position, hash, last_at from log.lanes")
        heads = {row["lane"]: LaneHead(*row) for row in rows}
        if last is not None:
            await still_there(connection, last, heads)
        checkpoint = checkpoint_of(source, await identity_of(connection), heads, datetime.now(UTC), last)
        if last is not None and checkpoint.heads == last.heads:
            return None
        await asyncio.to_thread(append_line, file, checkpoint.line(key))
    return checkpoint


async def still_there(connection: Connection, last: Checkpoint, heads: Mapping[int, LaneHead]) -> None:
    """One look at 64 rows. May raise `Rewritten`."""
    rows = await connection.fetch(
        """select w.lane, w.position, e.hash from unnest($1::smallint[], $2::bigint[]) as w (lane, position)
        left join log.events e using (lane, position)""",
        [lane for lane, (position, _) in enumerate(last.heads) if position],
        [position for position, _ in last.heads if position],
    )
    for row in rows:
        lane = row["lane"]
        if row["hash"] != last.heads[lane][1] or heads[lane].position < row["position"]:
            raise Rewritten(
                f"lane {lane}, position {row['position']}: the log no longer holds what was signed at "
                f"{last.time.isoformat(timespec='seconds')}; run clb verify"
            )


async def mirror(source: str, file: Path, bootstrap: str) -> int:
    """Publish what the topic does not have yet; answers how many. May raise `PublishFailed` and what kafka-python raises."""
    topic = checkpoints_topic(source)
    newest = await asyncio.to_thread(last_record, bootstrap, topic)
    waiting = await asyncio.to_thread(_after, file, newest.value if newest else None)
    if waiting:
        producer = Producer(bootstrap, client_id="lien-the-checkpoints")
        try:
            await producer.publish([Outgoing(topic, 0, source.encode(), line, []) for line in waiting])
        finally:
            await producer.close()
    return len(waiting)


def _after(file: Path, known: bytes | None) -> list[bytes]:
    """The lines of a file after the last one that is known."""
    waiting: list[bytes] = []
    for line in read_file(file) if file.exists() else ():
        waiting.append(line.rstrip("\n").encode())
        if waiting[-1] == known:
            waiting.clear()
    return waiting


class Signer:
    """Makes and publishes checkpoints of one log until it is stopped."""

    def __init__(
        self, pool: Pool, source: str, bootstrap: str, key: SigningKey, folder: Path, *, seconds: float = 600.0
    ) -> None:
        self._pool = pool
        self._source = source
        self._bootstrap = bootstrap
        self._key = key
        self._file = checkpoint_file(folder, source)
        self._seconds = seconds
        self._stopping = asyncio.Event()
        self._behind = True
        self._status = SignerStatus(None, 0, None)

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        while not self._stopping.is_set():
            again = self._seconds
            try:
                await self._once()
                self._status = SignerStatus(self._status.last_at, self._status.events, None)
            except (Rewritten, BadCheckpoint) as failure:
                log.critical("No checkpoint of %s is signed any more: %s", self._source, failure)
                self._status = SignerStatus(self._status.last_at, self._status.events, str(failure))
            except _PASSING as failure:
                log.warning("Checkpoint of %s: %s; again in %.0f s", self._source, failure, _RETRY_SECONDS)
                self._status = SignerStatus(self._status.last_at, self._status.events, f"{type(failure).__name__}: {failure}")
                again = min(again, _RETRY_SECONDS)
            try:
                await asyncio.wait_for(self._stopping.wait(), again)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping.set()

    def status(self) -> SignerStatus:
        """How it goes, for health checks and people."""
        return self._status

    async def _once(self) -> None:
        made = await make_checkpoint(self._pool, self._source, self._key, self._file)
        if made is not None:
            self._behind = True
            self._status = SignerStatus(made.time, made.events, None)
            log.info("Signed a checkpoint of %s: %d events", self._source, made.events)
        if self._behind:
            await mirror(self._source, self._file, self._bootstrap)
            self._behind = False
