"""One seed from its beginning to its verdict. Everything that happens follows from the seed."""

from __future__ import annotations

import gc
import logging
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.simulator.checks import check_figures, check_once, check_order, check_policy, check_strangers, check_topics
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


def simulate(seed: int, parts: Parts = REAL, only: tuple[str, ...] = ()) -> Verdict:
    """Run a seed. `only`: the faults whose names begin so, instead of those that the seed draws."""
    logging.disable(logging.CRITICAL)
    rng = random.Random(seed)
    loop = SimLoop(rng)
    world = World(rng, loop, Faults(rng, only), parts)
    try:
        loop.run(_story(world, rng.choice(COMMANDS)))
    except TooLong as failure:
        world.violations.append(f"I12: it never comes to rest: {failure}")
    finally:
        loop.end()
        logging.disable(logging.NOTSET)
    for failure in loop.failures:
        world.violations.append(f"a task failed: {failure.get('message')}: {failure.get('exception')!r}")
    outcomes = Counter(noted.outcome for noted in world.ledger)
    return Verdict(seed, world.violations, world.faults.fired, outcomes, world.notes, loop.time())


def campaign(seeds: Iterable[int], only: tuple[str, ...] = ()) -> Iterator[Verdict]:
    """Many seeds. What lives on is kept from the collector of cycles: looking through it takes as long as some seeds."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for count, seed in enumerate(seeds):
            yield simulate(seed, only=only)
            if count % 20 == 19:
                gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()


async def _story(world: World, commands: int) -> None:
    """Half of the seeds have a second act, which begins with what the first has left."""
    world.build()
    for act in range(1 + (world.rng.random() < 0.25)):
        if act:
            world.faults.wake()
        await world.live(commands if not act else 6)
        settled = await world.settle()
        if settled:
            await world.ask_again()
            settled = await world.settle()
        if not settled:
            world.violations.append(f"I12: not level long after the last fault: {'; '.join(world.behind())}")
            check_once(world)
            check_policy(world)
            return
        check_once(world)
        check_policy(world)
        check_topics(world)
        check_strangers(world)
        check_figures(world, random.Random(world.rng.random()))
        if world.rng.random() < 0.3:
            await check_order(world, random.Random(world.rng.random()))
        if world.violations:
            return
