"""Verifies the log by itself, every few hours and soon after the start, beside the relay whose process it shares.

Guarantees that a log which was changed is found without anybody asking: what was signed since the last sound look is read each
time, everything once a day and after a look that found something. It reads in small pages with pauses, so that publishing goes
first. Of several processes one verifies at a time. What it found is kept in the database. Refuses to repair, and to call a log
sound while the broker or the checkpoints cannot be read: then it tries again soon.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.eventlog.checkpoints import read_file
from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.signing import PublicKey
from shared.eventlog.stored import StoredLog
from shared.kafka.failures import BROKER_FAILURES
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.relay import verifications
from shared.relay.signer import checkpoint_file
from shared.relay.verification import Report, check_store, check_topic, marks_from, starts_from
from shared.relay.verifications import Proved

log = logging.getLogger(__name__)

_LOCK = 0x4C54_1003
_RETRY_SECONDS = 300.0
_WHOLE_EVERY = timedelta(days=1)
_PAGE = 200
_PASSING = (*DATABASE_FAILURES, *BROKER_FAILURES, Refused)


@dataclass(frozen=True, slots=True)
class Timing:
    """When it is done, in seconds: how often, how long after the start, and how long it rests after each page."""

    every: float = 6 * 3600.0
    first: float = 180.0
    pause: float = 0.02


@dataclass(frozen=True, slots=True)
class Proofs:
    """Where the signed checkpoints are kept, and the key that they are signed with; a process without a key has none."""

    folder: Path
    public: PublicKey


class Verifier:
    """Verifies one log until it is stopped."""

    def __init__(
        self, pool: Pool, source: str, bootstrap: str, proofs: Proofs | None = None, timing: Timing | None = None
    ) -> None:
        self._pool = pool
        self._source = source
        self._bootstrap = bootstrap
        self._proofs = proofs
        self._timing = timing or Timing()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run until `stop` is called. The broker and the database may be away at any time."""
        wait = self._timing.first
        while not await self._stopped(wait):
            wait = self._timing.every
            work = asyncio.create_task(self.once())
            stop = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not work.done():
                work.cancel()
            try:
                await work
            except asyncio.CancelledError:
                if not self._stopping.is_set():
                    raise
            except _PASSING as failure:
                wait = min(wait, _RETRY_SECONDS)
                log.warning("Verification of %s: %s; again in %.0f s", self._source, failure, wait)

    async def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping.set()

    async def once(self) -> Report | None:
        """Verify now, and keep what was found; None if another process is at it, or has just been."""
        async with self._pool.acquire() as connection:
            if not await connection.fetchval("select pg_try_advisory_lock($1, 0)", _LOCK):
                return None
            try:
                newest, proved = await verifications.last(connection), await verifications.proved(connection)
                began = datetime.now(UTC)
                if newest is not None and (began - newest.ended_at).total_seconds() < self._timing.first:
                    return None
                report, whole, reached = await self._looked(proved, began)
                await verifications.keep(connection, report, began, datetime.now(UTC), whole=whole, proved=reached)
            finally:
                await connection.execute("select pg_advisory_unlock($1, 0)", _LOCK)
        self._tell(report)
        return report

    async def _looked(self, known: Proved | None, now: datetime) -> tuple[Report, bool, Proved]:
        report = Report(self._source)
        marks = await asyncio.to_thread(marks_from, report, self._lines(), self._proofs.public if self._proofs else None)
        whole = known is None or now - known.whole_at >= _WHOLE_EVERY
        starts = {} if known is None or whole else starts_from(marks, known.positions)
        stored = await StoredLog.open(self._pool, self._source, page=_PAGE, pause=self._timing.pause)
        await check_store(report, self._pool, stored, marks, starts=starts)
        since = None if known is None or whole else known.topic
        witnessed = await check_topic(report, self._pool, marks, self._bootstrap, since=since, pause=self._timing.pause)
        positions = {lane: head.position for lane, head in stored.heads.items()}
        whole_at = now if known is None or whole else known.whole_at
        return report, whole, Proved(whole_at, positions, witnessed.reached)

    def _lines(self) -> list[str]:
        if self._proofs is None:
            return []
        file = checkpoint_file(self._proofs.folder, self._source)
        return [*read_file(file)] if file.exists() else []

    def _tell(self, report: Report) -> None:
        if report.sound:
            log.info("Verified %s: sound, %d of %d rows read", self._source, report.read, report.rows)
            return
        for wrong in (*report.findings, *report.bad):
            log.critical("Verification of %s found: %s; run clb verify --source %s", self._source, wrong.en, self._source)

    async def _stopped(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
