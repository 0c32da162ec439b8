"""One minute of the campaign, only when asked for: `CHAOS=1 .venv/bin/pytest tests/chaos`. `make chaos` is the real thing."""

from __future__ import annotations

import os

import pytest

from tests.chaos.campaign import run

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.timeout(600),
    pytest.mark.skipif("CHAOS" not in os.environ, reason="a campaign: set CHAOS=1, or run `make chaos`"),
]


async def test_I1_to_I7_hold_at_every_quiescence_of_a_minute_of_faults_lies_and_a_restored_database() -> None:
    """Seen to fail with a fold that forgets the day of the next report: the members of some clubs were counted twice; and with
    a reader that takes every next position without its link: it never came to rest."""
    result = await run(1.0, 7, round_seconds=20, first=("good forgery: the next position", "database restored"))
    assert result.violations == []
    assert result.checks >= 1
    assert result.faults["good forgery: the next position"] >= 1
    assert result.faults["database restored"] >= 1
    assert sum(result.faults.values()) >= 5
