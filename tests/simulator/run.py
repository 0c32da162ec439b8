"""One seed from its beginning to its verdict. Everything that happens follows from the seed."""

from __future__ import annotations

import gc
import logging
import random
from collections import Counter
from dataclasses import dataclass, field

from tests.simulator.checks import check_figures, check_once, check_order, check_topics
from tests.simulator.faults import Faults
from tests.simulator.loop import SimLoop, TooLong
from tests.simulator.world import Parts, World

COMMANDS = (6, 6, 9, 15)
"""How many commands a seed has: short ones find most, long ones find what needs a past."""


@dataclass
class Verdict:
    """What a seed found."""

    seed: int
    violations: list[str]
    fired: Counter[str]
    outcomes: Counter[str]
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Of virtual time."""

    @property
    def replay(self) -> str:
        """The one command that shows it again."""
        return f".venv/bin/python -m tests.simulator --seed {self.seed}"


REAL = Parts()


def simulate(seed: int, parts: Parts = REAL) -> Verdict:
    """Run a seed."""
    logging.disable(logging.CRITICAL)
    gc.disable()  # looking through what lives on would take longer than the seed
    rng = random.Random(seed)
    loop = SimLoop(rng)
    world = World(rng, loop, Faults(rng), parts)
    try:
        loop.run(_story(world, rng.choice(COMMANDS)))
    except TooLong as failure:
        world.violations.append(f"I12: it never comes to rest: {failure}")
    finally:
        loop.end()
        logging.disable(logging.NOTSET)
        gc.enable()
    for failure in loop.failures:
        world.violations.append(f"a task failed: {failure.get('message')}: {failure.get('exception')!r}")
    outcomes = Counter(noted.outcome for noted in world.ledger)
    return Verdict(seed, world.violations, world.faults.fired, outcomes, world.notes, loop.time())


async def _story(world: World, commands: int) -> None:
    """Half of the seeds have a second act, which begins with what the first has left."""
    world.build()
    for act in range(1 + (world.rng.random() < 0.25)):
        if act:
            world.faults.wake()
        await world.live(commands if not act else 6)
        wiped = set(world.wiped)
        if not await world.settle():
            world.violations.append(f"I12: not level 90 s after the last fault: {'; '.join(world.behind())}")
            return
        world.wiped = wiped  # the order on a topic that was filled again is not the relay's
        check_once(world)
        check_topics(world)
        check_figures(world, random.Random(world.rng.random()))
        if world.rng.random() < 0.3:
            await check_order(world, random.Random(world.rng.random()))
        if world.violations:
            return
