"""The simulated system: services with their logs, relays, a broker, projectors with the views; and a nemesis over all of it.

`Parts` says of what the system is built: the real parts by default, a naive twin where a test wants to see it caught.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from services.clubs.domain import CLUBS, ClubCommand
from services.monitoring.domain import TARGETS, SetTarget
from services.trainings.domain import ROUNDS, RoundCommand
from shared.eventlog.handler import Handler
from shared.eventlog.writer import AppendWriter
from shared.events.language import codec_of
from shared.kafka.record import Outgoing
from shared.kafka.topics import topic_of
from shared.kernel.authority import authorise
from shared.kernel.command import command_types
from shared.kernel.lanes import LANES
from shared.kernel.ports import PlaceBook
from shared.projections.batches import fold_batch
from shared.projections.chain import Chain
from shared.projections.memory import MemoryStores
from shared.projections.parking import replay_in
from shared.reference.book import load
from shared.relay.ports import Held
from shared.relay.relay import Carrier, outgoing
from tests.simulator.broker import MemoryBroker, MemoryProducer
from tests.simulator.client import Client, Door, Noted
from tests.simulator.faults import Faults
from tests.simulator.loop import Process, SimLoop
from tests.simulator.projector import Fold, Projector
from tests.simulator.stores import MIDNIGHT, SimDatabase, SimLanes, SimLog
from tests.simulator.views import MemoryFigures, Poison, Seen

DECIDERS: dict[str, dict[type[Any], Any]] = {
    "clubs": dict.fromkeys(command_types(ClubCommand).values(), CLUBS),
    "trainings": dict.fromkeys(command_types(RoundCommand).values(), ROUNDS),
    "monitoring": {SetTarget: TARGETS},
}
CODECS = {source: codec_of(source) for source in DECIDERS}


@lru_cache(maxsize=1)
def places() -> PlaceBook:
    return load()


@dataclass(frozen=True)
class Parts:
    """What may be replaced by a naive twin."""

    log: type[SimLog] = SimLog
    carrier: type[Carrier] = Carrier
    stores: Callable[[SimDatabase], Any] = MemoryStores
    fold: Fold = fold_batch
    lanes: type[SimLanes] = SimLanes
    handler: type[Handler] = Handler


@dataclass
class Slot:
    """A place for a process that is started again when it has died."""

    kind: str
    start: Callable[[], Process]
    process: Process | None = None


@dataclass
class World:
    """One seed's system."""

    rng: random.Random
    loop: SimLoop
    faults: Faults
    parts: Parts
    services: list[str] = field(default_factory=list)
    ledger: list[Noted] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    wiped: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def build(self) -> None:
        """Make the parts and start every process."""
        rng, faults = self.rng, self.faults
        self.services = ["clubs", *(name for name in ("trainings", "monitoring") if rng.random() < 0.3)]
        self.broker = MemoryBroker(rng, faults, self.services)
        self.logs = {name: self.parts.log(name, self.loop, faults) for name in self.services}
        self.lanes = {name: self.parts.lanes(self.logs[name], faults, self.violations) for name in self.services}
        self.database = SimDatabase(faults, rng, self.violations)
        self.stores = self.parts.stores(self.database)
        poison = Poison(faults)
        self.views = [MemoryFigures(places(), self.services, poison), Seen(self.services, poison)]
        for name in self.services:
            for _ in range(2 if faults.fire("world.two_services") else 1):
                self._place("service", lambda name=name: self._service(name))
            for _ in range(2 if faults.fire("world.two_relays") else 1):
                self._place("relay", lambda name=name: self._relay(name))
        for _ in range(2 if faults.fire("world.two_projectors") else 1):
            self._place("projector", self._projector)

    def _place(self, kind: str, start: Callable[[], Process]) -> None:
        slot = Slot(kind, start)
        slot.process = start()
        self.slots.append(slot)

    def _service(self, name: str) -> Process:
        process = Process(f"{name}.serve")
        writer = AppendWriter(self.logs[name])
        handler = self.parts.handler(
            self.logs[name], writer, DECIDERS[name], CODECS[name], places=places(),
            clock=lambda: MIDNIGHT, authorise=authorise,
        )  # fmt: skip
        door = Door(name, process, handler)
        self.doors.append(door)
        process.deaths.append(door.cut)

        async def serve() -> None:
            writer.start()

        self.loop.spawn(process, serve())
        return process

    def _relay(self, name: str) -> Process:
        process = Process(f"{name}.relay")
        producer = MemoryProducer(self.broker, lambda work: self.loop.spawn(self.cable, work))
        self.loop.spawn(process, self.parts.carrier(self.lanes[name], producer, name).run())
        return process

    def _projector(self) -> Process:
        process = Process("reporting.project")
        chain = Chain({name: log._identity for name, log in self.logs.items()})
        projector = Projector(self.broker, self.stores, self.database, self.views, chain, self.parts.fold)
        process.deaths.append(lambda: self.broker.leave(projector.member))
        process.member = projector.member  # type: ignore[attr-defined]
        self.loop.spawn(process, projector.run())
        return process

    @property
    def cable(self) -> Process:
        """What is on its way outlives who sent it."""
        if not hasattr(self, "_cable"):
            self._cable = Process("cable")
        return self._cable

    async def live(self, commands: int) -> None:
        """Clients send commands while the nemesis is at work."""
        clients = [
            Client(self.rng, self.faults, self.loop, lambda name: [d for d in self.doors if d.service == name], self.ledger)
            for _ in range(3)
        ]
        nemesis = self.loop.create_task(self._nemesis())
        await asyncio.gather(*(client.live(self.services, commands // 3) for client in clients))
        nemesis.cancel()
        for client in clients:
            self.violations += client.broken_promises

    async def _nemesis(self) -> None:
        while True:
            await asyncio.sleep(self.rng.random() * 0.5)
            for kind in ("service", "relay", "projector"):
                if self.faults.fire(f"nemesis.kill_{kind}"):
                    self._kill(self.rng.choice([slot for slot in self.slots if slot.kind == kind]))
                if self.faults.fire(f"nemesis.pause_{kind}"):
                    self._pause(self.rng.choice([slot for slot in self.slots if slot.kind == kind]))
            if self.faults.fire("nemesis.kill_everything"):
                for slot in self.slots:
                    self._kill(slot)
            if self.faults.fire("nemesis.database_restart"):
                self._note("the databases restart")
                for lanes in self.lanes.values():
                    lanes.restart()
                self.database.restart()
            if self.faults.fire("nemesis.rebalance"):
                self._note("rebalance")
                self.broker.rebalance()
            if self.faults.fire("broker.garbage"):
                self.broker.garbage()
            if self.faults.fire("nemesis.topic_wiped"):
                topic = topic_of(self.rng.choice(self.services))
                self._note(f"{topic} is wiped")
                self.broker.wipe(topic)
                self.wiped.add(topic)
            if self.faults.fire("nemesis.broker_outage"):
                self._note("the broker goes away")
                self.broker.down = True
                self.loop.call_later(self.rng.random() * 2, self._broker_back)

    def _broker_back(self) -> None:
        self.broker.down = False

    def _kill(self, slot: Slot) -> None:
        if slot.process is not None:
            self._note(f"kill {slot.process}")
            self.loop.kill(slot.process)
            slot.process = None
            self.loop.call_later(self.rng.random() * 1.5, self._start, slot)

    def _start(self, slot: Slot) -> None:
        if slot.process is None:
            slot.process = slot.start()

    def _pause(self, slot: Slot) -> None:
        """SIGSTOP; a paused member is thrown out of its group after a while, and comes back as a zombie."""
        process = slot.process
        if process is None or process.paused:
            return
        self._note(f"pause {process}")
        seconds = self.rng.random() * 4
        self.loop.pause(process)
        if slot.kind == "projector" and seconds > 1:
            self.loop.call_later(1, self.broker.leave, process.member)  # type: ignore[attr-defined]
        if slot.kind == "relay" and seconds > 1:  # the database ends the session of a client that is silent
            self.loop.call_later(1, lambda: [death() for death in process.deaths])
        self.loop.call_later(seconds, self.loop.go_on, process)

    def _note(self, what: str) -> None:
        self.notes.append(f"{self.loop.time():7.3f} {what}")

    async def settle(self, seconds: float = 90.0) -> bool:
        """The last fault ends; the operator does what the handbook says; then all of it must come right by itself."""
        self.faults.heal()
        self._broker_back()
        for slot in self.slots:
            if slot.process is not None:
                self.loop.go_on(slot.process)
            self._start(slot)
        self._note("healed")
        await self._refill()
        deadline = self.loop.time() + seconds
        while not self._level():
            if self.loop.time() > deadline:
                return False
            await asyncio.sleep(0.25)
            await self._replay()
        return True

    async def _refill(self) -> None:
        """Stop the relays, fill wiped topics again from the stores as far as these had marked, let readers begin anew.

        Each step is needed. A relay that is still running may have published before the topic was lost and mark after: what
        it marks then is in no topic. A projector that was away meanwhile would go on at an offset of the old topic, which
        means something else in the new one, and pass over what stands before it. The simulator found both.
        """
        for slot in self.slots if self.wiped else ():
            if slot.kind == "relay":
                self._kill(slot)
        producer = MemoryProducer(self.broker, lambda _: None)
        for topic in sorted(self.wiped):
            source = topic.removesuffix(".events")
            async with self.lanes[source].session() as session:
                for lane in range(LANES):
                    reached = self.lanes[source].positions[lane]
                    events = (await session.read({lane: Held(0, 0)}, 10_000))[:reached]
                    records: Sequence[Outgoing] = outgoing(
                        events, topic, await producer.partitions(topic), self.logs[source]._identity.deployment
                    )
                    await producer.publish(records)
        if self.wiped:
            self.database.rows("offsets").clear()
            for slot in self.slots:
                if slot.kind == "projector":
                    self._kill(slot)
        self.wiped.clear()

    async def _replay(self) -> None:
        """The view is mended: parked streams are applied."""
        for view in self.views:
            waiting = {one.stream for key, one in self.database.rows("parked").items() if key[0] == view.name}
            for stream in sorted(waiting):
                async with self.stores.transaction(view) as store:
                    await replay_in(store, view, stream)

    def _level(self) -> bool:
        """Whether everything stored is published and folded, and nothing waits."""
        return not self.behind()

    def behind(self) -> list[str]:
        """What is not level yet, in words."""
        if self.database.rows("parked"):
            return ["events are parked"]
        found: list[str] = []
        checkpoints = self.database.rows("checkpoints")
        for source, log in self.logs.items():
            for lane, events in enumerate(log._lanes):
                if self.lanes[source].positions[lane] != len(events):
                    found.append(f"{source} lane {lane} is published to {self.lanes[source].positions[lane]} of {len(events)}")
                for view in self.views if events else ():
                    row = checkpoints.get((view.name, view.version, source, lane))
                    if row is None or row.position != len(events):
                        found.append(f"{view.name} stands in {source} lane {lane} at {row and row.position} of {len(events)}")
        return found
