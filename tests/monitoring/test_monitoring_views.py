"""What the monitoring service answers, over HTTP, from views that folded real events in a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.monitoring import api
from services.monitoring.views import Inspections, Targets
from shared.events.monitoring import (
    Finding,
    InspectionCompleted,
    InspectionPlanned,
    Recommendation,
    RecommendationRechecked,
    RecommendationRemedied,
    TargetSet,
    Team,
)
from shared.kernel.errors import Refused
from shared.kernel.place import NATION, PlaceRef
from shared.kernel.principal import Principal
from shared.reference.book import load
from shared.testing.folding import delivered, fold, install_views
from shared.web.access import routes_without_access
from shared.web.bearer import use_tokens
from shared.web.problems import install_problems

THANH_HOA = PlaceRef(code="38", list="34")
HAM_RONG = PlaceRef(code="14758", list="34")
HA_NOI = PlaceRef(code="01", list="34")
TOKENS = {
    "thanh-hoa": Principal("t1", "province", THANH_HOA, "association"),
    "ham-rong": Principal("t2", "commune", HAM_RONG, "association"),
    "ha-noi": Principal("t3", "reader", HA_NOI, "association"),
}


def target(low: int, *, indicator: str = "training-rounds", area: PlaceRef = NATION) -> TargetSet:
    return TargetSet(
        scheme="1335", indicator=indicator, area=area, period_from=date(2024, 1, 1), period_to=date(2025, 12, 31),
        low=Decimal(low), high=Decimal(7), source="Quyết định 1335",
    )  # fmt: skip


def finding(number: int, deadline: date | None, *, club: str | None = None) -> Finding:
    return Finding(
        number=number, kind="other", place=HAM_RONG if club else THANH_HOA, club=club, text="…",
        recommendation=Recommendation(text="…", deadline=deadline),
    )  # fmt: skip


FACTS: dict[str, Any] = {
    "title": "Đoàn kiểm tra",
    "team": Team(led_by="province-association"),
    "starts_on": date(2026, 1, 12),
    "places": (THANH_HOA,),
}
COMPLETED = InspectionCompleted(
    **FACTS, completed_on=date(2026, 1, 14), clubs_visited=("club-1",),
    findings=(
        finding(1, date(2026, 2, 20)), finding(2, date(2026, 3, 2)), finding(3, None, club="club-1"),
        finding(4, date(2026, 2, 1), club="club-1"),
        Finding(number=5, kind="other", place=THANH_HOA, text="Không kiến nghị"),
    ),
)  # fmt: skip
INSPECTION = "inspection-1"
HISTORY = [
    delivered(target(4), "target-a", 1),
    delivered(target(5), "target-a", 2),
    delivered(target(1, area=THANH_HOA), "target-b", 1),
    delivered(InspectionPlanned(**FACTS, ends_on=date(2026, 1, 14)), INSPECTION, 1),
    delivered(COMPLETED, INSPECTION, 2),
    delivered(RecommendationRemedied(finding=4, remedied_on=date(2026, 1, 20)), INSPECTION, 3),
    delivered(RecommendationRechecked(finding=4, rechecked_on=date(2026, 1, 25), satisfied=True), INSPECTION, 4),
    delivered(RecommendationRemedied(finding=2, remedied_on=date(2026, 1, 20), remark="Xong"), INSPECTION, 5),
    delivered(InspectionPlanned(**{**FACTS, "places": (HA_NOI,)}, ends_on=date(2026, 5, 1)), "inspection-2", 1),
]


@dataclass
class Bench:
    pool: Any
    client: httpx.AsyncClient
    app: FastAPI
    today: list[datetime] = field(default_factory=lambda: [datetime(2026, 3, 2, 3, 0, tzinfo=UTC)])

    async def hears(self, events: list[Any]) -> None:
        for view in (Targets(load()), Inspections(load())):
            await fold(self.pool, view, events)

    async def get(self, path: str, token: str | None = None) -> Any:
        return (await self.client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})).json()

    async def recommended(self, query: str, token: str | None = None) -> list[tuple[int, str]]:
        answer = await self.get(f"/v1/recommendations?{query}", token)
        return [(row["finding"]["number"], row["status"]) for row in answer["recommendations"]]


async def authenticate(token: str) -> Principal:
    if token not in TOKENS:
        raise Refused("token-unknown", "Mã không đúng.", "No such token.", status=401)
    return TOKENS[token]


@pytest.fixture
async def bench(postgres: Any) -> AsyncIterator[Bench]:
    urls = await postgres.database("monitoring")
    owner = await asyncpg.connect(urls.owner)
    await install_views(owner, urls.app_role, [Targets(load()), Inspections(load())], "monitoring")
    await owner.close()
    async with asyncpg.create_pool(urls.app, min_size=1, max_size=2) as pool:
        app = FastAPI(openapi_url=None)
        use_tokens(app, authenticate)
        install_problems(app)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            bench = Bench(pool, client, app)
            app.include_router(api.router(pool, load(), lambda: bench.today[0]))
            yield bench


async def test_a_target_stands_as_last_set_for_exactly_its_area(bench: Bench) -> None:
    await bench.hears(HISTORY)
    (national,) = (await bench.get("/v1/targets?place=VN"))["targets"]
    assert (national["facts"]["low"], national["version"], national["area_name"]) == ("5", 2, "cả nước")
    assert [row["target"] for row in (await bench.get("/v1/targets?scheme=1335"))["targets"]] == ["target-b", "target-a"]


async def test_an_inspection_shows_its_plan_and_report(bench: Bench) -> None:
    await bench.hears(HISTORY)
    answer = await bench.get(f"/v1/inspections/{INSPECTION}", "thanh-hoa")
    assert (answer["status"], answer["clubs_visited"], answer["findings"], answer["withheld"]) == ("completed", 1, 5, False)
    assert answer["plan"]["ends_on"] == "2026-01-14"
    assert answer["report"]["clubs_visited"] == ["club-1"]


async def test_what_concerns_clubs_is_withheld_outside_their_area(bench: Bench) -> None:
    await bench.hears(HISTORY)
    for token in (None, "ha-noi"):
        answer = await bench.get(f"/v1/inspections/{INSPECTION}", token)
        assert (answer["withheld"], answer["findings"]) == (True, 5)
        assert answer["report"]["clubs_visited"] == []
        assert [row["number"] for row in answer["report"]["findings"]] == [1, 2, 5]
        assert await bench.recommended("", token) == [(1, "overdue"), (2, "remedied")]
    assert await bench.recommended("", "ham-rong") == [(4, "rechecked"), (1, "overdue"), (2, "remedied"), (3, "open")]


async def test_recommendations_are_listed_by_status(bench: Bench) -> None:
    await bench.hears(HISTORY)
    assert await bench.recommended("status=open", "thanh-hoa") == [(1, "overdue"), (3, "open")]
    assert await bench.recommended("status=overdue", "thanh-hoa") == [(1, "overdue")]
    assert await bench.recommended("status=remedied", "thanh-hoa") == [(2, "remedied")]
    assert await bench.recommended("status=rechecked", "thanh-hoa") == [(4, "rechecked")]
    assert await bench.recommended("place=34:01", "thanh-hoa") == []
    assert await bench.recommended("place=34:14758", "thanh-hoa") == [(4, "rechecked"), (3, "open")]


async def test_a_recommendation_is_overdue_from_the_day_after_its_deadline_in_vietnam(bench: Bench) -> None:
    await bench.hears(HISTORY)
    bench.today[0] = datetime(2026, 2, 20, 16, 59, tzinfo=UTC)
    assert await bench.recommended("status=overdue") == []
    bench.today[0] = datetime(2026, 2, 20, 17, 0, tzinfo=UTC)
    assert await bench.recommended("status=overdue") == [(1, "overdue")]


async def test_an_unsatisfied_recheck_opens_it_again(bench: Bench) -> None:
    again = RecommendationRechecked(finding=2, rechecked_on=date(2026, 2, 1), satisfied=False, remark="Chưa đạt")
    await bench.hears([*HISTORY, delivered(again, INSPECTION, 6)])
    assert await bench.recommended("status=open") == [(1, "overdue"), (2, "open")]


async def test_a_corrected_report_keeps_remedies_and_drops_what_it_drops(bench: Bench) -> None:
    moved = COMPLETED.findings[3].model_copy(update={"number": 1})
    kept = [row for row in COMPLETED.findings if row.number in (2, 4)]
    corrected = COMPLETED.model_copy(update={"findings": (moved, *kept)})
    await bench.hears([*HISTORY, delivered(corrected, INSPECTION, 6)])
    assert await bench.recommended("", "thanh-hoa") == [(1, "overdue"), (4, "rechecked"), (2, "remedied")]


async def test_inspections_are_listed_by_place_and_status(bench: Bench) -> None:
    await bench.hears(HISTORY)

    async def listed(query: str) -> list[str]:
        return [row["inspection"] for row in (await bench.get(f"/v1/inspections?{query}"))["inspections"]]

    assert await listed("") == [INSPECTION, "inspection-2"]
    assert await listed("place=63:38") == [INSPECTION]
    assert await listed("status=planned") == ["inspection-2"]
    assert (await bench.get("/v1/inspections/inspection-9"))["slug"] == "unknown-inspection"
    assert (await bench.get("/v1/recommendations?status=nonsense"))["status"] == 422


async def test_folding_the_same_history_again_or_in_other_batches_changes_nothing(bench: Bench) -> None:
    async def dump() -> list[Any]:
        rows = await bench.pool.fetch("select * from targets_v1.targets order by target")
        rows += await bench.pool.fetch("select * from inspections_v1.inspections order by inspection")
        return rows + await bench.pool.fetch("select * from inspections_v1.recommendations order by inspection, finding")

    await bench.hears(HISTORY)
    once = await dump()
    assert len(once) == 2 + 2 + 4
    for event in HISTORY:
        await bench.hears([event])
    assert await dump() == once


async def test_every_route_has_one_access_rule(bench: Bench) -> None:
    assert routes_without_access(bench.app) == []
