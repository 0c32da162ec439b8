"""The simulated system: services with their logs and signatures, relays, a broker, projectors with the views.

`Parts` says of what the system is built: the real parts by default, a naive twin where a test wants to see it caught.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from services.clubs.domain import CLUBS, ClubCommand
from services.monitoring.domain import TARGETS, SetTarget
from services.trainings.domain import ROUNDS, RoundCommand
from shared.eventlog.handler import Handler
from shared.eventlog.writer import AppendWriter
from shared.events.language import codec_of
from shared.kafka.topics import refills_topic, topic_of
from shared.kernel.authority import authorise
from shared.kernel.command import command_types
from shared.kernel.ports import PlaceBook
from shared.projections.batches import fold_batch
from shared.projections.chain import Chain
from shared.projections.memory import MemoryStores
from shared.reference.book import load
from shared.relay.relay import Carrier
from tests.simulator.broker import MemoryBroker, MemoryProducer
from tests.simulator.client import Client, Door, Noted
from tests.simulator.faults import Faults
from tests.simulator.guarded import Guard, Guarded
from tests.simulator.loop import Process, SimLoop
from tests.simulator.nemesis import Nemesis
from tests.simulator.notary import Lines, Notary
from tests.simulator.projector import Fold, Projector, Reading
from tests.simulator.rest import behind, settle
from tests.simulator.simlog import MIDNIGHT, Backup, SimLog
from tests.simulator.stores import SimDatabase, SimLanes
from tests.simulator.strangers import Strangers
from tests.simulator.views import Answers, MemoryFigures, Poison, Seen

DECIDERS: dict[str, dict[type[Any], Any]] = {
    "clubs": dict.fromkeys(command_types(ClubCommand).values(), CLUBS),
    "trainings": dict.fromkeys(command_types(RoundCommand).values(), ROUNDS),
    "monitoring": {SetTarget: TARGETS},
}
CODECS = {source: codec_of(source) for source in DECIDERS}


@lru_cache(maxsize=1)
def places() -> PlaceBook:
    return load()


_ASKED_AGAIN = 6


@dataclass(frozen=True)
class Parts:
    """What may be replaced by a naive twin."""

    log: type[SimLog] = SimLog
    carrier: type[Carrier] = Carrier
    stores: Callable[[SimDatabase], Any] = MemoryStores
    fold: Fold = fold_batch
    lanes: type[SimLanes] = SimLanes
    handler: type[Handler] = Handler
    chain: type[Chain] = Chain
    guard: type[Guard] = Guard


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
    projectors: dict[Process, Projector] = field(default_factory=dict)
    guards: dict[Process, Guard] = field(default_factory=dict)
    backups: dict[str, Backup] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Events that were stored and on no topic when their log went back, or that did not fit any more: nobody can bring them
    back by himself. They may be missing, or come again with their command."""
    wiped: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def build(self) -> None:
        """Make the parts and start every process."""
        rng, faults = self.rng, self.faults
        self.services = ["clubs", *(name for name in ("trainings", "monitoring") if rng.random() < 0.3)]
        self.broker = MemoryBroker(rng, faults, self.services)
        self.logs = {name: self.parts.log(name, self.loop, faults) for name in self.services}
        self.lanes = {name: self.parts.lanes(self.logs[name], faults, self.violations) for name in self.services}
        self.lines = {name: Lines() for name in self.services}
        self.database = SimDatabase(faults, rng, self.violations, self.seconds)
        if rng.random() < 0.5:  # a service knows its own log from the start, others from what they sign
            self.database.rows("logs")["clubs"] = self.logs["clubs"].identity_now
        self.stores = self.parts.stores(self.database)
        poison = Poison(faults)
        self.views: list[Any] = [MemoryFigures(places(), self.services, poison), Seen(self.services, poison)]
        if faults.fire("world.policy"):
            self.views.append(Answers(self.services, poison))
        self.strangers = Strangers(self.broker, self.logs, rng, faults, self.seconds)
        self.nemesis = Nemesis(self)
        self.backups = {name: log.backup(self.lanes[name]) for name, log in self.logs.items()}
        for name in self.services:
            for _ in range(2 if faults.fire("world.two_services") else 1):
                self._place("service", lambda name=name: self._service(name))
            for _ in range(2 if faults.fire("world.two_relays") else 1):
                self._place("relay", lambda name=name: self._relay(name))
        for _ in range(2 if faults.fire("world.two_projectors") else 1):
            self._place("projector", self._projector)

    def seconds(self) -> float:
        """Seconds since 1970."""
        return MIDNIGHT.timestamp() + self.loop.time()

    def alive(self, kind: str) -> list[Process]:
        """The running processes of a kind."""
        return [slot.process for slot in self.slots if slot.kind == kind and slot.process is not None]

    def _place(self, kind: str, start: Callable[[], Process]) -> None:
        slot = Slot(kind, start)
        slot.process = start()
        self.slots.append(slot)

    def _service(self, name: str) -> Process:
        process = Process(f"{name}.serve")
        guard = self._guard(name, process)
        log: Any = self.logs[name] if guard is None else Guarded(self.logs[name], guard)
        writer = AppendWriter(log)
        handler = self.parts.handler(
            log, writer, DECIDERS[name], CODECS[name], places=places(), clock=lambda: MIDNIGHT, authorise=authorise,
        )  # fmt: skip
        if guard is not None:
            guard.follow(writer)
            guard.on_changed.append(handler.forget)
        door = Door(name, process, handler)
        self.doors.append(door)
        process.deaths.append(door.cut)

        async def serve() -> None:
            writer.start()

        self.loop.spawn(process, serve())
        return process

    def _guard(self, name: str, process: Process) -> Guard | None:
        """Only where a log may go back: whoever forges what follows could otherwise have a log closed that lacks nothing."""
        if "nemesis.log_restored" not in self.faults.drawn:
            return None
        guard = self.parts.guard(self.logs[name], self.lanes[name], self.broker, self.lines[name])
        self.guards[process] = guard
        self.loop.spawn(process, guard.run())
        return guard

    def _relay(self, name: str) -> Process:
        process = Process(f"{name}.relay")
        producer = MemoryProducer(self.broker, lambda work: self.loop.spawn(self.cable, work))
        guard = self._guard(name, process)
        carrier = self.parts.carrier(self.lanes[name], producer, name, None, *(() if guard is None else (guard.why_not,)))
        notary = Notary(
            self.logs[name], self.lanes[name], self.lines[name], producer,
            lambda: MIDNIGHT + timedelta(seconds=self.loop.time()),
        )  # fmt: skip
        asked = self.broker.logs[refills_topic(name), 0]
        seen = len(asked)

        def requests() -> list[bytes]:
            nonlocal seen
            fresh, seen = asked[seen:], len(asked)
            return [record.value or b"" for record in fresh]

        self.loop.spawn(process, carrier.run())
        healthy = (lambda: True) if guard is None else guard.healthy
        self.loop.spawn(process, notary.run(lambda: carrier.status().lanes > 0 and healthy(), requests))
        return process

    def _projector(self) -> Process:
        process = Process("reporting.project")
        skew = self.rng.uniform(-2, 2) if self.faults.fire("world.clocks_differ") else 0.0
        chain = self.parts.chain(clock=lambda: self.seconds() + skew)
        reading = Reading(self.broker, self.stores, self.database, self.views, self.parts.fold, self.services)
        projector = self.projectors[process] = Projector(reading, chain)
        process.deaths.append(lambda: self.broker.leave(projector.member))
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
        clients = [self.client() for _ in range(3)]
        nemesis = self.loop.create_task(self.nemesis.run())
        await asyncio.gather(*(client.live(self.services, commands // 3) for client in clients))
        nemesis.cancel()
        for client in clients:
            self.violations += client.broken_promises

    async def ask_again(self) -> None:
        """When all has come to rest, some of the commands that were answered come once more."""
        client = self.client()
        answered = [noted for noted in self.ledger if noted.outcome == "ok"]
        for noted in self.rng.sample(answered, min(_ASKED_AGAIN, len(answered))):
            await client.again(noted, moved=self.logs[noted.service].incarnation[0] > 0)
        self.violations += client.broken_promises

    async def settle(self, seconds: float = 300.0) -> bool:
        """The last fault ends; whether all of it comes right in time."""
        return await settle(self, seconds)

    def behind(self, most: int | None = None) -> list[str]:
        """What is not level yet, in words."""
        return list(islice(behind(self), most))

    def published(self, source: str) -> set[str]:
        """The ids of the events that stand on a topic."""
        found = [record for where, log in self.broker.logs.items() if where[0] == topic_of(source) for record in log]
        return {str(dict(record.headers).get("ce_id", b""), "utf-8", "replace") for record in found}  # type: ignore[arg-type]

    def client(self) -> Client:
        """Somebody who sends commands and writes down what became of them."""
        doors = self.doors
        return Client(
            self.rng, self.faults, self.loop, lambda name: [d for d in doors if d.service == name], self.ledger, self.gone
        )

    def note(self, what: str) -> None:
        """What happened, for who reads a seed."""
        self.notes.append(f"{self.loop.time():7.3f} {what}")
