"""Fills a topic again from the store, after a broker lost records. It changes no checkpoint.

Readers skip what they have, and a lane that stopped at a gap goes on when its missing position comes by. Only what the
relay has published already is sent, so that nothing overtakes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from shared.eventlog.postgres import identity_of
from shared.kafka.producer import Producer
from shared.kafka.topics import topic_of
from shared.kernel.database import Pool
from shared.relay import lanes
from shared.relay.ports import Held
from shared.relay.relay import outgoing

_PAGE = 1000


async def republish(
    pool: Pool, source: str, bootstrap: str, after: Mapping[int, int], *, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Publish the events of these lanes again, each after a position of its own; answers how many. `tell` hears how many were
    sent. May raise `PublishFailed`."""
    producer = Producer(bootstrap, client_id="lien-the-republish")
    topic, sent = topic_of(source), 0
    try:
        partitions = await producer.partitions(topic)
        async with pool.acquire() as connection:
            deployment = (await identity_of(connection)).deployment
        for lane, end in sorted((await published(pool, after)).items()):
            reached = after[lane]
            while reached < end:
                async with pool.acquire() as connection:
                    page = await lanes.read(connection, {lane: Held(reached, 0)}, min(_PAGE, end - reached))
                if not page:
                    break
                await producer.publish(outgoing(page, topic, partitions, deployment))
                reached, sent = page[-1].position, sent + len(page)
                tell(sent)
    finally:
        await producer.close()
    return sent


async def published(pool: Pool, only: Iterable[int]) -> dict[int, int]:
    """How far the relay has published these lanes."""
    async with pool.acquire() as connection:
        rows = await connection.fetch("select lane, position from relay.lanes where lane = any($1::int[])", list(only))
    return {row["lane"]: row["position"] for row in rows}
