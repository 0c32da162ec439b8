"""How many clubs each province has in the generated registry, and when they were founded: as published, then a Zipf tail.

Provinces whose total is published have exactly that many; where only a merged province of 2025 is published, its parts
share it. The founding dates follow the published national series: 779 at the end of 2014, over 1,000 in August 2016,
3,500 in September 2021, 6,521 at the end of 2023; in August 2016 in 17 provinces, in September 2021 in 61.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from random import Random

from shared.local.demo.entries import seeded

CLUBS = 6521
THANH_HOA = "38"
THANH_HOA_MEMBERS = 62_000

PUBLISHED = {
    # province codes of the list of 63
    "38": 1164,  # Thanh Hóa, end of 2023
    "01": 528,  # Hà Nội, 2025
    "40": 341,  # Nghệ An, end of 2024
    "82": 339,  # Tiền Giang, March 2025
    "66": 225,  # Đắk Lắk, June 2025
    "31": 187,  # Hải Phòng: 311 in November 2025 together with
    "30": 124,  # Hải Dương, end of 2023
    "68": 153,  # Lâm Đồng, 34 of Decision 1533 and 119 of Decision 1336
    "19": 135,  # Thái Nguyên, December 2018
    "44": 105,  # Quảng Bình, end of 2017
    "17": 103,  # Hòa Bình, 2024
    "08": 90,  # Tuyên Quang: 135 in November 2025 together with
    "02": 45,  # Hà Giang
    "96": 64,  # Cà Mau, end of 2024
    "64": 50,  # Gia Lai, 2024
    "58": 50,  # Ninh Thuận, its plan of 30 beside 20 earlier ones
    "52": 30,  # Bình Định: with Gia Lai more than the 61 of September 2025
    "20": 46,  # Lạng Sơn, December 2024
    "42": 40,  # Hà Tĩnh, at least the 17 of Kỳ Anh in 2018
    "27": 35,  # Bắc Ninh, at least 27 of VIE085
    "37": 35,  # Ninh Bình, at least 27 of VIE085
    "14": 30,  # Sơn La, its scheme to 2020
}
MEAN_SIZE = {
    "38": 53.3, "01": 62.6, "14": 55, "96": 49, "17": 50.5, "08": 50.6, "66": 51.4, "20": 52.2, "82": 52.9, "95": 62.0,
}  # fmt: skip
"""Members per club where a province published both."""

_CURVE = (
    (date(2007, 1, 15), 0),
    (date(2014, 12, 31), 779),
    (date(2016, 8, 31), 1040),
    (date(2020, 8, 30), 3100),
    (date(2021, 9, 29), 3500),
    (date(2023, 12, 29), 6521),
)
_EARLY = ("38", "19", "17", "01", "44", "40", "42", "83", "37", "30", "68", "66", "58", "14", "22", "36", "82")
"""The 17 provinces that have clubs by August 2016."""
_LAST = 2
"""How many of the provinces have their first club only after September 2021."""
_TAIL_EXPONENT = 0.6


def clubs_by_province(provinces: tuple[str, ...], scale: float) -> dict[str, int]:
    """The number of clubs of every province of the list of 63. At full scale every province has some."""
    tail = [code for code in provinces if code not in PUBLISHED]
    weights = {code: 1 / (rank + 2) ** _TAIL_EXPONENT for rank, code in enumerate(_shuffled(tail))}
    shares = dict(PUBLISHED) | _apportion(weights, CLUBS - sum(PUBLISHED.values()))
    if scale == 1.0:
        return {code: shares[code] for code in provinces}
    total = max(1, round(CLUBS * scale))
    thanh_hoa = round(PUBLISHED[THANH_HOA] * scale)
    others: dict[str, float] = {code: shares[code] for code in provinces if code != THANH_HOA}
    scaled = _apportion(others, total - thanh_hoa) | {THANH_HOA: thanh_hoa}
    return {code: scaled[code] for code in provinces}


def _shuffled(codes: list[str]) -> list[str]:
    shuffled = list(codes)
    seeded("the order of the tail").shuffle(shuffled)
    return shuffled


def _apportion(weights: dict[str, float], total: int) -> dict[str, int]:
    """Whole numbers in proportion that add up exactly (largest remainder)."""
    whole = sum(weights.values())
    exact = {code: total * weight / whole for code, weight in weights.items()}
    shares = {code: int(value) for code, value in exact.items()}
    rest = sorted(exact, key=lambda code: (shares[code] - exact[code], code))
    for code in rest[: total - sum(shares.values())]:
        shares[code] += 1
    return shares


def apportion(weights: dict[str, float], total: int) -> dict[str, int]:
    """Whole numbers in proportion that add up exactly."""
    return _apportion(weights, total)


def founding_days(count: int) -> list[date]:
    """Founding dates in order, along the published series."""
    counts = [clubs for _, clubs in _CURVE]
    days: list[date] = []
    for index in range(count):
        place = (index + 0.5) / count * CLUBS
        upper = bisect_left(counts, place)
        (first, before), (last, after) = _CURVE[upper - 1], _CURVE[upper]
        day = first + timedelta(days=int((last - first).days * (place - before) / (after - before)))
        days.append(max(first + timedelta(days=1), _weekday(day)))
    return days


def _weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def provinces_of(days: list[date], counts: dict[str, int], rng: Random) -> list[str]:
    """A province for each founding, so that clubs spread as published: 17 provinces, then 61, then 63."""
    left = {code: count for code, count in counts.items() if count}
    late = [code for code in _shuffled(list(left)) if code not in (*PUBLISHED, *_EARLY)][:_LAST]
    chosen: list[str] = []
    for number, day in enumerate(days):
        if day <= _CURVE[2][0]:
            open_ = [code for code in left if code in _EARLY]
        elif day <= _CURVE[4][0]:
            open_ = [code for code in left if code not in late]
        else:
            open_ = list(left)
        open_ = open_ or list(left)
        unstarted = [code for code in open_ if left[code] == counts[code]]
        urgent = unstarted and number % 9 == 0
        pool = unstarted if urgent else open_
        code = rng.choices(pool, [left[code] for code in pool])[0]
        chosen.append(code)
        left[code] -= 1
        if not left[code]:
            del left[code]
    return chosen
