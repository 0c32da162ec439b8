"""Read models of the monitoring service: targets (chỉ tiêu), inspections (kiểm tra, giám sát), recommendations (kiến nghị).

Each row stores the areas that it lies in, so that a question about an area is one look into an index. Whether a
recommendation is overdue depends on the day of the asking, so it is computed then and never stored. Progress against the
targets is the reporting service's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never, cast

from shared.events.language import codec_of
from shared.events.monitoring import (
    InspectionCompleted,
    InspectionEvent,
    InspectionPlanned,
    RecommendationRechecked,
    RecommendationRemedied,
    TargetEvent,
    TargetSet,
)
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.ports import PlaceBook
from shared.projections.view import Delivered
from shared.reference.areas import areas_of


class Targets:
    """One row a target, as last set."""

    name = "targets"
    version = 1
    sources = ("monitoring",)
    codec = codec_of("monitoring")

    def __init__(self, places: PlaceBook) -> None:
        self._places = places

    def tables(self) -> str:
        """One table."""
        return """
            create table if not exists targets (
                target text primary key,
                version int not null,
                scheme text not null, indicator text not null, area text not null, areas text[] not null,
                period_to date not null,
                facts jsonb not null,
                recorded_at timestamptz not null
            );
            create index if not exists targets_by_area on targets using gin (areas);
        """

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """The last setting stands."""
        for delivered in events:
            event, recorded = cast("TargetEvent | InspectionEvent", delivered.event), delivered.recorded
            match event:
                case TargetSet():
                    await connection.execute(
                        """
                        insert into targets (target, version, scheme, indicator, area, areas, period_to, facts, recorded_at)
                        values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)
                        on conflict (target) do update set
                            version = excluded.version, facts = excluded.facts, recorded_at = excluded.recorded_at
                        """,
                        recorded.stream, recorded.version, event.scheme, event.indicator, event.area.key,
                        areas_of(self._places, (event.area,)), event.period_to, event.to_json(), recorded.recorded_at,
                    )  # fmt: skip
                case InspectionPlanned() | InspectionCompleted() | RecommendationRemedied() | RecommendationRechecked():
                    continue
                case _:
                    assert_never(event)


class Inspections:
    """One row an inspection, and one a recommendation with how far it is."""

    name = "inspections"
    version = 1
    sources = ("monitoring",)
    codec = codec_of("monitoring")

    def __init__(self, places: PlaceBook) -> None:
        self._places = places

    def tables(self) -> str:
        """Two tables."""
        return """
            create table if not exists inspections (
                inspection text primary key,
                version int not null,
                status text not null check (status in ('planned', 'completed')),
                led_by text not null,
                starts_on date not null,
                areas text[] not null,
                plan jsonb, report jsonb,
                recorded_at timestamptz not null
            );
            create index if not exists inspections_by_area on inspections using gin (areas);
            create table if not exists recommendations (
                inspection text not null, finding int not null,
                status text not null check (status in ('open', 'remedied', 'rechecked')),
                kind text not null, place text not null, areas text[] not null, club text,
                facts jsonb not null,
                deadline date,
                completed_on date not null,
                generated boolean not null,
                remedied_on date, remedy_remark text, rechecked_on date, satisfied boolean, recheck_remark text,
                recorded_at timestamptz not null,
                primary key (inspection, finding)
            );
            create index if not exists recommendations_by_area on recommendations using gin (areas);
        """

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """Fold in order; a corrected report keeps how far each recommendation is."""
        for delivered in events:
            event, recorded = cast("TargetEvent | InspectionEvent", delivered.event), delivered.recorded
            match event:
                case InspectionPlanned() | InspectionCompleted():
                    await self._inspection(connection, recorded, event)
                case RecommendationRemedied():
                    await connection.execute(
                        """
                        update recommendations set status = 'remedied', remedied_on = $3, remedy_remark = $4, recorded_at = $5
                        where inspection = $1 and finding = $2
                        """,
                        recorded.stream, event.finding, event.remedied_on, event.remark, recorded.recorded_at,
                    )  # fmt: skip
                case RecommendationRechecked():
                    await connection.execute(
                        """
                        update recommendations set status = $3, rechecked_on = $4, satisfied = $5, recheck_remark = $6,
                                                   recorded_at = $7
                        where inspection = $1 and finding = $2
                        """,
                        recorded.stream, event.finding, "rechecked" if event.satisfied else "open",
                        event.rechecked_on, event.satisfied, event.remark, recorded.recorded_at,
                    )  # fmt: skip
                case TargetSet():
                    continue
                case _:
                    assert_never(event)

    async def _inspection(
        self, connection: Connection, recorded: Recorded, event: InspectionPlanned | InspectionCompleted
    ) -> None:
        completed = isinstance(event, InspectionCompleted)
        await connection.execute(
            """
            insert into inspections as i (inspection, version, status, led_by, starts_on, areas, plan, report, recorded_at)
            values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, $9)
            on conflict (inspection) do update set
                version = excluded.version, status = excluded.status, led_by = excluded.led_by,
                starts_on = excluded.starts_on, areas = excluded.areas, plan = coalesce(excluded.plan, i.plan),
                report = coalesce(excluded.report, i.report), recorded_at = excluded.recorded_at
            """,
            recorded.stream, recorded.version, "completed" if completed else "planned", event.team.led_by, event.starts_on,
            areas_of(self._places, event.places), None if completed else event.to_json(),
            event.to_json() if completed else None, recorded.recorded_at,
        )  # fmt: skip
        if isinstance(event, InspectionCompleted):
            await self._recommendations(connection, recorded, event)

    async def _recommendations(self, connection: Connection, recorded: Recorded, event: InspectionCompleted) -> None:
        recommended = [finding for finding in event.findings if finding.recommendation is not None]
        await connection.execute(
            "delete from recommendations where inspection = $1 and not finding = any($2::int[])",
            recorded.stream, [finding.number for finding in recommended],
        )  # fmt: skip
        for finding in recommended:
            await connection.execute(
                """
                insert into recommendations (inspection, finding, status, kind, place, areas, club, facts, deadline,
                                             completed_on, generated, recorded_at)
                values ($1, $2, 'open', $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11)
                on conflict (inspection, finding) do update set
                    kind = excluded.kind, place = excluded.place, areas = excluded.areas, club = excluded.club,
                    facts = excluded.facts, deadline = excluded.deadline, completed_on = excluded.completed_on,
                    generated = excluded.generated, recorded_at = excluded.recorded_at
                """,
                recorded.stream, finding.number, finding.kind, finding.place.key,
                areas_of(self._places, (finding.place,)), finding.club, finding.model_dump_json(exclude_none=True),
                finding.recommendation.deadline if finding.recommendation is not None else None,
                event.completed_on, event.generated, recorded.recorded_at,
            )  # fmt: skip
