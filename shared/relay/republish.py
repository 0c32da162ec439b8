"""Fills a topic again from the store, after a broker lost records. It changes no checkpoint.

Readers skip what they have, and a lane that stopped at a gap goes on when its missing position comes by. Only what the
relay has published already is sent, so that nothing overtakes it.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.kafka.producer import Producer
from shared.kafka.topics import topic_of
from shared.kernel.database import Pool
from shared.kernel.lanes import LANES
from shared.relay import lanes
from shared.relay.ports import Held
from shared.relay.relay import outgoing


async def republish(pool: Pool, source: str, bootstrap: str, *, after: int = 0, only: Iterable[int] = range(LANES)) -> int:
    """Publish the events of these lanes after a position again; answers how many. May raise `PublishFailed`."""
    producer = Producer(bootstrap, client_id="lien-the-republish")
    topic, sent = topic_of(source), 0
    try:
        partitions = await producer.partitions(topic)
        async with pool.acquire() as connection:
            rows = await connection.fetch("select lane, position from relay.lanes where lane = any($1::int[])", list(only))
            for row in rows:
                reached = after
                while reached < row["position"]:
                    page = await lanes.read(connection, {row["lane"]: Held(reached, 0)}, 1000)
                    page = [event for event in page if event.position <= row["position"]]
                    if not page:
                        break
                    await producer.publish(outgoing(page, topic, partitions))
                    reached, sent = page[-1].position, sent + len(page)
    finally:
        await producer.close()
    return sent
