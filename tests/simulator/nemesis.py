"""The nemesis: kills, pauses and restarts what runs, loses what is stored, and lets strangers write.

What it breaks it starts again after a while; `heal` starts all of it at once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared.kafka.topics import topic_of

if TYPE_CHECKING:
    from tests.simulator.world import Slot, World


class Nemesis:
    """One a world. Which of its faults are active the seed has drawn."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self) -> None:
        """Until cancelled."""
        world, faults, rng = self._world, self._world.faults, self._world.rng
        while True:
            await asyncio.sleep(rng.random() * 0.5)
            for kind in ("service", "relay", "projector"):
                if faults.fire(f"nemesis.kill_{kind}"):
                    self.kill(rng.choice([slot for slot in world.slots if slot.kind == kind]))
                if faults.fire(f"nemesis.pause_{kind}"):
                    self._pause(rng.choice([slot for slot in world.slots if slot.kind == kind]))
            if faults.fire("nemesis.kill_everything"):
                for slot in world.slots:
                    self.kill(slot)
            if faults.fire("nemesis.database_restart"):
                world.note("the databases restart")
                for lanes in world.lanes.values():
                    lanes.restart()
                world.database.restart()
            if faults.fire("nemesis.rebalance"):
                world.note("rebalance")
                world.broker.rebalance()
            if faults.fire("nemesis.topic_wiped"):
                topic = topic_of(rng.choice(world.services))
                world.note(f"{topic} is wiped")
                world.broker.wipe(topic)
                world.wiped.add(topic)
            if faults.fire("nemesis.broker_outage"):
                world.note("the broker goes away")
                world.broker.down = True
                world.loop.call_later(rng.random() * 2, self._broker_back)
            if not world.broker.down:
                for what in await world.strangers.come():
                    world.note(what)

    def heal(self) -> None:
        """The last fault ends."""
        self._world.faults.heal()
        self._broker_back()
        for slot in self._world.slots:
            if slot.process is not None:
                self._world.loop.go_on(slot.process)
            self.start(slot)

    def kill(self, slot: Slot) -> None:
        """SIGKILL; it is started again later."""
        if slot.process is not None:
            self._world.note(f"kill {slot.process}")
            self._world.loop.kill(slot.process)
            self._world.projectors.pop(slot.process, None)
            slot.process = None
            self._world.loop.call_later(self._world.rng.random() * 1.5, self.start, slot)

    def start(self, slot: Slot) -> None:
        """Start a process that does not run."""
        if slot.process is None:
            slot.process = slot.start()

    def _broker_back(self) -> None:
        self._world.broker.down = False

    def _pause(self, slot: Slot) -> None:
        """SIGSTOP; a paused member is thrown out of its group after a while, and comes back as a zombie."""
        process, world = slot.process, self._world
        if process is None or process.paused:
            return
        world.note(f"pause {process}")
        seconds = world.rng.random() * 4
        world.loop.pause(process)
        if slot.kind == "projector" and seconds > 1:
            world.loop.call_later(1, world.broker.leave, world.projectors[process].member)
        if slot.kind == "relay" and seconds > 1:  # the database ends the session of a client that is silent
            world.loop.call_later(1, lambda: [death() for death in process.deaths])
        world.loop.call_later(seconds, world.loop.go_on, process)
