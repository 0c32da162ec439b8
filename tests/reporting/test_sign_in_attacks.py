"""What must not work at the sign-in pages: other sites, stolen forms, guessing, reading the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.reporting.app import SERVICE
from shared.testing.apps import Running, running
from tests.reporting.signing import browser, count, csrf_of, everything, is_signed_in, link_of, redeem, signed_in, token_of


@pytest.fixture(scope="module")
async def service(postgres: Any) -> AsyncIterator[Running]:
    async with running(SERVICE, postgres) as found:
        yield found


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


async def test_the_api_knows_no_cookies(service: Running) -> None:
    async with signed_in(service, await token_of(service)) as client:
        for method, path in (
            ("POST", "/v1/links"),
            ("GET", "/v1/me"),
            ("POST", "/v1/commands"),
            ("POST", "/v1/figures:preview"),
        ):
            assert (await client.request(method, path, json={} if method == "POST" else None)).status_code == 401
