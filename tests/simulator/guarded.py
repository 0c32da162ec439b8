"""Who sees that a log went back in time, and who takes back what was published of it: guards and the operator, in memory.

The carrying of `shared.relay.guard.LogGuard` and of `clb recover` is written anew here; what decides is theirs: `Published`
finds what the topic holds and the log does not, `why_closed` and `unheld` say whether anything may be written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from shared.eventlog.checkpoints import Checkpoint, checkpoint_of, read_line
from shared.eventlog.log import LogBehind
from shared.eventlog.records import Appended, LaneHead
from shared.eventlog.rulings import read_statement
from shared.eventlog.writer import AppendWriter, Written
from shared.kafka.headers import from_kafka
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.lanes import partition_of
from shared.relay.closed import Closed, unheld, why_closed
from shared.relay.compared import Compared
from shared.relay.recovery.branches import Published, Rulings, Tail, Wanted
from tests.simulator.broker import MemoryBroker
from tests.simulator.notary import KEY, Lines
from tests.simulator.simlog import SimLog
from tests.simulator.stores import SimLanes

_LOOK_SECONDS = 1.0
_AGAIN = (2.0, 6.0)
"""Seconds after another log was met: what was on its way to the broker may still come."""


class Guard:
    """One a process that writes a log or publishes it."""

    def __init__(self, log: SimLog, lanes: SimLanes, broker: MemoryBroker, lines: Lines) -> None:
        self._log, self._lanes, self._broker, self._lines = log, lanes, broker, lines
        self._met: tuple[int, int] | None = None
        self._seen: dict[int, LaneHead] = {}
        self._answered: dict[int, int] = {}
        self._unheld: Closed | None = None
        self._found: Closed | None = None
        self._compared = False
        self._again: list[float] = []
        self.on_changed: list[Callable[[], None]] = []

    @property
    def source(self) -> str:
        """Whose log it is."""
        return self._log.source

    @property
    def closed(self) -> Closed | None:
        """Why nothing is written."""
        return self._unheld or self._found

    def healthy(self) -> bool:
        """Whether the log may be published and signed."""
        return self._compared and self.closed is None and self._met == self._log.incarnation

    def why_not(self) -> str | None:
        """Why it may not be published."""
        return None if self.healthy() else "the log is not where it was, or not compared"

    def follow(self, writer: AppendWriter) -> None:
        """As `LogGuard.follow`."""

        def written(one: Written) -> None:
            for outcome in one.outcomes:
                if isinstance(outcome, Appended):
                    self._answered[outcome.lane] = max(outcome.position, self._answered.get(outcome.lane, 0))

        def refusal() -> Refused | None:
            return None if self.closed is None else LogBehind(self._log.source)

        writer.on_written.append(written)
        writer.refusal = refusal

    async def admit(self) -> None:
        """Before an append. May raise `LogBehind`."""
        if self._met != self._log.incarnation:
            await self.look()
        if self.closed is not None:
            raise LogBehind(self._log.source)

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """See whether the log holds what this process knows of it, and hold it against its topic where that was not done."""
        heads, now = await self._log.heads(), asyncio.get_running_loop().time()
        if self._met != self._log.incarnation:
            self._meet(now)
        held = {lane: head.position for lane, head in heads.items()}
        keeps = self._log.keeps
        missing = {lane: seen.position for lane, seen in self._seen.items() if not keeps(lane, seen.position, seen.hash)}
        for lane, position in self._answered.items():
            if position > held[lane]:
                missing[lane] = max(position, missing.get(lane, 0))
        self._unheld = unheld(missing, held) if missing else None
        if not missing:
            self._seen = {lane: head for lane, head in heads.items() if head.position}
        due = not self._compared or (self._found is None and bool(self._again) and now >= self._again[0])
        if due and not self._broker.down:
            self._found = why_closed(compare(self._log, self._lanes, self._broker, self._lines))
            self._compared, self._again = True, [at for at in self._again if at > now]
            if self._found is None:
                self._log.compared.add(self._log.incarnation)

    def _meet(self, now: float) -> None:
        before, self._met = self._met, self._log.incarnation
        self._found, self._compared = None, self._met in self._log.compared
        if before is not None:
            self._compared, self._again = False, [now + seconds for seconds in _AGAIN]
            for hook in self.on_changed:
                hook()
        if before is None or before[1] != self._met[1]:
            self._seen, self._answered, self._unheld = {}, {}, None


def said(lines: Iterable[str], log: SimLog) -> tuple[list[Checkpoint], Rulings]:
    """The checkpoints and rulings of a log."""
    found = [read_statement(line, KEY.public) for line in lines]
    checkpoints = [one for one in found if isinstance(one, Checkpoint)]
    return checkpoints, Rulings.of((one for one in found if not isinstance(one, Checkpoint)), checkpoints)


def published_of(log: SimLog, lanes: SimLanes, broker: MemoryBroker) -> Published:
    """What the topic says of a log."""
    published = Published(Wanted(log.source, log.identity_now), lanes.positions)
    for number in range(PARTITIONS):
        ours = list(published.wanted.of(broker.logs[topic_of(log.source), number]))
        hashes = {at: found for at in published.needed(ours) if (found := log.hash_at(*at)) is not None}
        published.take(ours, hashes)
    return published


def lost(log: SimLog, checkpoints: Iterable[Checkpoint], tails: dict[int, Tail]) -> Checkpoint | None:
    """The newest checkpoint, if neither the log nor what is taken back keeps it."""
    newest = max(checkpoints, key=lambda checkpoint: checkpoint.time, default=None)
    return newest if newest is not None and lanes_without(log, newest, tails) else None


def lanes_without(log: SimLog, checkpoint: Checkpoint, tails: dict[int, Tail]) -> list[int]:
    """The lanes in which neither the log nor what is taken back keeps what was signed."""
    back = {(lane, node.position): node.hash for lane, tail in tails.items() for node in tail.nodes}
    found: list[int] = []
    for lane, (position, digest) in enumerate(checkpoint.heads):
        tail = tails.get(lane)
        own = log.hash_at(lane, position) if tail is None or position <= tail.after else back.get((lane, position))
        if position and own != digest:
            found.append(lane)
    return found


def give_up(log: SimLog, lines: Lines, now: datetime) -> None:
    """As `shared.relay.recovery.loss.give_up`."""
    kept: dict[int, int] = {}
    for one in sorted(said(lines.all, log)[0], key=lambda checkpoint: checkpoint.time, reverse=True):
        gone = lanes_without(log, one, {})
        kept |= dict.fromkeys(gone, 0)
        if not gone:
            kept = {lane: one.heads[lane][0] for lane in kept}
            break
    if kept:
        last = None if lines.last is None else read_line(lines.last, None)
        made = checkpoint_of(log.source, log.identity_now, log.heads_now, now.astimezone(UTC), last)
        lines.last = replace(made, given_up=tuple(sorted(kept.items()))).line(KEY)
        lines.all.append(lines.last)


def compare(log: SimLog, lanes: SimLanes, broker: MemoryBroker, lines: Lines) -> Compared:
    """As `shared.relay.compared.compare`."""
    checkpoints, ruled = said(lines.all, log)
    heads = {lane: len(events) for lane, events in enumerate(log.lanes_now)}
    tails = published_of(log, lanes, broker).tails(heads, ruled)
    return Compared(tails, None if tails else lost(log, checkpoints, {}))


def recover(log: SimLog, lanes: SimLanes, broker: MemoryBroker, lines: Lines, now: datetime) -> list[str]:
    """`clb recover --accept-loss`: take back what was published, append of the other branch what fits; answers the ids of the
    events that do not fit any more."""
    checkpoints, ruled = said(lines.all, log)
    signed = {(lane, position, digest) for one in checkpoints for lane, (position, digest) in enumerate(one.heads) if position}
    heads = {lane: len(events) for lane, events in enumerate(log.lanes_now)}
    tails = published_of(log, lanes, broker).tails(heads, ruled, signed)
    other: list[Recorded] = []
    for lane, tail in tails.items():
        other += log.cut(lane, tail.after)
        records = broker.logs[topic_of(log.source), partition_of(lane, PARTITIONS)]
        log.take_back([from_kafka(records[node.offset].value, records[node.offset].headers) for node in tail.nodes])
        lanes.positions[lane], lanes.epochs[lane] = tail.end, lanes.epochs[lane] + 1
    left_over: list[str] = []
    for _, command in groupby(other, key=attrgetter("command_id")):
        left_over += log.append_behind(list(command))
    give_up(log, lines, now)
    log.recovered()
    return left_over


class Guarded:
    """A log as one process sees it: asked before each append."""

    def __init__(self, log: SimLog, guard: Guard) -> None:
        self._log, self._guard = log, guard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, batch: Any, *, atomic: bool = False) -> Any:
        """See `Log.append`."""
        await self._guard.admit()
        return await self._log.append(batch, atomic=atomic)
