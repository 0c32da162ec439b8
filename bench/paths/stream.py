"""R13: one message to 2,000 listeners of the live feed, against asyncio writing the same bytes to as many sockets.

Ours is the feed with its table, and the route of the product under uvicorn as the product runs it; the peer is a protocol that
knows nothing but its transports. The listeners are another process. The next message is published when all have got the last.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Any

from bench.core import Bench, Goal, Path, Result, Wrong, per_cpu_second, rate
from bench.meter import Meter
from shared.eventlog import schema as eventlog
from shared.feeds import schema
from shared.local.databases import DatabaseUrls, connect
from shared.local.process import free_port
from shared.projections import schema as projections

LISTENERS = 2000
MESSAGES = 100
_PEERS = Folder(__file__).parents[1] / "peers"


@dataclass
class Fanout:
    """A server process that publishes when it is told to, and the listeners."""

    name: str
    mode: str
    _urls: DatabaseUrls | None = None

    async def prepare(self, bench: Bench) -> None:
        self._urls = await bench.servers.database("stream")
        owner = await connect(self._urls.owner)
        try:
            await eventlog.install(owner, self._urls.app_role)
            await projections.install(owner, self._urls.app_role, [], "bench")
            await schema.install(owner, self._urls.app_role)
        finally:
            await owner.close()

    async def run(self, bench: Bench) -> Result:
        assert self._urls is not None
        messages = max(5, round(MESSAGES * bench.scale))
        port = free_port()
        server = await _start("-m", "bench.paths.stream_server", self.mode, str(port), self._urls.app)
        listeners: Any = None
        try:
            await _expect(server, "listening")
            listeners = await _start(str(_PEERS / "stream_clients.py"), str(port), str(LISTENERS), str(messages))
            await _expect(listeners, "open")
            meter = Meter(own=(server.pid,), postgres=await bench.servers.postgres_pid())
            meter.start()
            for number in range(1, messages + 1):
                server.stdin.write(b"publish\n")
                await _expect(listeners, str(number))
            meter.stop()
        finally:
            for process in (listeners, server):
                if process is not None and process.returncode is None:
                    process.kill()
                    await process.wait()
        return Result(meter.seconds, messages * LISTENERS, meter.cpu_own, meter.cpu_postgres)

    async def cleanup(self, bench: Bench) -> None:
        if self._urls is not None:
            await bench.servers.drop(self._urls)
        self._urls = None


async def _start(*argv: str) -> Any:
    root = Folder(__file__).parents[2]
    return await asyncio.create_subprocess_exec(
        sys.executable, *argv, cwd=root, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )


async def _expect(process: Any, word: str) -> None:
    line = await asyncio.wait_for(process.stdout.readline(), 120)
    if line.decode().strip() != word:
        raise Wrong(f"{line!r} where {word} should be")


PATHS = (
    Path(
        "R13",
        "Live feed to 2,000 listeners",
        (Fanout("live feed", "ours"), Fanout("transport.write", "raw")),
        (
            Goal("asyncio writing the same bytes", "live feed", "transport.write", rate, at_least=0.5),
            Goal("the same by the server's CPU", "live feed", "transport.write", per_cpu_second),
        ),
        note="An event is one message at one listener. Ours also stores each message in a transaction and reads it again.",
        rounds=3,
    ),
)
