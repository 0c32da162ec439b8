"""What can go wrong, as named sites. A seed activates some of them, and an active one fires at some of its calls.

So one seed is a calm world with broken acknowledgements, another a storm; every site is left alone by some seeds, since faults
can also hide each other. `SITES` is the whole list: a test asserts that over all seeds each one has fired.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

SITES: dict[str, float] = {
    "client.impatient": 0.06,
    "client.asks_again": 0.12,
    "client.reuses_key": 0.08,
    "log.append_lost": 0.06,
    "log.append_unheard": 0.06,
    "log.slow": 0.10,
    "relay.session_cut": 0.01,
    "relay.mark_unheard": 0.08,
    "relay.slow": 0.06,
    "producer.refused": 0.08,
    "producer.partial": 0.10,
    "producer.ack_lost": 0.10,
    "producer.slow": 0.10,
    "producer.late": 0.10,
    "database.cut": 0.05,
    "database.commit_unheard": 0.06,
    "database.slow": 0.08,
    "consumer.redelivers": 0.10,
    "consumer.tiny_batch": 0.40,
    "view.poison": 0.06,
    "view.stumbles": 0.05,
    "broker.garbage": 0.12,
    "stranger.next": 0.15,
    "stranger.passed": 0.15,
    "stranger.far": 0.10,
    "stranger.repeats": 0.15,
    "stranger.deployment": 0.12,
    "stranger.follows": 0.10,
    "stranger.forks": 0.10,
    "stranger.signs": 0.10,
    "stranger.asks": 0.10,
    "nemesis.kill_service": 0.25,
    "nemesis.kill_relay": 0.25,
    "nemesis.kill_projector": 0.25,
    "nemesis.kill_everything": 0.06,
    "nemesis.pause_service": 0.15,
    "nemesis.pause_relay": 0.20,
    "nemesis.pause_projector": 0.20,
    "nemesis.database_restart": 0.15,
    "nemesis.broker_outage": 0.15,
    "nemesis.topic_wiped": 0.10,
    "nemesis.log_restored": 0.30,
    "nemesis.rebalance": 0.25,
    "world.two_services": 1.0,
    "world.two_relays": 1.0,
    "world.two_projectors": 1.0,
    "world.policy": 1.0,
    "world.clocks_differ": 0.5,
}
"""Each site and how often it fires at a call when it is active."""

ACTIVE = 0.3
"""How many of the sites a seed activates."""


class Faults:
    """The faults of one seed. After `heal` nothing fires any more."""

    def __init__(self, rng: random.Random, only: tuple[str, ...] = ()) -> None:
        """`only`: sites whose names begin so are active, and no others; else the seed draws."""
        self._rng = rng
        share = rng.choice((0.0, ACTIVE, ACTIVE, ACTIVE, 0.7))
        self.active = {site: chance for site, chance in SITES.items() if rng.random() < share}
        if only:
            self.active = {site: chance for site, chance in SITES.items() if site.startswith(only)}
        if "nemesis.log_restored" in self.active:  # what follows and was never the log's cannot be told from what it lost
            self.active.pop("stranger.follows", None)
            self.active.pop("stranger.forks", None)
        self.drawn = self.active
        self.fired: Counter[str] = Counter()

    def fire(self, site: str) -> bool:
        """Whether it goes wrong here, this time."""
        chance = self.active.get(site)
        if chance is None or self._rng.random() >= chance:
            return False
        self.fired[site] += 1
        return True

    async def slow(self, site: str, longest: float = 0.5) -> None:
        """A step of time, or a long wait."""
        await asyncio.sleep(self._rng.random() * longest if self.fire(site) else 0)

    def heal(self) -> None:
        """The last fault has ended."""
        self.active = {}

    def wake(self) -> None:
        """The same faults again."""
        self.active = self.drawn
