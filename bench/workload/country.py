"""Where the clubs of workload W are: communes of the old and of the new list with their province on both maps.

Read from the tables of `shared/reference/data` as text, without the product's code. Only communes whose province is certain
on both maps are used. Refuses to start without the tables.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[2] / "shared" / "reference" / "data"


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune as a code of one list, and the provinces in which it lies."""

    list: str
    code: str
    name: str
    province63: str
    province34: str

    @property
    def key(self) -> str:
        """`63:00001`."""
        return f"{self.list}:{self.code}"


@dataclass(frozen=True, slots=True)
class Country:
    """The communes of each province of the old map, by either list."""

    provinces: tuple[str, ...]
    old: dict[str, list[Commune]]
    new: dict[str, list[Commune]]

    def weights(self, seed: int) -> list[float]:
        """Zipf(1.1) over the provinces, in an order that the seed shuffles."""
        order = list(range(len(self.provinces)))
        random.Random(seed).shuffle(order)
        return [1 / (order[index] + 1) ** 1.1 for index in range(len(self.provinces))]

    def table(self) -> str:
        """Every commune with its provinces as tab separated lines: what a peer looks up."""
        everywhere = (*self.old.values(), *self.new.values())
        return "".join(f"{c.key}\t{c.province63}\t{c.province34}\n" for communes in everywhere for c in communes)


def read() -> Country:
    """The country. May raise `FileNotFoundError` (run `make places`)."""
    with (DATA / "provinces.csv").open() as file:
        successor = {row["code_before_2025_07_01"]: row["code_from_2025_07_01"] for row in csv.DictReader(file)}
    old: dict[str, list[Commune]] = defaultdict(list)
    origins: dict[str, set[str]] = defaultdict(set)
    for code, province, _, _, kind, name, successors in _rows("communes_63.tsv"):
        old[province].append(Commune("63", code, f"{kind} {name}", province, successor[province]))
        for each in successors.split(","):
            origins[each].add(province)
    new: dict[str, list[Commune]] = defaultdict(list)
    for code, province, kind, name in _rows("communes_34.tsv"):
        if len(origins[code]) == 1:
            (origin,) = origins[code]
            if successor[origin] == province:
                new[origin].append(Commune("34", code, f"{kind} {name}", origin, province))
    provinces = tuple(sorted(province for province in successor if old[province] and new[province]))
    return Country(provinces, dict(old), dict(new))


def _rows(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text().splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
