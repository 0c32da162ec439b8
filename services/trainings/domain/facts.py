"""What a plan and a report of a round have in common, and which of it is impossible (refused) or odd (a notice)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from shared.events.common import Count, Day, Name, Reference, StreamId
from shared.events.trainings import Content, Cost, Kind, Level, Organiser, Participants
from shared.kernel.checks import in_order, known_place, no_repeats
from shared.kernel.command import Command
from shared.kernel.decider import Context
from shared.kernel.errors import Notice, Refused
from shared.kernel.numbers import dotted
from shared.kernel.place import PlaceRef

ClubId = Annotated[StreamId, Field(pattern=r"^club-[a-z0-9-]{1,110}$")]

USUAL_DAYS = 10
"""Courses of 1 to 5 days are what is seen; a round that lasts longer than this is pointed out."""


class RoundFacts(Command):
    """Title, organiser, level, kind, the plan's content blocks, days, place, and the provinces whose people come."""

    title: Name
    organiser: Organiser
    level: Level
    kind: Kind
    contents: Annotated[tuple[Content, ...], Field(max_length=10)]
    starts_on: Day
    ends_on: Day
    place: PlaceRef
    provinces: Annotated[tuple[PlaceRef, ...], Field(max_length=100)] = ()
    generated: bool = False


class HeldFacts(RoundFacts):
    """What is known once the round was held: whose boards, how many people by role and sex, and what it cost."""

    clubs: Annotated[tuple[ClubId, ...], Field(max_length=500)] = ()
    provisional_boards: Annotated[tuple[Reference, ...], Field(max_length=500)] = ()
    participants: Annotated[tuple[Participants, ...], Field(max_length=10)] = ()
    attendances: Count | None = None
    distinct_people: Count | None = None
    costs: Annotated[tuple[Cost, ...], Field(max_length=10)] = ()


def check_facts(facts: RoundFacts, context: Context) -> None:
    """Days in order, places in their lists and of the right size, nothing twice; else `Refused`."""
    in_order(
        facts.starts_on, facts.ends_on, "ends_on",
        "Ngày kết thúc đứng trước ngày bắt đầu; hãy kiểm tra hai ngày.",
        "The last day is before the first; check both days.",
    )  # fmt: skip
    known_place(facts.place, context, "place")
    if facts.place.level == "nation" and facts.level not in ("national", "regional"):
        raise Refused(
            "place-too-large",
            "Đợt tập huấn cấp tỉnh trở xuống phải ghi nơi tổ chức là tỉnh hoặc xã.",
            "A round of a province or below names a province or a commune as its place.",
            field="place",
        )
    for index, province in enumerate(facts.provinces):
        known_place(province, context, f"provinces.{index}")
        if province.level != "province":
            raise Refused(
                "not-a-province",
                f"{province.key} không phải là tỉnh, thành phố; hãy ghi mã hai chữ số.",
                f"{province.key} is not a province; write its code of two digits.",
                field=f"provinces.{index}",
            )
    no_repeats((province.key for province in facts.provinces), "provinces")
    no_repeats(facts.contents, "contents")


def odd_facts(facts: RoundFacts) -> Iterable[Notice]:
    """A round that lasts unusually long, or says nothing of what is taught."""
    days = (facts.ends_on - facts.starts_on).days + 1
    if days > USUAL_DAYS:
        yield Notice(
            "unusually-long",
            f"Đợt tập huấn kéo dài {days} ngày; thường là 1 đến 5 ngày.",
            f"The round lasts {days} days; 1 to 5 are usual.",
            "ends_on",
        )
    if not facts.contents:
        yield Notice(
            "no-content-stated",
            "Chưa ghi nội dung nào trong ba nội dung của kế hoạch.",
            "None of the plan's three contents is stated.",
            "contents",
        )


def check_counts(facts: HeldFacts) -> None:
    """Nobody is counted more often as a person (người) than as an attendance (lượt người); nothing is named twice."""
    no_repeats((part.role for part in facts.participants), "participants")
    no_repeats((cost.source for cost in facts.costs), "costs")
    no_repeats(facts.clubs, "clubs")
    no_repeats(facts.provisional_boards, "provisional_boards")
    attendances, distinct_people = facts.attendances, facts.distinct_people
    if attendances is not None and distinct_people is not None and distinct_people > attendances:
        raise Refused(
            "more-people-than-attendances",
            f"{dotted(distinct_people)} người không thể nhiều hơn {dotted(attendances)} lượt người; hãy kiểm tra hai số.",
            f"{distinct_people:,} different people cannot exceed {attendances:,} attendances; check both numbers.",
            field="distinct_people",
        )


def people_stated(participants: Iterable[Participants]) -> int:
    """The people of all roles, as far as they are stated."""
    return sum((part.women or 0) + (part.men or 0) + (part.unstated or 0) for part in participants)


def odd_counts(facts: HeldFacts) -> Iterable[Notice]:
    """The people by role add up to more than the people, or than the attendances: somebody stands under two roles."""
    stated = people_stated(facts.participants)
    attendances, distinct_people = facts.attendances, facts.distinct_people
    if distinct_people is not None and stated > distinct_people:
        yield Notice(
            "roles-exceed-people",
            f"Cộng theo vai trò là {dotted(stated)}, nhiều hơn {dotted(distinct_people)} người; "
            "có thể có người được ghi ở hai vai trò.",
            f"The roles add up to {stated:,}, more than {distinct_people:,} people; someone may stand under two roles.",
            "participants",
        )
    if attendances is not None and stated > attendances:
        yield Notice(
            "roles-exceed-attendances",
            f"Cộng theo vai trò là {dotted(stated)}, nhiều hơn {dotted(attendances)} lượt người; hãy kiểm tra lại.",
            f"The roles add up to {stated:,}, more than {attendances:,} attendances; please check.",
            "participants",
        )
