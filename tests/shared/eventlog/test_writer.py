"""The append writer: what waits goes out together, and nobody pays for another's failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from shared.eventlog.log import Clash, LogUnavailable
from shared.eventlog.memory import MemoryLog
from shared.eventlog.records import Append, Appended, Conflict, Mismatch, Outcome
from shared.eventlog.writer import AppendWriter
from shared.kernel.clock import system_clock
from shared.kernel.errors import Refused
from shared.local.databases import connect
from tests.shared.eventlog.jars import Database, append, utc
from tests.shared.eventlog.verified import verify_log


class WatchedLog(MemoryLog):
    """A real log that remembers its calls, takes its time, and fails as it is told."""

    def __init__(self) -> None:
        super().__init__("toy", system_clock)
        self.calls: list[list[Append]] = []
        self.failures: list[Exception] = []

    async def append(self, batch: Sequence[Append], *, atomic: bool = False) -> list[Outcome]:
        self.calls.append(list(batch))
        await asyncio.sleep(0.001)
        if self.failures:
            raise self.failures.pop(0)
        return await super().append(batch, atomic=atomic)


@pytest.fixture
def watched() -> WatchedLog:
    return WatchedLog()


@pytest.fixture
async def writer(watched: WatchedLog) -> AsyncIterator[AppendWriter]:
    writer = AppendWriter(watched)
    writer.start()
    yield writer
    await writer.stop()


async def test_a_lone_command_goes_at_once_and_what_waits_meanwhile_goes_together(
    watched: WatchedLog, writer: AppendWriter
) -> None:
    first = asyncio.create_task(writer.append(append("jar-0", 0)))
    await asyncio.sleep(0.0005)
    rest = [asyncio.create_task(writer.append(append(f"jar-{n}", 0))) for n in range(1, 30)]
    outcomes = await asyncio.gather(first, *rest)
    assert all(isinstance(outcome, Appended) for outcome in outcomes)
    assert [len(call) for call in watched.calls] == [1, 29]


async def test_two_callers_never_share_a_stream_or_an_id_in_one_call_and_their_order_holds(
    watched: WatchedLog, writer: AppendWriter
) -> None:
    command = append("jar-b", 0)
    outcomes = await asyncio.gather(
        writer.append(append("jar-a", 0)), writer.append(append("jar-a", 1)), writer.append(command),
        writer.append(append("jar-a", 2)), writer.append(command),
    )  # fmt: skip
    assert [o.version for o in outcomes if isinstance(o, Appended)] == [1, 2, 1, 3, 1]
    assert [[c.stream for c in call] for call in watched.calls] == [["jar-a", "jar-b"], ["jar-a", "jar-b"], ["jar-a"]]


async def test_a_stale_caller_does_not_fail_the_next_caller_of_the_same_stream(writer: AppendWriter) -> None:
    stale, good = await asyncio.gather(writer.append(append("jar-a", 4)), writer.append(append("jar-a", 0)))
    assert isinstance(stale, Conflict)
    assert isinstance(good, Appended)


async def test_commands_decided_together_go_in_one_call_in_order(watched: WatchedLog, writer: AppendWriter) -> None:
    outcomes = await writer.append_many([append("jar-a", 0), append("jar-a", 1), append("jar-b", 0)])
    assert [o.version for o in outcomes if isinstance(o, Appended)] == [1, 2, 1]
    assert len(watched.calls) == 1


async def test_a_batch_that_clashes_is_repeated_one_by_one(watched: WatchedLog, writer: AppendWriter) -> None:
    watched.failures = [Clash("twice")]
    outcomes = await asyncio.gather(*(writer.append(append(f"jar-{n}", 0)) for n in range(5)))
    assert all(isinstance(outcome, Appended) for outcome in outcomes)
    assert [len(call) for call in watched.calls] == [5, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("atomic", [False, True])
async def test_a_lone_callers_clash_is_tried_again(watched: WatchedLog, writer: AppendWriter, atomic: bool) -> None:
    """Seen to fail when only batches of several callers were repeated."""
    watched.failures = [Clash("twice"), Clash("twice")]
    outcomes = await writer.append_many([append("jar-a", 0), append("jar-b", 0)], atomic=atomic)
    assert [type(outcome) for outcome in outcomes] == [Appended, Appended]


async def test_one_by_one_nothing_is_stored_that_was_decided_on_what_did_not_happen(
    watched: WatchedLog, writer: AppendWriter
) -> None:
    """Somebody else's event stands where the first command's should: the second fits by its number and must not go in."""
    await writer.append(append("jar-a", 0))
    watched.failures = [Clash("twice")]
    outcomes = await writer.append_many([append("jar-a", 0), append("jar-a", 1), append("jar-b", 0)])
    assert [type(outcome) for outcome in outcomes] == [Conflict, Conflict, Appended]


async def test_one_callers_mistake_is_not_anothers(watched: WatchedLog, writer: AppendWriter) -> None:
    twice = append("jar-a", 0)
    bad = asyncio.create_task(writer.append_many([twice, twice]))
    timed = asyncio.create_task(writer.append(append("jar-b", 0, at=utc(2020, 1, 1))))
    good = asyncio.create_task(writer.append(append("jar-c", 0)))
    assert isinstance(await good, Appended)
    with pytest.raises(ValueError, match="twice"):
        await bad
    with pytest.raises(Refused, match="clock-not-simulated"):
        await timed


async def test_an_unavailable_log_is_said_to_every_caller_and_the_writer_goes_on(
    watched: WatchedLog, writer: AppendWriter
) -> None:
    watched.failures = [LogUnavailable()]
    lost = await asyncio.gather(*(writer.append(append(f"jar-{n}", 0)) for n in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in lost] == [LogUnavailable] * 3
    assert isinstance(await writer.append(append("jar-0", 0)), Appended)


async def test_after_each_commit_the_hooks_are_called_and_a_broken_hook_breaks_nothing(writer: AppendWriter) -> None:
    woken: list[int] = []
    writer.on_commit.extend([lambda: woken.append(1), lambda: 1 / 0])
    await writer.append(append("jar-a", 0))
    await writer.append(append("jar-a", 1))
    assert len(woken) == 2


async def test_a_caller_who_went_away_takes_nobody_along(writer: AppendWriter) -> None:
    gone = asyncio.create_task(writer.append(append("jar-a", 0)))
    stays = asyncio.create_task(writer.append(append("jar-b", 0)))
    await asyncio.sleep(0)
    gone.cancel()
    assert isinstance(await stays, Appended)
    assert isinstance(await writer.append(append("jar-a", 1)), Appended), "what was handed over is written all the same"


async def test_stopping_writes_what_waits_and_refuses_what_comes_later(watched: WatchedLog) -> None:
    writer = AppendWriter(watched)
    writer.start()
    waiting = [asyncio.create_task(writer.append(append(f"jar-{n}", 0))) for n in range(3)]
    await asyncio.sleep(0)
    await writer.stop()
    assert all(isinstance(outcome, Appended) for outcome in await asyncio.gather(*waiting))
    with pytest.raises(LogUnavailable):
        await writer.append(append("jar-z", 0))


async def test_writers_of_two_processes_that_get_one_id_with_two_streams_both_answer_everybody(database: Database) -> None:
    """Seen to fail without the repetition one by one: every caller of the losing batch got the unique violation."""
    writers = [AppendWriter(database.log), AppendWriter(database.log)]
    for writer in writers:
        writer.start()
    kinds: set[type[object]] = set()
    for _ in range(15):
        command_id = str(uuid4())
        calls = [
            writer.append(append(f"jar-{command_id}-{number}", 0, id=command_id, fingerprint=str(number).encode()))
            for number, writer in enumerate(writers)
        ] + [writer.append(append(f"jar-{uuid4()}", 0)) for writer in writers for _ in range(5)]
        outcomes = await asyncio.gather(*calls)
        kinds |= {type(outcome) for outcome in outcomes[:2]}
        assert sum(isinstance(outcome, Appended) for outcome in outcomes[:2]) == 1
        assert all(isinstance(outcome, Appended) for outcome in outcomes[2:])
    assert kinds == {Appended, Mismatch}
    for writer in writers:
        await writer.stop()


async def test_a_connection_that_is_killed_under_load_costs_errors_but_no_event(database: Database) -> None:
    writer = AppendWriter(database.log)
    writer.start()
    sent: list[Append] = []
    unknown: list[Append] = []

    async def caller(number: int) -> None:
        for index in range(40):
            command = append(f"jar-{number}-{index}", 0)
            sent.append(command)
            try:
                await writer.append(command)
            except LogUnavailable:
                unknown.append(command)

    async def killer() -> None:
        connection = await connect(database.urls.app)
        for _ in range(4):
            await asyncio.sleep(0.03)
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = current_user and pid <> pg_backend_pid()"
            )
        await connection.close()

    await asyncio.gather(killer(), *(caller(number) for number in range(16)))
    again = [await _until_answered(writer, command) for command in unknown]
    assert all(isinstance(outcome, Appended) for outcome in again)
    assert await verify_log(database.log) == len(sent) == 640
    await writer.stop()


async def _until_answered(writer: AppendWriter, command: Append) -> Outcome:
    for _ in range(5):
        try:
            return await writer.append(command)
        except LogUnavailable:
            await asyncio.sleep(0.05)
    return await writer.append(command)
