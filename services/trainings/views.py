"""Read models of the trainings service: the rounds (đợt tập huấn) and the boards that need one (việc cần làm).

`Rounds` shows each round as last planned, reported or cancelled; `BoardTodos` each board with what closed its to-do. Both
store the areas that a row lies in, so that a question about an area is one look into an index. They count nothing: figures
are the reporting service's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never, cast

from shared.events.language import codec_of
from shared.events.trainings import (
    BoardEvent,
    BoardTrained,
    BoardTrainingRequired,
    TrainingCancelled,
    TrainingEvent,
    TrainingHeld,
    TrainingPlanned,
)
from shared.kernel.database import Connection
from shared.kernel.ports import PlaceBook
from shared.projections.view import Delivered
from shared.reference.areas import areas_of


class Rounds:
    """One row a round: status, facts as last reported, the plan it had, why it was cancelled."""

    name = "rounds"
    version = 1
    sources = ("trainings",)
    codec = codec_of("trainings")

    def __init__(self, places: PlaceBook) -> None:
        self._places = places

    def tables(self) -> str:
        """One table."""
        return """
            create table if not exists rounds (
                round text primary key,
                version int not null,
                status text not null check (status in ('planned', 'held', 'cancelled')),
                organiser text not null, level text not null,
                starts_on date not null,
                place text not null, areas text[] not null,
                plan jsonb, report jsonb, cancellation jsonb,
                recorded_at timestamptz not null
            );
            create index if not exists rounds_by_area on rounds using gin (areas);
            create index if not exists rounds_by_day on rounds (starts_on desc, round);
        """

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """Fold in order; a later report of a round replaces its facts."""
        for delivered in events:
            event, recorded = cast("TrainingEvent | BoardEvent", delivered.event), delivered.recorded
            match event:
                case TrainingPlanned() | TrainingHeld() as facts:
                    held = isinstance(facts, TrainingHeld)
                    await connection.execute(
                        """
                        insert into rounds as r (round, version, status, organiser, level, starts_on, place, areas,
                                                 plan, report, recorded_at)
                        values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11)
                        on conflict (round) do update set
                            version = excluded.version, status = excluded.status, organiser = excluded.organiser,
                            level = excluded.level, starts_on = excluded.starts_on, place = excluded.place,
                            areas = excluded.areas, plan = coalesce(excluded.plan, r.plan),
                            report = coalesce(excluded.report, r.report), cancellation = null,
                            recorded_at = excluded.recorded_at
                        """,
                        recorded.stream, recorded.version, "held" if held else "planned",
                        facts.organiser, facts.level, facts.starts_on, facts.place.key,
                        areas_of(self._places, (facts.place, *facts.provinces)),
                        None if held else facts.to_json(), facts.to_json() if held else None, recorded.recorded_at,
                    )  # fmt: skip
                case TrainingCancelled() as cancelled:
                    await connection.execute(
                        """
                        update rounds set version = $2, status = 'cancelled', cancellation = $3::jsonb, recorded_at = $4
                        where round = $1
                        """,
                        recorded.stream, recorded.version, cancelled.to_json(), recorded.recorded_at,
                    )  # fmt: skip
                case BoardTrainingRequired() | BoardTrained():
                    continue
                case _:
                    assert_never(event)


class BoardTodos:
    """One row a board: open while no known round has trained it. A board trained before its founding is never open."""

    name = "board_todos"
    version = 1
    sources = ("trainings",)
    codec = codec_of("trainings")

    def __init__(self, places: PlaceBook) -> None:
        self._places = places

    def tables(self) -> str:
        """One table. `commune` and what follows are unknown for a board that never was a to-do."""
        return """
            create table if not exists boards (
                club text primary key,
                version int not null,
                open boolean not null,
                commune text, areas text[] not null default '{}',
                founded_on date, provisional_board text, generated boolean,
                trained_by text, trained_on date,
                recorded_at timestamptz not null
            );
            create index if not exists boards_by_area on boards using gin (areas);
        """

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """Fold in order; the last event of a board says whether it is open."""
        for delivered in events:
            event, recorded = cast("TrainingEvent | BoardEvent", delivered.event), delivered.recorded
            match event:
                case BoardTrainingRequired() as required:
                    await connection.execute(
                        """
                        insert into boards (club, version, open, commune, areas, founded_on, provisional_board, generated,
                                            recorded_at)
                        values ($1, $2, true, $3, $4, $5, $6, $7, $8)
                        on conflict (club) do update set
                            version = excluded.version, open = true, commune = excluded.commune, areas = excluded.areas,
                            founded_on = excluded.founded_on, provisional_board = excluded.provisional_board,
                            generated = excluded.generated, trained_by = null, trained_on = null,
                            recorded_at = excluded.recorded_at
                        """,
                        required.club, recorded.version, required.commune.key,
                        areas_of(self._places, (required.commune,)), required.founded_on, required.provisional_board,
                        required.generated, recorded.recorded_at,
                    )  # fmt: skip
                case BoardTrained() as trained:
                    await connection.execute(
                        """
                        insert into boards (club, version, open, trained_by, trained_on, recorded_at)
                        values ($1, $2, false, $3, $4, $5)
                        on conflict (club) do update set
                            version = excluded.version, open = false, trained_by = excluded.trained_by,
                            trained_on = excluded.trained_on, recorded_at = excluded.recorded_at
                        """,
                        trained.club, recorded.version, trained.round, trained.trained_on, recorded.recorded_at,
                    )  # fmt: skip
                case TrainingPlanned() | TrainingHeld() | TrainingCancelled():
                    continue
                case _:
                    assert_never(event)
