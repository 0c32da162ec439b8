"""A log that went back in time takes no commands, and a stranger's record closes nobody's service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.eventlog.chain import link
from shared.eventlog.postgres import PostgresLog, identity_of, open_pool
from shared.eventlog.records import Append, Appended, NewEvent, Outcome
from shared.eventlog.signing import PublicKey, make_key
from shared.eventlog.writer import AppendWriter
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.local.databases import connect
from shared.relay.guard import LogGuard
from shared.relay.relay import Relay
from shared.relay.rule import rule
from shared.relay.signer import checkpoint_file
from tests.shared.flow import CoinPut, Place, running, streams_of_lanes, until
from tests.shared.relay.test_relay import drained
from tests.shared.relay.times import dumped, put_on_topic, restored

NOWHERE = "127.0.0.1:9"


class Process:
    """What a service process has of this: pool, guard, writer, relay."""

    def __init__(self, pool: Any, guard: LogGuard, writer: AppendWriter, relay: Relay) -> None:
        self.pool, self.guard, self.writer, self.relay = pool, guard, writer, relay

    async def put(self, stream: str, expected: int, *, command_id: str = "") -> Outcome:
        event = NewEvent(str(uuid4()), CoinPut.TYPE, 1, CoinPut(amount=1).to_json())
        command = Append(command_id or str(uuid4()), b"f" * 32, stream, expected, (event,), "centre/state/VN/t-1")
        return await self.writer.append(command)

    async def closed(self) -> str | None:
        """The slug that a command is answered now."""
        try:
            await self.put(f"purse-{uuid4()}", 0)
        except Refused as refused:
            return refused.slug
        return None


@asynccontextmanager
async def process(
    place: Place, bootstrap: str = "", *, file: Path | None = None, public: PublicKey | None = None
) -> AsyncGenerator[Process]:
    """A process of a service at work; `file`: where its signed lines are."""
    hearing: list[LogGuard] = []

    def connected() -> None:
        for guard in hearing:
            guard.doubt()

    pool = await open_pool(place.urls.app, max_size=6, on_connect=connected)
    address = bootstrap or place.bootstrap or NOWHERE
    guard = LogGuard(pool, place.source, address, checkpoints=file, public=public)
    hearing.append(guard)
    await guard.begin()
    log = PostgresLog(pool, place.source)
    log.admit = guard.admit
    writer = AppendWriter(log)
    guard.follow(writer)
    guard.on_recovered.append(log.forget)
    relay = Relay(pool, place.source, address, None, guard.why_not_published)
    writer.start()
    try:
        async with running(guard, relay):
            yield Process(pool, guard, writer, relay)
    finally:
        await writer.stop()
        await asyncio.wait_for(pool.close(), 20)


async def started_again(place: Place) -> None:
    """As if PostgreSQL had been started again: that this database was compared counts no more."""
    owner = await connect(place.urls.owner)
    assert await owner.execute("delete from recovery.compared") != "DELETE 0"
    await owner.close()


async def deployment_of(place: Place) -> str:
    async with place.pool.acquire() as connection:
        return (await identity_of(connection)).deployment


async def test_an_empty_log_with_an_empty_topic_is_open_and_compared(flow: Place) -> None:
    async with process(flow) as started:
        assert started.guard.status().compared
        assert started.guard.healthy()
        assert await started.closed() is None


async def test_a_topic_that_does_not_exist_yet_closes_nothing(place: Place, kafka_bootstrap: str) -> None:
    async with process(place, kafka_bootstrap) as started:
        assert started.guard.healthy()


@pytest.mark.parametrize("seen", [True, False], ids=["by a process that saw it happen", "by a process that starts afterwards"])
async def test_a_log_restored_in_place_takes_no_commands(flow: Place, tmp_path: Path, *, seen: bool) -> None:
    """Seen to fail with a guard that refuses nothing: one that started afterwards wrote what Kafka has other events for."""
    names = streams_of_lanes(5)
    async with process(flow) as first:
        for name in names:
            await first.put(name, 0)
        await until(lambda: drained(flow))
        dump = await dumped(flow.urls, tmp_path / "dump")
        for name in names:
            await first.put(name, 1)
        await until(lambda: drained(flow))
        if seen:
            await restored(flow.urls, dump)
            await until(lambda: first.guard.status().closed is not None, 5)
            assert await first.closed() == "log-behind"
            assert first.guard.status().closed.kind == "unheld"  # type: ignore[union-attr]
    if not seen:
        await restored(flow.urls, dump)
        async with process(flow) as second:
            closed = second.guard.status().closed
            assert closed is not None
            assert closed.kind == "behind"
            assert await second.closed() == "log-behind"
            assert not second.guard.healthy()
    assert {event.version for event in await flow.stored()} == {1}


async def test_without_kafka_commands_go_on_but_not_on_a_log_that_lost_what_this_process_was_answered(
    place: Place, tmp_path: Path
) -> None:
    async with process(place, NOWHERE) as alone:
        assert isinstance(await alone.put("purse-0", 0), Appended)
        assert not alone.guard.status().compared
        dump = await dumped(place.urls, tmp_path / "dump")
        assert isinstance(await alone.put("purse-0", 1), Appended)
        await restored(place.urls, dump)
        await until(lambda: alone.guard.status().closed is not None, 10)
        assert await alone.closed() == "log-behind"


async def test_not_even_one_command_is_written_between_the_restore_and_the_next_look(flow: Place, tmp_path: Path) -> None:
    """Seen to fail without the positions that go along with an append: the command was answered on the restored log."""
    pool = await open_pool(flow.urls.app, max_size=1)
    log = PostgresLog(pool, flow.source)
    event = NewEvent(str(uuid4()), CoinPut.TYPE, 1, CoinPut(amount=1).to_json())
    commands = [
        Append(str(uuid4()), b"f" * 32, "purse-0", number, (replace(event, event_id=str(uuid4())),), "x") for number in range(3)
    ]
    dump = await dumped(flow.urls, tmp_path / "dump")
    assert isinstance((await log.append(commands[:1]))[0], Appended)
    await restored(flow.urls, dump)
    with pytest.raises(Refused, match="log-behind"):
        await log.append([replace(commands[1], expected=0)])
    assert await flow.stored() == []
    log.forget()
    assert isinstance((await log.append([replace(commands[1], expected=0)]))[0], Appended)
    await pool.close()


async def forged(flow: Place, stream: str, *, good: bool, position: int | None = None) -> Recorded:
    """A stranger's event behind the last of the stream's lane; a good one follows."""
    events = [event for event in await flow.stored() if event.stream == stream]
    last = events[-1]
    at = position or last.position + 1
    event = replace(last, position=at, version=last.version + 1, event_id=str(uuid4()), command_id=str(uuid4()), hash=bytes(32))
    return replace(event, hash=link(last.hash, event, await deployment_of(flow))) if good else event


async def test_a_record_that_follows_nothing_closes_nobodys_service(flow: Place) -> None:
    """Seen to fail with the link not computed: the service was closed by the second record."""
    async with process(flow) as first:
        await first.put("purse-0", 0)
        await until(lambda: drained(flow))
    far, near = await forged(flow, "purse-0", good=False, position=10**9), await forged(flow, "purse-0", good=False)
    await put_on_topic(flow.bootstrap, await deployment_of(flow), far, near)
    await started_again(flow)
    async with process(flow) as second:
        assert second.guard.healthy()
        assert await second.closed() is None


async def test_a_good_forgery_closes_neither_a_running_service_nor_another_process_on_the_same_database(flow: Place) -> None:
    """A hash has no key. The database has not changed since it was compared, so what follows now is no loss of it."""
    async with process(flow) as first:
        await first.put("purse-0", 0)
        await until(lambda: drained(flow))
        await put_on_topic(flow.bootstrap, await deployment_of(flow), await forged(flow, "purse-0", good=True))
        first.guard.doubt()
        async with process(flow) as second:
            await asyncio.sleep(0.5)
            assert second.guard.healthy()
            assert first.guard.healthy()
            assert isinstance(await first.put("purse-0", 1), Appended)


async def test_after_a_restart_of_the_server_a_good_forgery_cannot_be_told_from_a_loss(flow: Place) -> None:
    async with process(flow) as first:
        await first.put("purse-0", 0)
        await until(lambda: drained(flow))
    await put_on_topic(flow.bootstrap, await deployment_of(flow), await forged(flow, "purse-0", good=True))
    await started_again(flow)
    async with process(flow) as second:
        assert await second.closed() == "log-behind"


async def test_a_ruling_that_was_signed_and_is_not_on_the_topic_yet_opens_the_log(flow: Place, tmp_path: Path) -> None:
    """Everything was killed in between, and a closed log publishes nothing. Seen to fail with rulings read from the topic
    alone: the service was closed for ever."""
    key, file = make_key(tmp_path / "keys" / "a.key"), checkpoint_file(tmp_path, flow.source)
    async with process(flow) as first:
        await first.put("purse-0", 0)
        await until(lambda: drained(flow))
    false = await forged(flow, "purse-0", good=True)
    await put_on_topic(flow.bootstrap, await deployment_of(flow), false)
    ruling = await rule(flow.pool, flow.source, key, file, false.lane, false.position, "a test", taken=false.hash)
    assert ruling is not None
    await started_again(flow)
    async with process(flow, file=file, public=key.public) as second:
        assert second.guard.healthy()
        assert await second.closed() is None


async def test_a_comparison_reads_what_was_published_lately_and_not_the_years_before_it(flow: Place) -> None:
    """What was published before the relay last marked anything is not read: even what would close the log is not seen there."""
    async with process(flow) as first:
        for number in range(20):
            await first.put("purse-0", number)
        await until(lambda: drained(flow))
        await put_on_topic(flow.bootstrap, await deployment_of(flow), await forged(flow, "purse-0", good=True))
        marked = await flow.pool.fetchval("update relay.lanes set moved_at = now() + interval '1 hour' returning now()")
        assert marked is not None
    await started_again(flow)
    async with process(flow) as second:
        assert second.guard.healthy()
