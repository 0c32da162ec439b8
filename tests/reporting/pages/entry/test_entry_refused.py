"""Forms for officers, filled in wrongly: every error stands beside its field, everything typed is kept, nothing is recorded."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests.reporting.pages.entry.entry_world import (
    EVIL,
    FIVE,
    TODAY,
    EntryWorld,
    founded,
    opened,
    read_page,
    sent,
)


async def test_everything_wrong_is_told_beside_its_field_and_everything_typed_is_kept(world: EntryWorld) -> None:
    typed = {
        "name": "",
        "founded_on": "31/02/2025",
        "members.total": "5,2",
        "members.aged_60_plus": "ba mươi",
        "members.women": "-3",
        "members.poor": "12",
        "decision_number": EVIL,
    }
    async with world.officer() as client:
        page = await opened(client)
        before = await world.count()
        answer = await sent(client, page, **typed)
        assert answer.status_code == 422
        shown = read_page(answer)
        assert {name: shown.fields[name] for name in typed} == typed
        assert shown.attributes["founded_on"]["type"] == "text"
        for name in (wrong := ("name", "founded_on", "members.total", "members.aged_60_plus", "members.women")):
            assert shown.why(name), name
            assert f"#f-{name.replace('.', '-')}" in shown.links
        assert not shown.why("members.poor")
        assert f"{len(wrong)} chỗ cần sửa" in shown.by_id["summary"]
        assert "img src=x" not in "".join(shown.tags)
        assert await world.count() == before


async def test_what_the_service_refuses_stands_beside_its_field_and_nothing_is_half_done(world: EntryWorld) -> None:
    tomorrow = (TODAY + timedelta(days=2)).isoformat()
    cases = [
        ({"members.women": "60"}, "members.women", "lớn hơn số tổng số thành viên (52)"),
        ({"founded_on": tomorrow}, "founded_on", "chưa đến"),
        ({"name": "x" * 201}, "name", "200"),
        ({"launched_on": "2025-01-01"}, "launched_on", "đứng trước ngày quyết định"),
    ]
    async with world.officer() as client:
        for changed, name, words in cases:
            page = await opened(client)
            before = await world.count()
            answer = await sent(client, page, **(FIVE | changed))
            assert answer.status_code == 422, name
            shown = read_page(answer)
            assert words in shown.why(name)
            assert {each: shown.fields[each] for each in FIVE | changed} == FIVE | changed
            assert await world.count() == before
            assert (await sent(client, shown, **FIVE, launched_on="")).status_code == 303


async def test_a_number_larger_than_any_machine_word_is_refused_beside_its_field(world: EntryWorld) -> None:
    for huge in ("18446744073709551616", "99999999999999999999999"):
        async with world.officer() as client:
            page = await opened(client)
            before = await world.count()
            answer = await sent(client, page, **(FIVE | {"members.total": huge}))
            assert answer.status_code == 422
            shown = read_page(answer)
            assert "Không được lớn hơn 1.000.000." in shown.why("members.total")
            assert {name: shown.fields[name] for name in FIVE} == FIVE | {"members.total": huge}
            assert await world.count() == before
            stream = await founded(client)
            for path, name, more in (("thang", "income_fund", {"meeting_held": "khong"}), ("kien-toan", "board_size", {})):
                page = await opened(client, f"/nhap/{path}/{stream}")
                answer = await sent(client, page, **{name: huge}, **more)
                assert answer.status_code == 422, path
                shown = read_page(answer)
                assert "Không được lớn hơn" in shown.why(name)
                assert shown.fields[name] == huge


@pytest.mark.parametrize("name", ["\u200b", "\u3164\u3164", "\u2800", "\u2060 \u00ad"], ids=ascii)
async def test_a_name_of_which_nothing_can_be_seen_is_no_name(world: EntryWorld, name: str) -> None:
    async with world.officer() as client:
        page = await opened(client)
        before = await world.count()
        answer = await sent(client, page, **(FIVE | {"name": name}))
        assert answer.status_code == 422
        assert "Cần điền mục này" in read_page(answer).why("name")
        assert await world.count() == before


@pytest.mark.parametrize(
    ("tail", "village"), [("village=th%C3%B4n%003", "thôn3"), ("village=a&village=b", "b"), ("village=th%F4n+3", "th\ufffdn 3")]
)
async def test_a_form_that_cannot_be_read_whole_is_shown_again_with_the_rest_of_it(
    world: EntryWorld, tail: str, village: str
) -> None:
    async with world.officer() as client:
        page = await opened(client)
        before = await world.count()
        kept = {name: value for name, value in {**page.fields, **FIVE}.items() if name != "village"}
        content = f"{urlencode(kept)}&{tail}"
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = await client.post(page.action, content=content, headers=kind)
        assert answer.status_code == 400
        shown = read_page(answer)
        assert {name: shown.fields[name] for name in FIVE} == FIVE
        assert shown.fields["village"] == village
        assert "Chưa ghi" in shown.text
        assert await world.count() == before
        assert (await sent(client, shown)).status_code == 303


async def test_what_is_too_large_for_a_board_is_written_as_vietnamese_writes_it(world: EntryWorld) -> None:
    async with world.officer() as client:
        stream = await founded(client)
        page = await opened(client, f"/nhap/kien-toan/{stream}")
        shown = read_page(await sent(client, page, board_size="100000"))
        assert "Ban chủ nhiệm 100.000 người" in shown.why("board_size")


@pytest.mark.parametrize("path", ["/clb/%C3%A9", "/clb/%3Fa", "/nhap/thang/club-%22", "/nhap/thanh-vien/A", "/tap-huan/%C3%A9"])
async def test_an_address_that_no_club_can_have_is_not_found_in_words(world: EntryWorld, path: str) -> None:
    async with world.officer() as client:
        answer = await client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert "Không có trang nào ở địa chỉ này" in answer.text
        assert "^[a-z]" not in answer.text
