"""So sánh: the same figures on two days, as known at two moments, or on two maps; and what explains each difference.

Both sides are read from one snapshot. Every value leads to its trace, every change to its event, and the changes are shown to
sum to the difference. On two maps the sums of the provinces are shown to be the same nation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, cast

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting.indicators import ALL, indicator
from services.reporting.indicators.definition import Definition, Share, Sum
from services.reporting.pages import comparing
from services.reporting.pages.comparing import HEADLINES, Side
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.site import Site
from services.reporting.pages.words import say
from services.reporting.questions import render
from services.reporting.questions.area import WHOLE_COUNTRY, Area, name_of, parse_area
from services.reporting.questions.ask import Ask, GroupBy, as_of, known_at
from services.reporting.questions.progress import progress, whole
from services.reporting.questions.question import Clocks, Question
from services.reporting.questions.revisions import revisions
from services.reporting.questions.snapshot import Snapshot
from services.reporting.questions.trace import Reader
from shared.kernel.clock import day_of
from shared.kernel.place import MapName
from shared.web.origin import asked_path
from shared.web.sessions import SignInNeeded, Visiting, Visitor

Json = dict[str, Any]
Text = Annotated[str, Query(max_length=100)]
Map = Annotated[Literal["34", "63", ""], Query()]
_A_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Given:
    """What the address says of both sides, as it was written."""

    a: Mapping[str, str]
    b: Mapping[str, str]
    indicator: str
    area: str
    page: int

    @property
    def parameters(self) -> dict[str, str]:
        """For links to other pages of the same comparison."""
        sides = {f"{side}_{name}": value for side, each in (("a", self.a), ("b", self.b)) for name, value in each.items()}
        return {**sides, "indicator": self.indicator, "area": self.area}


async def given(
    *,
    a_as_of: Text = "",
    a_known_at: Text = "",
    a_map: Map = "",
    b_as_of: Text = "",
    b_known_at: Text = "",
    b_map: Map = "",
    indicator: Text = "clubs-founded",
    area: Text = "VN",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Given:
    """The parameters. An empty field of the form is one that was not filled in."""
    sides = (
        {"as_of": a_as_of, "known_at": a_known_at, "map": a_map},
        {"as_of": b_as_of, "known_at": b_known_at, "map": b_map},
    )
    a, b = ({name: value for name, value in side.items() if value} for side in sides)
    return Given(a, b, indicator or "clubs-founded", area or "VN", page)


def router(site: Site) -> APIRouter:
    """The one route."""
    routes = site.pages()

    @routes.get("/so-sanh", response_class=Response)
    async def compare(request: Request, visitor: Visiting, reading: Chosen, what: Annotated[Given, Depends(given)]) -> Response:
        """Two sides of one figure."""
        places = site.desk.places
        definition = indicator(what.indicator)
        what = _with_defaults(what, reading)
        area = _area(site, what)
        one, other = (_clocks(each, area, reading) for each in (what.a, what.b))
        if area.kind == "club" and not visitor.signed_in:
            raise SignInNeeded(asked_path(request))
        question = Question(definition, area, other)
        async with site.desk.open(visitor.principal, question) as found:
            sides = [await _side(site, found, area, clocks, definition) for clocks in (one, other)]
            explained = await _explained(site, found, visitor, replace(question, clocks=one), question, what.page)
        now = reading.of(places, as_of=None, known_at=None, map=None, basis=None)
        return site.page(
            request,
            visitor,
            now,
            "compare.html",
            given=what,
            area=render.area(area, places) | {"name": say(reading.language, name_of(area, places))},
            definition=definition,
            definitions=ALL,
            provinces=[(each.key, places.name(each)) for each in places.province_list("34")],
            presets=comparing.presets(reading.now, what),
            sides=sides,
            headlines=comparing.pairs(sides[0].numbers, sides[1].numbers, reading.language),
            rows=None if one.map != other.map else comparing.rows(sides[0].groups, sides[1].groups, reading.language),
            two_maps=one.map != other.map,
            sums=comparing.sums(sides, definition) if isinstance(definition.formula, Sum) else None,
            explained=explained,
            waterfall=None if explained is None else comparing.waterfall(explained, reading.language),
            what_differs=comparing.what_differs(one, other),
        )

    _ = compare
    return routes


def _with_defaults(what: Given, reading: Reading) -> Given:
    """Nothing said: the reader's own past against now, or a year ago against today."""
    if what.a or what.b:
        return what
    asked = reading.asked
    own = {"as_of": asked.as_of, "known_at": asked.known_at, "map": asked.map}
    a = {name: value for name, value in own.items() if value}
    if "as_of" not in a and "known_at" not in a:
        day = (day_of(reading.now) - _A_YEAR).isoformat()
        a = {**a, "as_of": day, "known_at": day}
    return replace(what, a=a, b={"map": asked.map} if asked.map else {})


def _area(site: Site, what: Given) -> Area:
    listed = what.area[:2] if what.area[:3] in ("34:", "63:") else what.b.get("map", "34")
    return parse_area(what.area, site.desk.places, cast("MapName", listed))


def _clocks(side: Mapping[str, str], area: Area, reading: Reading) -> Clocks:
    """One side's clocks; an area of one list is shown on that list's map on both sides."""
    place = area.place
    own = place.list if place is not None and place.level != "nation" else None
    return Clocks(
        as_of(side.get("as_of"), reading.now),
        known_at(side.get("known_at"), reading.now),
        own or cast("MapName", side.get("map", "34")),
    )


async def _side(site: Site, found: Snapshot, area: Area, clocks: Clocks, definition: Definition) -> Side:
    places = site.desk.places
    chosen = dict.fromkeys([definition.slug, *HEADLINES])
    figures = await whole(found, places, area, [Question(indicator(slug), area, clocks) for slug in chosen])
    groups: Sequence[Json] = ()
    cut = _CUTS.get(area.kind)
    if cut is not None:
        groups = (await progress(found, places, Ask((definition,), area, clocks, cut)))["groups"]
    numbers = [render.figure(each) for each in figures]
    return Side(clocks, numbers, groups, generated=any(each["generated"] for each in numbers))


_CUTS: Final[Mapping[str, GroupBy]] = {"nation": "province", "region": "province", "province": "commune"}


async def _explained(site: Site, found: Snapshot, visitor: Visitor, one: Question, other: Question, page: int) -> Json | None:
    """What explains the difference; None where both sides are the same but for the map."""
    if replace(one.clocks, map=other.clocks.map) == other.clocks:
        return None
    if one.area == WHOLE_COUNTRY:
        one = replace(one, clocks=replace(one.clocks, map=other.clocks.map))
    answer = await revisions(found, site.desk.places, one, other, Reader(visitor.principal, page))
    answer["share"] = isinstance(one.definition.formula, Share)
    return answer
