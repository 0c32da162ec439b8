"""The pages with the real clubs service as their neighbour, without Kafka; and a browser that reads forms as HTML says."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx

from services.clubs.app import SERVICE as CLUBS
from services.clubs.views import Clubs
from services.reporting.app import SERVICE as REPORTING
from services.reporting.ledger.view import FiguresView
from shared.kernel.clock import day_of, system_clock
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Role
from shared.reference.book import load
from shared.testing.apps import Running, running
from shared.testing.folding import apply_batch
from shared.web.cookies import SESSION
from shared.web.session_store import Sessions
from shared.web.tokens import Tokens, TokenWish, hash_of, new_token
from shared.web.upstream import Upstreams

BA_DINH = PlaceRef(code="00004", list="34")
HA_NOI = PlaceRef(code="01", list="34")
NGOC_HA = PlaceRef(code="00008", list="34")
NOW = system_clock() + timedelta(hours=2)
"""Where the services' clocks stand: the day does not turn while tests run, and what they record is known by then."""
TODAY = day_of(NOW)


class Wire(httpx.AsyncBaseTransport):
    """The way to the clubs service; `down` cuts it before a request arrives, `deaf` loses the answer of one that did."""

    def __init__(self) -> None:
        self.inner: httpx.ASGITransport | None = None
        self.down = False
        self.deaf = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.down or self.inner is None:
            raise httpx.ConnectError("down")
        answer = await self.inner.handle_async_request(request)
        if self.deaf and request.method == "POST" and b"dry_run" not in request.url.query:
            raise httpx.ReadError("lost")
        return answer


@dataclass
class EntryWorld:
    """Both services, and the wire between them."""

    pages: Running
    clubs: Running
    wire: Wire

    async def token(self, role: Role = "commune", area: PlaceRef = BA_DINH) -> str:
        """A token that both services know."""
        identity, token = new_token()
        wish = TokenWish(role=role, area=area, side="association", id=identity, hash=hash_of(token).hex())
        for service in (self.pages, self.clubs):
            await Tokens(service.pool, load()).issue(wish)
        return token

    @asynccontextmanager
    async def officer(self, role: Role = "commune", area: PlaceRef = BA_DINH) -> AsyncGenerator[httpx.AsyncClient]:
        """A browser with a session."""
        async with self.browser() as client:
            started = await Sessions(self.pages.pool).start(await self.token(role, area))
            client.cookies.set(SESSION, started.secret)
            yield client

    def browser(self) -> httpx.AsyncClient:
        """A browser of nobody."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.pages.app), base_url="http://service")

    async def count(self) -> int:
        """How many events the clubs' log holds."""
        return sum(head.position for head in (await self.clubs.heads()).values())

    async def follow(self) -> None:
        """What Kafka would do: everything of the clubs' log into the clubs' view and the ledger."""
        identity = await self.clubs.writing.log.identity()
        events = [
            event
            for lane, head in (await self.clubs.heads()).items()
            for event in await self.clubs.writing.log.read_lane(lane, 0, head.position + 1)
        ]
        for service, view in ((self.clubs, Clubs(load())), (self.pages, FiguresView(load()))):
            async with service.pool.acquire() as connection:
                await apply_batch(connection, view, events, identity=identity)


@asynccontextmanager
async def entry_world(postgres: Any) -> AsyncGenerator[EntryWorld]:
    wire = Wire()
    async with (
        running(CLUBS, postgres, clock=lambda: NOW) as clubs,
        httpx.AsyncClient(transport=wire, base_url="http://clubs") as client,
        running(REPORTING, postgres, clock=lambda: NOW, services=Upstreams({"clubs": client})) as pages,
    ):
        wire.inner = httpx.ASGITransport(app=clubs.app)
        yield EntryWorld(pages, clubs, wire)


@dataclass
class Page(HTMLParser):
    """What a page holds: the fields of its last form with an action, errors by field, links, texts, element names."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict[str, str])
    attributes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    by_id: dict[str, str] = field(default_factory=dict[str, str])
    tags: list[str] = field(default_factory=list[str])
    links: list[str] = field(default_factory=list[str])
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._select = ""
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag not in {"input", "meta", "link", "img", "br"}:
            self._open.append((tag, found.get("id", "")))
        if tag == "form":
            self.action, self.fields = found.get("action", ""), {}
        if tag == "a":
            self.links.append(found.get("href", ""))
        name = found.get("name", "")
        if name:
            self.attributes[name] = found
        if tag == "input" and name and (found.get("type") not in {"radio", "checkbox"} or "checked" in found):
            self.fields[name] = found.get("value", "")
        if tag == "select":
            self._select = name
            self.fields[name] = ""
        if tag == "option" and "selected" in found:
            self.fields[self._select] = found["value"]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        for _, identity in self._open:
            if identity:
                self.by_id[identity] = self.by_id.get(identity, "") + data

    def why(self, name: str) -> str:
        """What is said beside a field, found as a screen reader finds it."""
        given = self.attributes[name]
        if given.get("aria-invalid") != "true":
            return ""
        return " ".join(self.by_id[each] for each in given["aria-describedby"].split() if each.endswith("-why"))


def read_page(answer: httpx.Response) -> Page:
    page = Page()
    page.feed(answer.text)
    return page


LAST_MONTH = (TODAY.replace(day=1) - timedelta(days=1)).isoformat()[:7]
EVIL = "<img src=x onerror=alert(1)>"
FIVE = {
    "name": "CLB liên thế hệ thôn 3",
    "founded_on": "02/09/2025",
    "members.total": "52",
    "members.aged_60_plus": "34",
    "members.women": "38",
}


async def opened(client: httpx.AsyncClient, path: str = "/nhap/clb-moi") -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return read_page(answer)


async def sent(client: httpx.AsyncClient, page: Page, **typed: str) -> httpx.Response:
    return await client.post(page.action, data={**page.fields, **typed})


async def founded(client: httpx.AsyncClient, **typed: str) -> str:
    """The stream of a club that was founded by the form."""
    page = await opened(client)
    answer = await sent(client, page, **(FIVE | typed))
    assert answer.status_code == 303, read_page(answer).text
    return f"club-{page.fields['ma']}"


async def told(world: EntryWorld, stream: str) -> list[dict[str, Any]]:
    """The events of a club, the oldest first, straight from the log."""
    header = await world.clubs.token("centre")
    answer = await world.clubs.client.get(f"/v1/streams/{stream}/events", headers=header)
    return answer.json()["events"][::-1] if answer.status_code == 200 else []
