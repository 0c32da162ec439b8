"""Figures below a province: of a commune, of each commune of a province, of each club. Counted ones only.

They come straight from the ledger's rows of the subjects that were ever there. On the asked map a divided commune is a row of
its own, which waits to be decided (chờ phân định); what a province holds beside its communes is a row too, so that the
rows always sum to the province.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from services.reporting.indicators.definition import Coverage, Sum, evaluate
from services.reporting.ledger.club import Club
from services.reporting.ledger.state import decode
from services.reporting.questions import cube, sources
from services.reporting.questions.area import Area, area_of
from services.reporting.questions.cube import Cell, Slice
from services.reporting.questions.desk import GENERATED, Desk, Figure, generated_of
from services.reporting.questions.question import Question
from services.reporting.questions.sheet import Sheet
from services.reporting.questions.sources import Choice, Counted
from shared.kernel.database import Connection
from shared.kernel.errors import Refused
from shared.kernel.place import MapName, PlaceRef
from shared.reference.book import Places

MANY_CLUBS = 5000


def commune_on(places: Places, place: str, map_: MapName) -> Area:
    """The row of a place as recorded: its commune on a map, the old commune itself while it waits, or the province."""
    ref = PlaceRef.parse(place)
    if ref.level != "commune":
        return area_of(ref)
    commune = places.locate(ref, map_).commune
    return Area("commune", place if commune is None else commune.key)


def recorded_as(places: Places, commune: PlaceRef) -> list[str]:
    """Every key under which events of a commune may have been recorded: its own, and those of the other list that are it."""
    other: MapName = "34" if commune.list == "63" else "63"
    found = places.locate(commune, other)
    candidates = found.candidates or ((found.commune,) if found.commune is not None else ())
    same = [each.key for each in candidates if places.locate(each, commune.list).commune == commune]
    return [commune.key, *same]


async def streams_in(connection: Connection, places: Places, area: Area) -> tuple[list[str], list[str] | None]:
    """The subjects that were ever in a province or commune, and the places that count (None: all of the province)."""
    place = area.place
    if area.kind == "club" or place is None:
        return [area.code], None
    if area.kind == "commune":
        keys = recorded_as(places, place)
        rows = await connection.fetch("select distinct stream from subject_places where place = any($1::text[])", keys)
        return [row["stream"] for row in rows], keys
    column = "province63" if place.list == "63" else "province34"
    query = f"select distinct stream from subject_places where {column} = $1"  # noqa: S608 - one of the two columns above
    rows = await connection.fetch(query, place.code)
    return [row["stream"] for row in rows], None


async def place_of_club(connection: Connection, stream: str) -> PlaceRef:
    """Where a club is, by its state. May raise `Refused` (`unknown-club`)."""
    data = await connection.fetchval("select state from subjects where stream = $1", stream)
    club = None if data is None else decode(data)
    if not isinstance(club, Club):
        raise Refused("unknown-club", "Không có câu lạc bộ này.", "There is no such club.", status=404, field="area")
    return PlaceRef.parse(club.place)


class Small:
    """The loaded rows of one area below the nation."""

    def __init__(self, desk: Desk, area: Area) -> None:
        self._desk = desk
        self._area = area
        self._sheets: dict[date | None, Sheet] = {}
        self.groups: dict[str, Area] = {}

    async def load(self, connection: Connection, questions: Sequence[Question], *, clubs: bool) -> Small:
        """Read the rows, by commune or by club."""
        streams, places = await streams_in(connection, self._desk.places, self._area)
        if clubs:
            streams = [stream for stream in streams if stream.startswith("club-")]
            if len(streams) > MANY_CLUBS:
                raise Refused(
                    "too-many-clubs", "Quá nhiều câu lạc bộ; hãy hỏi từng xã.", "Too many clubs; ask commune by commune."
                )
        for since in {question.since for question in questions} | {None}:
            names = {name for each in questions if each.since == since for name in each.definition.measures()}
            names |= {"clubs_founded", *GENERATED} if since is None else set()
            cut = Slice(tuple(sorted(names)), self._desk.clocks, since)
            cells = await (cube.by_club if clubs else cube.by_place)(connection, cut, streams, places)
            more = [cell for cell in self._desk.more(cut) if places is None or cell.place in places]
            inside = [cell for cell in (*cells, *more) if self._inside(cell)]
            self._sheets[since] = Sheet(inside, self._areas_of_club if clubs else self._areas_of_place)
        return self

    def figure(self, question: Question) -> Figure:
        """The answer for one of the groups, or for the area itself."""
        definition, name = question.definition, question.area.text
        sheet, ever, formula = self._sheets[question.since], self._sheets[None], definition.formula
        clubs = ever.amount(name, "clubs_founded")
        cohorts = formula.cohorts if isinstance(formula, Sum) else ()
        sums = {each: sheet.amount(name, each, cohorts) for each in definition.measures()}
        value = evaluate(formula, sums)
        if isinstance(formula, Sum):
            stated = formula.stated is None or sums[formula.stated] > 0
            counted = Counted(
                sheet.by_basis(name, formula.measure, cohorts),
                clubs if definition.of_clubs else 0,
                stated,
                zero=not definition.of_clubs,
            )
            choice = sources.choose(name, counted)
        elif value.value is None:
            choice = Choice(None, {}, complete=False)
        else:
            choice = Choice(
                value.value, {"counted": value.value}, counted=int(value.value) if isinstance(formula, Coverage) else 0
            )
        generated = ever.amount(name, generated_of(definition))
        return Figure(question, choice, value, generated, clubs, (), ())

    def _inside(self, cell: Cell) -> bool:
        place = self._area.place
        if place is None or place.level != "province":
            return True
        return place.code == (cell.province63 if place.list == "63" else cell.province34)

    def _areas_of_place(self, cell: Cell) -> Iterable[str]:
        group = commune_on(self._desk.places, cell.place, self._desk.clocks.map)
        self.groups[group.text] = group
        return {group.text, self._area.text}

    def _areas_of_club(self, cell: Cell) -> Iterable[str]:
        group = Area("club", cell.place)
        self.groups[group.text] = group
        return {group.text, self._area.text}
