"""Time is passed in. The programme's dates are days in Asia/Ho_Chi_Minh; the log's times are UTC instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

HO_CHI_MINH = ZoneInfo("Asia/Ho_Chi_Minh")

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def day_of(instant: datetime) -> date:
    """The calendar day of an instant in Vietnam."""
    return instant.astimezone(HO_CHI_MINH).date()
