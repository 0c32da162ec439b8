"""Questions to the monitoring service. Targets and inspections are public; what concerns one club needs a token of its area.

Without such a token a recommendation about a club is left out of lists, and an inspection's club findings and visited clubs
are withheld, which the answer says. Commands come in through the one door of all services, not here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from services.monitoring import queries
from shared.events.common import Scheme
from shared.events.monitoring import Finding, InspectionCompleted, InspectionPlanned, TargetSet
from shared.kernel.authority import holds_area
from shared.kernel.clock import Clock, day_of
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal
from shared.projections.builds import reading
from shared.web.access import Anyone
from shared.web.questions import Limit, Offset, PlaceText, asked_place


class TargetAnswer(BaseModel):
    """A target (chỉ tiêu) as last set."""

    target: str
    version: int
    """How often it was set."""
    area_name: str
    facts: TargetSet
    recorded_at: datetime


class TargetsAnswer(BaseModel):
    """Targets by scheme and indicator."""

    targets: list[TargetAnswer]


class RecommendationAnswer(BaseModel):
    """A recommendation (kiến nghị) and how far it is. Overdue: open, and its deadline has passed on `as_of`."""

    inspection: str
    finding: Finding
    place_name: str
    status: Literal["open", "overdue", "remedied", "rechecked"]
    completed_on: date
    remedied_on: date | None
    remedy_remark: str | None
    rechecked_on: date | None
    satisfied: bool | None
    recheck_remark: str | None
    generated: bool


class RecommendationsAnswer(BaseModel):
    """Recommendations, the nearest deadline first. Those about a club only inside the area of the asker's token."""

    as_of: date
    recommendations: list[RecommendationAnswer]


class InspectionAnswer(BaseModel):
    """An inspection (đoàn kiểm tra, giám sát) as last planned and reported."""

    inspection: str
    version: int
    status: Literal["planned", "completed"]
    plan: InspectionPlanned | None
    report: InspectionCompleted | None
    clubs_visited: int
    findings: int
    withheld: bool
    """True if clubs and findings about clubs were left out, because the asker holds no token of all the places."""
    recorded_at: datetime


class InspectionsAnswer(BaseModel):
    """A page of inspections, the latest first."""

    inspections: list[InspectionAnswer]


def router(pool: Pool, places: PlaceBook, clock: Clock) -> APIRouter:
    """The routes, on a pool of the service's own database."""
    routes = APIRouter(prefix="/v1", tags=["monitoring"])

    @routes.get("/targets")
    async def targets(principal: Anyone, place: PlaceText = None, scheme: Scheme | None = None) -> TargetsAnswer:
        """Targets that were set for exactly this place; without `place` all."""
        area = None if place is None else asked_place(place, places).key
        async with reading(pool, queries.TARGETS) as connection:
            rows = await queries.targets(connection, area=area, scheme=scheme)
        return TargetsAnswer(targets=[_target(row, places) for row in rows])

    @routes.get("/inspections")
    async def inspections(
        principal: Anyone,
        place: PlaceText = None,
        status: Literal["planned", "completed"] | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> InspectionsAnswer:
        """Inspections that go to a place."""
        area = None if place is None else asked_place(place, places).key
        async with reading(pool, queries.INSPECTIONS) as connection:
            rows = await queries.inspections(connection, area=area, status=status, limit=limit, offset=offset)
        return InspectionsAnswer(inspections=[_inspection(row, principal, places) for row in rows])

    @routes.get("/inspections/{inspection}")
    async def inspection(principal: Anyone, inspection: str) -> InspectionAnswer:
        """One inspection with its answers and findings."""
        async with reading(pool, queries.INSPECTIONS) as connection:
            row = await queries.inspection_of(connection, inspection)
        if row is None:
            raise Refused(
                "unknown-inspection",
                "Không có cuộc kiểm tra này; hãy kiểm tra mã.",
                "There is no such inspection; check the id.",
                status=404,
            )
        return _inspection(row, principal, places)

    @routes.get("/recommendations")
    async def recommendations(
        *,
        principal: Anyone,
        status: queries.RecommendationStatus | None = None,
        place: PlaceText = None,
        inspection: str | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> RecommendationsAnswer:
        """Recommendations about authorities; those about clubs too, inside the area of the asker's token."""
        area = None if place is None else asked_place(place, places).key
        today = day_of(clock())
        async with reading(pool, queries.INSPECTIONS) as connection:
            rows = await queries.recommendations(
                connection, today=today, area=area, status=status, inspection=inspection,
                within=None if principal is None else principal.area.key, limit=limit, offset=offset,
            )  # fmt: skip
        return RecommendationsAnswer(as_of=today, recommendations=[_recommendation(row, places) for row in rows])

    _ = (targets, inspections, inspection, recommendations)
    return routes


def _target(row: Any, places: PlaceBook) -> TargetAnswer:
    facts = TargetSet.model_validate_json(row["facts"])
    return TargetAnswer(
        target=row["target"],
        version=row["version"],
        area_name=places.name(facts.area),
        facts=facts,
        recorded_at=row["recorded_at"],
    )


def _inspection(row: Any, principal: Principal | None, places: PlaceBook) -> InspectionAnswer:
    plan = None if row["plan"] is None else InspectionPlanned.model_validate_json(row["plan"])
    report = None if row["report"] is None else InspectionCompleted.model_validate_json(row["report"])
    visited, findings, withheld = 0, 0, False
    if report is not None:
        visited, findings = len(report.clubs_visited), len(report.findings)
        holds_all = principal is not None and all(holds_area(principal, place, places) for place in report.places)
        about_authorities = tuple(finding for finding in report.findings if finding.club is None)
        withheld = not holds_all and (visited > 0 or len(about_authorities) < findings)
        if withheld:
            report = report.model_copy(update={"clubs_visited": (), "findings": about_authorities})
    return InspectionAnswer(
        inspection=row["inspection"],
        version=row["version"],
        status=row["status"],
        plan=plan,
        report=report,
        clubs_visited=visited,
        findings=findings,
        withheld=withheld,
        recorded_at=row["recorded_at"],
    )


def _recommendation(row: Any, places: PlaceBook) -> RecommendationAnswer:
    finding = Finding.model_validate_json(row["facts"])
    return RecommendationAnswer(
        inspection=row["inspection"],
        finding=finding,
        place_name=places.name(finding.place),
        status="overdue" if row["overdue"] else row["status"],
        completed_on=row["completed_on"],
        remedied_on=row["remedied_on"],
        remedy_remark=row["remedy_remark"],
        rechecked_on=row["rechecked_on"],
        satisfied=row["satisfied"],
        recheck_remark=row["recheck_remark"],
        generated=row["generated"],
    )
