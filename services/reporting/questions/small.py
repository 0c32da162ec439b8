"""Figures below a province: of a commune, of each commune of a province, of each club. Counted ones only.

They come straight from the ledger's rows of the subjects that were ever there. On the asked map a divided commune is a row of
its own, which waits to be decided (chờ phân định); what a province holds beside its communes is a row too, so that the
rows always sum to the province.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from services.reporting.columns.fetch import Cell as Key
from services.reporting.columns.held import Look
from services.reporting.indicators.definition import Coverage, Sum, evaluate
from services.reporting.ledger.club import Club
from services.reporting.ledger.state import WHOLE, decode
from services.reporting.questions import cube, sources
from services.reporting.questions.area import Area
from services.reporting.questions.cube import Cell, Groups, Slice
from services.reporting.questions.desk import Desk, Figure, generated_of, slices
from services.reporting.questions.geography import commune_on
from services.reporting.questions.question import Question
from services.reporting.questions.sheet import Placed, Sheet
from services.reporting.questions.snapshot import Snapshot
from services.reporting.questions.sources import Choice, Counted
from shared.kernel.errors import Refused
from shared.kernel.place import MapName, PlaceRef
from shared.reference.book import Places

MANY_CLUBS = 5000


def recorded_as(places: Places, commune: PlaceRef, map_: MapName) -> list[str]:
    """Every key under which events of a commune may have been recorded: its own, and those of the other list that are it.

    On the map of the other list a commune is a row only while it waits to be decided: then what was recorded of its parts
    stands in their rows, and it holds nothing but what was recorded of itself.
    """
    if commune.list != map_:
        return [commune.key]
    other: MapName = "34" if commune.list == "63" else "63"
    found = places.locate(commune, other)
    candidates = found.candidates or ((found.commune,) if found.commune is not None else ())
    same = [each.key for each in candidates if places.locate(each, commune.list).commune == commune]
    return [commune.key, *same]


def cells_in(look: Look, places: Places, area: Area, map_: MapName) -> list[int]:
    """The cells of the ledger that lie in a province or commune of a map; of a club, all: it may have moved."""
    place = area.place
    if area.kind == "club" or place is None:
        return list(range(look.cell_count))
    cells = look.cells[: look.cell_count]
    if area.kind == "commune":
        keys = frozenset(recorded_as(places, place, map_))
        return [number for number, cell in enumerate(cells) if cell.place in keys]
    code = place.code
    if place.list == "63":
        return [number for number, cell in enumerate(cells) if cell.province63 == code]
    return [number for number, cell in enumerate(cells) if cell.province34 == code]


def subjects_in(look: Look, area: Area, cells: Sequence[int]) -> list[int]:
    """The subjects that were ever in an area of some cells, whatever the clocks; of a club, itself."""
    if area.kind == "club":
        number = look.held.subject_numbers.get(area.code)
        return [] if number is None else [number]
    inside = np.zeros(look.cell_count, np.bool_)
    inside[np.array(cells, np.int64)] = True
    return np.unique(look.subject[inside[look.cell]]).tolist()


async def place_of_club(found: Snapshot, stream: str) -> PlaceRef:
    """Where a club is, by its state. May raise `Refused` (`unknown-club`)."""
    data = await found.fetchval("select state from subjects where stream = $1 and part = $2", stream, WHOLE)
    club = None if data is None else decode({WHOLE: data})
    if not isinstance(club, Club):
        raise Refused("unknown-club", "Không có câu lạc bộ này.", "There is no such club.", status=404, field="area")
    return PlaceRef.parse(club.place)


class Small:
    """The loaded rows of one area below the nation."""

    def __init__(self, desk: Desk, area: Area) -> None:
        self._desk = desk
        self._area = area
        self._sheets: dict[date | None, Sheet] = {}
        self._rows: dict[str, Area] = {}
        self.groups: dict[str, Area] = {}
        """The rows of which there is anything."""

    async def load(self, found: Snapshot, questions: Sequence[Question], *, clubs: bool) -> Small:
        """Sum the rows, by commune or by club."""
        look, places = found.look, self._desk.places
        cells = cells_in(look, places, self._area, self._desk.clocks.map)
        cuts = list(slices(questions, self._desk.clocks))
        numbers = {number for cut in cuts for number in cut.numbers()}
        if clubs:
            subjects = [
                number for number in subjects_in(look, self._area, cells) if look.subjects[number].stream.startswith("club-")
            ]
            if len(subjects) > MANY_CLUBS:
                raise Refused(
                    "too-many-clubs", "Quá nhiều câu lạc bộ; hãy hỏi từng xã.", "Too many clubs; ask commune by commune."
                )
            made = await cube.aside(look, numbers, lambda: [cube.by_club(look, cut, subjects, cells) for cut in cuts])
        else:
            groups = Groups.of(look, cells, self._row_of)
            made = await cube.aside(look, numbers, lambda: [cube.by_group(look, cut, groups) for cut in cuts])
        for cut, sums in zip(cuts, made, strict=True):
            sheet = self._sheets[cut.since] = Sheet(sums, self._more(cut), self._of_club if clubs else self._of_place)
            self.groups |= {name: self._rows[name] for name in sheet.seen if name in self._rows}
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

    def _more(self, cut: Slice) -> list[Cell]:
        """What is not in the ledger and lies in the area."""
        place = self._area.place
        if place is None:
            return list(self._desk.more(cut))
        if place.level == "province":
            old = place.list == "63"
            return [cell for cell in self._desk.more(cut) if place.code == (cell.province63 if old else cell.province34)]
        keys = recorded_as(self._desk.places, place, self._desk.clocks.map)
        return [cell for cell in self._desk.more(cut) if cell.place in keys]

    def _row_of(self, key: Key) -> str:
        return commune_on(self._desk.places, key.place, self._desk.clocks.map).text

    def _of_place(self, where: Placed) -> Iterable[str]:
        return self._in(commune_on(self._desk.places, where.place, self._desk.clocks.map))

    def _of_club(self, where: Placed) -> Iterable[str]:
        return self._in(Area("club", where.place))

    def _in(self, row: Area) -> Iterable[str]:
        name = row.text
        self._rows[name] = row
        return {name, self._area.text}
