"""The policy that keeps the boards' to-dos, with its real tables and the real handler: every order, every repeat."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from services.trainings.domain import BOARDS, RecordBoardTrained, RequireBoardTraining
from services.trainings.policies import TrainBoards
from shared.eventlog.handler import Done, Handler
from shared.eventlog.memory import MemoryLog
from shared.eventlog.writer import AppendWriter
from shared.events.clubs import ClubFounded, FoundingCorrected
from shared.events.language import codec_of
from shared.events.trainings import TrainingHeld
from shared.kernel.authority import authorise
from shared.kernel.event import Event
from shared.kernel.place import PlaceRef
from shared.projections import builds
from shared.projections.policy import PolicyRunner
from shared.projections.view import Delivered
from shared.reference.book import load
from shared.testing.folding import delivered

THANH_HOA = PlaceRef(code="38", list="34")
HAM_RONG = PlaceRef(code="14758", list="34")
HA_NOI = PlaceRef(code="01", list="34")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
BOARD = "Ban chủ nhiệm lâm thời thôn 3"


def founded(club: str = "club-1", board: str | None = BOARD, commune: PlaceRef = HAM_RONG) -> Delivered:
    event = ClubFounded(name="Hoa Sen", commune=commune, founded_on=date(2025, 9, 1), provisional_board=board)
    return delivered(event, club)


def held(name: str, *, day: int, version: int = 1, **naming: Any) -> Delivered:
    facts: dict[str, Any] = {
        "title": "Tập huấn", "organiser": "province-association", "level": "province", "kind": "first-course",
        "contents": (), "starts_on": date(2025, 8, day), "ends_on": date(2025, 8, day), "place": THANH_HOA,
    }  # fmt: skip
    return delivered(TrainingHeld(**{**facts, **naming}), name, version)


@dataclass
class Bench:
    """The policy with its tables, in front of the trainings service's handler on a log in memory."""

    connection: Any
    policy: TrainBoards
    log: MemoryLog
    writer: AppendWriter
    handler: Handler

    async def hears(self, events: Iterable[Delivered], *, forgets: bool = False) -> None:
        """One batch. `forgets`: the process dies after the commands were handled and before the policy's commit."""
        transaction = self.connection.transaction()
        await transaction.start()
        requests = await self.policy.react(self.connection, list(events))
        answers = await self.handler.handle(requests)
        assert all(isinstance(answer, Done) for answer in answers), answers
        await (transaction.rollback() if forgets else transaction.commit())

    async def history(self, club: str = "club-1") -> list[Event]:
        stream = f"board-{club}"
        codec = codec_of("trainings")
        return [codec.decode(e.type, e.schema_version, e.data) for e in (await self.log.load([stream]))[stream]]

    async def closed_by(self, club: str = "club-1") -> str | None:
        """The round that closed the to-do, None while it is open; fails if the board is unknown."""
        state = None
        for event in await self.history(club):
            state = BOARDS.evolve(state, event)  # type: ignore[arg-type]
        assert state is not None
        return state.trained_by

    async def restart(self) -> None:
        """A new log and empty tables."""
        await self.connection.execute("truncate founded, rounds, named_clubs, named_boards")
        await self.writer.stop()
        self.log, self.writer, self.handler = fresh()


def fresh(*, simulated: bool = False) -> tuple[MemoryLog, AppendWriter, Handler]:
    log = MemoryLog("trainings", lambda: NOW, simulated=simulated)
    writer = AppendWriter(log)
    writer.start()
    handler = Handler(
        log, writer, {RequireBoardTraining: BOARDS, RecordBoardTrained: BOARDS}, codec_of("trainings"),
        places=load(), clock=lambda: NOW, authorise=authorise,
    )  # fmt: skip
    return log, writer, handler


@pytest.fixture
async def bench(postgres: Any) -> AsyncIterator[Bench]:
    urls = await postgres.database("policy")
    connection = await asyncpg.connect(urls.owner)
    policy = TrainBoards(load())
    await connection.execute(policy.tables())
    bench = Bench(connection, policy, *fresh())
    yield bench
    await bench.writer.stop()
    await connection.close()


def orders(*streams: Sequence[Delivered]) -> list[list[Delivered]]:
    """Every way to interleave streams that keeps the order within each."""
    tagged = [index for index, stream in enumerate(streams) for _ in stream]
    result: list[list[Delivered]] = []
    for order in sorted(set(itertools.permutations(tagged))):
        queues = [iter(stream) for stream in streams]
        result.append([next(queues[index]) for index in order])
    return result


async def test_a_club_whose_board_no_round_has_trained_becomes_a_to_do(bench: Bench) -> None:
    await bench.hears([founded()])
    assert await bench.closed_by() is None


async def test_a_round_before_the_founding_whose_board_the_founding_cites_leaves_no_to_do(bench: Bench) -> None:
    await bench.hears([held("round-1", day=1, provisional_boards=(BOARD,))])
    await bench.hears([founded()])
    assert [event.TYPE for event in await bench.history()] == ["trainings.board-trained"]


async def test_a_later_round_closes_the_to_do_by_naming_the_club_or_its_provisional_board(bench: Bench) -> None:
    await bench.hears([founded("club-1"), founded("club-2", "BCN thôn 5")])
    await bench.hears([held("round-1", day=1, clubs=("club-1",), provisional_boards=("bcn  thôn 5",))])
    assert await bench.closed_by("club-1") == "round-1"
    assert await bench.closed_by("club-2") == "round-1"


async def test_a_board_of_the_same_name_in_another_province_is_another_board(bench: Bench) -> None:
    await bench.hears([founded(), held("round-1", day=1, place=HA_NOI, provisional_boards=(BOARD,))])
    assert await bench.closed_by() is None
    await bench.hears([held("round-2", day=2, place=HA_NOI, provinces=(THANH_HOA,), provisional_boards=(BOARD,))])
    assert await bench.closed_by() == "round-2"


async def test_a_club_that_was_never_founded_has_no_board(bench: Bench) -> None:
    await bench.hears([held("round-1", day=1, clubs=("club-1",))])
    assert await bench.history() == []


async def test_every_order_of_foundings_and_rounds_ends_the_same(bench: Bench) -> None:
    before = held("round-1", day=2, provisional_boards=(BOARD,))
    later = held("round-2", day=9, clubs=("club-1",))
    for order in orders([founded()], [before], [later]):
        for size in (1, 2, 3):
            await bench.restart()
            for start in range(0, len(order), size):
                await bench.hears(order[start : start + size])
            assert await bench.closed_by() == "round-1"


async def test_a_corrected_report_that_no_longer_names_the_club_opens_the_to_do_in_every_order(bench: Bench) -> None:
    named = held("round-1", day=2, clubs=("club-1",))
    dropped = held("round-1", day=2, version=2)
    for order in orders([founded()], [named, dropped]):
        await bench.restart()
        for event in order:
            await bench.hears([event])
        assert await bench.closed_by() is None


async def test_another_round_keeps_the_to_do_closed_when_one_is_corrected_in_every_order(bench: Bench) -> None:
    named = held("round-1", day=2, clubs=("club-1",))
    dropped = held("round-1", day=2, version=2)
    other = held("round-2", day=9, provisional_boards=(BOARD,))
    for order in orders([founded()], [named, dropped], [other]):
        await bench.restart()
        for event in order:
            await bench.hears([event])
        assert await bench.closed_by() == "round-2"


async def test_a_redated_round_ends_the_same_in_every_order(bench: Bench) -> None:
    first = held("round-1", day=2, clubs=("club-1",))
    redated = held("round-1", day=20, version=2, clubs=("club-1",))
    other = held("round-2", day=9, clubs=("club-1",))
    for order in orders([founded()], [first, redated], [other]):
        await bench.restart()
        for event in order:
            await bench.hears([event])
        assert await bench.closed_by() == "round-2"


async def test_a_repeated_event_changes_nothing(bench: Bench) -> None:
    events = [founded(), held("round-1", day=1, clubs=("club-1",))]
    await bench.hears(events)
    once = await bench.history()
    for event in [*events, *reversed(events)]:
        await bench.hears([event])
    assert await bench.history() == once
    assert len(once) == 2


async def test_a_death_between_the_commands_and_the_commit_changes_nothing(bench: Bench) -> None:
    named = held("round-1", day=2, clubs=("club-1",))
    other = held("round-2", day=9, clubs=("club-1",))
    for lost, heard in itertools.product(orders([founded()], [named], [other]), repeat=2):
        await bench.restart()
        await bench.hears(lost, forgets=True)
        for event in heard:
            await bench.hears([event])
        assert await bench.closed_by() == "round-1"


async def test_a_correction_of_the_founding_moves_the_to_do(bench: Bench) -> None:
    corrected = FoundingCorrected(name="Hoa Sen", commune=HA_NOI, founded_on=date(2025, 9, 2), reason="Ghi nhầm")
    moved = PlaceRef(code="00004", list="34")
    corrected = corrected.model_copy(update={"commune": moved})
    await bench.hears([founded(), delivered(corrected, "club-1", 2)])
    last = (await bench.history())[-1]
    assert (last.commune, last.founded_on) == (moved, date(2025, 9, 2))  # type: ignore[attr-defined]


async def test_a_corrected_province_takes_the_provisional_board_from_a_round_elsewhere(bench: Bench) -> None:
    corrected = FoundingCorrected(
        name="Hoa Sen", commune=PlaceRef(code="00004", list="34"), founded_on=date(2025, 9, 1), reason="Ghi nhầm"
    )
    await bench.hears([held("round-1", day=1, provisional_boards=(BOARD,)), founded()])
    assert await bench.closed_by() == "round-1"
    await bench.hears([delivered(corrected, "club-1", 2)])
    assert await bench.closed_by() is None


@pytest.mark.parametrize("simulated", [True, False])
async def test_only_in_a_simulated_log_a_to_do_is_recorded_when_its_cause_was(bench: Bench, simulated: bool) -> None:
    await bench.writer.stop()
    bench.log, bench.writer, bench.handler = fresh(simulated=simulated)
    long_ago = datetime(2022, 1, 1, tzinfo=UTC)
    await bench.hears([replace(founded(), recorded=replace(founded().recorded, recorded_at=long_ago))])
    (event,) = (await bench.log.load(["board-club-1"]))["board-club-1"]
    assert event.recorded_at == (long_ago if simulated else NOW)


async def test_a_generated_club_has_a_to_do_that_says_so(bench: Bench) -> None:
    event = ClubFounded(name="Hoa Sen", commune=HAM_RONG, founded_on=date(2025, 9, 1), generated=True)
    await bench.hears([delivered(event, "club-1")])
    assert (await bench.history())[0].generated is True  # type: ignore[attr-defined]


async def test_a_whole_provinces_boards_are_closed_by_one_round(bench: Bench) -> None:
    clubs = tuple(f"club-{number}" for number in range(50))
    await bench.hears([founded(club, None) for club in clubs])
    await bench.hears([held("round-1", day=1, clubs=clubs)])
    assert {await bench.closed_by(club) for club in clubs} == {"round-1"}


async def test_a_policy_that_reads_anew_in_any_other_order_ends_with_the_same_to_dos(bench: Bench) -> None:
    """A round named the club, and its corrected report no longer does. Seen to fail with the same command ids in both readings:
    the round closed the to-do once more, and its withdrawal was known and did nothing."""
    club, named = founded(board=None), held("round-1", day=2, clubs=("club-1",))
    dropped = held("round-1", day=2, version=2)
    runner = PolicyRunner(bench.policy, bench.handler.handle)
    await bench.connection.execute(f"create schema projection; {builds.TABLES}; {runner.tables()}")
    await bench.connection.execute(
        "insert into projection.builds (view, build, code, state) values ($1, 1, 1, 'live')", runner.name
    )
    for first, second in itertools.product(orders([club], [named, dropped]), repeat=2):
        await bench.restart()
        runner = PolicyRunner(bench.policy, bench.handler.handle)
        await bench.connection.execute("update projection.builds set restarts = 0; truncate answers")
        for event in first:
            await runner.apply(bench.connection, [event])
        assert await bench.closed_by() is None
        await bench.connection.execute(
            "truncate founded, rounds, named_clubs, named_boards; update projection.builds set restarts = 1"
        )
        for event in second:
            await runner.apply(bench.connection, [event])
        assert await bench.closed_by() is None, (first, second)
        assert runner.refused == {}
