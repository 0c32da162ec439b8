"""Named places at which a test may kill the process with SIGKILL. In production nothing is set and nothing happens.

`CRASH_AT=name:3` kills the process when the point `name` is passed for the third time. A test collects the names
declared in the code and fails when one of them was never hit.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Die here by SIGKILL if `CRASH_AT` says so; otherwise nothing."""
    wanted = os.environ.get("CRASH_AT")
    if wanted is None:
        return
    point, _, nth = wanted.partition(":")
    if point == name:
        _passed[name] += 1
        if _passed[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
