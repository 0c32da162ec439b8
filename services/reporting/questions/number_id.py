"""The id of a number (mã số liệu): short, checked, fit to be pasted into a letter; it decodes to exactly its question for ever.

Crockford's base 32 in groups of four. All parts of the question are packed into bits, followed by a 15-bit check, so that a
wrong character is refused and never answered with another number. Reading forgives case, spaces, missing dashes, and
O, I and L typed for 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, cast, get_args
from uuid import UUID
from zlib import crc32

from services.reporting.indicators import numbered
from services.reporting.questions.area import REGIONS, WHOLE_COUNTRY, Area
from services.reporting.questions.question import BasisFilter, Clocks, Period, Question
from shared.kernel.errors import Refused
from shared.kernel.place import MapName, PlaceRef

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_FORMAT: Final = 1
_DAY_ZERO: Final = date(1990, 1, 1)
_SECOND_ZERO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_BASES: Final = cast("tuple[BasisFilter, ...]", get_args(BasisFilter))
_PERIODS: Final = cast("tuple[Period, ...]", get_args(Period))
_MAPS: Final[tuple[MapName, ...]] = ("34", "63")
_FIXED: Final = (3, 8, 5, 1, 3, 2, 16, 32, 3)
"""Bits of: format, indicator, version, map, basis, period, day, second, kind of area."""
_FIXED_BITS: Final = sum(_FIXED)
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
"""Two letters at a time: a page has hundreds of ids, each with the instant of the page."""
_AREA_BITS: Final = (0, 7, 7, 17, 17, 5, 128)
"""Bits of the area's code: nation, province 63, province 34, commune 63, commune 34, region, club."""
_CHECK_BITS: Final = 15


@dataclass(slots=True)
class _Bits:
    value: int
    length: int

    def take(self, bits: int) -> int:
        self.length -= bits
        if self.length < 0:
            raise ValueError("too short")
        taken = self.value >> self.length
        self.value &= (1 << self.length) - 1
        return taken


def encode(question: Question) -> str:
    """The id of a question's number. May raise `ValueError` for a club whose stream is not made from a command's id."""
    kind, code = _area_code(question.area)
    definition, bits = question.definition, _AREA_BITS[kind]
    if not 0 <= code < 1 << bits:
        raise _outside()
    value = (_fixed(definition.number, definition.version, question.clocks, question.period) | kind) << bits | code
    length = _FIXED_BITS + bits
    padding = -length % 5
    value, length = value << padding, length + padding
    value, length = value << _CHECK_BITS | _check(value, length), length + _CHECK_BITS
    odd = length % 10
    letters = "".join([_PAIRS[value << odd >> shift & 1023] for shift in range(length + odd - 10, -1, -10)])
    letters = letters[: length // 5]
    return "-".join([letters[start : start + 4] for start in range(0, len(letters), 4)])


@lru_cache(maxsize=4096)
def _fixed(number: int, version: int, clocks: Clocks, period: Period) -> int:
    """The bits of everything but the area, with room for its kind: the same for every row of an answer."""
    parts = (
        _FORMAT,
        number,
        version,
        _MAPS.index(clocks.map),
        _BASES.index(clocks.basis),
        _PERIODS.index(period),
        (clocks.as_of - _DAY_ZERO).days,
        int((clocks.known_at - _SECOND_ZERO).total_seconds()),
        0,
    )
    value = 0
    for part, bits in zip(parts, _FIXED, strict=True):
        if not 0 <= part < 1 << bits:
            raise _outside()
        value = value << bits | part
    return value


def _outside() -> ValueError:
    return ValueError("outside of what a number's id can say")


def decode(text: str) -> Question:
    """The question of an id. May raise `Refused` (`number-id-mistyped`)."""
    letters = [letter for letter in text.upper() if letter not in "- \t\n"]
    if not 10 <= len(letters) <= 60 or any(letter not in _VALUES for letter in letters):
        raise mistyped()
    value = 0
    for letter in letters:
        value = value << 5 | _VALUES[letter]
    length = 5 * len(letters) - _CHECK_BITS
    payload = value >> _CHECK_BITS
    if value & ((1 << _CHECK_BITS) - 1) != _check(payload, length):
        raise mistyped()
    try:
        return _question(_Bits(payload, length))
    except (ValueError, IndexError, OverflowError):
        raise mistyped() from None


def _question(bits: _Bits) -> Question:
    format_, number, version, map_, basis, period, day, second, kind = (bits.take(size) for size in _FIXED)
    area = _area(kind, bits.take(_AREA_BITS[kind]))
    definition = numbered(number, version)
    if format_ != _FORMAT or definition is None or bits.length >= 5 or bits.value:
        raise ValueError("not an id of this system")
    clocks = Clocks(_DAY_ZERO + timedelta(days=day), _SECOND_ZERO + timedelta(seconds=second), _MAPS[map_], _BASES[basis])
    return Question(definition, area, clocks, _PERIODS[period])


@lru_cache(maxsize=65_536)
def _area_code(area: Area) -> tuple[int, int]:
    place = area.place
    if area.kind == "region":
        return 5, REGIONS.index(area.code)
    if area.kind == "club" or place is None:
        return 6, UUID(area.code.removeprefix("club-")).int
    if place.level == "nation":
        return 0, 0
    kind = (1 if place.level == "province" else 3) + (place.list == "34")
    return kind, int(place.code)


def _area(kind: int, code: int) -> Area:
    match kind:
        case 0:
            return WHOLE_COUNTRY
        case 1 | 2:
            return Area("province", PlaceRef(code=f"{code:02d}", list="63" if kind == 1 else "34").key)
        case 3 | 4:
            return Area("commune", PlaceRef(code=f"{code:05d}", list="63" if kind == 3 else "34").key)
        case 5:
            return Area("region", REGIONS[code])
        case _:
            return Area("club", f"club-{UUID(int=code)}")


def _check(value: int, length: int) -> int:
    return crc32(f"{length}:{value:x}".encode()) & ((1 << _CHECK_BITS) - 1)


def mistyped() -> Refused:
    """What is said of an id that is none."""
    return Refused(
        "number-id-mistyped",
        "Mã số liệu không đúng; hãy chép lại nguyên vẹn, ví dụ 4H7K-29QX-MD0T-3RVW-61.",
        "This is not the id of a number; copy it whole, such as 4H7K-29QX-MD0T-3RVW-61.",
        field="id",
        status=404,
    )
