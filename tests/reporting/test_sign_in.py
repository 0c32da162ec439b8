"""Signing in by a link, a token or a phone, over the real application: once only, from here only, gone at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from services.reporting.app import SERVICE
from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import load
from shared.testing.apps import THANH_HOA, Running, running
from shared.web.links import Links
from shared.web.session_store import Sessions
from shared.web.tokens import Tokens, TokenWish

THIEU_TRUNG = PlaceRef(code="15835", list="34")
TABLES = ("tokens", "links", "sessions")


@pytest.fixture(scope="module")
async def service(postgres: Any) -> AsyncIterator[Running]:
    async with running(SERVICE, postgres) as found:
        yield found


def browser(service: Running, peer: str = "10.0.0.1") -> httpx.AsyncClient:
    """A browser of its own: keeps cookies, follows nothing by itself. `peer` is what the front would say of it."""
    transport = httpx.ASGITransport(app=service.app)
    return httpx.AsyncClient(transport=transport, base_url="http://service", headers={"lt-peer": peer})


async def token_of(service: Running, role: Any = "province", area: PlaceRef = THANH_HOA) -> str:
    return (await service.token(role, area))["Authorization"].removeprefix("Bearer ")


async def link_of(service: Running, token: str, **body: Any) -> dict[str, Any]:
    answer = await service.client.post("/v1/links", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def csrf_of(page: httpx.Response, action: str | None = None) -> str:
    """The csrf of the form of a page: of the last form if several are there."""
    forms = re.findall(r"<form method=\"post\"([^>]*)>\s*<input type=\"hidden\" name=\"csrf\" value=\"([^\"]*)\"", page.text)
    found = [value for attributes, value in forms if action is None or f'action="{action}"' in attributes]
    return found[-1]


async def redeem(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    page = await client.get(path)
    assert page.status_code == 200, page.text
    return await client.post(path, data={"csrf": csrf_of(page), **fields})


@asynccontextmanager
async def signed_in(service: Running, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(service) as client:
        assert (await redeem(client, (await link_of(service, token))["path"])).status_code == 303
        yield client


async def is_signed_in(client: httpx.AsyncClient) -> bool:
    answer = await client.get("/dang-nhap/dien-thoai")
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


async def count(service: Running, table: str) -> int:
    async with service.pool.acquire() as connection:
        return await connection.fetchval(f"select count(*) from access.{table}")


async def everything(service: Running) -> bytes:
    """Every byte of every column of the tables of access, as text and as hexadecimal digits turned back."""
    found: list[bytes] = []
    async with service.pool.acquire() as connection:
        for table in TABLES:
            for row in await connection.fetch(f"select * from access.{table}"):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
    return b"\n".join(found)


@pytest.mark.parametrize(
    ("role", "area", "home"),
    [("commune", THIEU_TRUNG, "/xa/34:15835"), ("province", THANH_HOA, "/tinh/34:38"), ("centre", NATION, "/")],
)
async def test_a_link_shows_whose_rights_it_gives_and_its_button_signs_in(
    service: Running, role: str, area: PlaceRef, home: str
) -> None:
    link = await link_of(service, await token_of(service, role, area))
    async with browser(service) as client:
        page = await client.get(link["path"])
        assert load().name(area) in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        answer = await client.post(link["path"], data={"csrf": csrf_of(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, home)
        assert await is_signed_in(client)


async def test_opening_a_link_uses_nothing_up_however_often(service: Running) -> None:
    link = await link_of(service, await token_of(service))
    sessions = await count(service, "sessions")
    for _ in range(5):
        async with browser(service) as preview:
            assert (await preview.get(link["path"])).status_code == 200
            assert (await preview.head(link["path"])).status_code in {200, 405}
    assert await count(service, "sessions") == sessions
    async with browser(service) as client:
        assert (await redeem(client, link["path"])).status_code == 303


async def test_of_twenty_who_use_a_link_at_once_exactly_one_gets_in(service: Running) -> None:
    link = await link_of(service, await token_of(service))
    clients = [browser(service) for _ in range(20)]
    pages = await asyncio.gather(*(client.get(link["path"]) for client in clients))
    answers = await asyncio.gather(
        *(client.post(link["path"], data={"csrf": csrf_of(page)}) for client, page in zip(clients, pages, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [303, *[410] * 19]
    assert sum([await is_signed_in(client) for client in clients]) == 1
    for client in clients:
        await client.aclose()


async def test_a_used_an_expired_and_an_unknown_link_each_say_so_in_both_languages(service: Running) -> None:
    token = await token_of(service)
    used = await link_of(service, token)
    async with browser(service) as client:
        await redeem(client, used["path"])
    links = Links(service.pool, Sessions(service.pool))
    expired = await links.make(token, timedelta(milliseconds=1))
    await asyncio.sleep(0.05)
    async with browser(service, "10.0.0.2") as client:
        for path, status, vi, en in (
            (used["path"], 410, "đã được dùng", "was used already"),
            (expired.path, 410, "đã hết hạn", "has expired"),
            ("/dang-nhap/" + "a" * 32, 404, "Không có liên kết", "no such sign-in link"),
            ("/dang-nhap/x", 404, "Không có liên kết", "no such sign-in link"),
        ):
            page = await client.get(path)
            assert page.status_code == status, path
            assert vi in page.text
            assert en in page.text
            answer = await client.post(path, data={"csrf": csrf_of(page, "/dang-nhap")})
            assert answer.status_code == status
        assert not await is_signed_in(client)


async def test_signing_out_ends_every_copy_of_the_cookie_at_once(service: Running) -> None:
    async with signed_in(service, await token_of(service)) as client, browser(service) as thief:
        thief.cookies.update(client.cookies)
        assert await is_signed_in(thief)
        page = await client.get("/dang-nhap/dien-thoai")
        answer = await client.post("/dang-xuat", data={"csrf": csrf_of(page, "/dang-xuat")})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert not await is_signed_in(thief)
        assert not await is_signed_in(client)


async def test_revoking_the_token_ends_its_sessions_and_its_links(service: Running) -> None:
    tokens = Tokens(service.pool, load())
    issued = await tokens.issue(TokenWish(role="province", area=THANH_HOA, side="association"))
    assert issued.token is not None
    other = await link_of(service, issued.token)
    async with signed_in(service, issued.token) as client, browser(service) as late:
        page = await late.get(other["path"])
        await tokens.revoke(issued.id)
        assert not await is_signed_in(client)
        assert (await late.get(other["path"])).status_code == 401
        assert (await late.post(other["path"], data={"csrf": csrf_of(page)})).status_code == 401


async def test_signing_in_again_ends_the_session_that_the_browser_had(service: Running) -> None:
    async with signed_in(service, await token_of(service)) as client, browser(service) as copy:
        copy.cookies.update(client.cookies)
        again = await link_of(service, await token_of(service, "centre", NATION))
        assert (await redeem(client, again["path"])).status_code == 303
        assert await is_signed_in(client)
        assert not await is_signed_in(copy)


async def test_a_pasted_token_code_or_whole_address_signs_in_too(service: Running) -> None:
    token = await token_of(service)
    code = (await link_of(service, token))["code"]
    address = "https://lienthe.example" + (await link_of(service, token))["path"]
    for key in (token, f"  {code.upper()} ", address):
        async with browser(service) as client:
            page = await client.get("/dang-nhap")
            answer = await client.post("/dang-nhap", data={"csrf": csrf_of(page), "key": key})
            assert (answer.status_code, answer.headers["location"]) == (303, "/tinh/34:38")
            assert await is_signed_in(client)


@pytest.mark.parametrize(
    "evil",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)",
     "evil", "", "/\r\nSet-Cookie: a=b", "///evil.example", "/dang-xuat", " /x"],
)  # fmt: skip
async def test_signing_in_never_leads_to_another_site(service: Running, evil: str) -> None:
    token = await token_of(service)
    async with browser(service) as client:
        page = await client.get("/dang-nhap", params={"next": evil})
        assert page.status_code == 200
        assert 'name="next"' not in page.text
        answer = await client.post("/dang-nhap", data={"csrf": csrf_of(page), "key": token, "next": evil})
        assert answer.headers["location"] == "/tinh/34:38"


async def test_a_link_leads_on_to_where_its_address_says(service: Running) -> None:
    link = await link_of(service, await token_of(service))
    async with browser(service) as client:
        page = await client.get(link["path"], params={"next": "/viec", "lang": "en"})
        assert f'<form method="post" action="{link["path"]}">' in page.text
        assert "You will work with the rights of" in page.text
        answer = await client.post(link["path"], data={"csrf": csrf_of(page, link["path"]), "next": "/viec"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/viec")


async def test_who_must_sign_in_comes_back_to_where_they_were_going(service: Running) -> None:
    async with browser(service) as client:
        answer = await client.get("/dang-nhap/dien-thoai?lang=en")
        assert (answer.status_code, answer.headers["location"]) == (303, "/dang-nhap")
        page = await client.get("/dang-nhap", params={"next": "/viec?map=63"})
        fields = {"csrf": csrf_of(page), "key": await token_of(service), "next": "/viec?map=63"}
        assert 'name="next" value="/viec?map=63"' in page.text
        answer = await client.post("/dang-nhap", data=fields)
        assert answer.headers["location"] == "/viec?map=63"


CROSS = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://service.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", CROSS)
async def test_forms_of_other_sites_are_refused_and_change_nothing(service: Running, headers: dict[str, str]) -> None:
    token = await token_of(service)
    link = await link_of(service, token)
    async with signed_in(service, token) as client:
        page = await client.get("/dang-nhap/dien-thoai")
        out = await client.post("/dang-xuat", data={"csrf": csrf_of(page, "/dang-xuat")}, headers=headers)
        assert (out.status_code, out.json()["slug"]) == (403, "other-site")
        assert await is_signed_in(client)
    async with browser(service) as victim:
        for path in (link["path"], "/dang-nhap"):
            page = await victim.get(path)
            answer = await victim.post(path, data={"csrf": csrf_of(page), "key": token}, headers=headers)
            assert (answer.status_code, answer.json()["slug"]) == (403, "other-site")
        assert not await is_signed_in(victim)
        assert (await victim.get(link["path"])).status_code == 200


async def test_our_own_pages_pass_by_the_host_that_the_front_saw(service: Running) -> None:
    async with signed_in(service, await token_of(service)) as client:
        page = await client.get("/dang-nhap/dien-thoai")
        headers = {"Origin": "http://lienthe.example:8080", "Sec-Fetch-Site": "same-origin"}
        fields = {"csrf": csrf_of(page, "/dang-xuat")}
        assert (await client.post("/dang-xuat", data=fields, headers=headers)).status_code == 403
        assert await is_signed_in(client)
        headers["lt-host"] = "lienthe.example:8080"
        assert (await client.post("/dang-xuat", data=fields, headers=headers)).status_code == 303


async def test_a_form_without_its_csrf_or_with_anothers_is_refused_and_changes_nothing(service: Running) -> None:
    token = await token_of(service)
    async with signed_in(service, token) as client, signed_in(service, token) as other:
        stranger = csrf_of(await other.get("/dang-nhap/dien-thoai"), "/dang-xuat")
        links = await count(service, "links")
        for path in ("/dang-xuat", "/dang-nhap/dien-thoai"):
            for fields in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": "ế"}, {"csrf": stranger}):
                answer = await client.post(path, data=fields, headers={"content-type": "application/x-www-form-urlencoded"})
                assert (answer.status_code, answer.json()["slug"]) == (403, "form-not-yours")
        assert await is_signed_in(client)
        assert await count(service, "links") == links


async def test_nobody_is_signed_in_by_a_form_that_belongs_to_another_browser(service: Running) -> None:
    link = await link_of(service, await token_of(service))
    async with browser(service) as attacker, browser(service) as victim:
        csrf = csrf_of(await attacker.get(link["path"]))
        for fields in ({"csrf": csrf}, {}, {"csrf": ""}):
            answer = await victim.post(link["path"], data=fields, headers={"content-type": "application/x-www-form-urlencoded"})
            assert (answer.status_code, answer.json()["slug"]) == (403, "form-not-yours")
        assert (await redeem(victim, link["path"])).status_code == 303


async def test_the_database_holds_no_code_no_secret_and_no_token(service: Running) -> None:
    token = await token_of(service)
    link, unused = await link_of(service, token), await link_of(service, token)
    async with browser(service) as client:
        page = await client.get(link["path"])
        visit = client.cookies["lt_visit"]
        await client.post(link["path"], data={"csrf": csrf_of(page)})
        secret = client.cookies["lt_session"]
    stored = await everything(service)
    for text in (token, token.removeprefix("lt_"), link["code"], unused["code"], secret, visit):
        assert text.encode() not in stored
        assert text.upper().encode() not in stored
    assert await count(service, "links") >= 2


async def test_the_cookie_is_closed_to_scripts_and_over_https_to_everything_else(service: Running, postgres: Any) -> None:
    link = await link_of(service, await token_of(service))
    async with browser(service) as client:
        cookie = (await redeem(client, link["path"])).headers.get_list("set-cookie")[0]
    parts = {part.strip().partition("=")[0]: part.strip().partition("=")[2] for part in cookie.split(";")}
    assert set(parts) == {"lt_session", "Max-Age", "Path", "HttpOnly", "SameSite"}
    assert (parts["Path"], parts["SameSite"]) == ("/", "Lax")
    assert 29 * 86400 < int(parts["Max-Age"]) <= 30 * 86400
    async with running(SERVICE, postgres, public_url="https://lienthe.example") as secure:
        link = await link_of(secure, await token_of(secure))
        async with browser(secure) as client:
            page = await client.get(link["path"])
            (visit,) = page.headers.get_list("set-cookie")
            assert visit.startswith("__Host-lt_visit=")
            sent = {"Cookie": visit.partition(";")[0], "Origin": "https://lienthe.example"}
            answer = await client.post(link["path"], data={"csrf": csrf_of(page)}, headers=sent)
            cookie = answer.headers.get_list("set-cookie")[0]
            assert cookie.startswith("__Host-lt_session=")
            assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
            assert "Domain" not in cookie
            sent = {"Cookie": cookie.partition(";")[0], "Origin": "http://service"}
            page = await client.get("/dang-nhap/dien-thoai", headers=sent)
            fields = {"csrf": csrf_of(page, "/dang-nhap/dien-thoai")}
            assert (await client.post("/dang-nhap/dien-thoai", data=fields, headers=sent)).status_code == 403
            sent["Origin"] = "https://lienthe.example"
            shown = await client.post("/dang-nhap/dien-thoai", data=fields, headers=sent)
            assert 'value="https://lienthe.example/dang-nhap/' in shown.text


async def test_a_phone_signs_in_with_the_same_rights_by_what_is_shown(service: Running) -> None:
    async with signed_in(service, await token_of(service)) as client, browser(service) as phone:
        page = await client.get("/dang-nhap/dien-thoai")
        assert "<svg xmlns" not in page.text.partition("<main")[2].replace('<svg class="icon"', "")
        shown = await client.post("/dang-nhap/dien-thoai", data={"csrf": csrf_of(page, "/dang-nhap/dien-thoai")})
        assert shown.status_code == 200
        assert shown.headers["cache-control"] == "no-store"
        assert "<path" in shown.text.partition("<figure")[2]
        assert "style=" not in shown.text
        found = re.search(r'id="address" value="([^"]+)"', shown.text)
        assert found is not None
        answer = await redeem(phone, urlsplit(found[1]).path)
        assert answer.headers["location"] == "/tinh/34:38"
        assert await is_signed_in(client)
        assert await is_signed_in(phone)


async def test_the_eleventh_wrong_code_within_a_minute_is_put_off_and_a_right_one_is_not(service: Running) -> None:
    token = await token_of(service)
    link = await link_of(service, token)
    async with browser(service, "10.9.9.9") as guesser, browser(service, "10.9.9.8") as neighbour:
        csrf = csrf_of(await guesser.get("/dang-nhap"))
        for n in range(10):
            if n % 2:
                answer = await guesser.get(f"/dang-nhap/{'b' * 32}")
                assert answer.status_code == 404
            else:
                answer = await guesser.post("/dang-nhap", data={"csrf": csrf, "key": f"lt_wrong{n}"})
                assert answer.status_code == 401
        for answer in (
            await guesser.get(f"/dang-nhap/{'b' * 32}"),
            await guesser.post("/dang-nhap", data={"csrf": csrf, "key": "lt_wrong"}),
            await guesser.post(f"/dang-nhap/{'c' * 32}", data={"csrf": csrf}),
        ):
            assert answer.status_code == 429
            assert 1 <= int(answer.headers["retry-after"]) <= 61
            assert "Quá nhiều mã sai" in answer.text
            assert "Too many wrong codes" in answer.text
        assert (await neighbour.get(f"/dang-nhap/{'b' * 32}")).status_code == 404
        assert (await redeem(guesser, link["path"])).status_code == 303


@pytest.mark.parametrize("body", [{"hours": 0}, {"hours": 169}, {"hours": "1"}, {"days": 1}])
async def test_a_link_that_makes_no_sense_is_not_made(service: Running, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {await token_of(service)}"}
    before = await count(service, "links")
    assert (await service.client.post("/v1/links", json=body, headers=headers)).status_code == 422
    assert (await service.client.post("/v1/links", json={})).status_code == 401
    assert await count(service, "links") == before


async def test_the_api_knows_no_cookies(service: Running) -> None:
    async with signed_in(service, await token_of(service)) as client:
        for method, path in (
            ("POST", "/v1/links"),
            ("GET", "/v1/me"),
            ("POST", "/v1/commands"),
            ("POST", "/v1/figures:preview"),
        ):
            assert (await client.request(method, path, json={} if method == "POST" else None)).status_code == 401
