"""What a field of a form is, and how what was typed into it is read.

Guarantees that a blank is unknown and never zero, that a number is read in one way only (dots, commas and spaces are accepted
between groups of three digits, nothing else), and that whatever cannot be read is answered with a sentence and never dropped.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, cast

from services.reporting.indicators.definition import Words

Kind = Literal["text", "count", "money", "day", "choice", "box"]
Facts = dict[str, Any]

EARLIEST: Final = date(1990, 1, 1)
LATEST: Final = date(2099, 12, 31)
YES: Final = "co"
NO: Final = "khong"

_NUMBER: Final = re.compile(r"[0-9]+|[0-9]{1,3}(?:([.,\u0020\u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*")
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_OURS: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_LONGEST: Final = 24

REQUIRED: Final = Words("Cần điền mục này.", "This is needed.")
NOT_A_NUMBER: Final = Words(
    "Chỉ ghi chữ số, ví dụ 1164 hoặc 1.164; không ghi số lẻ, dấu trừ hay chữ.",
    "Digits only, such as 1164 or 1,164; no decimals, minus signs or words.",
)
TOO_LARGE: Final = Words("Số này quá lớn; hãy xem lại.", "This number is too large; look at it again.")
NOT_A_DAY: Final = Words(
    "Ghi ngày theo dạng ngày/tháng/năm, ví dụ 02/09/2025; năm từ 1990.",
    "Write the day as day/month/year, such as 02/09/2025; years from 1990 on.",
)
NOT_A_CHOICE: Final = Words("Hãy chọn một trong các mục có sẵn.", "Choose one of the entries of the list.")


class Unreadable(Exception):
    """What was typed means nothing here; `words` say what to type."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `path` is its name in the form, and where its value goes in the command: `loans.total`."""

    path: str
    kind: Kind
    label: Words
    hint: Words | None = None
    required: bool = False
    choices: tuple[tuple[str, Words], ...] = ()
    longest: int = 200


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that stand together; `title` None for those that are always open."""

    fields: tuple[Field, ...]
    title: Words | None = None


@dataclass(slots=True)
class Read:
    """What a whole form says: the values by path (blank ones are left out), and what could not be read, in order."""

    values: Facts = field(default_factory=dict[str, Any])
    errors: dict[str, Words] = field(default_factory=dict[str, Words])


def fields_of(sections: Sequence[Section]) -> Iterator[Field]:
    """Every field, in the order of the form."""
    for section in sections:
        yield from section.fields


def read(sections: Sequence[Section], typed: Mapping[str, str]) -> Read:
    """Read what was typed."""
    found = Read()
    for each in fields_of(sections):
        try:
            value = value_of(each, typed.get(each.path, ""))
        except Unreadable as unreadable:
            found.errors[each.path] = unreadable.words
            continue
        if value is not None:
            found.values[each.path] = value
        elif each.required:
            found.errors[each.path] = REQUIRED
    return found


def value_of(of: Field, text: str) -> Any:
    """The value of one field, as JSON; None for a blank. May raise `Unreadable`."""
    text = text.strip()
    if not text:
        return None
    match of.kind:
        case "text":
            return text
        case "count" | "money":
            return number(text)
        case "day":
            return day(text).isoformat()
        case "box":
            return True
        case "choice":
            if text not in {value for value, _ in of.choices}:
                raise Unreadable(NOT_A_CHOICE)
            return {YES: True, NO: False}.get(text, text)


def number(text: str) -> int:
    """`1164`, `1.164`, `1,164` and `1 164` are all one thousand one hundred and sixty-four. May raise `Unreadable`."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise Unreadable(NOT_A_NUMBER)
    if len(text) > _LONGEST:
        raise Unreadable(TOO_LARGE)
    return int(re.sub(r"[^0-9]", "", text))


def day(text: str) -> date:
    """`2025-09-02`, as a browser's own field sends it, or `02/09/2025`, as people write it. May raise `Unreadable`."""
    text = text.strip()
    if iso := _ISO.fullmatch(text):
        year, month, of_month = (int(part) for part in iso.groups())
    elif ours := _OURS.fullmatch(text):
        of_month, month, year = (int(part) for part in ours.groups())
    else:
        raise Unreadable(NOT_A_DAY)
    try:
        found = date(year, month, of_month)
    except ValueError:
        raise Unreadable(NOT_A_DAY) from None
    if not EARLIEST <= found <= LATEST:
        raise Unreadable(NOT_A_DAY)
    return found


def typed_from(sections: Sequence[Section], facts: Mapping[str, Any]) -> dict[str, str]:
    """What one would type to say these facts: the opposite of `read`."""
    found: dict[str, str] = {}
    for each in fields_of(sections):
        value = at(facts, each.path)
        if each.kind == "box":
            if value is not None and not any(known(value).values()):  # nothing but zeros says as little as nothing
                found[each.path] = YES
        elif value is not None:
            found[each.path] = _typed(value)
    return found


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    return f"{value:,}".replace(",", ".") if isinstance(value, int) else str(value)


def at(facts: Mapping[str, Any], path: str) -> Any:
    """The value at a path, or None."""
    found: Any = facts
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  JSON
    return cast("Any", found)


def nested(values: Mapping[str, Any], under: str = "") -> Facts:
    """Values by path as an object; only those below `under`."""
    found: Facts = {}
    for path, value in values.items():
        if not path.startswith(under):
            continue
        *way, last = path.removeprefix(under).split(".")
        inner = found
        for part in way:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found


def known(facts: Any) -> Any:
    """The same facts without what is unknown, so that two reports can be compared."""
    if not isinstance(facts, Mapping):
        return facts
    kept = {name: known(value) for name, value in facts.items() if value is not None}  # pyright: ignore[reportUnknownVariableType]  JSON
    return {name: value for name, value in kept.items() if value != {} or name != "loans"}  # pyright: ignore[reportUnknownVariableType]  JSON
