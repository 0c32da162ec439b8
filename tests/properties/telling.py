"""Histories for the properties: random lives of clubs and other streams, their log, and a ledger in memory that folds it.

What a place's provinces are is read here from the tables of communes line by line, without the product's book of places.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from services.reporting.ledger.entries import Entry
from services.reporting.ledger.measures import measure
from shared.kafka.headers import to_kafka
from shared.kafka.record import Received
from shared.kernel.place import PlaceRef
from shared.projections.fold import Folded, fold_into
from shared.projections.memory import MemoryDatabase, MemoryStores
from shared.projections.view import Delivered
from shared.reference.book import load
from shared.testing.folding import IDENTITY, chain_for
from tests.reporting.histories import life
from tests.reporting.lanes import in_lanes
from tests.reporting.test_ledger_promises import of_figure, of_inspection, of_round, of_target
from tests.simulator.views import MemoryFigures

SOURCES = ("clubs", "trainings", "monitoring", "reporting")
VIEW = MemoryFigures(load(), SOURCES)
Streams = dict[str, list[tuple[datetime, Any]]]
DATA = Path(__file__).parents[2] / "shared" / "reference" / "data"


def told(rng: random.Random, *, others: bool = True) -> Streams:
    """A few clubs with short lives, and streams of the other kinds."""
    streams: Streams = {f"club-{index}": life(rng, rng.randrange(8)) for index in range(rng.randrange(1, 5))}
    if others:
        start = streams["club-0"][0][0]
        kinds = {
            "round-1": of_round(rng),
            "inspection-1": of_inspection(),
            "figure-1": of_figure(PlaceRef.parse("34:38"), 5),
            "target-1": of_target(),
        }
        for stream, events in kinds.items():
            streams[stream] = [(start, event) for event in events[: rng.randrange(len(events) + 1)]]
    return {stream: events for stream, events in streams.items() if events}


def log_of(streams: Streams) -> list[Delivered]:
    """The events as the logs hold them, in the order of recording."""
    return in_lanes(streams)


def received(events: Iterable[Delivered]) -> list[Received]:
    """The events as records, each at its own offset of its partition."""
    records: list[Received] = []
    for offset, each in enumerate(events):
        key, value, headers = to_kafka(each.recorded, IDENTITY.deployment)
        topic = f"{each.recorded.source}.events"
        records.append(Received(topic, each.recorded.lane % 6, offset, key, value, [*headers]))
    return records


class Ledger:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()

    async def fold(self, records: Sequence[Received]) -> Folded:
        async with MemoryStores(self.database).transaction(VIEW) as store:
            return await fold_into(store, VIEW, records, known={}, epochs=None, holds={}, chain=chain_for(*SOURCES))

    def entries(self) -> list[tuple[datetime, Entry]]:
        return [entry for entries in self.database.rows("entries").values() for entry in entries]


def sums(entries: Iterable[tuple[datetime, Entry]], name: str, as_of: date, known_at: datetime) -> Counter[tuple[str, str]]:
    """What the ledger says: place and cohort to amount."""
    number, found = measure(name), Counter[tuple[str, str]]()
    for at, entry in entries:
        if at <= known_at and entry.valid_on <= as_of.toordinal():
            found[entry.key.place, entry.key.cohort] += entry.amounts.get(number, 0)
    return Counter({key: amount for key, amount in found.items() if amount})


@lru_cache(maxsize=1)
def _communes() -> tuple[dict[str, str], dict[str, tuple[str, list[str]]]]:
    """New communes with their province; old communes with their province and what they became."""
    new: dict[str, str] = {}
    old: dict[str, tuple[str, list[str]]] = {}
    for line in (DATA / "communes_34.tsv").read_text().splitlines()[1:]:
        code, province, *_ = line.split("\t")
        new[code] = province
    for line in (DATA / "communes_63.tsv").read_text().splitlines()[1:]:
        code, province, *_, became = line.split("\t")
        old[code] = (province, became.replace(",", " ").split())
    return new, old


def provinces_of(place: str) -> tuple[str, str]:
    """The provinces of a commune on the 63-map and on the 34-map; empty where it lies in no single one."""
    new, old = _communes()
    list_, _, code = place.partition(":")
    if list_ == "63":
        province, became = old[code]
        after = {new[each] for each in became}
        return province, after.pop() if len(after) == 1 else ""
    before = {province for province, became in old.values() if code in became}
    return before.pop() if len(before) == 1 else "", new[code]
