"""The log as a protocol. The Postgres log and the memory log keep it alike; one contract suite holds them to it.

It guarantees: positions of a lane are 1, 2, 3, ... in commit order; versions of a stream are 1, 2, 3, ...; the recorded
time of a lane never goes back; a command id has one effect and one answer for ever. It refuses to change anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.eventlog.records import Append, Appended, LaneHead, LogIdentity, Outcome
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused


class Log(Protocol):
    """One service's log."""

    @property
    def source(self) -> str:
        """The service whose log this is."""
        ...

    async def append(self, batch: Sequence[Append], *, atomic: bool = False) -> list[Outcome]:
        """Store a batch in one transaction and answer each command, in order. Command ids of a batch are distinct.

        The commands of a batch that act on one stream are a chain: they apply in order, and after one that failed the
        rest of that stream conflicts, since it was decided on what did not happen. Other streams go on. `atomic`: if one
        command fails, all that were not stored before are answered with a conflict. May raise `Refused`
        ("clock-not-simulated"), `LogBehind` (nothing is written), `LogUnavailable` (the outcome is unknown: repeat), `Clash`
        (repeat one by one).
        """
        ...

    async def load(self, streams: Sequence[str]) -> dict[str, list[Recorded]]:
        """All events of the streams in order of version; a stream without events maps to an empty list."""
        ...

    async def answers(self, command_ids: Sequence[str]) -> dict[str, tuple[bytes, Appended]]:
        """The fingerprints and stored answers of those command ids that are known; `repeated` is set in all of them."""
        ...

    async def read_lane(self, lane: int, after: int, limit: int) -> list[Recorded]:
        """The next events of a lane after a position, in order."""
        ...

    async def identity(self) -> LogIdentity:
        """Which log it is: its deployment and its random id, for ever."""
        ...

    async def heads(self) -> dict[int, LaneHead]:
        """The head of each of the 64 lanes."""
        ...

    async def event(self, event_id: str) -> Recorded | None:
        """One event by its id."""
        ...

    async def simulated(self) -> bool:
        """Whether this log accepts a recorded time that is passed in."""
        ...


class Clash(Exception):
    """Two commands of different calls wanted the same id at the same time: the batch was rolled back, repeat one by one."""


class LogUnavailable(Refused):
    """The database did not answer. Whether the commands were stored is unknown; repeating them by their ids is safe."""

    def __init__(self) -> None:
        super().__init__(
            "log-unavailable",
            "Cơ sở dữ liệu chưa trả lời, chưa rõ lệnh đã được ghi hay chưa. Hãy gửi lại cùng mã lệnh (Idempotency-Key).",
            "The database did not answer, so it is unknown whether the command was stored. Send it again under the same id.",
            status=503,
        )


class LogBehind(Refused):
    """The log lacks what was acknowledged: a restored backup, a standby that lagged. Nothing is written before a recovery."""

    def __init__(self, source: str) -> None:
        super().__init__(
            "log-behind",
            f"Nhật ký {source} thiếu sự kiện đã được xác nhận nên tạm không ghi gì; lệnh này chưa được ghi. "
            f"Người vận hành chạy: ./clb recover {source}.",
            f"The log of {source} lacks events that were acknowledged, so nothing is written for now; this command was not "
            f"recorded. The operator runs: ./clb recover {source}.",
            status=503,
        )


def clock_not_simulated() -> Refused:
    """The refusal of a recorded time by a log whose clock is real."""
    return Refused(
        "clock-not-simulated",
        "Cơ sở dữ liệu này dùng đồng hồ thật: hãy bỏ trường recorded_at. Chỉ cơ sở dữ liệu mô phỏng mới nhận trường này.",
        "This database keeps real time: leave recorded_at out. Only a database marked as simulated accepts it.",
        field="recorded_at",
    )


def require_distinct(batch: Sequence[Append]) -> None:
    """Raise `ValueError` if a command id stands twice in one batch."""
    if len({append.command_id for append in batch}) != len(batch):
        raise ValueError("a command id stands twice in one batch")
