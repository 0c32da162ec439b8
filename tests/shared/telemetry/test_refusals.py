"""What is refused outside of a problem document is known to the request too, so that it is counted."""

from __future__ import annotations

import pytest

from shared.telemetry import context
from shared.web.attempts import BY_ONE, Attempts, TooManyAttempts


def test_wrong_sign_ins_are_counted_and_so_is_who_is_turned_away_for_them() -> None:
    attempts = Attempts(now=lambda: 0.0)
    for _ in range(BY_ONE):
        with context.serving(None) as call:
            attempts.wrong("10.0.0.1")
            assert call.refused == "wrong-sign-in"
    with context.serving(None) as call:
        with pytest.raises(TooManyAttempts):
            attempts.wrong("10.0.0.1")
        assert call.refused == "too-many-attempts"
    with context.serving(None) as call:
        assert call.refused is None
