"""The parts of signing in that need no database: sealing, forms, addresses, attempts, the public address."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.kernel.errors import Refused
from shared.runtime.settings import read_public_url
from shared.web.attempts import Attempts, TooManyAttempts
from shared.web.edge import Edge
from shared.web.forms import parse_form
from shared.web.links import code_in
from shared.web.origin import safe_path
from shared.web.sealing import seal, unseal


def test_a_sealed_token_opens_only_with_its_secret_and_for_its_purpose() -> None:
    sealed = seal("lt_token", "secret", "link")
    assert unseal(sealed, "secret", "link") == "lt_token"
    assert unseal(sealed, "secret", "session") is None
    assert unseal(sealed, "secret2", "link") is None
    assert unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "secret", "link") is None
    assert unseal(b"", "secret", "link") is None
    assert seal("lt_token", "secret", "link") != sealed
    assert b"lt_token" not in sealed


def test_two_hundred_fields_are_enough_and_one_more_is_not() -> None:
    assert len(parse_form("&".join(f"f{n}=1" for n in range(200)).encode())) == 200
    with pytest.raises(Refused):
        parse_form("&".join(f"f{n}=1" for n in range(201)).encode())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/viec", "/viec"), ("/", "/"),
        ("/xa/34:15835?map=63", "/xa/34:15835?map=63"), ("/?q=Thiệu", "/?q=Thi%E1%BB%87u"),
        ("//evil", None), ("https://evil", None), ("/\\evil", None), ("\\evil", None), ("evil", None), ("", None), (None, None),
        ("/a\nb", None), ("/\tevil", None), ("/a b", None), ("/dang-xuat", None), ("/dang-nhap/abc", None), ("/v1/me", None),
        ("/" + "a" * 2000, None), ("javascript:x", None), ("/a\\b", None),
    ],
)  # fmt: skip
def test_only_a_path_of_this_site_is_gone_on_to(text: str | None, path: str | None) -> None:
    assert safe_path(text) == path


def test_a_code_is_found_in_what_people_paste() -> None:
    code = "abcdefghijklmnopqrstuvwxyz234567"
    for text in (code, code.upper(), f" {code}\n", f"https://a.example/dang-nhap/{code}", f"/dang-nhap/{code}?next=/viec"):
        assert code_in(text) == code
    for text in ("", code[:-1], code + "a", code.replace("a", "1"), "lt_" + code):
        assert code_in(text) is None


def test_wrong_attempts_are_bounded_by_address_and_in_all_and_forgotten_after_a_minute() -> None:
    clock = [0.0]
    attempts = Attempts(by_one=2, by_all=5, now=lambda: clock[0])
    for peer in "aabb":
        attempts.wrong(peer)
    with pytest.raises(TooManyAttempts) as refused:
        attempts.wrong("a")
    assert refused.value.seconds == 61
    attempts.wrong("c")
    with pytest.raises(TooManyAttempts):
        attempts.wrong("d")
    clock[0] = 60.0
    attempts.wrong("a")


@pytest.mark.parametrize(
    "url", ["lienthe.example", "ftp://a", "https://a/b", "https://u@a", "https://A.example", "https://a?b"]
)
def test_a_public_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        read_public_url({"CLB_PUBLIC_URL": url})
    assert refused.value.field == "CLB_PUBLIC_URL"


def test_a_public_address_is_read_without_its_last_slash() -> None:
    assert read_public_url({"CLB_PUBLIC_URL": "https://lienthe.example:8443/"}) == "https://lienthe.example:8443"
    assert read_public_url({}) is None


async def test_a_fault_is_logged_without_the_code_of_a_link(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("broken")

    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=Edge(fails)), base_url="http://service")
    assert (await client.get("/dang-nhap/abcdefghijklmnopqrstuvwxyz234567")).status_code == 500
    assert "at /dang-nhap/..." in caplog.text
    assert "abcdefghijklmnop" not in caplog.text
