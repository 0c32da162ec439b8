"""What a process knows of the logs that it reads: which logs they are, what was decided, what was signed, what it took lately.

A record is believed because it follows: the hash of the lane's head and the record's own bytes give the hash that it carries.
Hashes have no key, so what follows may still not be the log's. That shows when another record follows at the same position, or
when a signed checkpoint says otherwise: then the lane stops for all views of the process, until a ruling or a signed
checkpoint decides. Each record is hashed once a process. Nothing here is asked of a database: `auditor` brings what is new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence

from shared.eventlog.records import LogIdentity
from shared.kafka.headers import link_of
from shared.kafka.record import Received
from shared.projections import words
from shared.projections.checkpoints import Lane
from shared.projections.links import Link, Overruled, Ring, Signed, Taken

CLOCKS_SECONDS = 5.0
"""By so much the clocks of a log and of its readers may differ."""

Headers = dict[str, str | bytes | None]


class Chain:
    """One a process that reads. `identities` are those of the logs that are known already."""

    def __init__(
        self, identities: Mapping[str, LogIdentity] | None = None, *, keeps: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        """`keeps`: whether the links that are taken are kept in the database; not those of a build beside the live one.
        `clock`: seconds since 1970."""
        self.keeps = keeps
        self._clock = clock
        self._identities = dict(identities or {})
        self._sources = {name: identity.wire_source(name).encode() for name, identity in self._identities.items()}
        self._rulings: dict[Lane, dict[int, bytes]] = {}
        self._excluded: dict[Lane, set[tuple[int, bytes]]] = {}
        self._signed: dict[Lane, Signed] = {}
        self._proved: dict[Lane, int] = {}
        self._rings: dict[Lane, Ring] = {}
        self._contested: dict[Lane, int] = {}
        self._denied: dict[Lane, tuple[int, str]] = {}
        """The lowest position that is known to be wrong, and why, in words."""
        self._overruled: dict[Lane, Overruled] = {}
        self._level: dict[Lane, tuple[int, int]] = {}
        self._checked: dict[tuple[str, int, int], tuple[bytes, bytes]] = {}

    # what a fold asks

    def begin(self) -> None:
        """A new batch: what was computed for the one before is forgotten."""
        self._checked.clear()

    def named(self, source: str, ce_source: str | bytes | None) -> bool:
        """Whether a record says that it comes from the log of this name that is known here, or none is known yet."""
        wanted = self._sources.get(source)
        return wanted is None or wanted == (ce_source.encode() if isinstance(ce_source, str) else ce_source)

    def genesis(self, lane: Lane) -> bytes | None:
        """The hash before the first event of a lane; None as long as it is not known which log this is."""
        identity = self._identities.get(lane[0])
        return None if identity is None else identity.genesis(lane[1])

    def link(self, record: Received, headers: Headers, before: bytes) -> bytes:
        """The hash that follows `before` with this record's bytes. May raise `Undecodable`."""
        where = (record.topic, record.partition, record.offset)
        known = self._checked.get(where)
        if known is not None and known[0] == before:
            return known[1]
        found = link_of(before, record.value, headers)
        self._checked[where] = (before, found)
        return found

    def decided(self, lane: Lane, position: int) -> bytes | None:
        """The hash that a position has by a ruling, or by the newest signed checkpoint; None if neither speaks of it."""
        if (rulings := self._rulings.get(lane)) is not None and (ruled := rulings.get(position)) is not None:
            return ruled
        signed = self._signed.get(lane)
        return signed.hash if signed is not None and signed.position == position else None

    def ruled(self, lane: Lane, position: int) -> bool:
        """Whether there is a ruling on this position."""
        return position in self._rulings.get(lane, ())

    def excluded(self, lane: Lane, position: int, digest: bytes) -> bool:
        """Whether a ruling says that this record is not the log's."""
        return (position, digest) in self._excluded.get(lane, ())

    def settled(self, lane: Lane, position: int) -> bool:
        """Whether what was taken at a position is known to be the log's: by a ruling, or by a signed head at or after it."""
        return self.ruled(lane, position) or position <= self._proved.get(lane, 0)

    def taken(self, lane: Lane, position: int) -> Taken | None:
        """What was taken at a position lately; None if that is too long ago."""
        ring = self._rings.get(lane)
        return None if ring is None else ring.at(position)

    def beyond(self, lane: Lane, reached: int, offset: int) -> bool:
        """Whether a record that stands on Kafka before this offset, after what was reached, is none of the log's."""
        level = self._level.get(lane)
        return level is not None and level[0] == reached and offset < level[1]

    def end(self, lane: Lane) -> int:
        """Up to which position the links of a lane are kept already."""
        ring = self._rings.get(lane)
        return 0 if ring is None else ring.end

    def stopped(self, lane: Lane) -> str | None:
        """Why a lane may not go on, in words; None if it may."""
        if lane[0] not in self._identities:
            return words.unknown(lane[0])
        if lane in self._overruled:
            return words.taking_back(lane, self._overruled[lane].position)
        if lane in self._denied:
            return self._denied[lane][1]
        if lane in self._contested:
            return words.contested(lane, self._contested[lane])
        return None

    # what has come

    def took(self, links: Mapping[Lane, Sequence[Link]]) -> None:
        """A batch was committed."""
        at = self._clock()
        for lane, added in links.items():
            ring = self._rings.setdefault(lane, Ring())
            ring.extend(added)
            ring.moved_at = at
            self._level.pop(lane, None)
            self._hold(lane)

    def remember(self, lane: Lane, links: Sequence[Link], moved_at: float) -> None:
        """Links that were kept over a restart."""
        ring = self._rings[lane] = Ring()
        ring.extend(links)
        ring.moved_at = moved_at
        self._hold(lane)

    def keep_only(self, lanes: Collection[Lane]) -> None:
        """The lanes that this process reads from now on; of others it knows no longer what was taken."""
        kept = set(lanes)
        self._level.clear()  # it speaks of offsets, which may be of another topic now
        for known in (self._rings, self._proved, self._contested, self._denied, self._overruled):
            for lane in known.keys() - kept:
                del known[lane]

    def contest(self, lane: Lane, position: int) -> None:
        """Two records follow at a position."""
        if not self.settled(lane, position):
            self._contested[lane] = min(position, self._contested.get(lane, position))

    def know(self, source: str, identity: LogIdentity) -> None:
        """Which log a source is."""
        self._identities[source] = identity
        self._sources[source] = identity.wire_source(source).encode()

    def known(self, source: str) -> LogIdentity | None:
        """Which log a source is, if that is known."""
        return self._identities.get(source)

    def sign(self, lane: Lane, signed: Signed) -> None:
        """A signed head has come; older ones are passed over."""
        newest = self._signed.get(lane)
        if newest is not None and newest.signed_at > signed.signed_at:
            return
        self._signed[lane] = signed
        self._compare(lane, signed)

    def signed(self, lane: Lane) -> Signed | None:
        """The newest signed head of a lane."""
        return self._signed.get(lane)

    def rule(self, lane: Lane, position: int, digest: bytes, *, stands: bool = True) -> None:
        """A ruling: the lane may go on. The first on a position stands."""
        if not stands:
            self._excluded.setdefault(lane, set()).add((position, digest))
        elif self._rulings.setdefault(lane, {}).setdefault(position, digest) == digest:
            if self._contested.get(lane) == position:
                del self._contested[lane]
            if (taken := self.taken(lane, position)) is not None and taken.hash == digest:
                self._prove(lane, position)
        self._hold(lane)

    def give_up(self, lane: Lane, kept: int) -> None:
        """What the log had behind this position is gone for good: nothing that was signed or ruled of it holds any more."""
        if self._proved.get(lane, 0) > kept:
            self._proved[lane] = kept
        for position in [position for position in self._rulings.get(lane, ()) if position > kept]:
            del self._rulings[lane][position]

    def overruled(self) -> list[Overruled]:
        """What was taken and is ruled out. Its lane waits until it is told that this was acted on."""
        return list(self._overruled.values())

    def taken_back(self, overruled: Overruled) -> None:
        """It was acted on: no view of this process stands on it any more, but those that wait to be rebuilt."""
        if self._overruled.get(overruled.lane) is overruled:
            del self._overruled[overruled.lane]

    def level(self, lane: Lane, reached: int, end: int) -> None:
        """The log has nothing after `reached`: what stands on Kafka after it and before the offset `end` is none of its."""
        self._level[lane] = (reached, end)

    def contested(self) -> dict[Lane, int]:
        """Lanes on which somebody must decide, and at which position."""
        return dict(self._contested)

    def denied(self) -> dict[Lane, int]:
        """Lanes of which a signed checkpoint contradicts what was taken, and about which position to ask: halfway between the
        last that is proved and the first that is known to be wrong."""
        found: dict[Lane, int] = {}
        for lane, (wrong, _) in self._denied.items():
            ring = self._rings.get(lane)
            right = max(self._proved.get(lane, 0), ring.first - 1 if ring is not None else 0)
            found[lane] = (right + wrong + 1) // 2
        return found

    def unproved(self, seconds: float) -> list[Lane]:
        """Lanes whose last record no signed head covers, though it was taken so long ago; or though a head that was signed
        after it ends before it, which differing clocks could explain for a moment."""
        now = self._clock()
        return [
            lane
            for lane, ring in self._rings.items()
            if ring.end > self._proved.get(lane, 0)
            and lane not in self._denied
            and now - ring.moved_at > (CLOCKS_SECONDS if self._doubtful(lane, ring) else seconds)
        ]

    def _doubtful(self, lane: Lane, ring: Ring) -> bool:
        signed = self._signed.get(lane)
        return signed is not None and signed.position < ring.end and signed.signed_at > ring.moved_at

    def _hold(self, lane: Lane) -> None:
        """Hold what was taken against what was ruled, and against the newest signed head."""
        ring = self._rings.get(lane)
        if ring is None:
            return
        ruled = self._rulings.get(lane, {})
        wrong = [at for at, digest in ruled.items() if (taken := ring.at(at)) is not None and taken.hash != digest]
        wrong += [at for at, digest in self._excluded.get(lane, ()) if (taken := ring.at(at)) and taken.hash == digest]
        if wrong:
            self._overrule(lane, ring, min(wrong))
        if (signed := self._signed.get(lane)) is not None:
            self._compare(lane, signed)

    def _overrule(self, lane: Lane, ring: Ring, position: int) -> None:
        earlier = ring.at(position - 1)
        before = None if earlier is None else earlier.hash
        instead = self._rulings.get(lane, {}).get(position)
        self._overruled[lane] = Overruled(lane, position, ring.after(position), before, instead)
        ring.keep(ring.first, position - 1)
        if self._contested.get(lane, 0) >= position:
            del self._contested[lane]
        denied = self._denied.pop(lane, None)
        if denied is not None and self._proved.get(lane, 0) < position - 1 >= ring.first:
            self._denied[lane] = (position, denied[1])  # there may be more before it

    def _prove(self, lane: Lane, position: int) -> None:
        """What was taken up to this position is the log's."""
        self._proved[lane] = max(position, self._proved.get(lane, 0))
        if self._contested.get(lane, position + 1) <= position:
            del self._contested[lane]
        if lane in self._denied and self._denied[lane][0] <= position + 1 and self._rings[lane].end <= position:
            del self._denied[lane]

    def _compare(self, lane: Lane, signed: Signed) -> None:
        """Hold what was taken against a signed head."""
        ring = self._rings.get(lane)
        if ring is None or not ring.offsets:
            return
        taken = ring.at(signed.position)
        own = self.genesis(lane) if signed.position == 0 else taken.hash if taken is not None else None
        if own is None:
            return
        if own != signed.hash:
            self._deny(lane, signed.position, words.contradicted(lane, signed.position, own, signed.hash))
            return
        self._prove(lane, signed.position)
        if ring.end > signed.position and signed.signed_at > ring.moved_at + CLOCKS_SECONDS:
            self._deny(lane, signed.position + 1, words.ahead(lane, ring.end, signed.position))
        else:
            self._denied.pop(lane, None)

    def _deny(self, lane: Lane, position: int, why: str) -> None:
        known = self._denied.get(lane)
        self._denied[lane] = (position if known is None else min(position, known[0]), why)
