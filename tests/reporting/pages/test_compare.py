"""So sánh: two days, two moments of knowledge, or two maps side by side, and what explains each difference."""

from __future__ import annotations

import pytest

from services.reporting.indicators import ALL
from shared.testing.apps import Running
from tests.reporting.pages.test_trace_page import HTML, Page


async def compared(country: Running, **params: str) -> Page:
    answer = await country.client.get("/so-sanh", params=params, headers=HTML)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def test_both_moments_of_knowledge_stand_side_by_side_and_the_correction_explains_the_difference(country):
    page = await compared(
        country, indicator="members", area="34:01", a_as_of="2025-01-31", b_as_of="2025-01-31", a_known_at="2025-01-31",
        b_known_at="2025-02-28",
    )  # fmt: skip
    assert page.text("check") == "Cộng 1 thay đổi: +10 bằng đúng chênh lệch 60 − 50"
    assert "Đính chính báo cáo trước 50 → 60 +10 Báo cáo thành viên" in " ".join(" ".join(page.texts["tr"]).split())
    assert any(link.startswith("/su-kien/") for link in page.links)
    assert "failed" not in page.texts


async def test_on_two_maps_the_provinces_of_both_sum_to_the_nation(country):
    page = await compared(country, a_map="34", b_map="63")
    checks = " ".join(" ".join(page.texts["check"]).split())
    assert checks == "Tổng 34 tỉnh: 1.207 · Tổng 63 tỉnh: 1.207 · Cả nước: 1.207 và 1.207 Tổng 34 tỉnh = Tổng 63 tỉnh = cả nước"


@pytest.mark.parametrize("params", [{}, {"a_as_of": "2024-08-29", "a_known_at": "2024-08-29"}, {"area": "34:38"}])
async def test_every_figure_is_explained_and_no_check_fails(country, params):
    for definition in ALL:
        page = await compared(country, indicator=definition.slug, **params)
        assert "failed" not in page.texts, definition.slug


async def test_with_nothing_said_today_stands_against_a_year_ago_and_both_values_lead_to_their_traces(country):
    page = await compared(country)
    assert "02/03/2025" in page.text("facts")
    assert "02/03/2026" in page.text("facts")
    assert sum(link.startswith("/so/") for link in page.links) > 10


async def test_a_page_of_the_past_is_compared_with_now(country):
    page = await compared(country, as_of="2024-08-29")
    assert "29/08/2024" in page.text("facts")


async def test_it_is_a_plain_form_that_carries_ready_comparisons(country):
    page = await compared(country)
    forms = [attrs for tag, attrs in page.tags if tag == "form" and attrs.get("action") == "/so-sanh"]
    assert forms
    assert forms[0].get("method") == "get"
    assert any("a_map=34" in link and "b_map=63" in link for link in page.links)


async def test_a_day_that_is_none_is_refused_as_in_the_api(country):
    answer = await country.client.get("/so-sanh", params={"a_as_of": "hôm qua"}, headers=HTML)
    assert answer.status_code == 422
