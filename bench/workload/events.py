"""Generates workload W as recorded events, in the order of their time: the same seed and scale, the same bytes.

Guarantees dense positions and a hash chain a lane, versions a stream, times that never go back in a lane, and data that the
published event classes accept. Memory grows with the clubs and with one month, not with the events. At scale 1: 6,521
foundings, 479,294 membership reports (456,470 joined, 22,824 left), 391,260 monthly reports or trainings, 65,210 inspections.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID, uuid5
from zlib import crc32

from bench.workload.country import Commune, Country

SEED = 20250701
MONTHS = 60
START = date(2020, 9, 1)
NEW_MAP = date(2025, 7, 1)
CLUBS, JOINED, LEFT, REPORTS_OR_TRAININGS, INSPECTIONS = 6_521, 456_470, 22_824, 391_260, 65_210
DEPLOYMENT = "vn"
LOG_IDS = {source: str(uuid5(UUID(int=SEED), source)) for source in ("clubs", "trainings", "monitoring")}
"""The ids of the logs that the events are said to come from."""
_NAMES = (
    "Tương Trợ", "Nghĩa Tình", "Vui Khoẻ", "Đoàn Kết", "Bình Minh", "Hạnh Phúc", "Sức Sống Mới", "Hoà Thuận",
    "Ước Mơ Xanh", "Gắn Bó", "Kính Già Yêu Trẻ", "Thịnh Vượng",
)  # fmt: skip
_VILLAGES = (
    "thôn Đông",
    "thôn Đoài",
    "ấp Mỹ Lợi",
    "bản Nà Khoang",
    "tổ dân phố số 7",
    "khóm Bình Thạnh",
    "buôn Ea Súp",
    "xóm Chợ",
)


@dataclass(slots=True)
class _Club:
    stream: str
    commune: Commune
    actor: str
    total: int = 30
    women: int = 18


@dataclass(frozen=True, slots=True)
class Dirt:
    """What W-dirty does to W, as shares of the events."""

    late: float = 0.005
    """Monthly reports that are recorded five weeks late and more."""
    poison: float = 0.0001
    """Events whose data cannot be read, each in a stream of its own, since what follows in a stream waits behind it."""


@dataclass(slots=True)
class Generator:
    """`for line in Generator(country, scale).lines()`: each event as one line of JSON, its data last."""

    country: Country
    scale: float
    dirt: Dirt | None = None
    random: random.Random = field(default_factory=lambda: random.Random(SEED))
    _positions: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    _hashes: dict[tuple[str, int], bytes] = field(default_factory=dict[tuple[str, int], bytes])
    _versions: dict[str, int] = field(default_factory=dict[str, int])
    _clubs: list[_Club] = field(default_factory=list[_Club])
    _number: int = 0
    _weights: list[float] = field(default_factory=list[float])
    _late: dict[int, list[tuple[_Club, date]]] = field(default_factory=dict[int, list[tuple["_Club", date]]])

    def __post_init__(self) -> None:
        self._weights = self.country.weights(SEED)

    def lines(self) -> Iterator[bytes]:
        """All events."""
        foundings = _founding_months(_scaled(CLUBS, self.scale))
        alive: list[int] = []
        for founded in foundings:
            alive.append((alive[-1] if alive else 0) + founded)
        months = sum(alive)
        members = _shares(_scaled(JOINED, self.scale) + _scaled(LEFT, self.scale), alive)
        trainings = _shares(_scaled(REPORTS_OR_TRAININGS, self.scale) - months, alive)
        inspections = _shares(_scaled(INSPECTIONS, self.scale), alive)
        before = 0
        for month in range(MONTHS + 1):
            todo: list[tuple[float, int, int]] = []
            roll = self.random.random
            if month < MONTHS:
                todo += [(roll() * 3, 0, before + index) for index in range(foundings[month])]
                todo += [(3 + roll() * 25, 1, int(roll() * alive[month])) for _ in range(members[month])]
                todo += [(3 + roll() * 25, 2, int(roll() * alive[month])) for _ in range(trainings[month])]
                todo += [(3 + roll() * 25, 3, int(roll() * alive[month])) for _ in range(inspections[month])]
                if self.dirt is not None:
                    bad = round(self.dirt.poison * (members[month] + trainings[month] + before))
                    todo += [(3 + roll() * 25, 5, int(roll() * alive[month])) for _ in range(bad)]
            todo += [(3 + roll() * 5, 4, club) for club in range(before)]
            todo.sort()
            yield from self._month(_month(month), month, todo)
            before = alive[month] if month < MONTHS else before

    def _month(self, first: date, month: int, todo: list[tuple[float, int, int]]) -> Iterator[bytes]:
        last = first + timedelta(days=27)
        for club, of in self._late.pop(month, ()):
            yield self._event("clubs", club.stream, club.actor, first, 1.0, "clubs.month-reported", self._report(of, club))
        for at, kind, index in todo:
            day = min(first + timedelta(days=int(at)), last)
            match kind:
                case 0:
                    yield self._found(index, day, at)
                case 1:
                    club = self._clubs[index]
                    yield self._event(
                        "clubs", club.stream, club.actor, day, at, "clubs.members-reported", self._members(day, club)
                    )
                case 2:
                    yield self._train(self._clubs[index], day, at)
                case 3:
                    yield self._inspect(self._clubs[index], day, at)
                case 4:
                    club, of = self._clubs[index], _month(month - 1)
                    if self.dirt is not None and month < MONTHS - 1 and self.random.random() < self.dirt.late * 2.4:
                        self._late.setdefault(month + 2, []).append((club, of))
                        continue
                    yield self._event("clubs", club.stream, club.actor, day, at, "clubs.month-reported", self._report(of, club))
                case _:
                    bad = '{"title":"Hỏng","organiser":"nobody"}'
                    yield self._event(
                        "trainings", self._stream("poison"), self._clubs[index].actor, day, at, "trainings.training-held", bad
                    )

    def _event(self, source: str, stream: str, actor: str, day: date, at: float, type: str, data: str) -> bytes:
        lane = crc32(stream.encode()) % 64
        where = (source, lane)
        position = self._positions[where] = self._positions.get(where, 0) + 1
        version = 1
        if source == "clubs":  # the streams of the others have one event each
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
        self._number += 1
        number = self._number
        event_id = f"01980000-{number >> 24 & 0xFFFF:04x}-7{number >> 12 & 0xFFF:03x}-8000-{number & 0xFFF:012x}"
        command_id = f"01980001-{number >> 24 & 0xFFFF:04x}-7{number >> 12 & 0xFFF:03x}-8000-{number & 0xFFF:012x}"
        micros = int((at - int(at)) * 86_000_000_000)
        seconds, micro = divmod(micros, 1_000_000)
        text = f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{micro:06d}"
        canonical = (
            f"lien-the-2\n/{DEPLOYMENT}/{source}\n{lane}\n{position}\n{stream}\n{version}\n{event_id}\n{type}\n1\n{text}Z\n"
            f"{command_id}\n{fingerprint(command_id).hex()}\n{actor}\n\n{data}"
        )
        before = self._hashes.get(where) or sha256(f"lien-the lane\n{LOG_IDS[source]}\n{lane}".encode()).digest()
        link = self._hashes[where] = sha256(before + canonical.encode()).digest()
        return (
            f'{{"source":"{source}","lane":{lane},"position":{position},"stream":"{stream}","version":{version},'
            f'"id":"{event_id}","type":"{type}","recorded_at":"{text}+00:00","command":"{command_id}","actor":"{actor}",'
            f'"hash":"{link.hex()}","data":{data}}}\n'
        ).encode()

    def _stream(self, kind: str) -> str:
        return f"{kind}-{self._number:08d}"

    def _found(self, index: int, day: date, at: float) -> bytes:
        pick = self.random.choices(self.country.provinces, self._weights, k=1)[0]
        commune = self._commune(pick, day)
        club = _Club(f"club-{index:07d}", commune, f"commune/association/{commune.key}/t-{index % 997:03d}")
        self._clubs.append(club)
        name = f"Câu lạc bộ liên thế hệ tự giúp nhau {_NAMES[index % 12]} {_VILLAGES[index % 8]} {commune.name}"
        data = (
            f'{{"name":"{name}","commune":{{"code":"{commune.code}","list":"{commune.list}"}},'
            f'"village":"{_VILLAGES[index % 8]}","founded_on":"{day}","decision_number":"{index}/QĐ-UBND",'
            f'"managing_body":"association-of-the-elderly","generated":true}}'
        )
        return self._event("clubs", club.stream, club.actor, day, at, "clubs.club-founded", data)

    def _commune(self, province: str, day: date) -> Commune:
        return self.random.choice((self.country.old if day < NEW_MAP else self.country.new)[province])

    def _members(self, day: date, club: _Club) -> str:
        roll = self.random.random()
        change = -1 if roll < LEFT / (JOINED + LEFT) and club.total > 20 else 1
        club.total += change
        if roll * 1000 % 1 < 0.6:
            club.women = min(club.total, club.women + change)
        total, women = club.total, min(club.women, club.total)
        return (
            f'{{"as_of":"{day}","basis":"counted","total":{total},"women":{women},"aged_60_plus":{total * 7 // 10},'
            f'"aged_55_plus":{total * 4 // 5},"poor":{total // 9},"near_poor":{total // 7},"hardship":{total // 6},'
            f'"ethnic_minority":{total // 11},"health_insured":{total * 9 // 10},"older_women":{women * 7 // 10},'
            f'"older_poor_women":{women // 12},"older_near_poor_women":{women // 10},"families_reached":{total * 2},'
            f'"older_ethnic_minority":{total // 14},"older_hardship":{total // 8},"others_reached":{total * 3}}}'
        )

    def _report(self, month: date, club: _Club) -> str:
        roll = self.random.random
        met = "false" if roll() < 0.05 else f'true,"met_on":"{month.replace(day=1 + int(roll() * 28))}"'
        fund = 20_000_000 + int(roll() * 800) * 100_000
        borrowers = int(roll() * 12)
        return (
            f'{{"month":"{month}","meeting_held":{met},"areas":{{"income":{{"income_group":true,"members_supported":{borrowers}}},'
            f'"health":{{"checkups_organised":1,"members_checked":{club.total}}},"home_care":{{"volunteers":5}},'
            f'"mutual_help":{{"people_helped":{borrowers}}},"culture":{{"visits":3}},'
            f'"resources":{{"from_members":{borrowers * 50_000}}}}},'
            f'"income_fund":{fund},"operating_fund":{fund // 12},'
            f'"loans":{{"borrowers":{borrowers},"number":{borrowers},"total":{borrowers * 5_000_000}}}}}'
        )

    def _train(self, club: _Club, day: date, at: float) -> bytes:
        roll = self.random.random
        commune = self._commune(club.commune.province63, day)
        women, men = 10 + int(roll() * 30), 5 + int(roll() * 20)
        title = f"Tập huấn nghiệp vụ ban chủ nhiệm câu lạc bộ liên thế hệ, {commune.name}"
        data = (
            f'{{"title":"{title}","organiser":"province-association","level":"commune","kind":"first-course",'
            f'"contents":["management-and-activities"],"starts_on":"{day}","ends_on":"{day}",'
            f'"place":{{"code":"{commune.code}","list":"{commune.list}"}},'
            f'"participants":[{{"role":"board-member","women":{women},"men":{men}}}],"generated":true}}'
        )
        return self._event("trainings", self._stream("round"), club.actor, day, at, "trainings.training-held", data)

    def _inspect(self, club: _Club, day: date, at: float) -> bytes:
        commune = self._commune(club.commune.province63, day)
        data = (
            f'{{"title":"Kiểm tra, giám sát nhân rộng mô hình câu lạc bộ liên thế hệ tại {commune.name}",'
            f'"team":{{"led_by":"province-association","members":5}},"starts_on":"{day}","completed_on":"{day}",'
            f'"places":[{{"code":"{commune.code}","list":"{commune.list}"}}],"clubs_visited":["{club.stream}"],"generated":true}}'
        )
        return self._event(
            "monitoring", self._stream("inspection"), club.actor, day, at, "monitoring.inspection-completed", data
        )


def fingerprint(command_id: str) -> bytes:
    """Stands for the hash of a command's body. Made from its id, not in the line: readers of the file have to parse that."""
    return sha256(command_id.encode()).digest()


def _scaled(number: int, scale: float) -> int:
    return round(number * scale)


def _month(number: int) -> date:
    years, month = divmod(START.month - 1 + number, 12)
    return date(START.year + years, month + 1, 1)


def _founding_months(clubs: int) -> list[int]:
    """Two fifths exist in the first month, the others come evenly."""
    first = clubs * 2 // 5
    return [first, *_shares(clubs - first, [1] * (MONTHS - 1))]


def _shares(total: int, weights: list[int]) -> list[int]:
    """A total divided by weights into whole numbers that add up to it."""
    done, seen, every = 0, 0, sum(weights)
    shares: list[int] = []
    for weight in weights:
        seen += weight
        shares.append(total * seen // every - done)
        done += shares[-1]
    return shares
