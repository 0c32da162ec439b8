"""A parameter that a route does not know is refused: a mistyped one must not be answered with today's figure."""

from __future__ import annotations

import pytest

from shared.testing.apps import Running


@pytest.mark.parametrize("path", ["/", "/v1/progress", "/v1/progress/series", "/health"])
async def test_a_parameter_that_the_route_does_not_know_is_refused_by_its_name(country: Running, path: str) -> None:
    answer = await country.client.get(path, params={"as_off": "2023-12-31"})
    assert (answer.status_code, answer.json()["slug"], answer.json()["field"]) == (422, "unknown-parameter", "as_off")
    assert ("as_of" in answer.json()["detail_en"]) == (path != "/health")


async def test_a_parameter_given_twice_is_refused(country: Running) -> None:
    answer = await country.client.get("/v1/progress?area=34:38&area=34:01")
    assert (answer.status_code, answer.json()["slug"], answer.json()["field"]) == (422, "parameter-twice", "area")


async def test_what_the_route_knows_is_answered(country: Running) -> None:
    known = {"as_of": "2023-12-31", "known_at": "2026-01-01", "map": "63", "area": "VN", "basis": "any", "group_by": "region"}
    assert (await country.client.get("/v1/progress", params=known)).status_code == 200
