"""The nemesis: kills, pauses and restarts what runs, loses what is stored, and lets strangers write.

What it breaks it starts again after a while; `heal` starts all of it at once.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.kafka.topics import topic_of
from tests.simulator.guarded import recover
from tests.simulator.simlog import MIDNIGHT

if TYPE_CHECKING:
    from tests.simulator.world import Slot, World


class Nemesis:
    """One a world. Which of its faults are active the seed has drawn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._behind: set[str] = set()

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
            self._go_back()
            if faults.fire("nemesis.topic_wiped") and not self._behind:
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

    def _go_back(self) -> None:
        """A log is restored from its backup, perhaps while the broker is away and with every process started anew: then it
        takes commands beside what was published. A topic that is lost at the same time would leave nothing to take back."""
        world, rng = self._world, self._world.rng
        if "nemesis.log_restored" not in world.faults.active:
            return
        source = rng.choice(world.services)
        log, lanes = world.logs[source], world.lanes[source]
        if rng.random() < 0.2:
            world.backups[source] = log.backup(lanes)
        elif topic_of(source) not in world.wiped and world.faults.fire("nemesis.log_restored"):
            held = {event.event_id for events in log.lanes_now for event in events}
            log.restore(world.backups[source], lanes)
            held -= {event.event_id for events in log.lanes_now for event in events}
            world.gone |= held - world.published(source)
            self._behind.add(source)
            world.note(f"{source} goes back by {len(held)} events, {len(held & world.gone)} of them were not published")
            if rng.random() < 0.5:
                world.broker.down = True
                world.loop.call_later(rng.random() * 3, self._broker_back)
                for slot in world.slots:
                    if slot.process is not None and slot.process.name.startswith(f"{source}."):
                        self.kill(slot)
        elif self._behind and rng.random() < 0.4:
            self.recover()

    def recover(self) -> None:
        """The operator sees which logs are closed and runs `clb recover`."""
        world = self._world
        closed = {guard.source for guard in world.guards.values() if guard.closed is not None}
        for source in sorted(closed):
            now = MIDNIGHT + timedelta(seconds=world.loop.time())
            left = recover(world.logs[source], world.lanes[source], world.broker, world.lines[source], now)
            world.gone |= set(left)
            world.note(f"{source} is recovered; {len(left)} events do not fit any more")
        self._behind -= closed

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
            self._world.guards.pop(slot.process, None)
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
