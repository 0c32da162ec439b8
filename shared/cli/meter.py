"""How far a long run is, on stderr: one line that renews itself on a terminal, a line every ten seconds elsewhere.

Guarantees that results on stdout stay clean. Refuses nothing.
"""

from __future__ import annotations

import time
from types import TracebackType

from shared.cli.speech import err, grouped


class Meter:
    """Tells how much of a total is done."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = max(total, 1)
        self._pause = 0.2 if err.is_terminal else 10.0
        self._told = time.monotonic()
        self._shown = False

    def __enter__(self) -> Meter:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take the line away."""
        if self._shown and err.is_terminal:
            err.print(" " * 70, end="\r", markup=False)

    def at(self, done: int) -> None:
        """So much is done."""
        now = time.monotonic()
        if now - self._told < self._pause:
            return
        self._told, self._shown = now, True
        line = f"{self._what}: {grouped(done)} / {grouped(self._total)} ({done * 100 // self._total}%)"
        err.print(f"{line:<70}", end="\r" if err.is_terminal else "\n", markup=False)
