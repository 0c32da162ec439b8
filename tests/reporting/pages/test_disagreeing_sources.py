"""Two published figures of one old province, of the same day: both stand wherever the old or the merged one is shown.

Whether the count is small or has caught up, the pages say both values, their sources, which is shown and why.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest

from services.reporting.app import SERVICE
from shared.kernel.place import PlaceRef
from shared.reference.book import load
from shared.testing.apps import Running, running
from shared.testing.folding import apply_batch
from tests.reporting.country import NOW, VIEW, club, day, declared
from tests.reporting.lanes import in_lanes
from tests.reporting.pages.test_trace_page import HTML, Page
from tests.reporting.pages.tree import page

OLD_DAK_LAK = PlaceRef(code="66", list="63")
SOURCES = {"https://one.example/more", "https://other.example/less"}


def told(value: int, published: date | None, source: str, **other: Any) -> Any:
    return declared(OLD_DAK_LAK, value, valid_to=date(2025, 6, 30), published_on=published, source=source, **other)


@asynccontextmanager
async def dak_lak(postgres: Any, more: int, less: int, counted: int = 0) -> AsyncIterator[Running]:
    """Old Đắk Lắk with two published totals of one day, and so many clubs that were reported one by one."""
    commune = load().communes(OLD_DAK_LAK)[0]
    streams: dict[str, list[Any]] = {
        "figure-more": [(day("2026-01-05"), told(more, date(2025, 7, 2), "https://one.example/more"))],
        "figure-less": [(day("2026-01-05"), told(less, date(2025, 7, 1), "https://other.example/less"))],
    }
    for number in range(counted):
        stream = f"club-00000000-0000-4000-8000-00000000010{number}"
        streams[stream] = [(day("2024-03-01"), club(commune, "2024-02-20"))]
    async with running(SERVICE, postgres, clock=lambda: NOW) as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in in_lanes(streams)])
        yield service


async def opened(service: Running, area: str) -> tuple[Any, Page]:
    answer = await service.client.get("/v1/progress", params={"indicator": "clubs-founded", "area": area})
    number = answer.json()["numbers"][0]
    return number, Page((await service.client.get(f"/so/{number['id']}", headers=HTML)).text)


@pytest.mark.parametrize(("area", "place"), [("63:66", ""), ("34:66", " · Đắk Lắk (trước sáp nhập)")])
async def test_both_figures_stand_with_their_sources_and_the_page_says_which_is_shown_and_why(postgres, area, place):
    async with dak_lak(postgres, 225, 220) as service:
        number, found = await opened(service, area)
    assert number["value"] == 225
    said = " ".join(" ".join(found.texts["claims"]).split())
    assert f"225, kê khai (31/12/2023-30/06/2025){place} đang" in said
    assert f"220, kê khai (31/12/2023-30/06/2025){place} không hiện: cùng ngày, nhưng công bố trước" in said
    assert set(found.links) >= SOURCES
    assert "failed" not in found.texts


async def test_a_merged_province_whose_clubs_are_all_counted_still_tells_what_contradicts_itself_in_the_old_one(postgres):
    async with dak_lak(postgres, 3, 2, counted=3) as service:
        number, found = await opened(service, "34:66")
    assert (number["value"], number["source"]) == (3, "counted")
    notice = found.text("disagreeing")
    assert "CLB đã thành lập, Đắk Lắk (trước sáp nhập)" in notice
    assert "3 cộng từ sổ cái, từng sự kiện đang hiện" in notice
    assert "3, kê khai (31/12/2023-30/06/2025), công bố 02/07/2025. Nguồn: one.example/more không hiện, vì trùng với" in notice
    assert "2, kê khai (31/12/2023-30/06/2025), công bố 01/07/2025. Nguồn: other.example/less không hiện, vì đã có" in notice
    assert "Số của nơi này: 3. Đang hiện số cộng từ từng sự kiện" in notice
    assert set(found.links) >= SOURCES


@pytest.mark.parametrize(
    ("published", "other", "why"),
    [
        (date(2025, 7, 1), {}, "cùng ngày, nhưng công bố trước số đang hiện"),
        (None, {}, "cùng ngày, nhưng nguồn không ghi ngày công bố"),
        (date(2025, 7, 2), {"basis": "estimated", "formula": "2 x 110"}, "cùng ngày, nhưng căn cứ yếu hơn số đang hiện"),
        (date(2025, 7, 2), {"qualifier": "about"}, "cùng ngày, nhưng chỉ là số chừng"),
        (date(2025, 7, 2), {}, "cùng ngày, cùng căn cứ và không có gì để chọn giữa hai số, nên hiện số lớn hơn"),
    ],
)
async def test_of_two_figures_of_one_day_the_reason_is_what_told_them_apart(postgres, published, other, why):
    streams = {
        "figure-more": [(day("2026-01-05"), told(225, date(2025, 7, 2), "one"))],
        "figure-less": [(day("2026-01-05"), told(220, published, "other", **other))],
    }
    async with running(SERVICE, postgres, clock=lambda: NOW) as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in in_lanes(streams)])
        number, found = await opened(service, "63:66")
    assert number["value"] == 225
    (reason,) = [each for each in found.texts["which"] if "không hiện: cùng ngày" in each]
    assert " ".join(reason.split()) == f"không hiện: {why}"


@pytest.mark.parametrize("counted", [0, 3])
async def test_the_card_of_the_merged_province_leads_to_both_figures_of_the_old_one(postgres, counted):
    async with dak_lak(postgres, 3, 2, counted) as service:
        found = await page(service, "/tinh/34:66")
    (link,) = [each for each in found.one("section", id="headlines").all("a") if "Nguồn nói khác nhau" in each.text]
    assert link.text == "Nguồn nói khác nhau về Đắk Lắk (trước sáp nhập): 3; 2"
    block = found.one("div", id=str(link.attributes["href"]).removeprefix("#"))
    assert "CLB đã thành lập, Đắk Lắk cũ Nguồn nói khác nhau Số của nơi này: 3" in block.text
    assert {each.attributes.get("href") for each in block.all("a")} >= SOURCES
    why = "đã có nguồn cụ thể hơn" if counted else "cùng ngày, nhưng công bố trước"
    assert f"(không hiện, vì {why}" in block.text


async def test_what_needs_doing_says_both_figures_their_sources_which_is_shown_and_why(postgres):
    async with dak_lak(postgres, 225, 220) as service:
        found = await page(service, "/viec")
        answer = await service.client.get("/viec", params={"lang": "en"}, headers=HTML)
    (item,) = [each for each in found.all("li") if "Đắk Lắk (trước sáp nhập)" in each.text]
    said = item.text
    assert "225, kê khai (31/12/2023-30/06/2025), công bố 02/07/2025. Nguồn: one.example/more đang hiện" in said
    assert "Nguồn: other.example/less không hiện, vì cùng ngày, nhưng công bố trước" in said
    assert "Số của nơi này: 225. Đang hiện số đã công bố mới nhất: đếm từng câu lạc bộ mới được 0, chưa đủ" in said
    assert {each.attributes.get("href") for each in item.all("a")} >= SOURCES
    english = " ".join(Page(answer.text).texts["todo"][-1].split())
    assert "not shown, because it is of the same day, but was published earlier" in english
    assert "The latest published figure is shown" in english
