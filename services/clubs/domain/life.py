"""The turns in a club's life: board renewed (kiện toàn), suspended, resumed, dissolved. Each after the one before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.clubs.domain.commands import DissolveClub, RenewBoard, ResumeClub, SuspendClub
from services.clubs.domain.founding import check_since_founding
from services.clubs.domain.state import Club
from shared.kernel.checks import in_order
from shared.kernel.decider import Context
from shared.kernel.errors import Notice, Refused
from shared.kernel.numbers import dotted

LARGEST_BOARD = 50
"""Boards of 3 to 9 are what is seen; more than this is the club, not its board."""


def check_board(club: Club, command: RenewBoard, context: Context) -> None:
    """A board of at least one person, renewed after the founding and not in the future; else `Refused`."""
    check_since_founding(club, command.renewed_on, context, "renewed_on")
    if not 1 <= command.board_size <= LARGEST_BOARD:
        raise Refused(
            "absurd-count",
            f"Ban chủ nhiệm {dotted(command.board_size)} người là không thể; hãy ghi số người trong ban, thường là 5.",
            f"A board of {command.board_size:,} cannot be; give the number of people on the board, usually 5.",
            field="board_size",
        )


def odd_board(command: RenewBoard) -> Iterable[Notice]:
    """A board that is not of five."""
    if command.board_size != 5:
        yield Notice(
            "board-not-five",
            f"Ban chủ nhiệm có {command.board_size} người; thường là 5.",
            f"The board has {command.board_size} people; usually it is 5.",
            "board_size",
        )


def check_suspension(club: Club, command: SuspendClub, context: Context) -> None:
    """Only a club that works is suspended; else `Refused`."""
    if club.status == "suspended":
        raise Refused(
            "already-suspended",
            f"Câu lạc bộ đã tạm dừng từ {club.since:%d/%m/%Y}.",
            f"The club has been suspended since {club.since.isoformat()}.",
            status=409,
            field="club",
        )
    _check_turn(club, command.suspended_on, context, "suspended_on")


def check_resumption(club: Club, command: ResumeClub, context: Context) -> None:
    """Only a suspended club is resumed, not before it was suspended; else `Refused`."""
    if club.status != "suspended":
        raise Refused(
            "not-suspended",
            "Câu lạc bộ không tạm dừng nên không cần ghi hoạt động trở lại.",
            "The club is not suspended, so there is nothing to resume.",
            status=409,
            field="club",
        )
    _check_turn(club, command.resumed_on, context, "resumed_on")


def check_dissolution(club: Club, command: DissolveClub, context: Context) -> None:
    """Not before what the club last reported or went through; else `Refused`."""
    _check_turn(club, command.dissolved_on, context, "dissolved_on")
    latest = club.latest()
    if latest is not None:
        in_order(
            latest, command.dissolved_on, "dissolved_on",
            f"Câu lạc bộ còn có báo cáo ngày {latest:%d/%m/%Y}, sau ngày giải thể; hãy kiểm tra ngày.",
            f"The club has a report of {latest.isoformat()}, after the day of its dissolution; check the day.",
        )  # fmt: skip


def _check_turn(club: Club, day: date, context: Context, field: str) -> None:
    check_since_founding(club, day, context, field)
    in_order(
        club.since, day, field,
        f"Việc trước đó của câu lạc bộ là ngày {club.since:%d/%m/%Y}, sau ngày ghi; hãy kiểm tra ngày.",
        f"The turn before this one was on {club.since.isoformat()}, after the day given; check the day.",
    )  # fmt: skip
