"""Failures that a person reads: a slug, a sentence in Vietnamese and in English that says what to do.

One place maps them to HTTP (`shared.web.problems`), one to the terminal (`shared.cli`). Nothing else is ever shown.
"""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """A command or question that is refused (từ chối), in words that say what to do. Nothing was stored.

    `status` is the HTTP status; `field` the path of the offending field, if one is to blame.
    """

    def __init__(self, slug: str, vi: str, en: str, *, status: int = 422, field: str | None = None) -> None:
        super().__init__(f"{slug}: {en}")
        self.slug = slug
        self.vi = vi
        self.en = en
        self.status = status
        self.field = field


@dataclass(frozen=True, slots=True)
class Notice:
    """An oddity that is accepted and pointed out (lưu ý): 121 members, a board of 9. Real clubs show them."""

    slug: str
    vi: str
    en: str
    field: str | None = None
