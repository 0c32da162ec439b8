"""A computed figure as JSON: the number with its id, its words in both languages, its sources, and what it is held against."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from services.reporting.indicators.definition import Definition, Share, Words
from services.reporting.questions import number_id, wording
from services.reporting.questions.area import Area, name_of
from services.reporting.questions.declared import Declared, Target
from services.reporting.questions.desk import Figure
from services.reporting.questions.question import Clocks
from services.reporting.questions.snapshot import Stamp
from shared.kernel.clock import HO_CHI_MINH
from shared.reference.book import Places

Json = dict[str, Any]


def figure(found: Figure) -> Json:
    """One number."""
    question, choice, value = found.question, found.choice, found.value
    definition = question.definition
    unit = definition.unit
    mix = (
        None if choice.value is None or isinstance(definition.formula, Share) else wording.mix(choice.value, choice.parts, unit)
    )
    body: Json = {
        "id": number_id.encode(question),
        "indicator": definition.slug,
        "definition_version": definition.version,
        "title": words(definition.title),
        "unit": unit,
        "unit_words": words(wording.UNITS[unit]),
        "value": plain(choice.value),
        "display": words(wording.amount(choice.value, unit)),
        "source": choice.source,
        "parts": [{"basis": basis, "amount": plain(amount)} for basis, amount in choice.parts.items()],
        "mix": None if mix is None else words(mix),
        "counted": choice.counted if choice.source != "none" else None,
        "complete": choice.complete,
        "clubs": found.clubs,
        "stated": value.stated,
        "part": value.part,
        "whole": value.whole,
        "stale": value.stale,
        "undecided": found.undecided,
        "generated": found.generated,
        "notes": [words(note) for note in notes(found)],
        "declarations": [declaration(each) for each in choice.used],
        "others": [declaration(each) for each in found.others],
        "targets": [target(each, found) for each in found.targets],
    }
    return body


def notes(found: Figure) -> list[Words]:
    """What a reader must know beside the number, in sentences."""
    said: list[Words] = []
    choice, value, unit = found.choice, found.value, found.question.definition.unit
    if choice.used:
        counted = wording.amount(Decimal(choice.counted), unit)
        said.append(Words(f"Có phần kê khai; đếm được {counted.vi}.", f"Partly declared; {counted.en} counted."))
    elif choice.value is not None and not choice.complete:
        said.append(
            Words("Chưa đủ: số câu lạc bộ đếm được ít hơn số kê khai.", "Incomplete: fewer clubs counted than declared.")
        )
    if value.stated is not None and found.question.definition.of_clubs:
        of = wording.number(Decimal(value.stated)), wording.number(Decimal(found.clubs))
        said.append(Words(f"{of[0].vi}/{of[1].vi} câu lạc bộ có ghi số này.", f"{of[0].en} of {of[1].en} clubs stated it."))
    if value.stale:
        stale = wording.amount(Decimal(value.stale), unit)
        said.append(Words(f"Trong đó {stale.vi} quá 12 tháng chưa báo cáo.", f"Of it {stale.en} unreported for 12 months."))
    if found.undecided:
        said.append(
            Words(
                f"{found.undecided} xã bị chia tách chờ phân định.", f"{found.undecided} divided communes wait to be decided."
            )
        )
    if found.question.waits:
        said.append(
            Words(
                "Chỉ là phần chờ phân định: ghi cho chính xã này, chưa biết thuộc xã nào trên bản đồ đang xem.",
                "Only the part that waits to be decided: recorded of this commune, and of none of the map shown.",
            )
        )
    if found.generated:
        said.append(Words("Có dữ liệu mô phỏng.", "Contains generated data."))
    return said


def declaration(claim: Declared) -> Json:
    """A published figure with its source."""
    return {
        "stream": claim.stream,
        "metric": claim.metric,
        "area": claim.area,
        "scope": claim.scope,
        "value": plain(claim.value),
        "qualifier": claim.qualifier,
        "basis": claim.basis,
        "formula": claim.formula,
        "valid_from": None if claim.valid_from is None else claim.valid_from.isoformat(),
        "valid_to": None if claim.valid_to is None else claim.valid_to.isoformat(),
        "date_as_printed": claim.date_as_printed,
        "published_on": None if claim.published_on is None else claim.published_on.isoformat(),
        "publication_known": claim.published_on is not None,
        "recorded_at": instant(claim.recorded_at),
        "source": claim.source,
        "event_id": claim.event_id,
        "words": words(wording.declared(claim)),
    }


def target(aim: Target, found: Figure) -> Json:
    """A target and the verdict."""
    unit = found.question.definition.unit
    said = wording.verdict(found.choice.value, aim, unit, found.question.clocks.as_of)
    return {
        "scheme": aim.scheme,
        "area": aim.area,
        "period_from": aim.period_from.isoformat(),
        "period_to": aim.period_to.isoformat(),
        "ended": aim.period_to < found.question.clocks.as_of,
        "measure": aim.measure,
        "low": plain(aim.low),
        "high": plain(aim.high),
        "source": aim.source,
        "percent": plain(said.percent),
        "reached": said.reached,
        "expected_by_now": plain(said.expected),
        "words": words(said.words),
    }


def definition(each: Definition) -> Json:
    """An indicator for readers."""
    return {
        "slug": each.slug,
        "number": each.number,
        "version": each.version,
        "title": words(each.title),
        "unit": each.unit,
        "formula": words(each.text),
        "kind": type(each.formula).__name__.lower(),
        "window": each.window,
        "measures": list(each.measures()),
        "example": {"sums": dict(each.example.sums), "value": plain(each.example.value)},
    }


def area(each: Area, places: Places) -> Json:
    """An area with its name."""
    return {"key": each.text, "kind": each.kind, "name": name_of(each, places)}


def head(mark: Stamp, clocks: Clocks, places: Places) -> Json:
    """What every answer carries."""
    return {
        "as_of": clocks.as_of.isoformat(),
        "known_at": instant(clocks.known_at),
        "map": clocks.map,
        "map_version": places.version(clocks.map),
        "basis": clocks.basis,
        "provisional": mark.provisional,
        "open_lanes": mark.open_lanes,
        "parked": mark.parked,
        "log_position": mark.positions,
    }


def words(each: Words) -> dict[str, str]:
    """Both languages."""
    return {"vi": each.vi, "en": each.en}


def plain(value: Decimal | None) -> int | float | None:
    """A JSON number: whole where it is whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def instant(at: datetime) -> str:
    """In Vietnam's zone, to the second."""
    return at.astimezone(HO_CHI_MINH).isoformat(timespec="seconds")
