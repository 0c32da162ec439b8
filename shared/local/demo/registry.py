"""The generated clubs: where, when, under what name, how large. Decides everything about a club that does not change.

A club recorded before 1 July 2025 stands under its commune of the old list; the few that are entered later, though they
were founded long before, stand under a commune of the new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from shared.kernel.place import PlaceRef
from shared.local.demo import names
from shared.local.demo.country import (
    MEAN_SIZE,
    PUBLISHED,
    THANH_HOA,
    THANH_HOA_MEMBERS,
    apportion,
    clubs_by_province,
    founding_days,
    provinces_of,
)
from shared.local.demo.entries import OPENING, Book, Parameters, office_hours, seeded
from shared.reference.book import Places

NEW_MAP = date(2025, 7, 1)
_PROJECTS = {
    "17": ("VIE071", "VIE085"),
    "37": ("VIE085",),
    "27": ("VIE070", "VIE085"),
    "38": ("VIE051", "VIE071"),
    "01": ("VIE022",),
}
_URBAN = {"01": 0.35, "79": 0.7, "48": 0.6, "31": 0.3, "92": 0.4, "74": 0.4}


@dataclass(slots=True)
class Club:
    """A generated club. `size` is its membership at the end of 2023; `lively` how faithfully it reports, 0 to 1."""

    index: int
    stream: str
    province: PlaceRef
    region: str
    commune: PlaceRef
    commune_now: PlaceRef
    """The commune on the list of 34, the package's first suggestion where it was divided."""
    village: str
    founded_on: date
    recorded_at: datetime
    size: int
    trend: float
    lively: float
    minority: float
    poor: float
    project: str | None
    provisional_board: str | None = None
    suspended: tuple[date, date | None] | None = None
    dissolved_on: date | None = None
    last_word: datetime | None = None
    """When its dissolution is recorded: the club says nothing after."""

    def lives_on(self, day: date) -> bool:
        """Whether it is founded, neither suspended nor dissolved."""
        if day < self.founded_on or (self.dissolved_on is not None and day >= self.dissolved_on):
            return False
        if self.suspended is None:
            return True
        since, until = self.suspended
        return day < since or (until is not None and day >= until)


def found_clubs(parameters: Parameters, places: Places, book: Book) -> list[Club]:
    """All clubs in the order of their founding, their foundings not yet written."""
    rng = seeded(f"{parameters.seed}/registry")
    provinces = {place.code: place for place in places.provinces("63")}
    counts = clubs_by_province(tuple(provinces), parameters.scale)
    days = founding_days(sum(counts.values()))
    where = provinces_of(days, counts, rng)
    communes = {code: _settled(rng, places.communes(place), counts[code]) for code, place in provinces.items() if counts[code]}
    taken: Counter[tuple[str, str]] = Counter()
    clubs: list[Club] = []
    for index, (day, code) in enumerate(zip(days, where, strict=True)):
        old = rng.choice(communes[code])
        region = places.region(provinces[code])
        village = names.village(rng, region, rng.random() < _URBAN.get(code, 0.12))
        taken[old.code, village] += 1
        if taken[old.code, village] > 1:
            village = f"{village} khu {taken[old.code, village]}"
        located = places.locate(old, "34")
        now = located.commune or located.candidates[0]
        recorded_at = _recorded(rng, day, code, parameters.until)
        clubs.append(
            Club(
                index=index,
                stream=f"club-{book.id_of(f'club/{index}')}",
                province=provinces[code],
                region=region,
                commune=now if recorded_at.date() >= NEW_MAP else old,
                commune_now=now,
                village=village,
                founded_on=day,
                recorded_at=recorded_at,
                size=_size(rng, code),
                trend=rng.uniform(-0.6, 1.4),
                lively=_lively(rng),
                minority=_minority(rng, region),
                poor=rng.uniform(0.1, 0.3)
                if region in ("trung-du-mien-nui-phia-bac", "tay-nguyen")
                else rng.uniform(0.02, 0.12),
                project=rng.choice(_PROJECTS[code]) if code in _PROJECTS and day.year >= 2016 and rng.random() < 0.25 else None,
            )
        )
    _hold_thanh_hoa(clubs)
    return clubs


def write_founding(club: Club, rng: Random, book: Book) -> None:
    """The command that records the founding; the club's stream takes its id from this command."""
    launched = club.founded_on + timedelta(days=rng.randint(0, 75))
    data: dict[str, object] = {
        "name": names.club(club.village),
        "commune": {"code": club.commune.code, "list": club.commune.list},
        "village": club.village,
        "founded_on": club.founded_on.isoformat(),
        "generated": True,
    }
    if rng.random() < 0.85:
        data["decision_number"] = f"{rng.randint(12, 480)}/QĐ-UBND"
    if rng.random() < 0.6 and launched <= club.recorded_at.date():
        data["launched_on"] = launched.isoformat()
    if club.province.code == "19" and rng.random() < 0.6:
        data["managing_body"] = "womens-union"
    if club.project:
        data["funding_project"] = club.project
    if club.provisional_board:
        data["provisional_board"] = club.provisional_board
    book.add(f"club/{club.index}", "clubs.found-club", data, club.recorded_at)


def _settled(rng: Random, communes: Sequence[PlaceRef], clubs: int) -> list[PlaceRef]:
    """The communes of a province that have clubs at all: about one for every club and a half, at most three in four."""
    wanted = max(1, min(int(len(communes) * 0.75), int(clubs / 1.5) + 1))
    return rng.sample(list(communes), wanted)


def _recorded(rng: Random, founded_on: date, province: str, until: date) -> datetime:
    late = province not in PUBLISHED or province == THANH_HOA
    if late and until > NEW_MAP + timedelta(days=60) and rng.random() < 0.05:
        return office_hours(rng, NEW_MAP + timedelta(days=rng.randint(14, max(15, (until - NEW_MAP).days - 14))))
    if founded_on < OPENING:
        return office_hours(rng, OPENING + timedelta(days=int(rng.triangular(0, 150, 30))))
    delay = rng.randint(3, 45) if rng.random() < 0.92 else rng.randint(46, 210)
    return office_hours(rng, founded_on + timedelta(days=delay))


def _size(rng: Random, province: str) -> int:
    mean = MEAN_SIZE.get(province, 50 + int(province) * 37 % 9)
    return max(30, min(121, round(mean * rng.lognormvariate(-0.011, 0.15))))


def _lively(rng: Random) -> float:
    roll = rng.random()
    return 0.0 if roll < 0.16 else rng.uniform(0.1, 0.5) if roll < 0.36 else rng.uniform(0.6, 1.0)


def _minority(rng: Random, region: str) -> float:
    match region:
        case "trung-du-mien-nui-phia-bac":
            return rng.uniform(0.3, 0.98)
        case "tay-nguyen":
            return rng.uniform(0.1, 0.9)
        case _:
            return rng.uniform(0.0, 0.08)


def _hold_thanh_hoa(clubs: Sequence[Club]) -> None:
    """Scale the sizes of Thanh Hóa's clubs to about the 62.000 members that are published for the end of 2023."""
    there: Mapping[str, Club] = {str(club.index): club for club in clubs if club.province.code == THANH_HOA}
    if not there:
        return
    wanted = round(THANH_HOA_MEMBERS * len(there) / PUBLISHED[THANH_HOA])
    for index, size in apportion({index: float(club.size) for index, club in there.items()}, wanted).items():
        there[index].size = size
