"""What a reader makes of what the logs sign: which log each one is, how far it was, what was decided about a position.

A statement counts only under the deployment's public key and from the log that is known; anything else on those topics is set
aside. What is decided is kept first and believed then. A ruling may come before what it rules out was committed, or while
nobody reads the lane: so what was taken is held against it whenever either is new. `Auditor` brings the statements from Kafka,
a simulator from memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence

from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint
from shared.eventlog.records import LogIdentity
from shared.eventlog.rulings import Ruling, read_statement, void
from shared.eventlog.signing import PublicKey
from shared.kafka.headers import hash_of
from shared.kafka.record import Received
from shared.kafka.topics import checkpoints_topic
from shared.projections import words
from shared.projections.chain import Chain
from shared.projections.checkpoints import Lane
from shared.projections.decisions import Decisions
from shared.projections.links import Link, Overruled, Signed
from shared.projections.store import SetAside

log = logging.getLogger(__name__)

Find = Callable[[Lane, Link], Awaitable[Received | None]]
"""The record that was taken, if its topic still holds it."""


class Hearing:
    """One a process that reads. `writes`: whether it keeps what it hears; one beside the live runner does not."""

    def __init__(
        self,
        decisions: Decisions,
        sources: Sequence[str],
        chain: Chain,
        public: PublicKey | None,
        find: Find,
        *,
        writes: bool = True,
    ) -> None:
        self._decisions = decisions
        self._sources = {checkpoints_topic(source): source for source in sources}
        self._chain = chain
        self._public = public
        self._find = find
        self._writes = writes
        self.overruled: list[Overruled] = []
        """What was taken and is ruled out, for the runner to act on and clear."""
        self.strangers: dict[str, str] = {}
        """Sources that another log signs for than the known one, in words."""

    @property
    def topics(self) -> list[str]:
        """Where statements stand."""
        return sorted(self._sources)

    async def load(self) -> None:
        """What the database knows: logs and rulings."""
        await load(self._decisions, self._chain)

    async def take_over(self, lanes: Collection[Lane]) -> None:
        """What is kept of lanes that this process has claimed: nobody else writes to it any more."""
        links, forks = await self._decisions.links(lanes), await self._decisions.forks(lanes)
        self._chain.keep_only(lanes)
        for lane in lanes:
            self._chain.remember(lane, *links.get(lane, ((), 0.0)))
        for lane, position in forks:
            if self._chain.taken(lane, position) is not None:  # else both are read and judged again
                self._chain.contest(lane, position)
        await self.settle()

    async def starts(self) -> dict[tuple[str, int], int]:
        """From where on statements are read: the last that was heard is heard again, since it is not kept."""
        heard = await self._decisions.statements()
        return {(topic, 0): heard[source] - 1 for topic, source in self._sources.items() if heard.get(source, 0) > 0}

    async def hear(self, records: Sequence[Received]) -> None:
        """Statements that have come, in order."""
        newest: dict[str, Checkpoint] = {}
        decided: list[Ruling] = []
        aside: list[SetAside] = []
        for record in records:
            source = self._sources[record.topic]
            try:
                if self._public is None:
                    raise BadCheckpoint("no public key is known here")
                said = read_statement((record.value or b"").decode("utf-8", "replace"), self._public)
                if said.source != source:
                    raise BadCheckpoint(f"it speaks of {said.source}")
            except BadCheckpoint as bad:
                aside.append(SetAside("unroutable", f"no signed statement of {source}: {bad}", record))
                continue
            known = self._chain.known(source)
            if known is None:
                await self._meet(source, said.identity)
            elif known != said.identity:
                self.strangers[source] = words.another_log(source, said.identity.log_id, known.log_id)
                aside.append(SetAside("unroutable", self.strangers[source], record))
                continue
            self.strangers.pop(source, None)
            if isinstance(said, Ruling):
                decided.append(said)
                continue
            if said.given_up and await self._give_up(said):
                decided = [ruling for ruling in decided if not void(ruling, [said])]
            if source not in newest or said.time >= newest[source].time:
                newest[source] = said
        for ruling in decided:
            await self._rule(ruling)
        for source, checkpoint in newest.items():
            at, now = checkpoint.time.timestamp(), asyncio.get_running_loop().time()
            for lane, (position, digest) in enumerate(checkpoint.heads):
                self._chain.sign((source, lane), Signed(position, digest, at, now))
        if self._writes and records:
            await self._decisions.heard({self._sources[record.topic]: record.offset + 1 for record in records}, aside)
        await self.settle()

    async def settle(self) -> None:
        """Keep what was ruled out, when it was heard or since; then it is for the runner to act on."""
        for one in self._chain.overruled():
            if one in self.overruled:
                continue
            if self._writes:
                found = [(link, await self._find(one.lane, link)) for link in one.taken]
                held = [record for link, record in found if record is not None and hash_of(dict(record.headers)) == link.hash]
                await self._decisions.overrule(one, held)
            self.overruled.append(one)

    async def prune(self) -> None:
        """Links beyond the last thousand of a lane are not needed."""
        if self._writes:
            await self._decisions.prune()

    async def _meet(self, source: str, identity: LogIdentity) -> None:
        """The first signed statement of a log says which one it is, for ever."""
        if self._writes:
            await self._decisions.meet(source, identity)
        self._chain.know(source, identity)
        log.info("%s is the log %s of %s", source, identity.log_id, identity.deployment)

    async def _give_up(self, checkpoint: Checkpoint) -> bool:
        """Whether the line is not one that was said long ago and comes again."""
        source = checkpoint.source
        for lane, kept in checkpoint.given_up:
            signed = self._chain.signed((source, lane))
            if signed is not None and signed.signed_at > checkpoint.time.timestamp():
                return False
            self._chain.give_up((source, lane), kept)
            log.warning("What was signed of lane %d of %s behind position %d is given up", lane, source, kept)
        if self._writes:
            await self._decisions.give_up(checkpoint)
        return True

    async def _rule(self, ruling: Ruling) -> None:
        lane, position = (ruling.source, ruling.lane), ruling.position
        known = self._chain.ruled(lane, position) if ruling.stands else self._chain.excluded(lane, position, ruling.hash)
        if known:
            return
        if self._writes:
            await self._decisions.keep(ruling)
        self._chain.rule(lane, position, ruling.hash, stands=ruling.stands)
        verb = "is" if ruling.stands else "is not"
        log.warning("Ruled: position %d of lane %s %s %s (%s)", position, lane, verb, ruling.hash.hex()[:16], ruling.by)


async def load(decisions: Decisions, chain: Chain) -> Chain:
    """Let a chain know which logs a database knows, and what was decided; answers it."""
    for source, identity in (await decisions.logs()).items():
        chain.know(source, identity)
    for ruled in await decisions.rulings():
        chain.rule(ruled.lane, ruled.position, ruled.hash, stands=ruled.stands)
    return chain
