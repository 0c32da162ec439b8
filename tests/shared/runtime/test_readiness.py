"""`/ready` tells the truth: servers are really stopped and started, lanes really stop, and it follows by itself, in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.eventlog import schema as eventlog
from shared.eventlog.log import LogUnavailable
from shared.eventlog.postgres import PostgresLog, open_pool
from shared.eventlog.signing import make_key
from shared.feeds import schema as feeds
from shared.kafka import topics
from shared.kafka.probe import BrokerProbe
from shared.local.databases import connect, create_database
from shared.local.kafka import Kafka
from shared.local.postgres import Postgres, new_password
from shared.local.process import free_port
from shared.projections import schema as projections
from shared.projections.progress import Limits
from shared.projections.runner import Runner
from shared.relay import schema as relay_schema
from shared.relay.relay import Relay
from shared.relay.signer import Signer, checkpoint_file
from shared.runtime.readiness import Watched
from shared.web.app import readiness_of
from tests.shared.flow import Book, Place, Purses, new_source, publish, running, streams_of_one_lane, until


@dataclass
class Hands:
    """A clock that a test turns."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


async def asked(watched: Watched) -> tuple[int, Any]:
    """Status and body of `/ready`."""
    return await readiness_of("toy", watched.readiness)


def probe(bootstrap: str) -> BrokerProbe:
    return BrokerProbe(bootstrap, patience=1.0, good_for=0.0)


async def answered(watched: Watched, status: int, part: str = "database", words: str = "") -> bool:
    found, body = await asked(watched)
    return found == status and words in str(body["parts"].get(part, {}).get("why", ""))


@dataclass
class Servers:
    """A broker and a database server that a test may stop and start."""

    kafka: Kafka
    postgres: Postgres
    place: Place


@pytest.fixture(scope="module")
async def servers(server_dir: Any) -> AsyncIterator[Servers]:
    folder = server_dir / f"readiness-{free_port()}"
    kafka = Kafka(folder / "kafka", port=free_port(), controller_port=free_port(), heap_mb=384)
    postgres = Postgres(folder / "postgres", port=free_port(), password=new_password(), options={"shared_buffers": "32MB"})
    await asyncio.gather(kafka.start(), postgres.start())
    source = new_source()
    urls = await create_database(postgres.admin_url, "toy", "toy", owner_password=new_password(), app_password=new_password())
    owner = await connect(urls.owner)
    await eventlog.install(owner, urls.app_role)
    await relay_schema.install(owner, urls.app_role)
    await projections.install(owner, urls.app_role, [Purses(source)], source)
    await feeds.install(owner, urls.app_role)
    await owner.close()
    await asyncio.to_thread(topics.apply, kafka.bootstrap, (source,))
    pool: Any = await open_pool(urls.app, max_size=10)
    yield Servers(kafka, postgres, Place(urls, pool, PostgresLog(pool, source), source, kafka.bootstrap))
    pool.terminate()
    await asyncio.gather(kafka.stop(), postgres.stop())


@dataclass
class Whole:
    """All roles in one process, and a process that only serves, as `/ready` shows them; and a clock to turn."""

    place: Place
    hands: Hands
    whole: Watched
    serving: Watched


@asynccontextmanager
async def at_work(servers: Servers) -> AsyncIterator[Whole]:
    flow, hands = servers.place, Hands()
    relay = Relay(flow.pool, flow.source, flow.bootstrap)
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    whole = Watched(flow.pool, relay, runner, source=flow.source, broker=probe(flow.bootstrap), now=hands)
    async with running(relay, runner):
        await until(lambda: answered(whole, 200), 60)
        yield Whole(flow, hands, whole, Watched(flow.pool, None, None, source=flow.source, now=hands))


@pytest.mark.timeout(300)
async def test_readiness_follows_the_database_down_and_up_again_by_itself(servers: Servers) -> None:
    async with at_work(servers) as world:
        await servers.postgres.stop()
        for watched in (world.whole, world.serving):
            await until(lambda watched=watched: answered(watched, 503, "database", "PostgreSQL không trả lời"))
        with pytest.raises((LogUnavailable, OSError, asyncpg.PostgresError)):
            await world.place.put("purse-a", 1)
        await servers.postgres.start()
        for watched in (world.whole, world.serving):
            await until(lambda watched=watched: answered(watched, 200), 60)
        await world.place.put("purse-b", 1)
        await until(lambda: shows(world.place, "purse-b"), 30)


@pytest.mark.timeout(300)
async def test_readiness_follows_the_broker_down_and_up_again_and_those_who_serve_go_on_serving(servers: Servers) -> None:
    async with at_work(servers) as world:
        await servers.kafka.stop()
        await until(lambda: answered(world.whole, 503, "kafka", "Kafka không trả lời"))
        assert (await asked(world.serving))[0] == 200
        await world.place.put("purse-c", 1)
        await until(lambda: answered(world.whole, 503, "relay", "cannot publish"), 60)
        assert (await asked(world.whole))[1]["parts"]["relay"]["backlog"] == 1
        assert (await asked(world.serving))[1]["degraded"] == []
        world.hands.at += 31
        status, body = await asked(world.serving)
        assert (status, len(body["degraded"])) == (200, 1)
        assert "1 recorded events are not on Kafka" in body["degraded"][0]

        await servers.kafka.start()
        await until(lambda: answered(world.whole, 200), 90)
        await until(lambda: shows(world.place, "purse-c"), 60)
        assert (await asked(world.serving))[1]["degraded"] == []


async def shows(flow: Place, stream: str) -> bool:
    async with flow.pool.acquire() as connection:
        return bool(await connection.fetchval("select count(*) from purses_v1.purses where stream = $1", stream))


async def test_a_lane_that_has_stopped_makes_its_view_red_in_words_until_the_event_has_come(flow: Place) -> None:
    book, other = Book(flow.source), streams_of_one_lane(1)[0]
    events = [book.put(other, n) for n in range(1, 5)]
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source, limits=Limits(gap_seconds=0.2))
    hands = Hands()
    watched = Watched(flow.pool, None, runner, source=flow.source, broker=probe(flow.bootstrap), now=hands)
    async with running(Relay(flow.pool, flow.source, flow.bootstrap), runner):
        await until(lambda: answered(watched, 200), 30)
        await publish(flow.bootstrap, [events[0], *events[2:]])
        await until(lambda: answered(watched, 503, "projections", "position 2 is missing"))
        part = (await asked(watched))[1]["parts"]["projections"]
        assert (part["views"]["purses"]["gaps"], part["degraded"]) == (1, [])
        hands.at += 61
        (words,) = (await asked(watched))[1]["degraded"]
        assert words.startswith("purses chậm 2 sự kiện của")
        await publish(flow.bootstrap, [events[1]])
        await until(lambda: well(watched))


async def well(watched: Watched) -> bool:
    """Ready, and nothing goes badly."""
    status, body = await asked(watched)
    return (status, body["degraded"]) == (200, [])


async def test_of_two_relays_one_stands_by_and_says_so_and_no_relay_at_all_is_said_by_those_who_serve(flow: Place) -> None:
    first, second = Relay(flow.pool, flow.source, flow.bootstrap), Relay(flow.pool, flow.source, flow.bootstrap)
    hands = Hands()
    watched = [Watched(flow.pool, each, None, broker=probe(flow.bootstrap), now=hands) for each in (first, second)]
    serving = Watched(flow.pool, None, None, now=hands)

    async def state(place: int) -> tuple[int, str]:
        status, body = await asked(watched[place])
        return status, body["parts"]["relay"]["state"]

    async def publishing() -> bool:
        return await state(0) == (200, "publishing")

    assert (await asked(serving))[1]["degraded"] == []
    hands.at += 31
    assert "no relay is running" in (await asked(serving))[1]["degraded"][0]
    assert (await asked(serving))[0] == 200
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(first))
        await until(publishing)
        async with running(second):
            await asyncio.sleep(0)
            assert await state(1) == (200, "standing by")
            assert (await asked(serving))[1]["degraded"] == []


async def test_a_relay_that_gets_no_lane_while_nobody_holds_one_is_not_ready(flow: Place) -> None:
    """It was never started: nothing claims for it."""
    hands = Hands()
    watched = Watched(flow.pool, Relay(flow.pool, flow.source, flow.bootstrap), None, broker=probe(flow.bootstrap), now=hands)
    assert (await asked(watched))[0] == 200
    hands.at += 31
    status, body = await asked(watched)
    assert (status, "nobody else does" in body["parts"]["relay"]["why"]) == (503, True)


async def test_a_log_that_is_not_signed_any_more_is_told_with_the_reason(flow: Place, tmp_path: Path) -> None:
    """Its file of checkpoints is damaged. Seen to fail without the part: everything was green for ever."""
    key, file = make_key(tmp_path / "keys" / "a.key"), checkpoint_file(tmp_path, flow.source)
    file.write_text("no checkpoint\n")
    watched = Watched(flow.pool, None, None, source=flow.source)
    watched.signer = Signer(flow.pool, flow.source, flow.bootstrap, key, tmp_path)

    async def told() -> bool:
        _, body = await asked(watched)
        return "the log is not signed (no checkpoint" in str(body["parts"]["signing"]["degraded"])

    async with running(watched.signer):
        await until(told)
