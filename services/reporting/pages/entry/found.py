"""Founding a club (thành lập câu lạc bộ) and its first membership, in one form of few fields.

Two commands that stand or fall together: if one is refused, nothing is recorded and everything typed is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request, Response

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry import sheets
from services.reporting.pages.entry.desk import RIGHTS, Desk, Sending
from services.reporting.pages.entry.draft import COMMUNE, ID, PLACE, Draft, Remark, command_id, refill
from services.reporting.pages.entry.fields import NOT_A_CHOICE, Facts, Field, Read, Section, nested, read
from services.reporting.pages.reading import Chosen, Reading
from shared.kernel.errors import Refused
from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import Places
from shared.web.questions import asked_place
from shared.web.sessions import SignedIn, Visiting, Visitor

PATH: Final = "/nhap/clb-moi"
PROVINCE: Final = "tinh"
TITLE: Final = Words("Thành lập câu lạc bộ mới", "Found a new club")
BUTTON: Final = Words("Ghi câu lạc bộ mới", "Record the new club")
PICK_COMMUNE: Final = Words("Xã, phường, đặc khu", "Commune, ward or special zone")
PICK_PROVINCE: Final = Words("Câu lạc bộ thuộc tỉnh, thành phố nào?", "In which province is the club?")

_TOTAL_NEEDED: Final = Words(
    "Có số theo nhóm thì cần cả tổng số thành viên.", "Numbers of groups need the total of members too."
)

Place = Annotated[str | None, Query(max_length=16)]


def second_id(identity: str) -> str:
    """The id of the command that reports the first membership: it follows from the founding's."""
    return str(uuid5(UUID(identity), "members"))


def sections_for(places: Places, commune: PlaceRef | None, province: PlaceRef | None) -> tuple[Section, ...]:
    """The fields; with a list of communes where the commune is not known yet."""
    if commune is not None:
        return sheets.FOUNDING
    listed = () if province is None else sorted(places.communes(province), key=places.sort_key)
    choices = tuple((place.key, Words(places.name(place), places.name(place))) for place in listed)
    pick = Field("commune", "choice", PICK_COMMUNE, None, required=True, choices=choices)
    first, *rest = sheets.FOUNDING
    return (Section((first.fields[0], pick, *first.fields[1:])), *rest)


def _draft(places: Places, commune: PlaceRef | None, province: PlaceRef | None) -> Draft:
    draft = Draft(PATH, TITLE, sections_for(places, commune, province), BUTTON)
    if commune is not None:
        draft.kept |= {COMMUNE: commune.key, PLACE: _full_name(places, commune)}
    elif province is not None:
        draft.kept[COMMUNE] = province.key
    return draft


def _full_name(places: Places, commune: PlaceRef) -> str:
    province = places.locate(commune, commune.list).province
    return places.name(commune) + ("" if province is None else f", {places.name(province)}")


def _of(places: Places, form: Mapping[str, str]) -> tuple[PlaceRef | None, PlaceRef | None]:
    """The commune, or the province in which it is to be chosen, that a form carries."""
    try:
        place = asked_place(form.get(COMMUNE, ""), places)
    except Refused:
        return None, None
    return (place, None) if place.level == "commune" else (None, place if place.level == "province" else None)


def _refilled(places: Places, form: Mapping[str, str]) -> Draft:
    return refill(_draft(places, *_of(places, form)), form)


def facts_of(found: Read, commune: PlaceRef) -> tuple[Facts, Facts | None]:
    """The facts of the founding, and of the membership if its total is there."""
    founding = nested({path: value for path, value in found.values.items() if not path.startswith(sheets.MEMBERS)})
    founding["commune"] = {"code": commune.code, "list": commune.list}
    members = nested(found.values, sheets.MEMBERS)
    counted = members.keys() - {"as_of", "basis"}
    total = f"{sheets.MEMBERS}total"
    if counted and "total" not in members and total not in found.errors:
        found.errors[total] = _TOTAL_NEEDED
    return founding, members if "total" in members else None


def router(desk: Desk) -> APIRouter:
    """The form and its receiver."""
    routes = APIRouter(include_in_schema=False)
    places = desk.site.desk.places

    @routes.get(PATH, response_class=Response)
    async def new_club(request: Request, visitor: SignedIn, reading: Chosen, xa: Place = None, tinh: Place = None) -> Response:
        """The form of a founding, in a commune, or in a province whose communes it offers."""
        area = visitor.principal.area if visitor.principal else NATION
        place = asked_place(xa or tinh or area.key, places)
        try:
            desk.may(visitor, place)
        except Refused as refused:
            if refused.slug in RIGHTS:
                return desk.not_yours(request, visitor, reading, refused, place if place.level == "commune" else None)
            raise
        if place.level == "nation":
            found = [(f"{PATH}?{PROVINCE}={each.key}", places.name(each)) for each in places.provinces("34")]
            return desk.site.page(request, visitor, reading, "entry/pick.html", title=PICK_PROVINCE, found=found)
        commune = place if place.level == "commune" else None
        draft = _draft(places, commune, None if commune else place)
        draft.typed = {
            "managing_body": "association-of-the-elderly",
            f"{sheets.MEMBERS}as_of": desk.today(reading).isoformat(),
            f"{sheets.MEMBERS}basis": "counted",
        }
        return desk.page(request, visitor, reading, draft)

    @routes.post(PATH, response_class=Response)
    async def found_club(request: Request, visitor: Visiting, reading: Chosen) -> Response:
        """Record the founding and the first membership."""
        return await _take(desk, request, visitor, reading)

    _ = (new_club, found_club)
    return routes


async def _take(desk: Desk, request: Request, visitor: Visitor, reading: Reading) -> Response:
    places = desk.site.desk.places

    async def show(_: Visitor, form: Mapping[str, str]) -> Draft:
        return _refilled(places, form)

    filed = await desk.received(request, visitor, reading, show)
    if isinstance(filed, Response):
        return filed
    draft = _refilled(places, filed.form)
    draft.kept[ID] = identity = command_id(filed.form)
    found = read(draft.sections, draft.typed)
    commune, _ = _of(places, {COMMUNE: found.values.pop("commune", None) or draft.kept.get(COMMUNE, "")})
    founding, members = facts_of(found, commune or NATION)
    draft.errors = found.errors
    if commune is None and "commune" not in draft.errors:
        draft.remarks.append(Remark(NOT_A_CHOICE))
    if draft.errors or commune is None:
        return desk.page(request, filed.visitor, reading, draft, 422)
    commands = [Sending(identity, "clubs.found-club", founding)]
    if members is not None:
        facts = {"club": f"club-{identity}", **members}
        commands.append(Sending(second_id(identity), "clubs.report-members", facts, sheets.MEMBERS))
    results, status = await desk.send(filed.visitor, commands, draft)
    return desk.receipt(results) if results else desk.page(request, filed.visitor, reading, draft, status)
