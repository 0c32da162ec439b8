"""Signing in by a link, a token or a phone, over the real application: once only, and gone at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.reporting.app import SERVICE
from shared.kernel.place import NATION, PlaceRef
from shared.reference.book import load
from shared.testing.apps import THANH_HOA, Running, running
from shared.web.links import Links
from shared.web.session_store import Sessions
from shared.web.tokens import Tokens, TokenWish
from tests.reporting.signing import browser, count, csrf_of, is_signed_in, link_of, redeem, signed_in, token_of

THIEU_TRUNG = PlaceRef(code="15835", list="34")


@pytest.fixture(scope="module")
async def service(postgres: Any) -> AsyncIterator[Running]:
    async with running(SERVICE, postgres) as found:
        yield found


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


@pytest.mark.parametrize("body", [{"hours": 0}, {"hours": 169}, {"hours": "1"}, {"days": 1}])
async def test_a_link_that_makes_no_sense_is_not_made(service: Running, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {await token_of(service)}"}
    before = await count(service, "links")
    assert (await service.client.post("/v1/links", json=body, headers=headers)).status_code == 422
    assert (await service.client.post("/v1/links", json={})).status_code == 401
    assert await count(service, "links") == before
