"""What a topic holds of a log that the log itself does not hold, lane by lane, as branches that follow the log's own events.

Pure. A record is taken into a branch only if it follows: the hash before it and its own bytes give the hash that it carries. So
a record at position 10^9 that follows nothing is counted and says nothing of the log. Hashes have no key, so two records may
follow at one position; which of them stands is said by a ruling, then by signed heads, then by length, then by who came first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.eventlog.checkpoints import Checkpoint
from shared.eventlog.links import At
from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling, void
from shared.kafka.headers import Coordinates, coordinates, hash_of, link_of, stream_of
from shared.kafka.record import Received
from shared.kernel.event import Undecodable


@dataclass(frozen=True, slots=True)
class Node:
    """A record that follows an event of the log, or another node, and is not the log's own."""

    lane: int
    position: int
    hash: bytes
    parent: bytes
    off_log: bool
    """Whether what it follows is an event of the log, or the beginning of its lane."""
    partition: int
    offset: int
    event_id: str
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Tail:
    """What was published of a lane and is not in the log. It follows the log's own event at `after`."""

    lane: int
    after: int
    nodes: tuple[Node, ...]
    forked: bool
    """Whether the log has other events behind `after`, which were not published."""

    @property
    def end(self) -> int:
        """The last position that it has."""
        return self.after + len(self.nodes)


@dataclass(frozen=True, slots=True)
class Rulings:
    """What was ruled of a log: which hash stands at a position, and which records are not the log's."""

    stands: Mapping[At, bytes] = field(default_factory=dict[At, bytes])
    not_ours: frozenset[tuple[int, int, bytes]] = frozenset()

    @classmethod
    def of(cls, rulings: Iterable[Ruling], checkpoints: Collection[Checkpoint] = ()) -> Rulings:
        """As the rulings say, in their order, without those that stand on what a checkpoint has given up since."""
        stands: dict[At, bytes] = {}
        not_ours: set[tuple[int, int, bytes]] = set()
        for ruling in rulings:
            if ruling.stands and not void(ruling, checkpoints):
                stands[ruling.lane, ruling.position] = ruling.hash
            elif not ruling.stands:
                not_ours.add((ruling.lane, ruling.position, ruling.hash))
        return cls(stands, frozenset(not_ours))

    def allows(self, node: Node) -> bool:
        """Whether the record may be the log's."""
        return self.may_be(node.lane, node.position, node.hash)

    def may_be(self, lane: int, position: int, digest: bytes) -> bool:
        """Whether a record with this hash may be the log's."""
        return self.stands.get((lane, position), digest) == digest and (lane, position, digest) not in self.not_ours

    def decides(self, node: Node) -> bool:
        """Whether something was ruled of this record, or of its position."""
        return (node.lane, node.position) in self.stands or (node.lane, node.position, node.hash) in self.not_ours


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are of this log: by what they say of where they come from."""

    source: str
    identity: LogIdentity

    def of(self, records: Iterable[Received]) -> Iterator[tuple[Coordinates, dict[str, str | bytes | None], Received]]:
        """Those that claim to be this log's, with their headers."""
        wire = self.identity.wire_source(self.source)
        for record in records:
            headers = dict(record.headers)
            claimed = headers.get("ce_source")
            if claimed != wire and claimed != wire.encode():
                continue
            try:
                at = coordinates(headers)
                stream_of(record.key, headers, at.lane)
            except Undecodable:
                continue
            yield at, headers, record


class Published:
    """Takes in a topic batch by batch. `relayed`: up to where the relay knows that it published each lane."""

    def __init__(self, wanted: Wanted, relayed: Mapping[int, int]) -> None:
        self.wanted = wanted
        self._reached = dict(relayed)
        self._nodes: dict[At, list[Node]] = {}
        self.loose: list[tuple[int, int, int, int]] = []
        """Lane, position, partition and offset of the records that follow nothing."""

    @staticmethod
    def needed(records: Iterable[tuple[Coordinates, dict[str, str | bytes | None], Received]]) -> set[At]:
        """Of which positions `take` must know the log's own hashes."""
        found: set[At] = set()
        for at, _, _ in records:
            found.update(((at.lane, at.position), (at.lane, at.position - 1)))
        return {each for each in found if 0 < each[1] < 2**62}

    def take(
        self,
        records: Iterable[tuple[Coordinates, dict[str, str | bytes | None], Received]],
        ours: Mapping[At, bytes],
    ) -> None:
        """Take in some records; `ours` are the log's own hashes where it has the positions."""
        for at, headers, record in records:
            where, claimed = (at.lane, at.position), hash_of(headers)
            if claimed is None:
                continue
            if claimed == ours.get(where):
                self._reached[at.lane] = max(self._reached.get(at.lane, 0), at.position)
                continue
            if not self._add(at, headers, record, claimed, ours):
                self.loose.append((at.lane, at.position, record.partition, record.offset))

    def _add(
        self,
        at: Coordinates,
        headers: dict[str, str | bytes | None],
        record: Received,
        claimed: bytes,
        ours: Mapping[At, bytes],
    ) -> bool:
        where = (at.lane, at.position)
        if any(node.hash == claimed for node in self._nodes.get(where, ())):
            return True
        before = ours.get((at.lane, at.position - 1)) if at.position > 1 else self.wanted.identity.genesis(at.lane)
        parents = [(node.hash, False) for node in self._nodes.get((at.lane, at.position - 1), ())]
        for parent, off_log in [*([(before, True)] if before is not None else []), *parents]:
            try:
                follows = link_of(parent, record.value, headers) == claimed
            except Undecodable:
                return False
            if follows:
                node = Node(
                    at.lane, at.position, claimed, parent, off_log, record.partition, record.offset,
                    _text(headers.get("ce_id")), _text(headers.get("ce_time")),
                )  # fmt: skip
                self._nodes.setdefault(where, []).append(node)
                return True
        return False

    def tails(
        self, heads: Mapping[int, int], ruled: Rulings | None = None, signed: Iterable[tuple[int, int, bytes]] = ()
    ) -> dict[int, Tail]:
        """The branch that stands, of each lane that has one beyond what the log is known to have published.

        `heads`: the log's own last positions. `ruled`: what was decided already. `signed`: heads of checkpoints.
        """
        starts: dict[int, list[Node]] = {}
        for at, nodes in self._nodes.items():
            if self._reached.get(at[0], 0) < at[1] <= heads[at[0]] + 1:
                starts.setdefault(at[0], []).extend(node for node in nodes if node.off_log)
        if not any(starts.values()):
            return {}
        choice = _Choice(self._nodes, ruled or Rulings(), set(signed))
        found: dict[int, Tail] = {}
        for lane, nodes in sorted(starts.items()):
            for position in sorted({node.position for node in nodes}):
                path = choice.path([node for node in nodes if node.position == position])
                if path:
                    found[lane] = Tail(lane, position - 1, tuple(path), position <= heads[lane])
                    break
        return found

    def contested(self, ruled: Rulings | None = None) -> list[Node]:
        """Records that follow at a position of which the log's own is on the topic too, and of which nothing was ruled."""
        decided = ruled or Rulings()
        return [
            node
            for _, nodes in sorted(self._nodes.items())
            for node in nodes
            if node.off_log and node.position <= self._reached.get(node.lane, 0) and not decided.decides(node)
        ]

    @property
    def reached(self) -> Mapping[int, int]:
        """Up to which position the log's own events are known to be on the topic."""
        return self._reached


class _Choice:
    """Which of several branches stands."""

    def __init__(self, nodes: Mapping[At, list[Node]], ruled: Rulings, signed: set[tuple[int, int, bytes]]) -> None:
        self._allowed = ruled.allows
        self._children: dict[tuple[int, int, bytes], list[Node]] = {}
        for (lane, position), found in nodes.items():
            for node in found:
                if self._allowed(node):
                    self._children.setdefault((lane, position, node.parent), []).append(node)
        self._worth: dict[bytes, tuple[int, int]] = {}
        for (lane, position), found in sorted(nodes.items(), reverse=True):
            for node in found:
                after = [self._worth[child.hash] for child in self._children.get((lane, position + 1, node.hash), ())]
                best = max(after, default=(0, 0))
                self._worth[node.hash] = (best[0] + ((lane, position, node.hash) in signed), best[1] + 1)

    def path(self, starts: Iterable[Node]) -> list[Node]:
        """From the best of these to its end."""
        path: list[Node] = []
        candidates = [node for node in starts if self._allowed(node)]
        while candidates:
            best = max(candidates, key=lambda node: (self._worth[node.hash], -node.offset))
            path.append(best)
            candidates = self._children.get((best.lane, best.position + 1, best.hash), [])
        return path


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
