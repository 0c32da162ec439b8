"""A service's log in the simulation: its answers may be late or lost, and its database may go back to a backup.

With a backup come the relay's positions, which lie in the same database; the file of signed statements does not go back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.eventlog.chain import link
from shared.eventlog.log import LogUnavailable
from shared.eventlog.memory import MemoryLog
from shared.eventlog.records import Append, Appended, LaneHead, LogIdentity, Outcome
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES
from tests.simulator.faults import Faults
from tests.simulator.loop import SimLoop

if TYPE_CHECKING:
    from tests.simulator.stores import SimLanes

MIDNIGHT = datetime.fromisoformat("2026-03-02T03:00:00+00:00")


@dataclass(frozen=True)
class Backup:
    """A service's database at an instant."""

    events: list[list[Recorded]]
    answers: dict[str, Any]
    positions: dict[int, int]
    epochs: dict[int, int]
    topics: dict[int, Any]


class SimLog(MemoryLog):
    """A memory log whose answers may be late or lost."""

    def __init__(self, source: str, loop: SimLoop, faults: Faults) -> None:
        super().__init__(source, lambda: MIDNIGHT + timedelta(seconds=loop.time()))
        self._faults = faults
        self._empty = [super(SimLog, self)._head(lane) for lane in range(LANES)]
        self.incarnation = (0, 0)
        """How often it went back, and how often it was recovered."""
        self.compared: set[tuple[int, int]] = set()

    def _head(self, lane: int) -> LaneHead:
        events = self._lanes[lane]
        if not events:
            return self._empty[lane]
        return LaneHead(lane, events[-1].position, events[-1].hash, events[-1].recorded_at)

    @property
    def identity_now(self) -> LogIdentity:
        """Which log it is, for who looks from outside."""
        return self._identity

    @property
    def lanes_now(self) -> list[list[Recorded]]:
        """What it holds, lane by lane, for who looks from outside."""
        return self._lanes

    @property
    def heads_now(self) -> dict[int, LaneHead]:
        """The heads of its lanes, for who looks from outside."""
        return {lane: self._head(lane) for lane in range(LANES)}

    async def append(self, batch: Sequence[Append], *, atomic: bool = False) -> list[Outcome]:
        """See `Log.append`. A session ends with the database that it is connected to."""
        met = self.incarnation
        await self._faults.slow("log.slow")
        if self._faults.fire("log.append_lost") or met != self.incarnation:
            raise LogUnavailable
        outcomes = await super().append(batch, atomic=atomic)
        await self._faults.slow("log.slow")
        if self._faults.fire("log.append_unheard"):
            raise LogUnavailable
        return outcomes

    def hash_at(self, lane: int, position: int) -> bytes | None:
        """The hash at a position, if it has it."""
        events = self._lanes[lane]
        return events[position - 1].hash if 0 < position <= len(events) else None

    def keeps(self, lane: int, position: int, digest: bytes) -> bool:
        """Whether it holds what was seen of it."""
        return position == 0 or self.hash_at(lane, position) == digest

    def backup(self, lanes: SimLanes) -> Backup:
        """Everything that lies in its database now."""
        return Backup(
            [list(events) for events in self._lanes], dict(self._answers),
            dict(lanes.positions), dict(lanes.epochs), dict(lanes.topics),
        )  # fmt: skip

    def restore(self, backup: Backup, lanes: SimLanes) -> None:
        """The database goes back; every session ends."""
        self._fill(backup.events)
        self._answers = dict(backup.answers)
        lanes.restart()
        lanes.positions, lanes.epochs = dict(backup.positions), dict(backup.epochs)
        lanes.topics = dict(backup.topics)
        self.incarnation = (self.incarnation[0] + 1, self.incarnation[1])

    def cut(self, lane: int, position: int) -> list[Recorded]:
        """Take away what stands after a position; answers it. The answers to its commands go with it."""
        gone = self._lanes[lane][position:]
        self._fill([events[:position] if number == lane else events for number, events in enumerate(self._lanes)])
        for command_id in {event.command_id for event in gone}:
            self._answers.pop(command_id, None)
        return gone

    def take_back(self, events: Sequence[Recorded]) -> None:
        """Put events behind what there is, exactly as they were recorded, and the answers of their commands."""
        for event in events:
            if link(self._head(event.lane).hash, event, self._identity.deployment) != event.hash:
                raise AssertionError(f"what was taken back does not follow: {event}")
            self._lanes[event.lane].append(event)
            self._fill(self._lanes)
        for event in events:
            mine = [one for one in events if one.command_id == event.command_id]
            last = mine[-1]
            answer = Appended(
                last.command_id, last.stream, last.version, last.lane, last.position, last.recorded_at,
                tuple(one.event_id for one in mine), repeated=True,
            )  # fmt: skip
            self._answers[event.command_id] = (event.fingerprint, answer)

    def append_behind(self, command: Sequence[Recorded]) -> list[str]:
        """Append a command's events of another branch if they fit; answers the ids of those that do not."""
        first = command[0]
        known = self._answers.get(first.command_id)
        if known is not None:
            return [] if known[0] == first.fingerprint else [event.event_id for event in command]
        if first.version != self._version(first.stream) + 1:
            return [event.event_id for event in command]
        at = max(self._head(first.lane).last_at, first.recorded_at)
        moved: list[Recorded] = []
        head = self._head(first.lane)
        position, digest = head.position, head.hash
        for event in command:
            position += 1
            one = replace(event, position=position, recorded_at=at)
            digest = link(digest, one, self._identity.deployment)
            moved.append(replace(one, hash=digest))
        self.take_back(moved)
        return []

    def recovered(self) -> None:
        """A recovery is done: who looks at the log looks at it anew."""
        self.incarnation = (self.incarnation[0], self.incarnation[1] + 1)

    def _fill(self, lanes: Sequence[Sequence[Recorded]]) -> None:
        self._lanes = [list(events) for events in lanes]
        self.reached = {lane: len(events) for lane, events in enumerate(self._lanes) if events}
        self._events = {event.event_id: event for events in self._lanes for event in events}
        self._streams = {}
        for events in self._lanes:
            for event in events:
                self._streams.setdefault(event.stream, []).append(event)
