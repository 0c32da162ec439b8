"""What the trainings service answers, over HTTP, from views that folded real events in a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.trainings import api
from services.trainings.views import BoardTodos, Rounds
from shared.events.trainings import BoardTrained, BoardTrainingRequired, TrainingCancelled, TrainingHeld, TrainingPlanned
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

FACTS: dict[str, Any] = {
    "title": "Tập huấn", "organiser": "province-association", "level": "province", "kind": "first-course",
    "contents": (), "starts_on": date(2025, 8, 4), "ends_on": date(2025, 8, 8), "place": THANH_HOA,
}  # fmt: skip
REGIONAL: dict[str, Any] = {"place": HA_NOI, "level": "regional", "provinces": (THANH_HOA,), "starts_on": date(2025, 8, 5)}
TOKENS = {
    "thanh-hoa": Principal("t1", "province", THANH_HOA, "association"),
    "ha-noi": Principal("t2", "reader", HA_NOI, "association"),
    "centre": Principal("t3", "centre", NATION, "state"),
}
HISTORY = [
    delivered(TrainingPlanned(**{**FACTS, "title": "Kế hoạch"}), "round-1", 1),
    delivered(TrainingHeld(**FACTS, clubs=("club-1",), provisional_boards=("BCN thôn 3",), distinct_people=60), "round-1", 2),
    delivered(TrainingHeld(**FACTS, clubs=("club-1", "club-2"), distinct_people=61), "round-1", 3),
    delivered(TrainingPlanned(**{**FACTS, "place": HA_NOI, "starts_on": date(2024, 1, 1)}), "round-2", 1),
    delivered(TrainingCancelled(cancelled_on=date(2024, 1, 1), reason="Bão"), "round-2", 2),
    delivered(
        TrainingPlanned(**{**FACTS, **REGIONAL}), "round-3", 1,
    ),
    delivered(BoardTrainingRequired(club="club-1", commune=HAM_RONG, founded_on=date(2025, 9, 1)), "board-club-1", 1),
    delivered(BoardTrainingRequired(club="club-2", commune=HAM_RONG, founded_on=date(2025, 9, 2)), "board-club-2", 1),
    delivered(BoardTrained(club="club-1", round="round-1", trained_on=date(2025, 8, 8)), "board-club-1", 2),
    delivered(BoardTrained(club="club-9", round="round-1", trained_on=date(2025, 8, 8)), "board-club-9", 1),
    delivered(
        BoardTrainingRequired(club="club-3", commune=PlaceRef(code="00004", list="34"), founded_on=date(2024, 1, 1)),
        "board-club-3", 1,
    ),
]  # fmt: skip


@dataclass
class Bench:
    pool: Any
    client: httpx.AsyncClient
    app: FastAPI

    async def hears(self, events: list[Any]) -> None:
        for view in (Rounds(load()), BoardTodos(load())):
            await fold(self.pool, view, events)

    async def get(self, path: str, token: str | None = None) -> httpx.Response:
        return await self.client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})

    async def dump(self) -> list[Any]:
        rows = await self.pool.fetch("select * from rounds_v1.rounds order by round")
        return rows + await self.pool.fetch("select * from board_todos_v1.boards order by club")


async def authenticate(token: str) -> Principal:
    if token not in TOKENS:
        raise Refused("token-unknown", "Mã không đúng.", "No such token.", status=401)
    return TOKENS[token]


@pytest.fixture
async def bench(postgres: Any) -> AsyncIterator[Bench]:
    urls = await postgres.database("trainings")
    owner = await asyncpg.connect(urls.owner)
    await install_views(owner, urls.app_role, [Rounds(load()), BoardTodos(load())], "trainings")
    await owner.close()
    async with asyncpg.create_pool(urls.app, min_size=1, max_size=2) as pool:
        app = FastAPI(openapi_url=None)
        use_tokens(app, authenticate)
        install_problems(app)
        app.include_router(api.router(pool, load()))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            yield Bench(pool, client, app)


async def test_a_round_shows_its_plan_and_its_last_report(bench: Bench) -> None:
    await bench.hears(HISTORY)
    answer = (await bench.get("/v1/trainings/round-1", "thanh-hoa")).json()
    assert (answer["status"], answer["version"], answer["place_name"]) == ("held", 3, "Thanh Hóa")
    assert (answer["plan"]["title"], answer["report"]["distinct_people"]) == ("Kế hoạch", 61)
    assert answer["report"]["clubs"] == ["club-1", "club-2"]


async def test_whose_boards_a_round_trained_is_withheld_outside_its_area(bench: Bench) -> None:
    await bench.hears(HISTORY)
    for token in (None, "ha-noi"):
        answer = (await bench.get("/v1/trainings/round-1", token)).json()
        assert (answer["withheld"], answer["clubs_trained"], answer["report"]["clubs"]) == (True, 2, [])
    assert (await bench.get("/v1/trainings/round-1", "centre")).json()["withheld"] is False


async def test_rounds_are_listed_by_place_status_year_and_organiser(bench: Bench) -> None:
    await bench.hears(HISTORY)

    async def listed(query: str) -> list[str]:
        return [row["round"] for row in (await bench.get(f"/v1/trainings?{query}")).json()["rounds"]]

    assert await listed("") == ["round-3", "round-1", "round-2"]
    assert await listed("place=34:38") == ["round-3", "round-1"]
    assert await listed("place=63:38") == ["round-3", "round-1"]
    assert await listed("place=34:01&status=cancelled") == ["round-2"]
    assert await listed("year=2025&limit=1&offset=1") == ["round-1"]
    bodies = ("association-centre", "province-department", "province-association", "district", "project", "other")
    by_organiser = [await listed(f"organiser={each}") for each in ("lead-department", *bodies)]
    assert sorted(round for each in by_organiser for round in each) == ["round-1", "round-2", "round-3"]


async def test_board_todos_need_a_token_of_the_area(bench: Bench) -> None:
    await bench.hears(HISTORY)
    assert (await bench.get("/v1/board-todos")).status_code == 401
    assert (await bench.get("/v1/board-todos", "nonsense")).status_code == 401
    assert (await bench.get("/v1/board-todos?place=34:01", "thanh-hoa")).status_code == 403
    own = (await bench.get("/v1/board-todos", "thanh-hoa")).json()
    assert (own["total"], [todo["club"] for todo in own["todos"]]) == (1, ["club-2"])
    all_ = (await bench.get("/v1/board-todos", "centre")).json()
    assert [todo["club"] for todo in all_["todos"]] == ["club-3", "club-2"]
    assert (await bench.get("/v1/board-todos?place=34:14758", "centre")).json()["total"] == 1


async def test_what_does_not_exist_is_said(bench: Bench) -> None:
    assert (await bench.get("/v1/trainings/round-9")).json()["slug"] == "unknown-round"
    for place in ("34:02", "nowhere", "38"):
        answer = await bench.get(f"/v1/trainings?place={place}")
        assert (answer.status_code, answer.json()["slug"]) == (422, "unknown-place")


async def test_folding_the_same_history_again_or_in_other_batches_changes_nothing(bench: Bench) -> None:
    await bench.hears(HISTORY)
    once = await bench.dump()
    assert len(once) == 3 + 4
    for event in HISTORY:
        await bench.hears([event])
    assert await bench.dump() == once


async def test_every_route_has_one_access_rule(bench: Bench) -> None:
    assert routes_without_access(bench.app) == []
