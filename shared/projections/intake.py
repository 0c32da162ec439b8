"""Which records of a batch are the next events of their lanes: those that follow, link by link, what the view has taken.

Dense positions and the chain decide together. The next position is taken if its link follows and nothing that was signed or
ruled says otherwise; an earlier one is a repetition; a later one stops its lane and is reported as a gap. Whatever is none of
these is no event of the lane: it is set aside with the record that stands there, and changes nothing. Where two records follow
at one position nobody here can say which is true: the lane stops and the position is contested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.kafka.headers import Coordinates, coordinates, hash_of, stream_of
from shared.kafka.record import Received
from shared.kafka.topics import topic_of
from shared.kernel.event import Undecodable
from shared.projections.chain import Chain, Headers
from shared.projections.checkpoints import Lane, Stands
from shared.projections.links import Link, Taken
from shared.projections.store import Kind, SetAside
from shared.projections.view import View


@dataclass(frozen=True, slots=True)
class Gap:
    """A lane whose next position has not come although later ones have, or which has stopped."""

    missing: int
    seen: int
    topic: str
    partition: int
    offset: int
    """Of the first record that waits: where reading must go on once the missing one is there."""


class Opened(NamedTuple):
    """A record whose coordinates are known."""

    record: Received
    headers: Headers
    at: Coordinates
    digest: bytes | None
    """The hash that it carries; None if it cannot be read."""


@dataclass(slots=True)
class Intake:
    """What became of the records of one batch in one view."""

    view: View
    chain: Chain
    stopped: Callable[[Lane], bool] = lambda _: False
    """Whether this view may not go on in a lane, whatever the chain says."""
    skipped: int = 0
    aside: list[SetAside] = field(default_factory=list[SetAside])
    gaps: dict[Lane, Gap] = field(default_factory=dict[Lane, Gap])
    links: dict[Lane, list[Link]] = field(default_factory=dict[Lane, list[Link]])
    contested: dict[Lane, int] = field(default_factory=dict[Lane, int])
    waiting: dict[Lane, list[Opened]] = field(default_factory=dict[Lane, list[Opened]])

    def open(self, records: Iterable[Received], known: Mapping[Lane, int]) -> list[Opened]:
        """Read where each record belongs; what is certainly passed is only held against what was taken there."""
        opened: list[Opened] = []
        sources = {topic_of(source): source for source in self.view.sources}
        for record in records:
            headers = dict(record.headers)
            try:
                at = coordinates(headers)
                if sources.get(record.topic) != at.source or not self.chain.named(at.source, headers["ce_source"]):
                    raise Undecodable(f"{record.topic} carries a record of another log: {headers['ce_source']!r}")
                stream_of(record.key, headers, at.lane)
            except Undecodable as error:
                self.aside.append(SetAside("unroutable", str(error), record))
                continue
            one = Opened(record, headers, at, hash_of(headers))
            if at.position <= known.get((at.source, at.lane), 0):
                self._passed(one)
            else:
                opened.append(one)
        return opened

    def next(self, opened: Iterable[Opened], at_rest: Mapping[Lane, Stands]) -> tuple[list[Opened], dict[Lane, int]]:
        """Those that follow, in order, and the positions that the lanes reach with them."""
        held = {lane for lane in at_rest if self.stopped(lane) or self.chain.stopped(lane) is not None}
        reached = {lane: stands.position for lane, stands in at_rest.items()}
        heads = {lane: stands.head for lane, stands in at_rest.items()}
        taken: list[Opened] = []
        for one in opened:
            lane = (one.at.source, one.at.lane)
            expected = reached[lane] + 1
            if one.at.position < expected:
                self._passed(one)
            elif lane in held or lane in self.contested:
                self._wait(lane, expected, one)
            elif one.at.position > expected:
                if self.chain.beyond(lane, reached[lane], one.record.offset):
                    self._set_aside("beyond", f"the log ends at position {reached[lane]}", one)
                else:
                    self._wait(lane, expected, one)
            elif (link := self._follows(lane, heads[lane], one)) is not None:
                reached[lane], heads[lane] = expected, link
                self.links.setdefault(lane, []).append(Link(expected, link, one.record.offset))
                taken.append(one)
                if lane in self.gaps and self.gaps[lane].seen <= expected:
                    del self.gaps[lane]
        for lane in self.waiting.keys() - self.gaps.keys():
            for one in self.waiting[lane]:
                self._passed(one)
        return taken, {lane: position for lane, position in reached.items() if position > at_rest[lane].position}

    def _follows(self, lane: Lane, head: bytes | None, one: Opened) -> bytes | None:
        """The hash of a record at the next position; None if it is not the lane's next event."""
        before = head if head is not None else self.chain.genesis(lane)
        if before is None:  # cannot be: a lane of an unknown log has stopped
            return None
        try:
            link = self.chain.link(one.record, one.headers, before)
        except Undecodable as error:
            self._set_aside("unlinked", str(error), one, Taken(before, -1))
            return None
        if link != one.digest:
            reason = "it does not follow the record before it: the hash that it carries differs"
            self._set_aside("unlinked", reason, one, Taken(before, -1))
            return None
        decided = self.chain.decided(lane, one.at.position)
        if decided is not None and decided != link:
            ruled = self.chain.ruled(lane, one.at.position)
            why = "a ruling" if ruled else "a signed checkpoint"
            self._set_aside("ruled-out", f"it follows, but {why} names another record here", one, Taken(decided, -1))
            self._wait(lane, one.at.position, one)  # for the one that is named: it is missing until it comes
            return None
        if self.chain.excluded(lane, one.at.position, link):
            self._set_aside("ruled-out", "it follows, but a ruling says that it is not the log's", one, Taken(before, -1))
            return None
        other = self.chain.taken(lane, one.at.position)
        if other is not None and other.hash != link:
            self._contest(lane, one, other)
            self._wait(lane, one.at.position, one)
            return None
        return link

    def _passed(self, one: Opened) -> None:
        """A position that was passed: a repetition, junk, or the other branch of a fork."""
        lane, position = (one.at.source, one.at.lane), one.at.position
        stands, before = self._taken(lane, position), self._before(lane, position)
        if stands is None or (before is None and stands.hash == one.digest):
            self.skipped += 1
            return
        try:
            follows = before is not None and self.chain.link(one.record, one.headers, before) == one.digest
        except Undecodable:
            follows = False
        if stands.hash == one.digest and follows:
            self.skipped += 1
        elif not follows:
            self._set_aside("unlinked", "another record stands at this position, and this one does not follow", one, stands)
        elif self.chain.settled(lane, position):
            self._set_aside("ruled-out", "it follows, but another record is known to be the log's here", one, stands)
        else:
            self._contest(lane, one, stands)

    def _taken(self, lane: Lane, position: int) -> Taken | None:
        """What was taken at a position, in this batch or lately."""
        added = self.links.get(lane)
        if added and added[0].position <= position <= added[-1].position:
            link = added[position - added[0].position]
            return Taken(link.hash, link.offset)
        return self.chain.taken(lane, position)

    def _before(self, lane: Lane, position: int) -> bytes | None:
        """The hash that a record at this position must follow, if it is known."""
        if position == 1:
            return self.chain.genesis(lane)
        taken = self._taken(lane, position - 1)
        return None if taken is None else taken.hash

    def _contest(self, lane: Lane, one: Opened, stands: Taken) -> None:
        self._set_aside("fork", "two records follow at this position", one, stands)
        position = one.at.position
        self.contested[lane] = min(position, self.contested.get(lane, position))

    def _wait(self, lane: Lane, expected: int, one: Opened) -> None:
        first = self.gaps.get(lane)
        offset = first.offset if first else one.record.offset
        seen = max(one.at.position, first.seen) if first else one.at.position
        self.gaps[lane] = Gap(expected, seen, one.record.topic, one.record.partition, offset)
        self.waiting.setdefault(lane, []).append(one)

    def _set_aside(self, kind: Kind, reason: str, one: Opened, stands: Taken | None = None) -> None:
        self.aside.append(SetAside(kind, reason, one.record, one.at, one.digest, stands))
