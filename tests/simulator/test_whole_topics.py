"""Relays alone under every fault, and topics that are wiped or cut off: nobody fills them by hand, and in the end a newcomer
gets from each topic every stored event in order. The carrier is the real one; the check shares nothing with it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence

import pytest

from shared.kafka.identity import Standing
from shared.kafka.topics import topic_of
from shared.kernel.envelope import Recorded
from shared.relay.relay import Carrier
from shared.relay.wholeness import Anew, Wholeness
from tests.simulator.broker import MemoryBroker
from tests.simulator.faults import Faults
from tests.simulator.loop import SimLoop, TooLong
from tests.simulator.world import Parts, World

SEEDS = range(120)
FAULTS = (
    "client.",
    "log.",
    "relay.",
    "producer.",
    "nemesis.kill",
    "nemesis.pause",
    "nemesis.database",
    "nemesis.broker",
    "world.two",
)
"""What may befall relays and topics; what strangers write, and logs that go back, are the whole simulator's."""


class CuttingBroker(MemoryBroker):
    """A topic that it loses is as often cut off at the ends of its partitions as it is wiped."""

    def wipe(self, topic: str) -> None:
        if self.rng.random() < 0.5:
            super().wipe(topic)
            return
        for (name, _), log in self.logs.items():
            if name == topic and log and self.rng.random() < 0.5:
                del log[self.rng.randrange(len(log)) :]


class Topics(World):
    """The world, of which only stores, relays and topics are looked at."""

    def build(self) -> None:
        self.faults.active |= {"nemesis.topic_wiped": 0.3}
        super().build()
        self.broker.__class__ = CuttingBroker

    def behind(self, most: int | None = None) -> list[str]:
        found: list[str] = []
        for source, log in self.logs.items():
            for lane, events in enumerate(log.lanes_now):
                marked, given = self.lanes[source].positions[lane], self.given(source, lane, events)
                if (marked, given) != (len(events), len(events)):
                    found.append(f"{source} lane {lane}: {marked} marked, {given} to be had, of {len(events)}")
        return found

    def given(self, source: str, lane: int, events: Sequence[Recorded]) -> int:
        """How far a newcomer gets that takes nothing but the next event of the log; what strangers wrote it passes over."""
        reached = 0
        for record in self.broker.logs[topic_of(source), lane % 6]:
            headers = dict(record.headers)
            if reached < len(events) and headers.get("ce_id") == events[reached].event_id.encode():
                reached += headers.get("ce_hash") == events[reached].hash.hex().encode()
        return reached


async def story(world: Topics, commands: int) -> None:
    world.build()
    await world.live(commands)
    if not await world.settle(120):
        world.violations.append(f"the topics are not whole: {'; '.join(world.behind())}")


def simulated(seed: int, carrier: type[Carrier]) -> list[str]:
    """What went wrong with this seed."""
    rng = random.Random(seed)
    loop = SimLoop(rng)
    world = Topics(rng, loop, Faults(rng, FAULTS), Parts(carrier=carrier))
    logging.disable(logging.CRITICAL)
    try:
        loop.run(story(world, rng.choice((6, 9, 15))))
    except TooLong as failure:
        world.violations.append(f"it never comes to rest: {failure}")
    finally:
        loop.end()
        logging.disable(logging.NOTSET)
    failed = [f"a task failed: {failure.get('exception')!r}" for failure in loop.failures]
    return [one for one in world.violations if not one.startswith("I1:")] + failed


def test_I1_I10_topics_that_are_wiped_and_cut_off_under_every_fault_become_whole_by_themselves() -> None:
    assert {seed: wrong for seed in SEEDS if (wrong := simulated(seed, Carrier))} == {}


class Blind(Wholeness):
    """Never looks at the topic."""

    async def look(self, session: object, held: object) -> Anew | None:
        return None


class Forgetful(Wholeness):
    """Looks where a topic ends, and takes no notice of records that came to stand where others had been."""

    def _wrong(self, partition: int, standing: Standing) -> str:
        known = self._asked.get(partition)
        same = known is not None and known.identity == standing.identity and standing.end >= known.next_offset
        return "" if same else super()._wrong(partition, standing)


@pytest.mark.parametrize("twin", [Blind, Forgetful])
def test_a_relay_that_looks_less_closely_is_caught(twin: type[Wholeness]) -> None:
    class Naive(Carrier):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            self._whole = twin(self._producer, self._topic)

    assert any(any("not whole" in one for one in simulated(seed, Naive)) for seed in range(400))
