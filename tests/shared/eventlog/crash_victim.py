"""A process that handles one command and prints the answer; killed at a crash point by the tests that start it."""

from __future__ import annotations

import asyncio
import sys

from shared.eventlog.handler import Done
from shared.eventlog.postgres import PostgresLog, open_pool
from shared.eventlog.writer import AppendWriter
from tests.shared.eventlog.jars import OpenJar, handler_on, request


async def main(url: str, command_id: str) -> None:
    pool = await open_pool(url)
    log = PostgresLog(pool, "toy")
    writer = AppendWriter(log)
    writer.start()
    answer = (await handler_on(log, writer).handle([request(OpenJar(label="Tết"), command_id)]))[0]
    assert isinstance(answer, Done), answer
    print(answer.outcome.stream, answer.outcome.version, answer.outcome.recorded_at.isoformat(), *answer.outcome.event_ids)
    await writer.stop()
    await pool.close()


asyncio.run(main(*sys.argv[1:]))
