"""Whether a process can do its work now, part by part: database, Kafka, relay, views. What it says, it has just looked at.

Guarantees that a part is `ok` only while this process can do that part of its work, that one which is not says why in
Vietnamese and English, and that it becomes ready by itself when the cause has gone. What works but goes badly (a backlog, a
lag, another process of the service that stands still) is `degraded`, in words, and takes no process out of service.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.writer import AppendWriter, Written
from shared.kafka.probe import BrokerProbe
from shared.kernel.clock import system_clock
from shared.kernel.database import Pool
from shared.kernel.lanes import LANES
from shared.projections import set_aside
from shared.projections.runner import Runner
from shared.relay import verifications
from shared.relay.guard import LogGuard
from shared.relay.lanes import held_by_anyone
from shared.relay.relay import Relay
from shared.relay.signer import Signer, SignerStatus
from shared.runtime.lag import Lag, Lags
from shared.runtime.standing import standing
from shared.web.app import Part

STUCK_SECONDS: Final = 30.0
LAG_EVENTS: Final = 10_000
LAG_SECONDS: Final = 60.0
UNVERIFIED: Final = timedelta(hours=26)
"""So long after the last sound verification it is said that there was none since."""
FRESH: Final = timedelta(hours=24)
"""So long a record that was set aside is spoken of here; it stays listed for ever."""
_LOOK_SECONDS = 3.0


class Watched:
    """The parts of one process. A role that runs in another process is seen through the database alone."""

    def __init__(
        self,
        pool: Pool,
        relay: Relay | None,
        runner: Runner | None,
        *,
        source: str = "",
        broker: BrokerProbe | None = None,
        guard: LogGuard | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._relay = relay
        self._runner = runner
        self._source = source
        self._broker = broker
        self._guard = guard
        self._now = now
        self.signer: Signer | None = None
        """What signs the log, if this process does."""
        self.lags = Lags(runner, now) if runner is not None else None
        self._refused: float | None = None
        self._published: tuple[int, float] = (-1, now())
        self._unheld_since: float | None = None
        self._since = system_clock()

    def follow(self, writer: AppendWriter) -> None:
        """Show of the log also whether the last commands could be stored: to be read and to be written are two things."""

        def refused() -> None:
            self._refused = self._now()

        def written(_: Written) -> None:
            self._refused = None

        writer.on_failed.append(refused)
        writer.on_written.append(written)

    async def readiness(self) -> Mapping[str, Part]:
        """Every part with `ok`; the whole is ready when all are."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                reached = await standing(self._pool)
                parked = await self._parked()
                held = await held_by_anyone(self._pool)
                proof, aside = await self._verified(), await self._set_aside()
        except DATABASE_FAILURES as failure:
            reason = type(failure).__name__
            why = f"PostgreSQL không trả lời ({reason}) / PostgreSQL does not answer ({reason})"
            return {"database": {"ok": False, "why": why}} | await self._kafka_part()
        parts: dict[str, Part] = {"database": {"ok": True}, "log": self._log_part(reached)}
        parts |= await self._kafka_part()
        parts["relay"] = self._relay_part(reached["position"] - reached["published"], reached["published"], held)
        if self._runner is not None:
            parts["projections"] = _projections_part(self._runner, {} if self.lags is None else self.lags.look())
        elif behind := self._views_behind(reached):
            parts["views"] = {"ok": True, "degraded": behind}
        if parked:
            words = (
                f"{parked} sự kiện đang để riêng: xem trang Nguồn số liệu / {parked} events are parked: see the page of sources"
            )
            parts["parked"] = {"ok": True, "events": parked, "degraded": [words]}
        if self.signer is not None:
            parts["signing"] = _signing_part(self.signer.status(), system_clock() - self._since)
        parts["set_aside"] = aside
        parts["verification"] = proof
        return parts

    def _log_part(self, reached: Part) -> Part:
        """The log takes no commands while it is not where it was, and from the last failure on until one was stored; long
        after that failure nobody can say."""
        if self._guard is not None:
            status = self._guard.status()
            if status.closed is not None:
                what = f"chạy ./clb recover {self._source} / run ./clb recover {self._source}"
                why = f"{status.closed.vi} / {status.closed.en}; {what}"
                return {**reached, "ok": False, "closed": status.closed.kind, "why": why}
            degraded: list[str] = []
            if not status.compared:
                degraded.append(
                    "chưa so được nhật ký với Kafka / the log is not compared with Kafka yet"
                    + (f" ({status.failure})" if status.failure else "")
                )
            if status.ahead:
                degraded.append(
                    f"bảng tổng hợp đọc xa hơn nhật ký ở {status.ahead} làn: chạy ./clb recover {self._source} / "
                    f"views have read further than the log goes in {status.ahead} lanes: run ./clb recover {self._source}"
                )
            reached = {**reached, **({"degraded": degraded} if degraded else {})}
        if self._refused is None or self._now() - self._refused > STUCK_SECONDS:
            return reached
        why = "lệnh vừa gửi chưa ghi được vào cơ sở dữ liệu / the last commands could not be stored in the database"
        return {**reached, "ok": False, "why": why}

    async def _kafka_part(self) -> dict[str, Part]:
        """Only of a process that needs Kafka: one that serves takes commands without it."""
        if self._relay is None and self._runner is None:
            return {}
        why = await self._broker.why_not() if self._broker is not None else None
        part: dict[str, Any] = {"ok": why is None}
        if why is not None:
            part["why"] = f"Kafka không trả lời ({why}) / Kafka does not answer ({why})"
        if self._runner is not None:
            part["assigned"] = self._runner.status().ready
            if why is None and not part["assigned"]:
                part |= {"ok": False, "why": "chưa vào được nhóm đọc / has not joined its group of readers"}
        return {"kafka": part}

    def _relay_part(self, waiting: int, published: int, held: int) -> Part:
        """A relay is well while it publishes what is stored, or stands by while another one does."""
        now = self._now()
        if waiting == 0 or published != self._published[0]:
            self._published = (published, now)
        stuck = now - self._published[1] > STUCK_SECONDS
        self._unheld_since = None if held > 0 else self._unheld_since or now
        unheld = self._unheld_since is not None and now - self._unheld_since > STUCK_SECONDS
        part: dict[str, Any] = {"ok": True, "backlog": waiting, "degraded": []}
        whys: list[str] = []
        if stuck:
            whys.append(
                f"{waiting} sự kiện đã ghi chưa lên Kafka, {STUCK_SECONDS:.0f} giây không nhúc nhích / "
                f"{waiting} recorded events are not on Kafka and nothing has moved for {STUCK_SECONDS:.0f} s"
            )
        elif waiting > LAG_EVENTS:
            part["degraded"].append(f"{waiting} sự kiện chờ lên Kafka / {waiting} events wait for Kafka")
        if self._relay is None:
            if unheld:
                whys.append("không tiến trình relay nào chạy / no relay is running")
            part["degraded"] += whys
            return part
        status = self._relay.status()
        state = "publishing" if status.lanes else "standing by" if held else "starting"
        part |= {"state": state, **asdict(status)}
        if status.failure is not None:
            whys.insert(0, f"chưa đưa lên Kafka được ({status.failure}) / cannot publish ({status.failure})")
        if unheld:
            whys.append("không giữ được làn nào và không ai giữ / holds no lane and nobody else does")
        if status.filling:
            part["degraded"].append(
                f"Kafka đã mất sự kiện ({status.lost}): đang đưa lại từ đầu, còn {status.filling} / "
                f"Kafka had lost events ({status.lost}): they are published again from the first, {status.filling} to go"
            )
        if status.lanes and held < LANES:
            part["degraded"].append(f"{LANES - held} làn không ai giữ / {LANES - held} lanes are held by nobody")
        if whys:
            part |= {"ok": False, "why": "; ".join(whys)}
        return part

    def _views_behind(self, reached: Part) -> list[str]:
        """What the database alone shows of the views: how far they are behind the service's own log."""
        return [
            f"{view} chậm {behind} sự kiện / {view} is {behind} events behind"
            for view, passed in reached["read"].items()
            if self._source in passed and (behind := reached["published"] - passed[self._source]) > LAG_EVENTS
        ]

    async def _verified(self) -> Part:
        """What the last verification of the log found; without one for long, that."""
        async with self._pool.acquire() as connection:
            last, sound_at = await verifications.last(connection), await verifications.last_sound_at(connection)
        age = system_clock() - (sound_at or self._since)
        do = f"./clb verify --source {self._source}"
        part: dict[str, Any] = {"ok": True, "sound_age_seconds": age.total_seconds(), "degraded": []}
        if last is not None:
            part |= {
                "at": last.ended_at, "sound": last.sound, "whole": last.whole, "rows": last.rows, "read": last.read,
                "findings": len(last.findings), "seconds": last.lasted.total_seconds(),
            }  # fmt: skip
            if not last.sound:
                at = last.ended_at.isoformat(timespec="seconds")
                part["degraded"].append(
                    f"kiểm nhật ký lúc {at}: {len(last.findings)} chỗ sai, chạy {do} / "
                    f"verification at {at}: {len(last.findings)} findings, run {do}"
                )
        if age > UNVERIFIED and (last is None or last.sound):
            hours = int(age.total_seconds() // 3600)
            part["degraded"].append(
                f"đã {hours} giờ nhật ký chưa được kiểm, chạy {do} / the log was not verified for {hours} hours, run {do}"
            )
        return part

    async def _set_aside(self) -> Part:
        """How many records no reader here believed; the new ones in words."""
        async with self._pool.acquire() as connection:
            counts = await set_aside.counted(connection)
            fresh = await set_aside.since(connection, system_clock() - FRESH)
        part: dict[str, Any] = {"ok": True, "records": sum(counts.values()), "counts": counts, "degraded": []}
        if fresh:
            do = "./clb set-aside list"
            part["degraded"].append(
                f"{fresh} bản ghi trên Kafka không được tin trong một ngày qua: {do} / "
                f"{fresh} records on Kafka were not believed in the last day: {do}"
            )
        return part

    async def _parked(self) -> int:
        async with self._pool.acquire() as connection:
            return int(
                await connection.fetchval(
                    """select count(*) from projection.parked p
                    join projection.builds b on b.view = p.view and b.build = p.version where b.state = 'live'"""
                )
            )


async def relayed_position(pool: Pool, lane: int) -> int:
    """The last position of a lane that Kafka has acknowledged."""
    async with pool.acquire() as connection:
        return int(await connection.fetchval("select position from relay.lanes where lane = $1", lane))


def _signing_part(status: SignerStatus, running: timedelta) -> Part:
    """When the log was signed last. Another process of the service may sign instead; then this one's time is that of its own
    last signature, or how long it runs."""
    age = running if status.last_at is None else system_clock() - status.last_at
    part: dict[str, Any] = {"ok": True, "at": status.last_at, "age_seconds": age.total_seconds(), "degraded": []}
    if status.failure is not None:
        part["degraded"].append(f"nhật ký không được ký ({status.failure}) / the log is not signed ({status.failure})")
    return part


def _projections_part(runner: Runner, lags: Mapping[tuple[str, str], Lag]) -> Part:
    status = runner.status()
    part: dict[str, Any] = {
        "ok": not status.red and status.failure is None,
        "red": status.red,
        "failure": status.failure,
        "partitions": status.partitions,
        "views": {name: asdict(view) for name, view in status.views.items()},
        "degraded": [
            *status.degraded,
            *(
                f"{view} chậm {lag.events} sự kiện của {source}, đã {lag.seconds:.0f} giây / "
                f"{view} is {lag.events} events of {source} behind, for {lag.seconds:.0f} s"
                for (view, source), lag in lags.items()
                if lag.events > LAG_EVENTS or lag.seconds > LAG_SECONDS
            ),
        ],
    }
    if status.red:
        part["why"] = f"bảng tổng hợp cần người xem / a view needs a person: {'; '.join(status.red)}"
    elif status.failure is not None:
        part["why"] = f"lô vừa rồi hỏng, sẽ đọc lại / the last batch failed and is read again: {status.failure}"
    return part
