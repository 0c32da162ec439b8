"""What an inspection's report may say: what is impossible in it is refused, what is odd is pointed out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from shared.events.common import Day, Name, StreamId
from shared.events.monitoring import Answer, Finding, Team
from shared.kernel.checks import in_order, known_place, no_repeats
from shared.kernel.command import Command
from shared.kernel.decider import Context
from shared.kernel.errors import Notice, Refused
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook

ClubId = Annotated[StreamId, Field(pattern=r"^club-[a-z0-9-]{1,110}$")]
Places = Annotated[tuple[PlaceRef, ...], Field(min_length=1, max_length=200)]

ABOUT_AUTHORITIES = frozenset({"authority-passive", "weak-coordination", "weak-communication"})
"""Findings that speak of the authority that carries the scheme out, never of one club."""


class CompletedFacts(Command):
    """The team, where it was and when, the clubs it visited, its answers to the plan's questions, and its findings."""

    title: Name
    team: Team
    starts_on: Day
    completed_on: Day
    places: Places
    clubs_visited: Annotated[tuple[ClubId, ...], Field(max_length=500)] = ()
    answers: Annotated[tuple[Answer, ...], Field(max_length=10)] = ()
    findings: Annotated[tuple[Finding, ...], Field(max_length=500)] = ()
    generated: bool = False


def check_places(places: Iterable[PlaceRef], context: Context) -> None:
    """Every place is in the list that it names, and none is named twice."""
    listed = tuple(places)
    for index, place in enumerate(listed):
        known_place(place, context, f"places.{index}")
    no_repeats((place.key for place in listed), "places")


def check_report(facts: CompletedFacts, context: Context) -> None:
    """Dates in order, places known, nothing twice, findings numbered 1, 2, 3, ... where the team was; else `Refused`."""
    in_order(
        facts.starts_on, facts.completed_on, "completed_on",
        "Ngày kết thúc kiểm tra đứng trước ngày bắt đầu; hãy kiểm tra hai ngày.",
        "The inspection ends before it begins; check both days.",
    )  # fmt: skip
    check_places(facts.places, context)
    no_repeats(facts.clubs_visited, "clubs_visited")
    no_repeats((answer.question for answer in facts.answers), "answers")
    if sorted(finding.number for finding in facts.findings) != list(range(1, len(facts.findings) + 1)):
        raise Refused(
            "findings-misnumbered",
            "Các phát hiện phải đánh số 1, 2, 3, ... liên tục, mỗi số một lần.",
            "Findings are numbered 1, 2, 3, ... without gap, each number once.",
            field="findings",
        )
    for index, finding in enumerate(facts.findings):
        _check_finding(finding, facts, context, f"findings.{index}")


def _check_finding(finding: Finding, facts: CompletedFacts, context: Context, field: str) -> None:
    known_place(finding.place, context, f"{field}.place")
    if not any(_touches(place, finding.place, context.places) for place in facts.places):
        raise Refused(
            "finding-elsewhere",
            f"Phát hiện số {finding.number} ghi ở nơi đoàn không đến; hãy thêm nơi đó hoặc sửa nơi của phát hiện.",
            f"Finding {finding.number} is about a place where the team was not; add the place or correct the finding's.",
            field=f"{field}.place",
        )
    deadline = finding.recommendation.deadline if finding.recommendation is not None else None
    if deadline is not None:
        in_order(
            facts.completed_on, deadline, f"{field}.recommendation.deadline",
            f"Hạn khắc phục của phát hiện số {finding.number} đứng trước ngày kết thúc kiểm tra.",
            f"The deadline of finding {finding.number} is before the inspection ended.",
        )  # fmt: skip


def _touches(visited: PlaceRef, place: PlaceRef, book: PlaceBook) -> bool:
    """One lies in the other; across the two lists, where that may be undecided, the same province of today is enough."""
    if visited.list != place.list and "nation" not in (visited.level, place.level):
        return book.locate(visited, "34").province == book.locate(place, "34").province
    return book.contains(visited, place) or book.contains(place, visited)


def odd_findings(facts: CompletedFacts) -> Iterable[Notice]:
    """A finding about a club that was not visited, or about an authority but naming a club."""
    for index, finding in enumerate(facts.findings):
        if finding.club is not None and finding.club not in facts.clubs_visited:
            yield Notice(
                "club-not-visited",
                f"Phát hiện số {finding.number} nói về câu lạc bộ không có trong danh sách đã đến.",
                f"Finding {finding.number} is about a club that is not among those visited.",
                f"findings.{index}.club",
            )
        if finding.club is not None and finding.kind in ABOUT_AUTHORITIES:
            yield Notice(
                "authority-finding-about-a-club",
                f"Phát hiện số {finding.number} thuộc loại về cơ quan thực hiện nhưng lại ghi tên câu lạc bộ.",
                f"Finding {finding.number} is of a kind about authorities, yet it names a club.",
                f"findings.{index}.club",
            )
