"""Questions over HTTP that are refused: by whom, and with which slug."""

from __future__ import annotations

import pytest

from shared.testing.apps import THANH_HOA
from tests.reporting.country import FIRST


@pytest.mark.parametrize("path", ["/", "/v1/progress", "/v1/progress/series"])
async def test_every_question_about_a_club_needs_a_token_of_its_area(country, path):
    params = {"area": f"club:{FIRST}", "indicator": "members"}
    assert (await country.client.get(path, params=params)).status_code == 401
    elsewhere = await country.token("province", THANH_HOA)
    assert (await country.client.get(path, params=params, headers=elsewhere)).status_code == 403
