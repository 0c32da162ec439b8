"""A training round (đợt tập huấn): planned, held, or cancelled; who may write it, and what about it is impossible or odd.

A round may be held without a plan, and a second report of a held round corrects the first. Refuses a report of what is still
to come, places that are not in their lists, more people than attendances, and the cancelling of what was held. Whatever its
place, only the centre writes what the centre organises, because only those rounds count against the plan's 5 to 7 a year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Literal, assert_never

from pydantic import Field

from services.trainings.domain.facts import HeldFacts, RoundFacts, check_counts, check_facts, odd_counts, odd_facts
from shared.events.common import Day, StreamId, Text
from shared.events.trainings import (
    Level,
    Organiser,
    TrainingCancelled,
    TrainingEvent,
    TrainingHeld,
    TrainingPlanned,
)
from shared.kernel.checks import not_in_future
from shared.kernel.command import Command
from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice, Refused
from shared.kernel.place import NATION, PlaceRef

RoundId = Annotated[StreamId, Field(pattern=r"^round-[a-z0-9-]{1,110}$")]


class PlanTraining(RoundFacts, type="trainings.plan-training"):
    """Plan a round (lập kế hoạch đợt tập huấn). With `round`: replace the plan of that round."""

    round: RoundId | None = None


class HoldTraining(HeldFacts, type="trainings.hold-training"):
    """Report a round as held (báo cáo đợt tập huấn). Without `round`: one that was not planned here."""

    round: RoundId | None = None


class CancelTraining(Command, type="trainings.cancel-training"):
    """A planned round will not be held (huỷ đợt tập huấn)."""

    round: RoundId
    cancelled_on: Day
    reason: Text


RoundCommand = PlanTraining | HoldTraining | CancelTraining


@dataclass(frozen=True, slots=True)
class Round:
    """What a later command must know of a round: how far it is, and whose it is."""

    status: Literal["planned", "held", "cancelled"]
    organiser: Organiser
    level: Level
    place: PlaceRef


def decide(round: Round | None, command: RoundCommand, context: Context) -> Iterable[TrainingEvent]:
    """The events that a command causes, or `Refused`."""
    match command:
        case PlanTraining():
            _require_known(round, command.round)
            if round is not None and round.status == "held":
                raise Refused(
                    "round-already-held",
                    "Đợt tập huấn này đã tổ chức; hãy báo cáo lại để đính chính, không lập lại kế hoạch.",
                    "This round was held already; report it again to correct it instead of planning it.",
                )
            check_facts(command, context)
            yield TrainingPlanned.model_validate(command.model_dump(exclude={"round"}))
        case HoldTraining():
            _require_known(round, command.round)
            check_facts(command, context)
            not_in_future(command.ends_on, context, "ends_on")
            check_counts(command)
            yield TrainingHeld.model_validate(command.model_dump(exclude={"round"}))
        case CancelTraining():
            yield from _cancel(_require_known(round, command.round), command, context)
        case _:
            assert_never(command)


def _cancel(round: Round | None, command: CancelTraining, context: Context) -> Iterable[TrainingEvent]:
    not_in_future(command.cancelled_on, context, "cancelled_on")
    if round is not None and round.status == "held":
        raise Refused(
            "round-already-held",
            "Đợt tập huấn đã tổ chức thì không huỷ được; hãy báo cáo lại để đính chính.",
            "A round that was held cannot be cancelled; report it again to correct it.",
        )
    if round is not None and round.status == "cancelled":
        raise Refused(
            "round-already-cancelled",
            "Đợt tập huấn này đã huỷ rồi; không cần ghi thêm.",
            "This round is cancelled already; nothing more is needed.",
        )
    yield TrainingCancelled(cancelled_on=command.cancelled_on, reason=command.reason)


def _require_known(round: Round | None, named: str | None) -> Round | None:
    if round is None and named is not None:
        raise _unknown(named)
    return round


def _unknown(named: str) -> Refused:
    return Refused(
        "unknown-round",
        f"Chưa có đợt tập huấn {named}; hãy kiểm tra mã, hoặc bỏ trống để ghi một đợt mới.",
        f"There is no round {named}; check the id, or leave it out to record a new round.",
        status=404,
        field="round",
    )


def evolve(round: Round | None, event: TrainingEvent) -> Round:
    """A held round stays held; planning after a cancellation revives the round."""
    match event:
        case TrainingPlanned():
            return Round("planned", event.organiser, event.level, event.place)
        case TrainingHeld():
            return Round("held", event.organiser, event.level, event.place)
        case TrainingCancelled():
            if round is None:
                raise ValueError("a round begins with its plan or its report")
            return replace(round, status="cancelled")
        case _:
            assert_never(event)


def stream_of(command: RoundCommand, command_id: str) -> str:
    """The named round, or a new one that takes its id from the command's."""
    return command.round or f"round-{command_id}"


def jurisdiction(round: Round | None, command: RoundCommand) -> Jurisdiction:
    """By place, level and organiser. A correction also needs what the round was before."""
    before = None if round is None else _owner(round.organiser, round.level, round.place)
    match command:
        case PlanTraining() | HoldTraining():
            after = _owner(command.organiser, command.level, command.place)
            return after if before is None else _both(before, after)
        case CancelTraining():
            if before is None:
                raise _unknown(command.round)
            return before
        case _:
            assert_never(command)


_SIDES = {
    "lead-department": "state",
    "province-department": "state",
    "association-centre": "association",
    "province-association": "association",
}


def _owner(organiser: Organiser, level: Level, place: PlaceRef) -> Jurisdiction:
    side = _SIDES.get(organiser)
    if organiser in ("lead-department", "association-centre") or level in ("national", "regional"):
        return Jurisdiction(NATION, side, roles=("centre",))
    if level == "province" or organiser in ("province-department", "province-association"):
        return Jurisdiction(place, side, roles=("province", "centre"))
    return Jurisdiction(place, side)


def _both(before: Jurisdiction, after: Jurisdiction) -> Jurisdiction:
    roles = tuple(role for role in after.roles if role in before.roles)
    also = () if before.area == after.area else (before.area,)
    if before.side is not None and after.side is not None and before.side != after.side:
        return Jurisdiction(NATION, after.side, roles=("centre",))
    return Jurisdiction(after.area, after.side or before.side, roles, also)


def notices(round: Round | None, command: RoundCommand, context: Context) -> Iterable[Notice]:
    """What is accepted and pointed out."""
    match command:
        case PlanTraining():
            yield from odd_facts(command)
        case HoldTraining():
            yield from odd_facts(command)
            yield from odd_counts(command)
            if round is not None and round.status == "cancelled":
                yield Notice(
                    "round-was-cancelled",
                    "Đợt này trước đó đã ghi là huỷ; nay được ghi là đã tổ chức.",
                    "This round had been cancelled; it now stands as held.",
                )
        case CancelTraining():
            return
        case _:
            assert_never(command)


ROUNDS: Decider[Round, RoundCommand, TrainingEvent] = Decider(decide, evolve, stream_of, jurisdiction, notices)
