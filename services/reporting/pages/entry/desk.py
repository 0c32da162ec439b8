"""Taking a form in: whose it is, whether it came from here, its commands to the clubs service, and the way to the receipt.

Guarantees that nothing typed is lost: a form whose session is over, whose fields cannot be read, that the service refuses or
does not answer is shown again with everything in it. Guarantees that a form is recorded once: its id was made when it was
shown. Refuses forms of other sites (403), and records nothing for a form that was made for another session.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry.draft import ID, Draft, Remark, blame, new_id
from services.reporting.pages.entry.signing import Signing
from services.reporting.pages.reading import Reading
from services.reporting.pages.site import Site, refused_by
from shared.kernel.authority import authorise
from shared.kernel.clock import day_of
from shared.kernel.decider import Jurisdiction
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.web.forms import read_form, readable
from shared.web.origin import require_same_origin
from shared.web.sessions import CSRF, Visitor, gate_of

Json = dict[str, Any]

RIGHTS: Final = frozenset({"not-your-role", "not-your-side", "not-your-area"})
RECEIPT: Final = "/nhap/bien-nhan"
REUSED: Final = "idempotency-key-reused"

CHECK_AGAIN: Final = Words(
    "Chưa ghi. Những gì bạn nhập còn nguyên dưới đây: hãy kiểm tra rồi bấm gửi.",
    "Not recorded yet. Everything you typed is below: check it and send it.",
)
LEFT_OUT: Final = Words(
    "Chưa ghi. Biểu mẫu gửi lên có ký tự hoặc mục không đọc được, đã bỏ đi; phần còn lại còn nguyên dưới đây: "
    "hãy kiểm tra rồi bấm gửi.",
    "Not recorded yet. The form had characters or fields that cannot be read, which were left out; all the rest is below: "
    "check it and send it.",
)
UNKNOWN: Final = Words(
    "Hệ thống chưa trả lời, nên chưa biết đã ghi hay chưa. Chờ một lát rồi bấm gửi lại: không bị ghi hai lần.",
    "The system did not answer, so nobody knows yet whether this was recorded. Wait, then send again: it is recorded once.",
)
SENT_BEFORE: Final = Words(
    "Biểu mẫu này đã được ghi trước đó với nội dung khác; lần gửi này chưa ghi gì. Xem biên nhận của lần trước; "
    "nếu nội dung dưới đây là đúng thì bấm gửi lần nữa để ghi thêm.",
    "This form was recorded before with other content; this time nothing was recorded. See the receipt of then; "
    "if what is below is right, send it once more to record it as well.",
)
NOT_SENT: Final = Words(
    "Hệ thống chưa trả lời; chưa ghi gì. Những gì bạn nhập còn nguyên: chờ một lát rồi bấm gửi lại.",
    "The system does not answer; nothing was recorded. Everything you typed is kept: wait a moment and send it again.",
)
SEE_RECEIPT: Final = Words("Biên nhận lần trước", "The receipt of then")


@dataclass(slots=True)
class Filed:
    """A form that may be recorded: whose it is, and what it says."""

    visitor: Visitor
    form: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sending:
    """One command on its way: its id, its type, its facts, and what the form calls them (`members.` in a founding)."""

    id: str
    type: str
    data: Json
    under: str = ""


Show = Callable[[Visitor, Mapping[str, str]], Awaitable[Draft]]
"""Makes the draft of a form that was sent, with everything typed in it; must not fail."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the forms work with."""

    site: Site
    signing: Signing

    def today(self, reading: Reading) -> date:
        """The day in Vietnam."""
        return day_of(reading.now)

    def page(self, request: Request, visitor: Visitor, reading: Reading, draft: Draft, status: int = 200) -> Response:
        """The form."""
        draft.kept.setdefault(ID, new_id())
        response = self.site.page(request, visitor, reading, "entry/form.html", status=status, draft=draft)
        response.headers["cache-control"] = "no-store"
        return response

    def not_yours(
        self, request: Request, visitor: Visitor, reading: Reading, refused: Refused, place: PlaceRef | None
    ) -> Response:
        """The page that says who may do this."""
        places = self.site.desk.places
        province = None if place is None else places.locate(place, "34").province
        return self.site.page(
            request, visitor, reading, "entry/not_yours.html", status=403, refused=refused,
            commune=None if place is None else places.name(place), province=None if province is None else places.name(province),
        )  # fmt: skip

    def may(self, visitor: Visitor, place: PlaceRef) -> None:
        """Let the visitor write of a commune, as the clubs service does. May raise `Refused`."""
        if visitor.principal is not None:
            authorise(visitor.principal, Jurisdiction(place), self.site.desk.places)

    async def received(self, request: Request, visitor: Visitor, reading: Reading, show: Show) -> Filed | Response:
        """A form that may be recorded; else the page to answer with, which has everything in it that was typed."""
        require_same_origin(request, gate_of(request).public)
        form, unread = await _form_of(request)
        given = form.pop(CSRF, "")
        if not visitor.signed_in:
            entered = await self.signing.again(self.site, request, visitor, reading, form, given)
            if isinstance(entered, Response):
                return entered
            return await self._unsent(request, entered, reading, form, show, 200)
        carried = self.signing.forget(form)
        if unread is not None:
            return await self._unsent(request, visitor, reading, form, show, unread.status, LEFT_OUT)
        if not visitor.csrf or not hmac.compare_digest(given.encode(), visitor.csrf.encode()):
            return await self._unsent(request, visitor, reading, form, show, 200 if carried else 403)
        return Filed(visitor, form)

    async def _unsent(
        self, request: Request, visitor: Visitor, reading: Reading, form: Mapping[str, str], show: Show, status: int,
        why: Words = CHECK_AGAIN,
    ) -> Response:  # fmt: skip
        draft = await show(visitor, form)
        draft.remarks.insert(0, Remark(why))
        return self.page(request, visitor, reading, draft, status)

    async def send(self, visitor: Visitor, commands: Sequence[Sending], draft: Draft) -> tuple[list[Json], int]:
        """The answers of the service, all or none recorded; or none, with the draft saying why, and the status of the page.

        Several commands are tried in a dry run first, so that what is wrong with any of them is told at once.
        """
        body = {
            "atomic": len(commands) > 1,
            "commands": [{"id": each.id, "type": each.type, "data": each.data} for each in commands],
        }
        answers: list[Json] = []
        for dry_run in (True, False) if len(commands) > 1 else (False,):
            try:
                answer = await self.site.ask(
                    "clubs", "/v1/commands:batch", visitor, method="POST", body=body, dry_run="true" if dry_run else None
                )
            except Refused as refused:
                unclear = NOT_SENT if dry_run else UNKNOWN
                draft.remarks.append(Remark(unclear if refused.status >= 500 else Words(refused.vi, refused.en)))
                return [], refused.status
            answers = answer["answers"]
            if dry_run and any(map(_founded_meanwhile, answers)):
                continue
            if status := self._blamed(draft, commands, answers):
                return [], status
        return [answer["result"] for answer in answers], 200

    def _blamed(self, draft: Draft, commands: Sequence[Sending], answers: Sequence[Json]) -> int:
        """Show the refusals; the status of the page, 0 if there is none. What follows from another refusal is not told."""
        status = 0
        for command, answer in zip(commands, answers, strict=True):
            if answer["status"] < 400:
                continue
            refused = refused_by(answer["status"], answer["problem"])
            if refused.slug == "refused-together" or (status and refused.slug == "unknown-club"):
                status = status or refused.status
                continue
            status = max(status, refused.status)
            if refused.slug == REUSED:
                self._sent_before(draft, commands[0].id)
            elif refused.status >= 500:
                draft.remarks.append(Remark(UNKNOWN))
            else:
                blame(draft, refused, command.under)
        return status

    @staticmethod
    def _sent_before(draft: Draft, identity: str) -> None:
        """The id was used for something else: the form gets a new one and keeps what was typed."""
        if draft.kept.get(ID) == identity:
            draft.kept[ID] = new_id()
            draft.remarks.append(Remark(SENT_BEFORE, f"{RECEIPT}/{identity}", SEE_RECEIPT))

    @staticmethod
    def receipt(results: Sequence[Json]) -> Response:
        """On to the receipt, which can be loaded again."""
        first = results[0]
        query = {} if any(result["events"] for result in results) else {"clb": first["stream"], "khong_doi": "1"}
        return RedirectResponse(f"{RECEIPT}/{first['command_id']}" + (f"?{urlencode(query)}" if query else ""), 303)


async def _form_of(request: Request) -> tuple[dict[str, str], Refused | None]:
    """The form that was sent; else what can be read of it, and why it may not be recorded. May raise `Refused`."""
    try:
        return await read_form(request), None
    except Refused as refused:
        found = readable(await request.body()) if refused.status == 400 else {}
        if not found:
            raise
        return found, refused


def _founded_meanwhile(answer: Json) -> bool:
    """The club's id is the founding's own, so whoever founded it meanwhile is this very form, pressed twice; the real sending
    gets its first answer."""
    return answer["status"] >= 400 and answer["problem"]["slug"] == "already-founded"
