"""The receipt (biên nhận) of what was recorded: what, when, by whom, under which event ids, and what to copy into a message.

It is made from the log alone, by the id of the command, so that it can be loaded again at any time and says the same. What is
odd about it is asked of the service in a dry run, which records nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request, Response

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry import board, found, members, month, sheets
from services.reporting.pages.entry.desk import RECEIPT, Desk
from services.reporting.pages.entry.draft import told
from services.reporting.pages.entry.due import Due, due_of
from services.reporting.pages.entry.fields import Section, typed_from
from services.reporting.pages.entry.message import Told, message_of
from services.reporting.pages.entry.record import Record, record_of
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.sign_in import rights_of
from shared.events.common import StreamId
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.principal import parse_actor
from shared.web.origin import address_of
from shared.web.sessions import SignedIn, Visitor, gate_of

Json = dict[str, Any]

SHEETS: Final[dict[str, tuple[Words, tuple[Section, ...], str]]] = {
    "clubs.club-founded": (Words("Thành lập câu lạc bộ", "Club founded"), sheets.FOUNDING, "clubs.found-club"),
    "clubs.members-reported": (Words("Thành viên", "Members"), sheets.MEMBERSHIP, members.KIND.type),
    "clubs.month-reported": (Words("Báo cáo tháng", "Monthly report"), sheets.MONTH, month.KIND.type),
    "clubs.board-renewed": (Words("Kiện toàn ban chủ nhiệm", "Board renewed"), sheets.BOARD, board.KIND.type),
}


async def events_of(desk: Desk, visitor: Visitor, identity: str) -> list[Json]:
    """The events of a command and of the one that follows from it. May raise `Refused`."""
    first, second = await asyncio.gather(
        *(_event(desk, visitor, str(uuid5(UUID(command), "0"))) for command in (identity, found.second_id(identity)))
    )
    if first is None:
        return []
    return [first, second] if second is not None and first["type"] == "clubs.club-founded" else [first]


async def _event(desk: Desk, visitor: Visitor, identity: str) -> Json | None:
    try:
        return await desk.site.ask("clubs", f"/v1/events/{identity}", visitor)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


async def notices_of(desk: Desk, visitor: Visitor, events: list[Json]) -> list[Json]:
    """What the service points out about these facts; nothing where it cannot say."""
    if not events:
        return []
    commands: list[Json] = []
    for event in events:
        data: Json = event["data"] or {}
        type_ = SHEETS[event["type"]][2]
        commands.append({"type": type_, "data": data if type_ == "clubs.found-club" else {**data, "club": event["stream"]}})
    with suppress(Refused):
        answers = await desk.site.ask(
            "clubs", "/v1/commands:batch", visitor, method="POST", body={"commands": commands}, dry_run="true"
        )
        return [notice for answer in answers["answers"] if "result" in answer for notice in answer["result"]["notices"]]
    return []


def _told(event: Json, record: Record) -> Told:
    title, sections, _ = SHEETS[event["type"]]
    data: Json = event["data"] or {}
    if event["type"] == "clubs.month-reported":
        said = month.named(data["month"])
        title = Words(f"Báo cáo {said.vi}", f"Report of {said.en}")
    return Told(event, title, told(sections, typed_from(sections, data)), event["event_id"] in record.corrections)


async def next_due(desk: Desk, visitor: Visitor, reading: Reading, record: Record) -> Due | None:
    """The next club of the commune that owes its month; None if there is none, or nobody can say."""
    if record.commune is None:
        return None
    with suppress(Refused):
        answer = await desk.site.ask("clubs", "/v1/clubs", visitor, place=record.commune.key, status="active", limit=100)
        today = desk.today(reading)
        clubs = [due_of(club, today) for club in answer["clubs"] if club["club"] != record.stream]
        return next((club for club in clubs if club.month_due), None)
    return None


def router(desk: Desk) -> APIRouter:
    """The one route."""
    routes = APIRouter(include_in_schema=False)
    places = desk.site.desk.places

    @routes.get(RECEIPT + "/{command}", response_class=Response)
    async def receipt(
        request: Request,
        visitor: SignedIn,
        reading: Chosen,
        command: UUID,
        clb: Annotated[StreamId | None, Query()] = None,
        khong_doi: Annotated[bool, Query()] = False,
    ) -> Response:
        """What a command recorded; `khong_doi`: it changed nothing, because the club's record said so already."""
        events = await events_of(desk, visitor, str(command))
        if not events and not (khong_doi and clb):
            raise _no_receipt()
        told_of = [event for event in events if event["type"] in SHEETS]
        record, notices = await asyncio.gather(
            record_of(desk.site, visitor, events[0]["stream"] if events else clb or ""), notices_of(desk, visitor, told_of)
        )
        commune = record.commune or PlaceRef(code="VN", list="34")
        shown = [_told(event, record) for event in told_of]
        last = events[-1] if events else None
        waits = {} if last is None else {"cho": f"clubs:{last['lane']}:{last['position']}"}
        by = None if last is None else rights_of(parse_actor(last["actor"]), places, reading.language)
        address = address_of(request, gate_of(request).public) + request.url.path
        response = desk.site.page(
            request, visitor, reading, "entry/receipt.html",
            shown=shown, record=record, commune=commune, place=places.name(commune), by=by, last=last, command=str(command),
            back=f"/xa/{commune.key}" + (f"?{urlencode(waits)}" if waits else ""),
            notices=notices,
            following=await next_due(desk, visitor, reading, record),
            message=message_of(shown, record, places.name(commune), by or "", address, reading.language),
        )  # fmt: skip
        response.headers["cache-control"] = "no-store"
        return response

    _ = receipt
    return routes


def _no_receipt() -> Refused:
    return Refused(
        "no-receipt",
        "Không có biên nhận này: chưa có gì được ghi dưới mã đó.",
        "There is no such receipt: nothing was recorded under this id.",
        status=404,
    )
