"""A figure over the last three years as a small drawing: the months of an answer, with words in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.reporting.pages.filters import both, month
from services.reporting.pages.words import Language, say
from shared.charts import Amount, Chart, Moment, Spark

Json = dict[str, Any]
MONTHS: Final = 36


def first_month(as_of: date, months: int = MONTHS) -> date:
    """The first of so many months that end with the day's own."""
    index = as_of.year * 12 + as_of.month - months
    return date(index // 12, index % 12 + 1, 1)


def trends(groups: Sequence[Json], name: str, language: Language) -> list[Chart]:
    """One drawing for each indicator in the months of an answer; none where nothing is known."""
    if not groups:
        return []
    count = len(groups[0]["numbers"])
    return [chart for index in range(count) if (chart := _trend(groups, index, name, language)) is not None]


def _trend(groups: Sequence[Json], index: int, name: str, language: Language) -> Chart | None:
    numbers = [group["numbers"][index] for group in groups]
    known = [number for number in numbers if number["value"] is not None]
    if not known:
        return None
    title = both(numbers[0]["title"], language)
    first, last = known[0], known[-1]
    sentence = say(
        language,
        "%(title)s, %(name)s: từ %(first)s (%(start)s) đến %(last)s (%(end)s).",
        title=title,
        name=name,
        first=both(first["display"], language),
        start=month(groups[numbers.index(first)]["key"], language),
        last=both(last["display"], language),
        end=month(groups[-1]["key"], language),
    )
    moments = tuple(
        Moment(month(group["key"], language), _amount(number, language)) for group, number in zip(groups, numbers, strict=True)
    )
    return Spark(
        id=f"trend-{numbers[0]['indicator']}",
        title=f"{title}, {name}",
        sentence=sentence,
        header=(say(language, "Tháng"), title),
        moments=moments,
        unknown=say(language, "chưa có số liệu"),
    ).draw()


def _amount(number: Json, language: Language) -> Amount | None:
    value = number["value"]
    return None if value is None else Amount(Decimal(str(value)), both(number["display"], language))
