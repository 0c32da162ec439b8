"""A form as it is shown: its fields, what stands in them, what is wrong with it, and what it says beforehand.

Whatever was typed is in `typed`, readable or not, and is shown again as it is. What is carried along unseen is in `kept`: the
id of the command, the club and its names, so that a form can be shown again even where the clubs service does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from services.reporting.indicators.definition import Words
from services.reporting.pages.entry.fields import Field, Section, Unreadable, day, fields_of, number
from shared.kernel.errors import Refused

ID: Final = "ma"
"""The field of the command's id, made when the form is first shown: however often it is sent, it is recorded once."""

SEEN: Final = "da_xem"
"""The field that says of which day or month the officer was shown the report that stands already."""

NAME: Final = "ten_hien"
PLACE: Final = "noi_hien"
MONTH: Final = "thang"
COMMUNE: Final = "xa"
KEPT: Final = (ID, SEEN, NAME, PLACE, MONTH, COMMUNE)
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence above the form, with a link where one helps. `error` ones are what keeps the form from being recorded."""

    words: Words
    link: str | None = None
    link_words: Words | None = None
    error: bool = True


@dataclass(slots=True)
class Draft:
    """A form to be shown."""

    action: str
    title: Words
    sections: Sequence[Section]
    button: Words
    typed: dict[str, str] = field(default_factory=dict[str, str])
    kept: dict[str, str] = field(default_factory=dict[str, str])
    errors: dict[str, Words] = field(default_factory=dict[str, Words])
    remarks: list[Remark] = field(default_factory=list[Remark])
    source: Words | None = None
    """From which report the values come that the officer did not type."""
    stands: Words | None = None
    """That a report of this day or month stands already, and that sending corrects it."""
    old: list[tuple[Words, Words]] = field(default_factory=list[tuple[Words, Words]])
    """What the report says that stands already."""
    choices: list[tuple[str, Words, bool]] = field(default_factory=list[tuple[str, Words, bool]])
    """Other forms of the same kind: address, what it is called, whether it is this one."""
    choices_title: Words | None = None

    @property
    def name(self) -> str:
        """The club, if the form is about one."""
        return self.kept.get(NAME, "")

    @property
    def place(self) -> str:
        """The commune in words, if it is known."""
        return self.kept.get(PLACE, "")

    @property
    def month(self) -> str:
        """The month of a monthly report, `2026-10`."""
        return self.kept.get(MONTH, "")

    def labelled(self) -> list[tuple[str, Words, Words]]:
        """The errors with the labels of their fields, in the order of the form."""
        return [
            (each.path, each.label, self.errors[each.path]) for each in fields_of(self.sections) if each.path in self.errors
        ]

    def native(self, path: str) -> bool:
        """Whether a browser's own field for days can show what stands there; it would drop anything else."""
        text = self.typed.get(path, "")
        try:
            return not text or day(text).isoformat() == text
        except Unreadable:
            return False

    def filled(self, section: Section) -> int:
        """How many fields of a section something stands in that somebody typed, now or last time."""
        return sum(1 for each in section.fields if each.kind not in ("choice", "day") and self.typed.get(each.path))

    def wrong(self, section: Section) -> bool:
        """Whether something in a section is to be corrected; then it is shown open."""
        return any(each.path in self.errors for each in section.fields)


def refill(draft: Draft, form: Mapping[str, str]) -> Draft:
    """Put back everything that was typed, and the id and names that the form carried."""
    draft.typed = {each.path: form[each.path] for each in fields_of(draft.sections) if each.path in form}
    draft.kept |= {name: form[name][:_SHOWN] for name in KEPT if form.get(name)}
    return draft


def command_id(form: Mapping[str, str]) -> str:
    """The id that the form was shown with; a new one if it carries none that could be."""
    try:
        return str(UUID(form.get(ID, "")))
    except ValueError:
        return str(uuid4())


def new_id() -> str:
    """The id of a command that is about to be typed."""
    return str(uuid4())


def blame(draft: Draft, refused: Refused, under: str = "") -> None:
    """Show a refusal of the service beside the field that it names, or above the form."""
    said = Words(refused.vi, refused.en)
    path = field_of(refused.field, under)
    if path in {each.path for each in fields_of(draft.sections)}:
        draft.errors.setdefault(path, said)
    else:
        draft.remarks.append(Remark(said))


def field_of(path: str | None, under: str = "") -> str:
    """The form's field of a path of the service: `commands.1.data.women` is `women`, in the founding form `members.women`."""
    parts = (path or "").split(".")
    if parts[0] == "commands" and len(parts) > 2:
        parts = parts[2:]
    if parts[0] == "data" and len(parts) > 1:
        parts = parts[1:]
    return under + ".".join(parts)


def told(sections: Sequence[Section], typed: Mapping[str, str]) -> list[tuple[Words, Words]]:
    """Label and value of everything that stands in the fields, as it is read."""
    return [(each.label, _said(each, typed[each.path])) for each in fields_of(sections) if typed.get(each.path)]


def _said(of: Field, text: str) -> Words:
    try:
        match of.kind:
            case "choice":
                return next((words for value, words in of.choices if value == text), Words(text, text))
            case "box":
                return Words("có", "yes")
            case "count" | "money":
                written = f"{number(text):,}"
                return Words(written.replace(",", "."), written)
            case "day":
                return Words(vi_day(day(text)), en_day(day(text)))
            case "text":
                return Words(text, text)
    except Unreadable:
        return Words(text, text)


def vi_day(found: date | str) -> str:
    """`02/09/2025`."""
    return f"{_date(found):%d/%m/%Y}"


def en_day(found: date | str) -> str:
    """`2 Sep 2025`."""
    return f"{_date(found).day} {_date(found):%b %Y}"


def _date(found: date | str) -> date:
    return date.fromisoformat(found) if isinstance(found, str) else found
