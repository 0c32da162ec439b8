"""Requests for refills: read strictly, as they were written."""

from __future__ import annotations

import pytest

from shared.kafka.refills import Refill, read_refill
from shared.kernel.lanes import lane_of
from tests.shared.flow import streams_of_lanes

STREAM, OTHER = streams_of_lanes(2)
LANE = lane_of(STREAM)


@pytest.mark.parametrize("contested", ["3", 0, True, -1, 2.0])
def test_a_request_that_contests_no_position_is_none(contested: object) -> None:
    value = f'{{"after": 1, "by": "x", "lane": 3, "source": "toy", "contested": {str(contested).lower()!s}}}'
    text = value.replace('"contested": 3', '"contested": "3"') if contested == "3" else value
    assert read_refill(text.encode()) is None


def test_a_request_is_read_as_it_was_written() -> None:
    contest = Refill("toy", 3, 1, "x", contested=2, taken="ab" * 32)
    for refill in (Refill("toy", 3, 1, "x"), contest, Refill("toy", 3, 1, "x", sign=True)):
        assert read_refill(refill.record().value) == refill
    assert b"sign" not in Refill("toy", 3, 1, "x").record().value
