"""Signs a checkpoint of the log every few minutes and when a reader asks, writes it into a file outside of the database, and
publishes it on Kafka. The first is signed at once, also of an empty log: it tells readers which log this is.

Before it signs it looks whether the log is the one that the last checkpoint names and still holds what that proves; if not it
signs nothing more and says so, so a log that was rewritten or went back is found out within one period. The file is the truth,
the topic its copy: what could not be published is published later, rulings too. Of several relays one signs at a time. Heads
that have not moved are signed once an hour, or when somebody asks; whoever asks on and on is answered ever more seldom.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.eventlog.checkpoints import (
    BadCheckpoint,
    Checkpoint,
    append_line,
    checkpoint_of,
    is_ruling,
    last_of,
    read_file,
)
from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.links import hashes_at
from shared.eventlog.postgres import heads_of, identity_of
from shared.eventlog.records import LaneHead
from shared.eventlog.signing import SigningKey
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.identity import identities
from shared.kafka.independent import last_record
from shared.kafka.producer import Producer, PublishFailed
from shared.kafka.record import Outgoing
from shared.kafka.topics import checkpoints_topic
from shared.kernel.database import Connection, Pool

log = logging.getLogger(__name__)

LOCK = 0x4C54_1001
"""The first key of the advisory lock under which one process at a time adds to the file."""
_RETRY_SECONDS = 15.0
_UNHEALTHY_SECONDS = 0.2
_SILENCE = timedelta(hours=1)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
"""Between checkpoints that were asked for: doubled with each, until nobody has asked for a while."""
_PASSING = (*DATABASE_FAILURES, *BROKER_FAILURES, PublishFailed)


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


async def make_checkpoint(
    pool: Pool, source: str, key: SigningKey, file: Path, *, even_unchanged: bool = False
) -> Checkpoint | None:
    """Sign the log as it is now; None if another process is at it, or if nothing is new since less than an hour.

    With `even_unchanged` the time is news enough, and another process is waited for. May raise `Rewritten`.
    """
    async with pool.acquire() as connection, connection.transaction():
        if even_unchanged:
            await connection.execute("select pg_advisory_xact_lock($1, 0)", LOCK)
        elif not await connection.fetchval("select pg_try_advisory_xact_lock($1, 0)", LOCK):
            return None
        last = last_of(file)
        heads = await heads_of(connection)
        if last is not None:
            await still_there(connection, last, heads)
        checkpoint = checkpoint_of(source, await identity_of(connection), heads, datetime.now(UTC), last)
        if last is not None and checkpoint.heads == last.heads:
            silent = checkpoint.time - last.time
            if not even_unchanged and silent < _SILENCE:
                return None
        await asyncio.to_thread(append_line, file, checkpoint.line(key))
    return checkpoint


async def still_there(connection: Connection, last: Checkpoint, heads: Mapping[int, LaneHead]) -> None:
    """One look at 64 rows, and at which log it is. May raise `Rewritten`."""
    identity = await identity_of(connection)
    if identity != last.identity:
        raise Rewritten(
            f"this is the log {identity.deployment} {identity.log_id}, the last checkpoint is of "
            f"{last.identity.deployment} {last.identity.log_id}; run clb verify"
        )
    signed = {(lane, position): digest for lane, (position, digest) in enumerate(last.heads) if position}
    held = await hashes_at(connection, signed)
    for (lane, position), digest in signed.items():
        if held.get((lane, position)) != digest or heads[lane].position < position:
            raise Rewritten(
                f"lane {lane}, position {position}: the log no longer holds what was signed at "
                f"{last.time.isoformat(timespec='seconds')}; run clb verify"
            )


async def mirror(source: str, file: Path, bootstrap: str, *, rulings: bool = False) -> int:
    """Publish what the topic does not have yet; answers how many. May raise `PublishFailed` and what kafka-python raises.

    `rulings`: all of them, since the topic has lost its first records, and a ruling holds for ever.
    """
    topic = checkpoints_topic(source)
    newest = await asyncio.to_thread(last_record, bootstrap, topic)
    waiting = await asyncio.to_thread(_after, file, newest.value if newest else None)
    if rulings:
        waiting = [*dict.fromkeys([*await asyncio.to_thread(_rulings, file), *waiting])]
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


def _rulings(file: Path) -> list[bytes]:
    return [line.rstrip("\n").encode() for line in read_file(file) if is_ruling(line)] if file.exists() else []


class Signer:
    """Makes and publishes checkpoints of one log until it is stopped."""

    def __init__(
        self,
        pool: Pool,
        source: str,
        bootstrap: str,
        key: SigningKey,
        folder: Path,
        *,
        seconds: float = 600.0,
        healthy: Callable[[], bool] = lambda: True,
    ) -> None:
        """`healthy`: whether the log holds all that was published of it; nothing is signed of one that does not."""
        self._pool = pool
        self._source = source
        self._bootstrap = bootstrap
        self._key = key
        self._file = checkpoint_file(folder, source)
        self._seconds = seconds
        self._healthy = healthy
        self._stopping = asyncio.Event()
        self._asked = asyncio.Event()
        self._pause = _FIRST_PAUSE
        self._answered_at = float("-inf")
        self._topic = ""
        """The identity of the topic when it was last written to."""
        self._status = SignerStatus(None, 0, None)

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        while not self._stopping.is_set():
            if not self._healthy():
                await asyncio.sleep(_UNHEALTHY_SECONDS)
                continue
            again, asked = self._seconds, self._asked.is_set()
            self._asked.clear()
            try:
                await self._once(asked=asked)
                self._status = SignerStatus(self._status.last_at, self._status.events, None)
            except (Rewritten, BadCheckpoint) as failure:
                log.critical("No checkpoint of %s is signed any more: %s", self._source, failure)
                self._status = SignerStatus(self._status.last_at, self._status.events, str(failure))
            except _PASSING as failure:
                log.warning("Checkpoint of %s: %s; again in %.0f s", self._source, failure, _RETRY_SECONDS)
                self._status = SignerStatus(self._status.last_at, self._status.events, f"{type(failure).__name__}: {failure}")
                again = min(again, _RETRY_SECONDS)
            await self._wait(again)

    def now(self) -> None:
        """Ask for a checkpoint now, also of heads that have not moved. It comes a little later if many ask."""
        self._asked.set()

    async def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping.set()
        self._asked.set()

    def status(self) -> SignerStatus:
        """How it goes, for health checks and people."""
        return self._status

    async def _once(self, *, asked: bool) -> None:
        made = await make_checkpoint(self._pool, self._source, self._key, self._file, even_unchanged=asked)
        if made is not None:
            self._status = SignerStatus(made.time, made.events, None)
            log.info("Signed a checkpoint of %s: %d events", self._source, made.events)
        found = await asyncio.to_thread(identities, self._bootstrap, [(checkpoints_topic(self._source), 0)])
        identity = next(iter(found.values()), "")
        lost = identity != self._topic and not identity.endswith("@0")
        await mirror(self._source, self._file, self._bootstrap, rulings=lost)
        self._topic = identity

    async def _wait(self, seconds: float) -> None:
        """Until the time has come, or somebody asks and was not answered a moment ago."""
        try:
            await asyncio.wait_for(self._asked.wait(), seconds)
        except TimeoutError:
            return
        now = asyncio.get_running_loop().time()
        quiet = now - self._answered_at
        self._pause = _FIRST_PAUSE if quiet > 2 * _LONGEST_PAUSE else min(self._pause * 2, _LONGEST_PAUSE)
        if quiet < self._pause:
            await self._unless_stopped(self._pause - quiet)
        self._answered_at = asyncio.get_running_loop().time()

    async def _unless_stopped(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
