"""The pages of places over the real application: sums on the page itself, both maps, order, search, and what is not there."""

from __future__ import annotations

import pytest

from shared.testing.apps import Running


async def test_the_pages_of_the_small_country_open(country: Running) -> None:
    for path in ("/tinh/34:38", "/tinh/63:58", "/tinh/34:56", "/vung/tay-nguyen", "/xa/34:00004", "/tim?q=ha", "/tim", "/chi-tieu"):
        answer = await country.client.get(path)
        print(answer.text if answer.status_code != 200 else "")
        assert answer.status_code == 200, path
