"""A policy that opens a jar for each purse: through the real handler, log and database, without Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid5

import pytest

from shared.eventlog.handler import Done
from shared.eventlog.plan import Request
from shared.eventlog.writer import AppendWriter
from shared.kernel.errors import Refused
from shared.kernel.principal import CENTRE
from shared.local.databases import connect
from shared.projections import schema
from shared.projections.policy import PolicyRunner, because_of, command_id_for
from shared.projections.view import Delivered, TryAgain
from shared.testing.folding import apply_batch
from tests.shared.eventlog.jars import OpenJar, PutCoins, handler_on
from tests.shared.flow import CODEC, Book, CoinPut, Place


class JarForEachPurse:
    """Opens a jar when a purse gets its first coin; for a coin of 13 it also wants to fill a jar that is not there."""

    name = "jar_for_each_purse"
    codec = CODEC

    def __init__(self, source: str) -> None:
        self.sources = (source,)

    def tables(self) -> str:
        return "create table if not exists seen (stream text primary key)"

    async def react(self, connection: Any, events: Sequence[Delivered]) -> Sequence[Request]:
        requests: list[Request] = []
        for one in events:
            stream = one.recorded.stream
            if await connection.fetchval("insert into seen values ($1) on conflict do nothing returning 1", stream):
                requests.append(because_of(one.recorded, self.name, OpenJar(label=stream), CENTRE))
            if isinstance(one.event, CoinPut) and one.event.amount == 13:
                nowhere = PutCoins(jar="jar-nowhere", coins=1)
                requests.append(because_of(one.recorded, self.name, nowhere, CENTRE, 1))
        return requests


@pytest.fixture
async def writer(place: Place) -> AsyncIterator[AppendWriter]:
    writer = AppendWriter(place.log)
    writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
async def installed(place: Place) -> JarForEachPurse:
    policy = JarForEachPurse(f"{place.source}x")
    owner = await connect(place.urls.owner)
    await schema.install(owner, place.urls.app_role, [PolicyRunner(policy, _nobody)], place.source)
    await owner.close()
    return policy


async def _nobody(_: Sequence[Request]) -> Sequence[Done | Refused]:
    raise AssertionError


def test_the_id_of_a_command_follows_from_the_event_and_the_policy() -> None:
    event_id = "0b6c6f5e-0000-4000-8000-000000000001"
    assert command_id_for(event_id, "p") == str(uuid5(UUID(event_id), "p"))
    assert command_id_for(event_id, "p", 2) == str(uuid5(UUID(event_id), "p/2"))
    assert len({command_id_for(event_id, p, n) for p in ("p", "q") for n in range(3)}) == 6


async def test_I5_a_repeated_event_has_no_double_effect(
    place: Place, writer: AppendWriter, installed: JarForEachPurse, connection: Any
) -> None:
    """The transaction of the policy is lost after its commands were stored. Seen to fail with a random command id."""
    policy = PolicyRunner(installed, handler_on(place.log, writer).handle)
    book = Book(f"{place.source}x")
    for stream in ("purse-1", "purse-2", "purse-1"):
        book.put(stream, 5)

    lost = connection.transaction()
    await lost.start()
    await apply_batch(connection, policy, book.events)
    await lost.rollback()
    assert policy.handled == 2
    await apply_batch(connection, policy, book.events)
    await apply_batch(connection, policy, book.events)
    stored = await place.stored()
    assert sorted(event.command_id for event in stored) == sorted(
        command_id_for(event.event_id, installed.name) for event in book.events[:2]
    )


async def test_a_refused_command_is_counted_and_holds_up_nobody(
    place: Place, writer: AppendWriter, installed: JarForEachPurse, connection: Any
) -> None:
    policy = PolicyRunner(installed, handler_on(place.log, writer).handle)
    book = Book(f"{place.source}x")
    book.put("purse-1", 13)
    book.put("purse-2", 1)
    done = await apply_batch(connection, policy, book.events)
    assert (done.applied, done.parked) == (2, 0)
    assert policy.refused == {"unknown-jar": 1}
    assert len(await place.stored()) == 2


async def test_a_service_that_cannot_answer_is_waited_for(
    place: Place, writer: AppendWriter, installed: JarForEachPurse, connection: Any
) -> None:
    """Seen to fail with refusals of status 503 counted like others: the checkpoint moved and the jar was never opened."""

    async def starting(requests: Sequence[Request]) -> Sequence[Done | Refused]:
        return [Refused("log-unavailable", "chưa trả lời", "no answer", status=503) for _ in requests]

    book = Book(f"{place.source}x")
    book.put("purse-1", 1)
    with pytest.raises(TryAgain):
        await apply_batch(connection, PolicyRunner(installed, starting), book.events)
    done = await apply_batch(connection, PolicyRunner(installed, handler_on(place.log, writer).handle), book.events)
    assert done.applied == 1
    assert len(await place.stored()) == 1
