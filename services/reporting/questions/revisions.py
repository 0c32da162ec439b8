"""What explains the difference of one figure between two pairs of clocks (vì sao đổi): the events and published figures that
count in the one and not in the other, each with its reason, and the server's own check that they sum to the difference.

Two `known_at` of one day give the revisions of a figure; two days give what happened between them. Pages of 100. Who has no
token of an area sees neither clubs nor senders there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from services.reporting.columns.held import day_of_number, instant_of_number
from services.reporting.columns.sums import Window
from services.reporting.indicators.definition import Coverage, Share, Words
from services.reporting.ledger.measures import measure
from services.reporting.questions import listed, number_id, reasons, render, wording
from services.reporting.questions.area import Area, area_of
from services.reporting.questions.behind import Behind
from services.reporting.questions.covered import Covered
from services.reporting.questions.cube import aside
from services.reporting.questions.declared import Declared
from services.reporting.questions.desk import Desk, Figure
from services.reporting.questions.event_words import name_of_event
from services.reporting.questions.listed import Component
from services.reporting.questions.progress import whole
from services.reporting.questions.question import Question
from services.reporting.questions.reasons import KINDS, NOTHING, WORDS, Changed, Kind
from services.reporting.questions.snapshot import Snapshot
from services.reporting.questions.trace import PAGE, Reader
from shared.kernel.place import PlaceRef
from shared.reference.book import Places

Json = dict[str, Any]
_EVENTS: Final = """
    select v.source, v.lane, v.position, v.event_id, v.type, v.actor, v.recorded_at
    from unnest($1::text[], $2::smallint[], $3::bigint[]) as page(source, lane, position)
    join events v using (source, lane, position)
"""
_PASSES: Final = 8
"""Finding what two sides differ in costs as much as so many sums."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """A change that no single event of the ledger makes: a published figure that came or went, or a place that is covered."""

    kind: Kind
    amount: Decimal
    gone: Declared | None = None
    come: Declared | None = None
    place: str | None = None


async def revisions(found: Snapshot, places: Places, one: Question, other: Question, reader: Reader) -> Json:
    """One page of what explains the difference of `other` less `one`: the same figure with other clocks."""
    (before,) = await whole(found, places, one.area, [one])
    (after,) = await whole(found, places, other.area, [other])
    share = isinstance(one.definition.formula, Share)
    first, second = listed.total(before, reader.component), listed.total(after, reader.component)
    events, rest = NOTHING, list[_Rest]()
    if isinstance(one.definition.formula, Coverage):
        rest = _places(found, places, before, after)
    else:
        events = await _events_between(found, places, before, after, reader.component)
        rest = [] if share else _claims(before.choice.used, after.choice.used)
    sums = Decimal(int(events.amounts.sum())) + sum((each.amount for each in rest), Decimal(0))
    count, definition = len(events) + len(rest), one.definition
    return {
        "indicator": definition.slug,
        "title": render.words(definition.title),
        "unit": definition.unit,
        "unit_words": render.words(wording.UNITS[definition.unit]),
        "area": render.area(one.area, places),
        "component": reader.component if share else None,
        "generated": bool(before.generated or after.generated),
        "one": _side(before, first),
        "other": _side(after, second),
        "reasons": _reasons(events, rest),
        "revisions": await _page(found, places, after, events, rest, reader),
        "page": reader.page,
        "pages": max(1, -(-count // PAGE)),
        "count": count,
        "check": {
            "difference": render.plain(second - first),
            "listed": render.plain(sums),
            "equal": sums == second - first,
        },
    }


def _side(figure: Figure, compared: Decimal) -> Json:
    question = figure.question
    return {
        "as_of": question.clocks.as_of.isoformat(),
        "known_at": render.instant(question.clocks.known_at),
        "map": question.clocks.map,
        "id": number_id.encode(question),
        "value": render.plain(figure.choice.value),
        "display": render.words(wording.amount(figure.choice.value, question.definition.unit)),
        "compared": render.plain(compared),
    }


def _reasons(events: Changed, rest: Sequence[_Rest]) -> list[Json]:
    sums: dict[Kind, tuple[Decimal, int]] = {
        KINDS[kind]: (Decimal(amount), count) for kind, (amount, count) in events.by_kind().items()
    }
    for each in rest:
        amount, count = sums.get(each.kind, (Decimal(0), 0))
        sums[each.kind] = (amount + each.amount, count + 1)
    return [
        {"kind": kind, "words": render.words(WORDS[kind]), "amount": render.plain(sums[kind][0]), "count": sums[kind][1]}
        for kind in KINDS
        if kind in sums
    ]


async def _events_between(found: Snapshot, places: Places, before: Figure, after: Figure, component: Component) -> Changed:
    look = found.look
    number = measure(listed.wanted(after, component, places).measure)

    def behind(figure: Figure) -> Behind:
        question = figure.question
        window = Window.of(look, question.clocks, question.since)
        return Behind.of(look, places, listed.wanted(figure, component, places), window)

    def read() -> Changed:
        return reasons.changed(look, (before.question, behind(before)), (after.question, behind(after)))

    return await reasons.with_corrections(found, await aside(look, [number] * _PASSES, read), number)


def _claims(before: Sequence[Declared], after: Sequence[Declared]) -> list[_Rest]:
    """Published figures that are in the one value and not in the other, those of one area together."""
    old, new = ({claim.area: claim for claim in claims} for claims in (before, after))
    found: list[_Rest] = []
    for area in [*old, *(area for area in new if area not in old)]:
        gone, come = old.get(area), new.get(area)
        amount = (come.value if come else Decimal(0)) - (gone.value if gone else Decimal(0))
        if amount:
            found.append(_Rest("declared", amount, gone, come))
    return found


def _places(found: Snapshot, places: Places, before: Figure, after: Figure) -> list[_Rest]:
    """The provinces or communes that are covered on one side only."""
    one, other = _covered(found, places, before), _covered(found, places, after)
    gained = [_Rest("places", Decimal(1), place=key) for key in sorted(other - one)]
    return gained + [_Rest("places", Decimal(-1), place=key) for key in sorted(one - other)]


def _covered(found: Snapshot, places: Places, figure: Figure) -> set[str]:
    question, formula = figure.question, figure.question.definition.formula
    if question.area.kind == "commune" or not isinstance(formula, Coverage):
        return {question.area.code} if figure.choice.value else set()
    desk = Desk(places, question.clocks)
    desk.covered = Covered.on(places, found.look, question.clocks)
    return {key for key, clubs in desk.covered_in(question.area, formula.level)[0].items() if clubs > 0}


async def _page(
    found: Snapshot, places: Places, after: Figure, events: Changed, rest: Sequence[_Rest], reader: Reader
) -> list[Json]:
    """The changes of a page with everything that is told of them: what no event made, then events by kind and time."""
    start = PAGE * (reader.page - 1)
    end = start + PAGE
    lines = [_told_rest(each, places) for each in rest[start:end]]
    chosen = events.ordered()[max(0, start - len(rest)) : max(0, end - len(rest))].tolist()
    return lines + (await _told(found, places, after, events, chosen, reader) if chosen else [])


async def _told(
    found: Snapshot, places: Places, after: Figure, events: Changed, chosen: Sequence[int], reader: Reader
) -> list[Json]:
    look, question = found.look, after.question
    numbers: list[int] = events.subjects[chosen].tolist()
    subjects = [look.subjects[number] for number in numbers]
    positions: list[int] = events.positions[chosen].tolist()
    where = [(each.source, each.lane, at) for each, at in zip(subjects, positions, strict=True)]
    rows = await found.fetch(_EVENTS, *(list(column) for column in zip(*where, strict=True)))
    known = {(row["source"], row["lane"], row["position"]): row for row in rows}
    number = measure(listed.wanted(after, reader.component, places).measure)
    pairs = list(zip(numbers, positions, strict=True))
    values = reasons.before_and_after(look, number, Window.of(look, question.clocks, question.since), pairs)
    spots = reasons.spots(look, number, pairs)
    lines: list[Json] = []
    for index, subject, at, value, spot in zip(chosen, subjects, where, values, spots, strict=True):
        seen = reader.may_see(spot, places)
        kind = KINDS[int(events.kinds[index])]
        lines.append(
            {
                "kind": kind,
                "reason": render.words(WORDS[kind]),
                "amount": int(events.amounts[index]),
                "before": value[0],
                "after": value[1],
                "valid_on": day_of_number(int(events.days[index])).isoformat(),
                "known_at": render.instant(instant_of_number(int(events.known[index]))),
                "place": render.area(area_of(PlaceRef.parse(spot)), places),
                "event": _event(known[at]),
                "stream": subject.stream if seen else None,
                "actor": known[at]["actor"] if seen else None,
            }
        )
    return lines


def _event(row: Any) -> Json:
    return {
        "id": row["event_id"],
        "type": row["type"],
        "words": render.words(name_of_event(row["type"])),
        "source": row["source"],
        "lane": row["lane"],
        "position": row["position"],
        "recorded_at": render.instant(row["recorded_at"]),
    }


def _told_rest(each: _Rest, places: Places) -> Json:
    body: Json = {
        "kind": each.kind,
        "reason": render.words(WORDS[each.kind]),
        "amount": render.plain(each.amount),
        **dict.fromkeys(("before", "after", "valid_on", "known_at", "place", "event", "stream", "actor")),
    }
    if each.place is not None:
        return body | {"place": render.area(area_of(PlaceRef.parse(each.place)), places)}
    claim = each.come or each.gone
    return body if claim is None else body | _claim(claim, each.gone, each.come, places)


def _claim(claim: Declared, gone: Declared | None, come: Declared | None, places: Places) -> Json:
    if gone is None:
        reason = Words("Thêm số đã công bố", "A published figure is used")
    elif come is None:
        reason = Words(
            "Thôi dùng số đã công bố: đã có nguồn cụ thể hơn", "A published figure gives way to a more specific source"
        )
    else:
        reason = Words("Số công bố mới thay số công bố cũ", "A newer published figure replaces an older one")
    area = Area("nation", "VN") if claim.area is None else area_of(PlaceRef.parse(claim.area))
    return {
        "reason": render.words(reason),
        "before": None if gone is None else render.plain(gone.value),
        "after": None if come is None else render.plain(come.value),
        "valid_on": None if claim.valid_to is None else claim.valid_to.isoformat(),
        "known_at": render.instant(claim.recorded_at),
        "place": render.area(area, places),
        "event": {
            "id": claim.event_id,
            "type": "reporting.figure-declared",
            "words": render.words(name_of_event("reporting.figure-declared")),
            "source": "reporting",
            "lane": None,
            "position": None,
            "recorded_at": render.instant(claim.recorded_at),
        },
    }
