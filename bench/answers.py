"""The one form in which every contestant's answer is compared: rows of area, month, measure and amount, sorted, as a hash.

The table holds what each month adds: area is `VN`, `63:01` or `34:01`; members and women are the change of the month. Rows of
nothing are left out, so that a contestant which writes zeros and one which does not have the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

MEASURES = (
    "clubs_founded", "members", "women", "month_reports", "meetings", "loans_total", "rounds", "participants",
    "inspections", "clubs_visited",
)  # fmt: skip

Row = tuple[str, str, str, int]
"""Area, month as `2020-09`, measure, amount."""


def hash_of(rows: Iterable[Row]) -> str:
    """The canonical hash of a table."""
    lines = sorted(f"{area}|{month}|{measure}|{int(amount)}\n" for area, month, measure, amount in rows if amount)
    return sha256("".join(lines).encode()).hexdigest()
