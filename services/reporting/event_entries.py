"""The last hop of one event: whether the ledger has taken it in, the entries that it wrote, the indicators that read them.

Seen by the holders of a token of the area of the entries, nobody else: entries of one event are those of one club. An event
that wrote nothing (it changed no figure) is told from one that has not arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, assert_never
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.reporting.indicators import ALL
from services.reporting.indicators.definition import Coverage, Share, Sum
from services.reporting.ledger.measures import NAMES
from services.reporting.questions import render
from shared.kernel.authority import require_area
from shared.kernel.database import Pool
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal
from shared.projections.builds import LIVE, reading
from shared.projections.view import View
from shared.web.access import Holder

Coordinates = Annotated[
    str,
    Query(
        pattern=r"^(clubs|trainings|monitoring|reporting):[0-9]{1,2}:[0-9]{1,15}$",
        description="Where the event stands: `source:lane:position`, as `GET /v1/events/{id}` says",
    ),
]


class EntryAnswer(BaseModel):
    """What one event added on one day (bút toán): signed amounts by measure."""

    valid_on: str
    known_at: str
    place: str
    basis: str
    cohort: str
    amounts: dict[str, int]


class MovedFigure(BaseModel):
    """An indicator whose sum the event moved, or the part of whose share; later corrections are not counted."""

    indicator: str
    vi: str
    en: str
    measure: str
    change: int


class EntriesAnswer(BaseModel):
    """The entries of one event. `folded`: the ledger has passed the event's position."""

    event_id: str
    folded: bool
    entries: list[EntryAnswer]
    figures: list[MovedFigure]


def router(pool: Pool, places: PlaceBook, view: View) -> APIRouter:
    """The one route."""
    routes = APIRouter(prefix="/v1", tags=["events"])
    hop = LastHop(pool, places, view)

    @routes.get("/events/{event_id}/entries")
    async def entries(principal: Holder, event_id: UUID, at: Coordinates) -> EntriesAnswer:
        """The entries that an event wrote, and the indicators that they move."""
        source, lane, position = at.split(":")
        return await hop.of(principal, str(event_id), source, int(lane), int(position))

    _ = entries
    return routes


@dataclass(frozen=True, slots=True)
class LastHop:
    """What the ledger made of events."""

    pool: Pool
    places: PlaceBook
    view: View

    async def of(self, principal: Principal, event_id: str, source: str, lane: int, position: int) -> EntriesAnswer:
        """Of one event, to a principal. May raise `Refused` (`not-your-area`)."""
        where = (source, lane, position)
        async with reading(self.pool, self.view.name) as connection:
            reached: int | None = await connection.fetchval(
                f"""select position from projection.checkpoints
                where view = $1 and version = {LIVE} and source = $2 and lane = $3""",  # noqa: S608  no value in it
                self.view.name, source, lane,
            )  # fmt: skip
            stream: str | None = await connection.fetchval(
                "select stream from events where source = $1 and lane = $2 and position = $3 and event_id = $4",
                *where, event_id,
            )  # fmt: skip
            rows: list[Any] = await connection.fetch(
                "select place, valid_on, known_at, basis, cohort, measures, amounts from entries "
                "where stream = $4 and source = $1 and lane = $2 and position = $3 order by valid_on, known_at, basis, place",
                *where, stream,
            )  # fmt: skip
        for place in {row["place"] for row in rows}:
            require_area(principal, PlaceRef.parse(place), self.places)
        found = [_entry(row) for row in rows]
        return EntriesAnswer(event_id=event_id, folded=(reached or 0) >= position, entries=found, figures=_figures(found))


def _entry(row: Any) -> EntryAnswer:
    return EntryAnswer(
        valid_on=row["valid_on"].isoformat(),
        known_at=render.instant(row["known_at"]),
        place=row["place"],
        basis=row["basis"],
        cohort=row["cohort"],
        amounts={NAMES[number]: amount for number, amount in zip(row["measures"], row["amounts"], strict=True)},
    )


def _figures(entries: Sequence[EntryAnswer]) -> list[MovedFigure]:
    """Coverages are left out: whether a commune is the first with a club is no sum."""
    moved: list[MovedFigure] = []
    for definition in ALL:
        match definition.formula:
            case Sum(measure=measure, cohorts=cohorts):
                pass
            case Share(part=measure):
                cohorts = ()
            case Coverage():
                continue
            case _:
                assert_never(definition.formula)
        change = sum(entry.amounts.get(measure, 0) for entry in entries if not cohorts or entry.cohort in cohorts)
        if change:
            title = definition.title
            moved.append(MovedFigure(indicator=definition.slug, vi=title.vi, en=title.en, measure=measure, change=change))
    return moved
