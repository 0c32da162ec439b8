"""What the forms about one club have in common: showing them, taking them in, and pointing out that a report stands already.

A second report of the same day or month corrects the first. The form says so before it is sent: whoever was not shown what
stands is shown it, and sends once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry.desk import NOT_SENT, RIGHTS, Desk, Sending
from services.reporting.pages.entry.draft import ID, NAME, PLACE, SEEN, Draft, Remark, command_id, refill, told
from services.reporting.pages.entry.fields import Facts, Read, Section, known, read, typed_from
from services.reporting.pages.entry.record import Record, record_of
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.site import Named
from shared.kernel.errors import Refused
from shared.web.sessions import SignedIn, Visiting, Visitor

Json = dict[str, Any]
Blank = Annotated[bool, Query()]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of report. `day` is the path of the day or month that it speaks of."""

    path: str
    type: str
    heading: Callable[[Mapping[str, str]], Words]
    """The title, by what the form carries along."""
    button: Words
    sections: Sequence[Section]
    reports: Literal["members", "months", "boards"]
    day: str
    fresh: Callable[[Draft, Record, date, bool], None]
    """Fills in what a new form shows; the last argument: leave the last report's values out."""
    facts: Callable[[Read, Mapping[str, str]], Facts]
    """The facts of the command; what is wrong between fields goes into the errors."""
    standing: Callable[[str], Words]
    """That a report of this day stands."""

    def draft(self, stream: str, form: Mapping[str, str] | None = None) -> Draft:
        """The form with nothing in it, or with what was sent."""
        draft = Draft(f"{self.path}/{stream}", self.heading({}), self.sections, self.button)
        if form is not None:
            refill(draft, form)
            draft.title = self.heading(draft.kept)
        return draft

    def held(self, record: Record) -> dict[str, Json]:
        """The reports of this kind by their day."""
        found: dict[str, Json] = getattr(record, self.reports)
        return found

    def show_standing(self, draft: Draft, day: str, facts: Json) -> None:
        """Say that a report stands, and what it says."""
        draft.kept[SEEN] = day
        draft.stands = self.standing(day)
        draft.old = told(self.sections, typed_from(self.sections, facts))


async def fresh(
    desk: Desk,
    kind: Kind,
    request: Request,
    visitor: Visitor,
    reading: Reading,
    stream: str,
    *,
    empty: bool,
    kept: Mapping[str, str],
) -> Response:
    """The form as it is first shown."""
    try:
        record = await record_of(desk.site, visitor, stream)
    except Refused as refused:
        if refused.slug in RIGHTS:
            return desk.not_yours(request, visitor, reading, refused, None)
        raise
    if record.commune is not None:
        try:
            desk.may(visitor, record.commune)
        except Refused as refused:
            return desk.not_yours(request, visitor, reading, refused, record.commune)
    draft = kind.draft(stream)
    draft.kept |= kept
    _head(desk, draft, record)
    kind.fresh(draft, record, desk.today(reading), empty)
    return desk.page(request, visitor, reading, draft)


async def take(desk: Desk, kind: Kind, request: Request, visitor: Visitor, reading: Reading, stream: str) -> Response:
    """The form that was sent: on to the receipt, or shown again with everything in it."""

    async def show(_: Visitor, form: Mapping[str, str]) -> Draft:
        return kind.draft(stream, form)

    filed = await desk.received(request, visitor, reading, show)
    if isinstance(filed, Response):
        return filed
    draft = kind.draft(stream, filed.form)
    draft.kept[ID] = identity = command_id(filed.form)
    found = read(kind.sections, draft.typed)
    facts = kind.facts(found, filed.form)
    try:
        record = await record_of(desk.site, filed.visitor, stream)
    except Refused as refused:
        draft.errors = found.errors
        draft.remarks.append(Remark(NOT_SENT if refused.status >= 500 else Words(refused.vi, refused.en)))
        return desk.page(request, filed.visitor, reading, draft, refused.status)
    _head(desk, draft, record)
    day = found.values.get(kind.day) or facts.get(kind.day)
    stands = kind.held(record).get(day) if isinstance(day, str) else None
    if stands is not None and isinstance(day, str):
        kind.show_standing(draft, day, stands)
    if found.errors:
        draft.errors = found.errors
        return desk.page(request, filed.visitor, reading, draft, 422)
    if stands is not None and known(stands) != known(facts) and filed.form.get(SEEN) != day:
        return desk.page(request, filed.visitor, reading, draft, 409)
    results, status = await desk.send(filed.visitor, [Sending(identity, kind.type, {"club": stream, **facts})], draft)
    return desk.receipt(results) if results else desk.page(request, filed.visitor, reading, draft, status)


def router(desk: Desk, kind: Kind) -> APIRouter:
    """The form about one club, and its receiver."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(kind.path + "/{stream}", response_class=Response)
    async def form(request: Request, visitor: SignedIn, reading: Chosen, stream: Named, trong: Blank = False) -> Response:
        """The form: as last time, or blank (`trong`)."""
        return await fresh(desk, kind, request, visitor, reading, stream, empty=trong, kept={})

    @routes.post(kind.path + "/{stream}", response_class=Response)
    async def report(request: Request, visitor: Visiting, reading: Chosen, stream: Named) -> Response:
        """Record what the form says."""
        return await take(desk, kind, request, visitor, reading, stream)

    _ = (form, report)
    return routes


def _head(desk: Desk, draft: Draft, record: Record) -> None:
    draft.kept[NAME] = record.name
    if record.commune is not None:
        draft.kept[PLACE] = desk.site.desk.places.name(record.commune)
    if record.status == "dissolved":
        draft.remarks.append(Remark(DISSOLVED))


DISSOLVED = Words(
    "Câu lạc bộ này đã được ghi là giải thể; không ghi thêm được báo cáo.",
    "This club is recorded as dissolved; no report can be added.",
)
