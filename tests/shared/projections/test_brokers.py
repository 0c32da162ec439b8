"""Readers and brokers that come and go.

A topic that is deleted and made anew on a broker that was restarted before has a lower leader epoch than the one before it: a
client of Kafka that knew that one reads nothing of the new one, ever.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from shared.eventlog.signing import SigningKey
from shared.kafka import topics
from shared.kafka.refills import Requests
from shared.local.kafka import Kafka
from shared.local.process import free_port
from shared.projections.runner import Runner
from tests.servers import thrown_away
from tests.shared.flow import Book, Place, Purses, running, until
from tests.shared.projections.lying import LIMITS, checkpoint, reader, say, send, shows
from tests.shared.projections.test_chain import key
from tests.shared.relay.losing import anew
from tests.shared.relay.times import Address

__all__ = ["key"]


async def test_I12_a_topic_made_anew_on_a_broker_that_was_restarted_is_read_on(
    flow: Place, key: SigningKey, tmp_path: Path
) -> None:
    """Events, and what logs sign; whoever listens to requests is told. Seen to fail without a new client: nothing more was read
    of these topics, for ever, and nothing was red."""
    kafka = Kafka(tmp_path / "kafka", port=free_port(), controller_port=free_port(), heap_mb=256, short_lived=True)
    child = await kafka.start()
    try:
        await asyncio.to_thread(topics.apply, kafka.bootstrap, (flow.source,))
        await thrown_away(child)
        child = await kafka.start()
        here, book = replace(flow, bootstrap=kafka.bootstrap), Book(flow.source)
        runner = reader(here, key)
        requests = await asyncio.to_thread(Requests, here.bootstrap, here.source)
        first = [book.put("purse-1", n) for n in range(1, 6)]
        lane = (here.source, first[0].lane)

        def heard() -> int:
            signed = runner.chain.signed(lane)
            return 0 if signed is None else signed.position

        async with running(runner):
            await send(here, first)
            await say(here, checkpoint(here, first).line(key))
            await until(lambda: shows(here, first), 40)
            await until(lambda: heard() == 5)
            assert not await asyncio.to_thread(requests.over)
            names = [f"{here.source}.{kind}" for kind in ("events", "checkpoints", "refills")]
            await asyncio.to_thread(anew, kafka.bootstrap, names, here.source)
            await asyncio.sleep(6)  # everybody has looked
            assert await asyncio.to_thread(requests.over)
            more = [*first, book.put("purse-1", 6)]
            await send(here, more)
            await say(here, checkpoint(here, more).line(key))
            await until(lambda: shows(here, more), 40)
            await until(lambda: heard() == 6, 40)
        await asyncio.to_thread(requests.close)
    finally:
        await thrown_away(child)


async def test_I12_a_reader_that_was_started_while_kafka_was_away_reads_once_it_is_back(flow: Place) -> None:
    """Longer away than any client of Kafka waits. Seen to fail when a failure of the broker ended whoever hears what logs sign:
    the reader waited for it for ever, and was not even red."""
    book = Book(flow.source)
    await send(flow, [book.put("purse-1", 1)])
    async with Address(free_port()).open() as address:
        runner = Runner(flow.pool, f"127.0.0.1:{address.port}", [Purses(flow.source)], flow.source, limits=LIMITS)
        async with running(runner):
            await asyncio.sleep(11)
            address.to = int(flow.bootstrap.rpartition(":")[2])
            await until(lambda: shows(flow, book.events), 40)
