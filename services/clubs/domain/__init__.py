"""What the clubs service decides: the life of a club (câu lạc bộ liên thế hệ tự giúp nhau).

Guarantees that a club's record makes sense: founded once, reported between its founding and today, suspended and resumed in
turn, dissolved for good. What changes nothing is recorded as nothing: the same file uploaded again adds no event. A dissolved
club still counts as founded, so its founding may be corrected; everything else is refused of it. Pure: no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from services.clubs.domain.commands import (
    ClubCommand,
    CorrectFounding,
    DissolveClub,
    FoundClub,
    RenewBoard,
    ReportMembers,
    ReportMonth,
    ResumeClub,
    SuspendClub,
    recorded,
)
from services.clubs.domain.founding import check_correction, check_founding, odd_founding
from services.clubs.domain.life import check_board, check_dissolution, check_resumption, check_suspension, odd_board
from services.clubs.domain.members import check_members, odd_members
from services.clubs.domain.months import check_month, odd_month
from services.clubs.domain.state import Club, digest, evolve, same_founding
from shared.events.clubs import (
    BoardRenewed,
    ClubDissolved,
    ClubEvent,
    ClubFounded,
    ClubResumed,
    ClubSuspended,
    FoundingCorrected,
    MembersReported,
    MonthReported,
    month_start,
)
from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice, Refused

__all__ = [
    "CLUBS",
    "Club",
    "ClubCommand",
    "CorrectFounding",
    "DissolveClub",
    "FoundClub",
    "RenewBoard",
    "ReportMembers",
    "ReportMonth",
    "ResumeClub",
    "SuspendClub",
]


def decide(club: Club | None, command: ClubCommand, context: Context) -> Iterable[ClubEvent]:
    """The events that a command causes, or `Refused`. Nothing when the club's record says the same already."""
    if isinstance(command, FoundClub):
        yield from _found(club, command, context)
        return
    known = _known(club)
    if isinstance(command, CorrectFounding):
        check_correction(known, command, context)
        if not same_founding(known.founding, command):
            yield recorded(FoundingCorrected, command)
        return
    _refuse_dissolved(known)
    match command:
        case ReportMembers():
            check_members(known, command, context)
            members = recorded(MembersReported, command)
            before = known.members.get(members.as_of)
            if before is None or before.digest != digest(members):
                yield members
        case ReportMonth():
            check_month(known, command, context)
            month = recorded(MonthReported, command).model_copy(update={"month": month_start(command.month)})
            reported = known.months.get(month.month)
            if reported is None or reported.digest != digest(month):
                yield month
        case RenewBoard():
            check_board(known, command, context)
            board = recorded(BoardRenewed, command)
            if known.boards.get(board.renewed_on) != digest(board):
                yield board
        case SuspendClub():
            check_suspension(known, command, context)
            yield recorded(ClubSuspended, command)
        case ResumeClub():
            check_resumption(known, command, context)
            yield recorded(ClubResumed, command)
        case DissolveClub():
            check_dissolution(known, command, context)
            yield recorded(ClubDissolved, command)
        case _:
            assert_never(command)


def _found(club: Club | None, command: FoundClub, context: Context) -> Iterable[ClubEvent]:
    if club is not None:
        raise Refused(
            "already-founded",
            "Câu lạc bộ này đã được ghi thành lập; muốn sửa hãy dùng lệnh đính chính.",
            "This club is founded already; to change its facts, correct the founding.",
            status=409,
        )
    check_founding(command, context)
    yield recorded(ClubFounded, command)


def _known(club: Club | None) -> Club:
    if club is None:
        raise Refused(
            "unknown-club",
            "Không có câu lạc bộ nào mang mã này; hãy kiểm tra mã câu lạc bộ.",
            "There is no club with this id; check the club's id.",
            status=404,
            field="club",
        )
    return club


def _refuse_dissolved(club: Club) -> None:
    if club.status == "dissolved":
        raise Refused(
            "club-dissolved",
            f"Câu lạc bộ đã giải thể ngày {club.since:%d/%m/%Y}; chỉ còn có thể đính chính thông tin thành lập.",
            f"The club was dissolved on {club.since.isoformat()}; only its founding may still be corrected.",
            status=409,
            field="club",
        )


def jurisdiction(club: Club | None, command: ClubCommand) -> Jurisdiction:
    """A club is the business of its commune, and so of its province and the centre, on either side.

    The commune's People's Committee founds and dissolves it by decision, the association runs it and reports it, and in
    many communes one hand writes for both: so neither side is shut out. A correction that moves a club needs both communes.
    """
    if isinstance(command, FoundClub):
        return Jurisdiction(command.commune)
    known = _known(club)
    if isinstance(command, CorrectFounding) and command.commune != known.founding.commune:
        return Jurisdiction(known.founding.commune, also=(command.commune,))
    return Jurisdiction(known.founding.commune)


def notices(club: Club | None, command: ClubCommand, context: Context) -> Iterable[Notice]:
    """What is odd about a command that is accepted."""
    if isinstance(command, FoundClub | CorrectFounding):
        yield from odd_founding(command, context)
        return
    known = _known(club)
    match command:
        case ReportMembers():
            yield from odd_members(command)
        case ReportMonth():
            yield from odd_month(known, command)
        case RenewBoard():
            yield from odd_board(command)
        case SuspendClub() | ResumeClub() | DissolveClub():
            return
        case _:
            assert_never(command)
    if known.status == "suspended":
        yield Notice(
            "club-suspended",
            f"Câu lạc bộ đang tạm dừng từ {known.since:%d/%m/%Y}; nếu đã hoạt động lại hãy ghi nhận việc đó.",
            f"The club has been suspended since {known.since.isoformat()}; if it works again, record that.",
            "club",
        )


def stream_of(command: ClubCommand, command_id: str) -> str:
    """A new club takes its id from the command that founds it, so that a retry meets the same club."""
    return f"club-{command_id}" if isinstance(command, FoundClub) else command.club


CLUBS: Decider[Club, ClubCommand, ClubEvent] = Decider(decide, evolve, stream_of, jurisdiction, notices)
