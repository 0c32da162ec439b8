"""How many wrong codes and tokens were tried at the sign-in page in the last minute, by address and in all.

Only what is wrong is counted and only what is wrong is turned away: a code has 160 random bits, so guessing is hopeless
anyway, and whoever tries must not be able to lock out those behind the same address, or everybody. Memory is bounded.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from shared.kernel.errors import Refused
from shared.telemetry import context

BY_ONE: Final = 10
BY_ALL: Final = 600
SECONDS: Final = 60.0


class TooManyAttempts(Refused):
    """Too many wrong codes or tokens; `seconds` says how long to wait."""

    SLUG: Final = "too-many-attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            self.SLUG,
            f"Quá nhiều mã sai trong một phút; hãy chờ {seconds} giây rồi thử lại.",
            f"Too many wrong codes within a minute; wait {seconds} seconds and try again.",
            status=429,
        )
        self.seconds = seconds


class Attempts:
    """The wrong attempts of the last minute, in one process."""

    def __init__(self, *, by_one: int = BY_ONE, by_all: int = BY_ALL, now: Callable[[], float] = time.monotonic) -> None:
        self._by_one = by_one
        self._by_all = by_all
        self._now = now
        self._made: deque[tuple[float, str]] = deque()
        self._count: Counter[str] = Counter()

    def wrong(self, peer: str) -> None:
        """Count a wrong attempt. May raise `TooManyAttempts`; then it is not counted."""
        now = self._now()
        self._forget(now)
        context.refused("wrong-sign-in")
        if len(self._made) >= self._by_all:
            context.refused(TooManyAttempts.SLUG)
            raise TooManyAttempts(_until(self._made[0][0], now))
        if self._count[peer] >= self._by_one:
            context.refused(TooManyAttempts.SLUG)
            raise TooManyAttempts(_until(next(at for at, who in self._made if who == peer), now))
        self._made.append((now, peer))
        self._count[peer] += 1

    def _forget(self, now: float) -> None:
        while self._made and self._made[0][0] <= now - SECONDS:
            _, peer = self._made.popleft()
            self._count[peer] -= 1
            if self._count[peer] == 0:
                del self._count[peer]


def _until(first: float, now: float) -> int:
    return max(1, int(first + SECONDS - now) + 1)
