"""How the pages write numbers, days and instants: `456.470`, `73,6%`, `29/08/2024`, `14:05 23/11/2026`; English its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from services.reporting.pages.words import Language, say
from services.reporting.questions import wording
from shared.kernel.clock import HO_CHI_MINH

MINUS: Final = "\N{MINUS SIGN}"
NOTHING: Final = "\N{EN DASH}"


def number(value: Any, language: Language) -> str:
    """A number with its language's separators; a dash for nothing known."""
    if value is None:
        return NOTHING
    words = wording.number(abs(Decimal(str(value))))
    return (MINUS if value < 0 else "") + _pick(words, language)


def signed(value: Any, language: Language) -> str:
    """A change: always with its sign, `0` without."""
    if value is None:
        return NOTHING
    return f"+{number(value, language)}" if value > 0 else number(value, language)


def percent(value: Any, language: Language) -> str:
    """`73,6%`."""
    return NOTHING if value is None else f"{number(value, language)}%"


def money(value: Any, language: Language) -> str:
    """Đồng in words that nobody misreads: `1,25 tỷ đồng`, `350 triệu đồng`; never the ambiguous short forms."""
    if value is None:
        return NOTHING
    found = Decimal(str(value))
    for size, unit in ((Decimal(10) ** 9, "%(n)s tỷ đồng"), (Decimal(10) ** 6, "%(n)s triệu đồng")):
        if abs(found) >= size:
            return say(language, unit, n=_decimals(found / size, 2, language))
    return say(language, "%(n)s đồng", n=number(found, language))


def short(value: float, language: Language) -> str:
    """A tick of a scale: `6.000`; millions and more with their word, since a scale has no room for zeros."""
    for size, unit in ((1e9, "%(n)s tỷ"), (1e6, "%(n)s triệu")):
        if abs(value) >= size:
            return say(language, unit, n=_decimals(Decimal(value / size), 1, language))
    return number(Decimal(str(value)), language)


def day(value: str | date | None, language: Language) -> str:
    """`29/08/2024`, and in English `29 Aug 2024`, which nobody reads as month first."""
    if value is None:
        return NOTHING
    found = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{found:%d/%m/%Y}" if language == "vi" else f"{found.day} {found:%b %Y}"


def month(value: str | date | None, language: Language) -> str:
    """`08/2024`."""
    if value is None:
        return NOTHING
    found = value if isinstance(value, date) else date.fromisoformat(f"{value[:7]}-01")
    return f"{found:%m/%Y}" if language == "vi" else f"{found:%b %Y}"


def instant(value: str | datetime | None, language: Language) -> str:
    """`14:05 23/11/2026`, in Vietnam's time."""
    if value is None:
        return NOTHING
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    local = found.astimezone(HO_CHI_MINH)
    return f"{local:%H:%M} {day(local.date(), language)}"


def lag(seconds: float | None, language: Language) -> str:
    """How long ago, in one unit: `40 giây`, `3 ngày`."""
    if seconds is None:
        return NOTHING
    for size, unit in ((86400, "%(n)s ngày"), (3600, "%(n)s giờ"), (60, "%(n)s phút")):
        if seconds >= size:
            return say(language, unit, n=int(seconds // size))
    return say(language, "%(n)s giây", n=int(seconds))


def both(words: Mapping[str, str] | wording.Words, language: Language) -> str:
    """The language's half of a sentence that is kept in both."""
    return words[language] if isinstance(words, Mapping) else _pick(words, language)


def _pick(words: wording.Words, language: Language) -> str:
    return words.vi if language == "vi" else words.en


def _decimals(value: Decimal, places: int, language: Language) -> str:
    text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,")) if language == "vi" else text


def filters_of(language: Language) -> dict[str, Callable[..., str]]:
    """Every filter, bound to a language."""
    found = (number, signed, percent, money, day, month, instant, lag)
    bound: dict[str, Callable[..., str]] = {each.__name__: _bind(each, language) for each in found}
    return {**bound, "say": _bind(both, language)}


def _bind(function: Callable[[Any, Language], str], language: Language) -> Callable[[Any], str]:
    return lambda value: function(value, language)
