"""`clb republish`: fills a service's topic again from its store, after a broker lost records or a topic was made anew.

Readers skip what they have, so it may be run at any time, and again. Refuses a service or a lane that does not exist.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from shared.cli.client import kafka_address, no_answer
from shared.cli.meter import Meter
from shared.cli.speech import grouped, known_service, out, word
from shared.cli.stack import DataDirOption, path_of
from shared.kafka.producer import PublishFailed
from shared.kafka.topics import topic_of
from shared.kernel.lanes import LANES
from shared.local.reach import database
from shared.relay.republish import published
from shared.relay.republish import republish as publish_again


def republish(
    source: Annotated[str, typer.Argument(help="clubs, trainings, monitoring or reporting")],
    *,
    after: Annotated[int, typer.Option(min=0, help="Only what comes after this position of each lane.")] = 0,
    lane: Annotated[list[int] | None, typer.Option(min=0, max=LANES - 1, help="Only this lane; may be repeated.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="A broker's host:port; the running stack's if not given.")] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Phát lại từ kho / publish a service's events again from its store; readers skip what they have."""
    known_service(source)
    address = kafka_address(bootstrap)

    async def run() -> int:
        async with database(source, path_of(data_dir)) as pool:
            lanes = lane or list(range(LANES))
            total = sum(max(0, position - after) for position in (await published(pool, lanes)).values())
            with Meter(f"{source} → {topic_of(source)}", total) as meter:
                return await publish_again(pool, source, address, dict.fromkeys(lanes, after), tell=meter.at)

    try:
        sent = asyncio.run(run())
    except PublishFailed as failure:
        raise no_answer(f"{address} ({failure})", failure) from failure
    out.print(f"{topic_of(source)}: {grouped(sent)} {word('sự kiện đã phát lại', 'events published again')}", markup=False)
