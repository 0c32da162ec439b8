"""Sessions, forms and the pages' access dependencies, over the real application on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from services.reporting.app import SERVICE as REPORTING
from shared.kernel.place import NATION
from shared.reference.book import load
from shared.testing.apps import THANH_HOA, Running, running
from shared.web.access import routes_without_access
from shared.web.links import Links
from shared.web.sealing import digest
from shared.web.session_store import Sessions
from shared.web.sessions import Posted, SignedIn, Visiting
from shared.web.tokens import Tokens, TokenWish
from tests.shared.web.four import System


@pytest.fixture(scope="module")
async def service(postgres: Any) -> AsyncIterator[Running]:
    """The reporting service with four small pages of the test's own."""
    async with running(REPORTING, postgres) as found:
        found.app.include_router(pages())
        yield found


def pages() -> APIRouter:
    routes = APIRouter(prefix="/thu", include_in_schema=False)

    @routes.get("/ai")
    async def who(visitor: Visiting) -> dict[str, Any]:
        role = None if visitor.principal is None else visitor.principal.role
        return {"role": role, "csrf": visitor.csrf, "token": visitor.token}

    @routes.get("/rieng")
    async def private(visitor: SignedIn, trang: int = 1) -> dict[str, Any]:
        return {"signed_in": visitor.signed_in, "trang": trang}

    @routes.post("/rieng")
    async def form(post: Posted) -> dict[str, str]:
        return post.form

    _ = (who, private, form)
    return routes


async def token_of(service: Running, expires_at: datetime | None = None) -> str:
    wish = TokenWish(role="province", area=THANH_HOA, side="association", expires_at=expires_at)
    return (await Tokens(service.pool, load()).issue(wish)).token or ""


async def signed_in(service: Running, token: str, sessions: Sessions | None = None) -> httpx.AsyncClient:
    started = await (sessions or Sessions(service.pool)).start(token)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=service.app), base_url="http://service", cookies={"lt_session": started.secret}
    )


async def role(client: httpx.AsyncClient) -> str | None:
    return (await client.get("/thu/ai")).json()["role"]


async def run(service: Running, statement: str, *arguments: Any) -> Any:
    async with service.pool.acquire() as connection:
        return await connection.fetchval(statement, *arguments)


async def test_the_pages_dependencies_count_as_access(service: Running) -> None:
    assert routes_without_access(service.app) == []


async def test_a_visitor_is_nobody_a_bearer_or_a_session(service: Running) -> None:
    token = await token_of(service)
    assert (await service.client.get("/thu/ai")).json() == {"role": None, "csrf": "", "token": None}
    bearer = (await service.client.get("/thu/ai", headers={"Authorization": f"Bearer {token}"})).json()
    client = await signed_in(service, token)
    session = (await client.get("/thu/ai")).json()
    assert bearer["token"] == session["token"] == token
    assert bearer["role"] == session["role"] == "province"
    assert len({bearer["csrf"], session["csrf"]}) == 2
    wrong = await client.get("/thu/ai", headers={"Authorization": "Bearer nonsense"})
    assert (wrong.status_code, wrong.json()["slug"]) == (401, "token-unknown")


@pytest.mark.parametrize("cookie", ["x", "a" * 43, "'; drop table access.sessions; --", ""])
async def test_a_dead_cookie_is_nobody_and_is_deleted_whatever_the_answer(service: Running, cookie: str) -> None:
    headers = {"Cookie": f"lt_session={cookie}"}
    for path, status in (("/thu/ai", 200), ("/thu/rieng", 303)):
        answer = await service.client.get(path, headers=headers)
        assert answer.status_code == status
        assert answer.headers["set-cookie"].startswith("lt_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax")
    assert "set-cookie" not in (await service.client.get("/thu/ai")).headers


async def test_who_must_sign_in_is_sent_there_with_the_way_back(service: Running) -> None:
    answer = await service.client.get("/thu/rieng?trang=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dang-nhap?next=/thu/rieng%3Ftrang%3D2")
    answer = await service.client.post("/thu/rieng", data={"a": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/dang-nhap?next=/thu/rieng")


async def test_a_session_unused_for_seven_days_is_over(service: Running) -> None:
    client = await signed_in(service, await token_of(service))
    for days, found in ((6.9, "province"), (7.1, None)):
        await run(service, "update access.sessions set last_seen_at = clock_timestamp() - $1::interval", timedelta(days=days))
        assert await role(client) == found


async def test_using_a_session_keeps_it_alive_and_writes_at_most_once_a_minute(service: Running) -> None:
    client = await signed_in(service, await token_of(service))
    await run(service, "update access.sessions set last_seen_at = clock_timestamp() - interval '50 seconds'")
    seen = await run(service, "select max(last_seen_at) from access.sessions")
    await role(client)
    assert await run(service, "select max(last_seen_at) from access.sessions") == seen
    await run(service, "update access.sessions set last_seen_at = clock_timestamp() - interval '6 days'")
    assert await role(client) == "province"
    assert await run(service, "select max(last_seen_at) > clock_timestamp() - interval '1 minute' from access.sessions")


async def test_a_session_ends_after_its_life_however_much_it_is_used(service: Running) -> None:
    client = await signed_in(service, await token_of(service), Sessions(service.pool, life=timedelta(milliseconds=400)))
    assert await role(client) == "province"
    await asyncio.sleep(0.5)
    assert await role(client) is None
    started = await Sessions(service.pool).start(await token_of(service))
    assert 30 * 86400 - 5 <= started.seconds <= 30 * 86400


async def test_neither_session_nor_link_lives_longer_than_its_token(service: Running) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    token = await token_of(service, soon)
    sessions = Sessions(service.pool)
    assert (await sessions.start(token)).seconds <= 3600
    links = Links(service.pool, sessions)
    assert (await links.make(token)).expires_at == soon
    week = (await links.make(await token_of(service), timedelta(days=365))).expires_at
    assert week - datetime.now(UTC) <= timedelta(days=7)


async def test_what_is_over_is_swept_out_by_those_who_come(service: Running) -> None:
    token = await token_of(service)
    await Sessions(service.pool, life=timedelta(milliseconds=1)).start(token)
    await asyncio.sleep(0.05)
    await Sessions(service.pool).start(token)
    assert await run(service, "select count(*) from access.sessions where expires_at < clock_timestamp()") == 0


async def test_a_session_row_that_was_moved_to_another_token_opens_nothing(service: Running) -> None:
    """Whoever can write to the table still cannot make a session of one token act as another's."""
    secret = (await Sessions(service.pool).start(await token_of(service))).secret
    centre = await Tokens(service.pool, load()).issue(TokenWish(role="centre", area=NATION, side="state"))
    async with service.pool.acquire() as connection:
        taken = await connection.fetchrow("delete from access.sessions where hash = $1 returning *", digest(secret))
        await connection.execute(
            "insert into access.sessions (hash, token_id, sealed, expires_at) values ($1, $2, $3, $4)",
            taken["hash"], centre.id, taken["sealed"], taken["expires_at"],
        )  # fmt: skip
    assert await Sessions(service.pool).find(secret) is None


async def test_the_services_own_role_can_change_neither_whose_a_link_is_nor_how_long_it_lives(service: Running) -> None:
    for statement in (
        "update access.links set expires_at = 'infinity'", "update access.links set token_id = 't-x'",
        "update access.sessions set expires_at = 'infinity'", "update access.sessions set token_id = 't-x'",
        "truncate access.sessions", "truncate access.links",
    ):  # fmt: skip
        with pytest.raises(Exception, match="permission denied"):
            await run(service, statement)


async def post(client: httpx.AsyncClient, content: bytes, kind: str = "application/x-www-form-urlencoded") -> httpx.Response:
    csrf = (await client.get("/thu/ai")).json()["csrf"].encode()
    return await client.post("/thu/rieng", content=content.replace(b"CSRF", csrf), headers={"content-type": kind})


async def test_a_form_arrives_as_plain_texts_without_its_csrf(service: Running) -> None:
    client = await signed_in(service, await token_of(service))
    answer = await post(client, b"csrf=CSRF&t%C3%AAn=Thi%E1%BB%87u+Trung&rong=&x=a%3Db%26c")
    assert answer.json() == {"tên": "Thiệu Trung", "rong": "", "x": "a=b&c"}
    answer = await post(client, b"csrf=CSRF", "application/x-www-form-urlencoded; charset=UTF-8")
    assert answer.json() == {}


@pytest.mark.parametrize(
    ("content", "kind", "status", "slug"),
    [
        (b"csrf=CSRF&" + b"&".join(b"f%d=1" % n for n in range(200)), None, 400, "form-unreadable"),
        (b"csrf=CSRF&a=1&a=2", None, 400, "field-twice"),
        (b"csrf=CSRF&a=%00", None, 400, "nul-character"),
        (b"csrf=CSRF&a=%ff", None, 400, "form-unreadable"),
        ("csrf=CSRF&a=ế".encode(), None, 400, "form-unreadable"),
        (b"a=" + b"x" * (1 << 20), None, 413, "body-too-large"),
        (b'{"csrf": "CSRF"}', "application/json", 415, "wrong-content-type"),
        (b"csrf=CSRF", "text/plain", 415, "wrong-content-type"),
        (b"--x", "multipart/form-data; boundary=x", 415, "wrong-content-type"),
        (b"", None, 403, "form-not-yours"),
        (b"csrf=%E1%BA%BF", None, 403, "form-not-yours"),
        (b"csrf=CSRF0", None, 403, "form-not-yours"),
    ],
)
async def test_a_form_that_is_not_plainly_ours_is_refused(
    service: Running, content: bytes, kind: str | None, status: int, slug: str
) -> None:
    client = await signed_in(service, await token_of(service))
    answer = await post(client, content, *([] if kind is None else [kind]))
    assert (answer.status_code, answer.json()["slug"]) == (status, slug)


async def test_through_the_front_a_link_signs_in_and_what_a_caller_says_of_host_and_address_is_dropped(system: System) -> None:
    link = (await system.front.post("/v1/links", json={}, headers=await system.token())).json()
    async with system.before(system.clients) as browser:
        page = await browser.get(link["path"])
        csrf = page.text.rpartition('name="csrf" value="')[2][:64]
        evil = {"Origin": "http://evil.example", "lt-host": "evil.example", "lt-peer": "10.1.1.1"}
        assert (await browser.post(link["path"], data={"csrf": csrf}, headers=evil)).status_code == 403
        answer = await browser.post(link["path"], data={"csrf": csrf}, headers={"Origin": "http://front"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await browser.get("/dang-nhap/dien-thoai")).status_code == 200
