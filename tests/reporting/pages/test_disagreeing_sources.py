"""Two published figures of one old province, of the same day: both stand on the pages of the old and of the merged province."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.reporting.app import SERVICE
from shared.kernel.place import PlaceRef
from shared.testing.apps import running
from shared.testing.folding import apply_batch
from tests.reporting.country import NOW, VIEW, day, declared
from tests.reporting.lanes import in_lanes
from tests.reporting.pages.test_trace_page import HTML, Page

OLD_DAK_LAK = PlaceRef(code="66", list="63")


def told(value: int, published: date, source: str) -> Any:
    return declared(OLD_DAK_LAK, value, valid_to=date(2025, 6, 30), published_on=published, source=source)


@pytest.mark.parametrize(("area", "place"), [("63:66", ""), ("34:66", " · Đắk Lắk (trước sáp nhập)")])
async def test_both_figures_stand_with_their_sources_and_the_page_says_which_is_shown_and_why(postgres, area, place):
    log = in_lanes(
        {
            "figure-225": [(day("2026-01-05"), told(225, date(2025, 7, 2), "https://one.example/225"))],
            "figure-220": [(day("2026-01-05"), told(220, date(2025, 7, 1), "https://other.example/220"))],
        }
    )
    async with running(SERVICE, postgres, clock=lambda: NOW) as service:
        async with service.pool.acquire() as connection:
            await apply_batch(connection, VIEW, [each.recorded for each in log])
        answer = await service.client.get("/v1/progress", params={"indicator": "clubs-founded", "area": area})
        number = answer.json()["numbers"][0]
        assert number["value"] == 225
        page = Page((await service.client.get(f"/so/{number['id']}", headers=HTML)).text)
    said = " ".join(" ".join(page.texts["claims"]).split())
    assert f"225, kê khai (31/12/2023-30/06/2025){place} đang" in said
    assert f"220, kê khai (31/12/2023-30/06/2025){place} không hiện: cùng ngày, nhưng công bố trước" in said
    assert {"https://one.example/225", "https://other.example/220"} <= set(page.links)
    assert "failed" not in page.texts
