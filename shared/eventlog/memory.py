"""The log in memory, for tests of what stands on a log: the same rules, held by the same contract suite.

It forgets everything at the end of the process, which is why no service may run on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from shared.eventlog.chain import link
from shared.eventlog.log import clock_not_simulated, require_distinct
from shared.eventlog.records import Append, Appended, Conflict, LaneHead, LogIdentity, Mismatch, Outcome
from shared.kernel.clock import Clock
from shared.kernel.envelope import Recorded
from shared.kernel.lanes import LANES, lane_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryLog:
    """A log whose events are lists in this process."""

    def __init__(self, source: str, clock: Clock, *, simulated: bool = False, identity: LogIdentity | None = None) -> None:
        self._source = source
        self._identity = identity or LogIdentity("vn", str(uuid5(NAMESPACE_URL, source)))
        self._clock = clock
        self._simulated = simulated
        self._lanes: list[list[Recorded]] = [[] for _ in range(LANES)]
        self._streams: dict[str, list[Recorded]] = {}
        self._events: dict[str, Recorded] = {}
        self._answers: dict[str, tuple[bytes, Appended]] = {}
        self.reached: dict[int, int] = {}
        """The last position of every lane that holds something: what a relay looks at before it reads."""

    @property
    def source(self) -> str:
        """The service whose log this is."""
        return self._source

    async def append(self, batch: Sequence[Append], *, atomic: bool = False) -> list[Outcome]:
        """See `Log.append`."""
        require_distinct(batch)
        if not self._simulated and any(append.recorded_at is not None for append in batch):
            raise clock_not_simulated()
        outcomes = self._judge(batch)
        if atomic and any(outcome is not None and not isinstance(outcome, Appended) for outcome in outcomes):
            return [outcome or Conflict(append.command_id, append.stream, self._version(append.stream))
                    for append, outcome in zip(batch, outcomes, strict=True)]  # fmt: skip
        now = self._clock()
        return [outcome or self._store(append, now) for append, outcome in zip(batch, outcomes, strict=True)]

    async def load(self, streams: Sequence[str]) -> dict[str, list[Recorded]]:
        """See `Log.load`."""
        return {stream: list(self._streams.get(stream, ())) for stream in streams}

    async def answers(self, command_ids: Sequence[str]) -> dict[str, tuple[bytes, Appended]]:
        """See `Log.answers`."""
        return {known: self._answers[known] for known in command_ids if known in self._answers}

    async def read_lane(self, lane: int, after: int, limit: int) -> list[Recorded]:
        """See `Log.read_lane`."""
        return self._lanes[lane][after : after + limit]

    async def identity(self) -> LogIdentity:
        """See `Log.identity`."""
        return self._identity

    async def heads(self) -> dict[int, LaneHead]:
        """See `Log.heads`."""
        return {lane: self._head(lane) for lane in range(LANES)}

    async def event(self, event_id: str) -> Recorded | None:
        """See `Log.event`."""
        return self._events.get(event_id)

    async def simulated(self) -> bool:
        """See `Log.simulated`."""
        return self._simulated

    def _version(self, stream: str) -> int:
        return len(self._streams.get(stream, ()))

    def _head(self, lane: int) -> LaneHead:
        events = self._lanes[lane]
        if not events:
            return LaneHead(lane, 0, self._identity.genesis(lane), _EPOCH)
        return LaneHead(lane, events[-1].position, events[-1].hash, events[-1].recorded_at)

    def _judge(self, batch: Sequence[Append]) -> list[Outcome | None]:
        """What each command is answered; None for those that are to be stored."""
        versions: dict[str, int] = {}
        broken: set[str] = set()
        outcomes: list[Outcome | None] = []
        for append in batch:
            stream = append.stream
            version = versions.setdefault(stream, self._version(stream))
            end = append.expected + len(append.events)
            if known := self._answers.get(append.command_id):
                same = known[0] == append.fingerprint and known[1].stream == stream
                outcomes.append(known[1] if same else Mismatch(append.command_id))
                if not same or known[1].version != end:
                    broken.add(stream)
            elif stream in broken or version != append.expected:
                outcomes.append(Conflict(append.command_id, stream, self._version(stream)))
                broken.add(stream)
            else:
                outcomes.append(None)
                versions[stream] = end
        return outcomes

    def _store(self, append: Append, now: datetime) -> Appended:
        lane = lane_of(append.stream)
        recorded_at = max(append.recorded_at or now, self._head(lane).last_at)
        for version, new in enumerate(append.events, append.expected + 1):
            head = self._head(lane)
            event = Recorded(
                self._source, lane, head.position + 1, append.stream, version, new.event_id, new.type, new.schema_version,
                recorded_at, append.command_id, append.actor, new.data, b"", append.fingerprint,
            )  # fmt: skip
            event = replace(event, hash=link(head.hash, event, self._identity.deployment))
            self._lanes[lane].append(event)
            self.reached[lane] = event.position
            self._streams.setdefault(append.stream, []).append(event)
            self._events[event.event_id] = event
        ids = tuple(event.event_id for event in append.events)
        end = append.expected + len(append.events)
        answer = Appended(
            append.command_id, append.stream, end, lane, self._head(lane).position, recorded_at, ids, repeated=False
        )
        self._answers[append.command_id] = (append.fingerprint, replace(answer, repeated=True))
        return answer
