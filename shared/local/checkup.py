"""What `clb doctor` looks at, as findings: a state, what was found, and what to do. Each look stands alone and never raises.

Guarantees an answer also when a part is down, since that is when it is asked: what cannot be looked at is a finding of its own.
Changes nothing, but for one record without a meaning, on a topic of refills, whose stamp is the broker's clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Found:
    """One line of a check-up. `blocks`: restarting now could lose or spoil something."""

    state: State
    area: str
    vi: str
    en: str
    do_vi: str = ""
    do_en: str = ""
    blocks: bool = field(default=False, kw_only=True)


Look = Callable[[], Awaitable[Sequence[Found]]]


async def looked(area: str, look: Look) -> list[Found]:
    """The findings of a look; one that fails is a finding."""
    try:
        return list(await look())
    except Exception as failure:  # noqa: BLE001  whatever it is: a check-up must come to its end
        reason = f"{type(failure).__name__}: {failure}".splitlines()[0][:160]
        return [Found("bad", area, f"không xem được ({reason})", f"cannot be looked at ({reason})", *_START)]


def command(text: str) -> tuple[str, str]:
    """What to do, where it is a command: the same in both languages."""
    return text, text


_START = ("xem ./clb status, tệp nhật ký trong logs/", "see ./clb status and the files in logs/")


def verdict(found: Iterable[Found]) -> tuple[bool, str, str]:
    """Whether it is safe to restart now, and the sentence that says why not."""
    blocking = [each for each in found if each.blocks]
    if not blocking:
        return (
            True,
            "Khởi động lại lúc này an toàn: mọi sự kiện đã ghi nằm trong kho và mọi tiến trình đọc tiếp từ chỗ đã dừng.",
            "It is safe to restart now: recorded events are in their stores, and every process goes on where it stopped.",
        )
    vi, en = "; ".join(each.vi for each in blocking), "; ".join(each.en for each in blocking)
    return False, f"Chưa nên khởi động lại: {vi}.", f"Do not restart now: {en}."
