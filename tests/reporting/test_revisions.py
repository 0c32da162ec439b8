"""What explains the difference of a figure: the listed changes sum to it exactly, and each says its reason."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.reporting.indicators import indicator
from services.reporting.questions.area import WHOLE_COUNTRY
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.revisions import revisions
from services.reporting.questions.snapshot import snapshot
from services.reporting.questions.trace import Reader
from shared.reference.book import load
from tests.reporting.histories import life
from tests.reporting.lanes import in_lanes
from tests.reporting.recount import founded_in, recount

MEASURES = {
    "clubs-founded": "clubs_founded", "clubs-existing": "clubs_existing", "clubs-active": "clubs_active", "members": "members",
    "women": "women", "income-fund": "income_fund", "loans-number": "loans_number", "boards-renewed": "boards_renewed",
    "clubs-new-1336": "clubs_founded",
}  # fmt: skip
History = list[tuple[datetime, Any]]


def counted_again(lives: Iterable[History], slug: str, on: date, known_at: datetime) -> int:
    """The nation's figure by another way: each club recounted from its events."""
    total = 0
    for history in lives:
        figures = recount(history, on, known_at)
        if slug == "clubs-new-1336" and (not figures or founded_in(history, known_at)[1] != "1336"):
            continue
        total += figures.get(MEASURES[slug], 0)
        if indicator(slug).window == "year":
            total -= recount(history, date(on.year - 1, 12, 31), known_at).get(MEASURES[slug], 0)
    return total


def question(slug: str, on: date, known_at: datetime) -> Question:
    return Question(indicator(slug), WHOLE_COUNTRY, Clocks(on, known_at, "34"))


async def explained(world: Any, one: Question, other: Question) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first page and the lines of all pages."""
    lines: list[dict[str, Any]] = []
    page = 1
    async with snapshot(world.pool, "figures") as found:
        while True:
            answer = await revisions(found, load(), one, other, Reader(page=page))
            lines += answer["revisions"]
            if page >= answer["pages"]:
                return answer, lines
            page += 1


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_revisions_between_any_two_moments_sum_to_the_difference_that_a_recount_finds(world, seed):
    rng = random.Random(seed)
    lives = [life(rng, rng.randrange(3, 18)) for _ in range(12)]
    streams = {f"club-00000000-0000-4000-8000-{index:012d}": history for index, history in enumerate(lives)}
    await world.fold(in_lanes(streams))
    for slug in MEASURES:
        for _ in range(4):
            first, last = sorted(datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(1200)) for _ in range(2))
            one_day, other_day = (date(2020, 6, 1) + timedelta(days=rng.randrange(1500)) for _ in range(2))
            for days in ((other_day, other_day), (one_day, other_day)):
                sides = [(days[0], first), (days[1], last)]
                one, other = (question(slug, *side) for side in sides)
                answer, lines = await explained(world, one, other)
                expected = counted_again(lives, slug, *sides[1]) - counted_again(lives, slug, *sides[0])
                assert sum(line["amount"] for line in lines) == expected, (slug, sides)
                assert answer["check"] == {"difference": expected, "listed": expected, "equal": True}
                assert sum(reason["amount"] for reason in answer["reasons"]) == expected
                assert sum(reason["count"] for reason in answer["reasons"]) == len(lines) == answer["count"]


async def asked(country: Any, **params: str) -> Any:
    answer = await country.client.get("/v1/revisions", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_correction_says_what_the_report_said_before(country):
    answer = await asked(
        country, indicator="members", area="34:01", as_of="2025-01-31", known_from="2025-01-31", known_to="2025-02-28"
    )
    (line,) = answer["revisions"]
    assert (line["kind"], line["before"], line["after"], line["amount"]) == ("corrected", 50, 60, 10)
    assert (answer["one"]["value"], answer["other"]["value"]) == (50, 60)
    assert line["stream"] is None


async def test_a_late_report_is_told_from_a_new_event(country):
    late = await asked(
        country, indicator="clubs-founded", area="34:01", as_of="2024-02-25", known_from="2024-02-28", known_to="2024-03-31"
    )
    assert [(line["kind"], line["amount"]) for line in late["revisions"]] == [("late", 1)]
    new = await asked(
        country, indicator="clubs-founded", area="34:01", as_of="2024-03-01", as_of_from="2024-01-31",
        known_from="2024-01-31", known_to="2024-03-31",
    )  # fmt: skip
    assert [(line["kind"], line["amount"]) for line in new["revisions"]] == [("new", 1)]


async def test_a_published_figure_explains_its_own_part_of_the_difference(country):
    answer = await asked(country, indicator="clubs-founded", as_of="2025-12-31", known_from="2024-08-28", known_to="2026-01-06")
    assert {(line["kind"], line["amount"]) for line in answer["revisions"]} >= {("declared", 1164), ("declared", 41)}
    assert answer["check"]["equal"] is True


async def test_places_that_got_their_first_club_explain_a_coverage(country):
    answer = await asked(country, indicator="provinces-with-clubs", as_of_from="2021-01-01", as_of="2026-01-01")
    assert [(line["kind"], line["place"]["key"], line["amount"]) for line in answer["revisions"]] == [("places", "34:01", 1)]


async def test_two_equal_sides_are_explained_by_nothing_and_no_side_is_refused(country):
    same = await asked(country, indicator="members", known_from="2026-03-01", known_to="2026-03-01")
    assert (same["count"], same["check"]) == (0, {"difference": 0, "listed": 0, "equal": True})
    refused = await country.client.get("/v1/revisions", params={"indicator": "members"})
    assert (refused.status_code, refused.json()["slug"]) == (422, "nothing-to-compare")
