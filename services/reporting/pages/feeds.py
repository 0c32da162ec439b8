"""Nguồn số liệu: how far every producer and every province has come, whether each log is as it was recorded, what could not be
read and trying that again, which records on Kafka nobody believed, and the certificate of the ledger."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from services.reporting.indicators import indicator
from services.reporting.pages.reading import Chosen, Reading
from services.reporting.pages.site import Site
from services.reporting.pages.stamps import due_month, stamp_of
from services.reporting.pages.words import Language
from services.reporting.questions.progress import progress
from shared.events.language import UNIONS
from shared.kernel.database import Connection
from shared.kernel.errors import Refused
from shared.projections import builds, set_aside
from shared.projections.builds import live
from shared.projections.letters import listed, read_again
from shared.web.sessions import Posted, Visiting, Visitor

Json = dict[str, Any]
_MOST: Final = 100
_DONE: Final = re.compile(r"([0-9]{1,7})-([0-9]{1,7})")
_READY_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Producer:
    """A service as a source of figures: what it has recorded, what Kafka has, what the ledger has read, and when it was heard.

    `recorded` and `published` are None when the service does not answer; then what the ledger knows still stands.
    """

    name: str
    recorded: int | None
    published: int | None
    read: int
    last: datetime | None
    seconds: float | None
    ready: bool
    verified: Json
    """What the service says of the last verification of its log; empty when it does not answer."""
    why: tuple[str, ...]
    """Why it is not ready, in words."""

    @property
    def lag(self) -> int | None:
        """How many events the ledger has yet to read."""
        return None if self.recorded is None else max(0, self.recorded - self.read)


def router(site: Site) -> APIRouter:
    """The page, and replay for operators."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/nguon", response_class=Response)
    async def sources(
        request: Request, visitor: Visiting, reading: Chosen, replayed: Annotated[str | None, Query(max_length=40)] = None
    ) -> Response:
        """Every producer, every province, every event that could not be read."""
        live_from = await site.live(reading, "VN")
        view = site.desk.view
        async with site.desk.open(visitor.principal, reading.ask) as found:
            answer = await progress(found, site.desk.places, replace(reading.ask, definitions=(indicator("members"),)))
        async with builds.reading(site.desk.pool, view.name) as connection:
            build = await live(connection, view.name)
            heard = await _heard(connection)
            parked = await listed(connection, view.name, limit=_MOST)
            aside = await set_aside.listed(connection, _MOST)
            counts = await set_aside.counted(connection)
        return site.page(
            request,
            visitor,
            reading,
            "feeds.html",
            live=live_from,
            stamp=stamp_of(answer),
            producers=await _producers(site, heard, reading),
            provinces=[each for each in answer["freshness"] if each["kind"] == "province"],
            due=due_month(reading.ask.clocks.as_of),
            build=build,
            certificate=None if build is None or build.certificate is None else json.loads(build.certificate),
            parked=[_shown(row, visitor) for row in parked],
            aside=_by_kind(aside, counts, reading.language, visitor),
            may_replay=_may_replay(visitor),
            replayed=_replayed(replayed) if _may_replay(visitor) else None,
        )

    @routes.post("/nguon/doc-lai", response_class=Response)
    async def again(post: Posted) -> Response:
        """Try a stream's parked events again, in order. Refuses (403) who is no operator."""
        if not _may_replay(post.visitor):
            raise Refused(
                "not-your-role",
                "Việc này dành cho người vận hành hệ thống.",
                "This is for the operator of the system.",
                status=403,
            )
        done = await read_again(site.desk.pool, site.desk.view, post.form.get("stream", "")[:120])
        return RedirectResponse(f"/nguon?replayed={done.applied}-{done.waiting}#parked", 303)

    _ = (sources, again)
    return routes


async def _heard(connection: Connection) -> dict[str, tuple[int, datetime]]:
    rows: list[Any] = await connection.fetch(
        "select source, sum(position)::bigint as events, max(recorded_at) as last from lanes group by source"
    )
    return {row["source"]: (row["events"], row["last"]) for row in rows}


async def _producers(site: Site, heard: Mapping[str, tuple[int, datetime]], reading: Reading) -> list[Producer]:
    async def one(name: str) -> Producer:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                _, answer = await site.services.json(name, "GET", "/ready", [])
        except (Refused, TimeoutError):
            answer = {}
        parts: dict[str, Json] = answer.get("parts", {})
        log, verified = parts.get("log", {}), parts.get("verification", {})
        reasons = [str(part.get("why", "")).split(" / ") for part in parts.values() if not part.get("ok")]
        why = tuple(words[-1 if reading.language == "en" else 0] for words in reasons if words[0])
        read, last = heard.get(name, (0, None))
        seconds = None if last is None else max(0.0, (reading.now - last).total_seconds())
        ready = bool(answer.get("ready"))
        return Producer(name, log.get("position"), log.get("published"), read, last, seconds, ready, verified, why)

    return list(await asyncio.gather(*(one(name) for name in UNIONS)))


def _shown(row: Any, visitor: Visitor) -> Json:
    """A parked event; which stream it is of is shown to operators alone, as it may be a club's."""
    shown = dict(row.items())
    return shown if _may_replay(visitor) else {**shown, "stream": None, "reason": None}


def _by_kind(rows: Sequence[Any], counts: Mapping[str, int], language: Language, visitor: Visitor) -> list[Json]:
    """Records that were not believed, kind by kind with what it means. Why one was not is shown to operators alone: the words
    may be those of whoever wrote it."""
    seen = _may_replay(visitor)
    shown = [dict(row.items()) | {"reason": set_aside.plain(row["reason"]) if seen else None} for row in rows]
    return [
        {"kind": kind, "means": words[language == "en"], "count": counts[kind], "records": records}
        for kind, words in set_aside.KINDS.items()
        if counts[kind]
        for records in ([each for each in shown if each["kind"] == kind],)
    ]


def _may_replay(visitor: Visitor) -> bool:
    return visitor.principal is not None and visitor.principal.role == "operator"


def _replayed(text: str | None) -> tuple[int, int] | None:
    """How many events were read and how many wait, as the redirection says; nothing that it could not have said."""
    found = _DONE.fullmatch(text or "")
    return None if found is None else (int(found[1]), int(found[2]))
