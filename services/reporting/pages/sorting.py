"""How the tables of places are sorted: by a heading's link, which says what it will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

COLUMNS: Final = ("clubs-founded", "clubs-active", "members", "older-members")
Order = Literal["name", "clubs-founded", "clubs-active", "members", "older-members"]
Direction = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column, and whether the largest stands first."""

    by: Order
    down: bool

    @property
    def column(self) -> int | None:
        """The column; None for the names."""
        return None if self.by == "name" else COLUMNS.index(self.by)

    @property
    def chosen(self) -> dict[str, str]:
        """What an address says of the order, for forms that keep it; nothing of the usual one."""
        return {} if self == Sorting("name", down=False) else {"sort": self.by, "dir": "desc" if self.down else "asc"}

    def aria(self, by: str) -> str | None:
        """What the heading of a column says of the order."""
        return None if by != self.by else "descending" if self.down else "ascending"

    def turned(self, by: str) -> Direction:
        """Where a heading leads: numbers begin with the largest, names with A; a second press turns round."""
        if by == self.by:
            return "asc" if self.down else "desc"
        return "asc" if by == "name" else "desc"


def sorting_of(by: Order, direction: Direction | None) -> Sorting:
    """From an address."""
    return Sorting(by, direction == "desc" if direction else by != "name")
