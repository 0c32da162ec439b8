"""What is wrong with a row, said by row, column and rule, in Vietnamese and English. Never more than one per cell."""

from __future__ import annotations

from dataclasses import dataclass


class BadCell(ValueError):
    """A cell that breaks a rule. The reader adds the row and the column."""

    def __init__(self, rule: str, vi: str, en: str) -> None:
        super().__init__(f"{rule}: {en}")
        self.rule = rule
        self.vi = vi
        self.en = en


@dataclass(frozen=True, slots=True)
class Problem:
    """A bad row (dòng sai): the line of the file (the header is line 1), the column, the rule's slug, two sentences."""

    row: int
    column: str
    rule: str
    vi: str
    en: str

    def __str__(self) -> str:
        return f"dòng {self.row}, cột {self.column} [{self.rule}]: {self.vi} / row {self.row}, column {self.column}: {self.en}"
