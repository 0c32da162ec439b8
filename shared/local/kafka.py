"""A real Apache Kafka (KRaft, one node) started from its jars, in a folder of its own.

Guarantees that `start` returns after a record made a round trip, that data survive a restart, that a folder which was wiped
is formatted again at the next start, and that it listens on the loopback only. Refuses to run without a Java of 17 or newer
and without jars that match the lock file.
"""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from shared.kafka import topics
from shared.kafka.roundtrip import round_trip
from shared.kernel.errors import Refused
from shared.local.failures import did_not_start
from shared.local.jars import class_path
from shared.local.java import find_java
from shared.local.process import Child, Launch

Progress = Callable[[str], None]

_CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={logs}
num.partitions=6
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
offsets.topic.segment.bytes=1048576
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=8388608
num.recovery.threads.per.data.dir=2
min.insync.replicas=1
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
"""

_LOGGING = """\
<Configuration status="ERROR">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %m (%c)%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


class Kafka:
    """One broker. `prepare` once, then `start` and `stop` any number of times.

    `short_lived` spares the JVM's optimising compiler: it starts with half the work and serves more slowly, right where it
    shares two cores with everything else.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        controller_port: int,
        heap_mb: int = 512,
        short_lived: bool = False,
        say: Progress = lambda _: None,
    ) -> None:
        self._folder = folder
        self._say = say
        self._port = port
        self._controller_port = controller_port
        self._heap_mb = heap_mb
        self._compiler = ["-XX:TieredStopAtLevel=1"] if short_lived else []
        self.child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self._port}"

    def prepare(self, progress: Progress | None = None) -> Launch:
        """Fetch what is missing, format the storage if it is new, and say how the broker is started. Blocks."""
        progress = progress or self._say
        java, jars = find_java(), class_path(progress)
        logs = self._folder / "data"
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "server.properties"
        config.write_text(_CONFIG.format(port=self._port, controller_port=self._controller_port, logs=logs))
        logging = self._folder / "log4j2.xml"
        logging.write_text(_LOGGING)
        base = [str(java), f"-Xmx{self._heap_mb}m", f"-Xms{min(self._heap_mb, 256)}m", "-XX:+UseSerialGC", "-Xshare:auto"]
        base += self._compiler
        base += [f"-Dlog4j2.configurationFile={logging}", "-Djava.awt.headless=true", "-cp", os.pathsep.join(map(str, jars))]
        if not (logs / "meta.properties").exists():
            progress("Kafka: định dạng kho lưu / formatting the storage")
            _format(
                [
                    base[0],
                    "-XX:TieredStopAtLevel=1",
                    *base[1:],
                    "kafka.tools.StorageTool",
                    "format",
                    "-t",
                    _cluster_id(),
                    "-c",
                    str(config),
                ]
            )
        return Launch("kafka", [*base, "kafka.Kafka", str(config)], self._folder / "kafka.log", stop_seconds=30)

    async def ready(self, seconds: float = 120.0) -> None:
        """Return when a record made a round trip; refuse when it does not, or when the process ends."""
        child = self.child
        try:
            await asyncio.to_thread(
                round_trip, self.bootstrap, seconds, give_up=lambda: child is not None and child.exit_code() is not None
            )
        except TimeoutError as failure:
            if child is None:
                raise
            raise did_not_start(child.launch.name, child.launch.log) from failure

    async def start(self, progress: Progress | None = None) -> Child:
        """Prepare, start and wait until it works."""
        launch = await asyncio.to_thread(self.prepare, progress)
        self.child = Child(launch)
        try:
            await self.ready()
        except BaseException:
            self.child.stop_now()
            raise
        return self.child

    async def works(self, child: Child) -> None:
        """A broker that was started again works, and has the topics: its folder may have been wiped. May raise `Refused`
        and what kafka-python raises."""
        self.child = child
        await self.ready()
        for done in await asyncio.to_thread(topics.apply, self.bootstrap):
            self._say(f"Kafka: {done}")

    async def stop(self) -> None:
        """Stop it in order; the data stay."""
        if self.child is not None:
            await self.child.stop()


def _cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)


def _format(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr + done.stdout).strip().splitlines()
        words = [line for line in said if "Exception" in line or "rror" in line][:1] or said[-1:]
        raise Refused(
            "kafka-format-failed",
            f"Không định dạng được kho của Kafka: {' '.join(words)}",
            f"The storage of Kafka could not be formatted: {' '.join(words)}",
        )
