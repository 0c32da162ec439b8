"""From a reported round to a closed to-do on a real Postgres: log, handler, policy and views, without Kafka between them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import asyncpg

from services.trainings.domain import BOARDS, ROUNDS, HoldTraining, RecordBoardTrained, RequireBoardTraining
from services.trainings.policies import TrainBoards
from services.trainings.queries import board_todos, round_of
from services.trainings.views import BoardTodos, Rounds
from shared.eventlog.handler import Done, Handler
from shared.eventlog.plan import Request
from shared.eventlog.postgres import PostgresLog
from shared.eventlog.writer import AppendWriter
from shared.events.clubs import ClubFounded
from shared.events.language import codec_of
from shared.kernel.authority import authorise
from shared.kernel.lanes import LANES
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Principal
from shared.projections.builds import reading
from shared.projections.view import Delivered
from shared.reference.book import load
from shared.testing.folding import delivered, fold, install_views

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
THANH_HOA = PlaceRef(code="38", list="34")
HAM_RONG = PlaceRef(code="14758", list="34")


async def recorded(log: PostgresLog) -> list[Delivered]:
    """Every event of the log, lane by lane: an order of streams that nobody planned."""
    codec = codec_of("trainings")
    events = [event for lane in range(LANES) for event in await log.read_lane(lane, 0, 1000)]
    return [Delivered(event, codec.decode(event.type, event.schema_version, event.data)) for event in events]


async def test_a_reported_round_closes_the_to_do_of_a_club_that_was_founded(postgres: Any) -> None:
    places = load()
    views = [Rounds(places), BoardTodos(places)]
    policy = TrainBoards(places)
    urls = await postgres.database("trainings")
    owner = await asyncpg.connect(urls.owner)
    await install_views(owner, urls.app_role, views, "trainings")
    await owner.execute(f'create schema policy; grant usage on schema policy to "{urls.app_role}"; set search_path to policy')
    await owner.execute(policy.tables())
    await owner.execute(f'grant select, insert, update, delete on all tables in schema policy to "{urls.app_role}"')
    await owner.close()

    async with asyncpg.create_pool(urls.app, min_size=1, max_size=4) as pool:
        log = PostgresLog(pool, "trainings")
        writer = AppendWriter(log)
        writer.start()
        deciders: dict[Any, Any] = {HoldTraining: ROUNDS, RequireBoardTraining: BOARDS, RecordBoardTrained: BOARDS}
        handler = Handler(
            log, writer, deciders, codec_of("trainings"), places=places, clock=lambda: NOW, authorise=authorise
        )  # fmt: skip

        async def hears(events: list[Delivered]) -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("set local search_path to policy")
                answers = await handler.handle(await policy.react(connection, events))
                assert all(isinstance(answer, Done) for answer in answers), answers

        founding = ClubFounded(name="Hoa Sen", commune=HAM_RONG, founded_on=date(2025, 9, 1), provisional_board="BCN thôn 3")
        await hears([delivered(founding, "club-1")])
        for view in views:
            await fold(pool, view, await recorded(log))
        async with reading(pool, BoardTodos.name) as connection:
            assert [row["club"] for row in await board_todos(connection, area="34:38")] == ["club-1"]

        report = HoldTraining(
            title="Tập huấn", organiser="province-association", level="province", kind="first-course", contents=(),
            starts_on=date(2026, 1, 5), ends_on=date(2026, 1, 9), place=THANH_HOA, provisional_boards=("BCN thôn 3",),
        )  # fmt: skip
        command_id = str(uuid4())
        principal = Principal("t", "province", THANH_HOA, "association")
        for _ in range(2):
            (answer,) = await handler.handle([Request(command_id=command_id, command=report, principal=principal)])
            assert isinstance(answer, Done)
            assert answer.outcome.stream == f"round-{command_id}"
        for _ in range(2):
            await hears([event for event in await recorded(log) if event.recorded.type == "trainings.training-held"])
        for view in views:
            await fold(pool, view, await recorded(log))
        async with reading(pool, BoardTodos.name) as connection:
            assert await board_todos(connection, area="34:38") == []
        async with reading(pool, Rounds.name) as connection:
            assert (await round_of(connection, f"round-{command_id}"))["status"] == "held"
        assert sorted(event.recorded.type for event in await recorded(log)) == [
            "trainings.board-trained", "trainings.board-training-required", "trainings.training-held",
        ]  # fmt: skip
        await writer.stop()
