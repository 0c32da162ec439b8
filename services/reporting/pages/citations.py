"""A figure with its citation (trích dẫn): value, unit, indicator, area, day, basis, source, known at, and a link for ever.

The link is the id of the number, which fixes both clocks: whoever follows it later finds the same value, whatever was recorded
since. Text only; nothing here computes a figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from services.reporting.pages import filters
from services.reporting.pages.filters import both
from services.reporting.pages.words import Language, say
from services.reporting.questions import number_id, wording
from shared.web.origin import address_of

Json = Mapping[str, Any]
_SHOWN = 3
"""So many published sources are named; of more it is said how many."""


@dataclass(frozen=True, slots=True)
class Citing:
    """Writes the citations of one page: in its language, with links under the address by which the visitor reached it."""

    language: Language
    base: str

    @classmethod
    def on(cls, request: Request, public: str | None, language: Language) -> Citing:
        """For a page that answers a request; `public` is the public address, if one is set."""
        return cls(language, address_of(request, public).rstrip("/"))

    def link(self, id: str) -> str:
        """The address that shows the same number for ever."""
        return f"{self.base}/so/{id}"

    def __call__(self, number: Json, area: str, entries: int | None = None) -> str:
        """The sentence to be pasted into a letter; `entries`: how many were counted, where that is known."""
        language = self.language
        clocks = number_id.decode(number["id"]).clocks
        head = say(
            language,
            "%(title)s, %(area)s, tính đến ngày %(day)s: %(value)s%(unit)s",
            title=both(number["title"], language),
            area=area,
            day=filters.day(clocks.as_of, language),
            value=both(number["display"], language),
            unit="" if number["unit"] == "percent" else f" {both(number['unit_words'], language)}",
        )
        basis = _basis(number, language)
        parts = [
            f"{head} ({basis})" if basis else head,
            say(language, "Nguồn: %(source)s", source=_source(number, entries, language)),
            say(
                language,
                "Theo những gì đã biết đến %(known)s; bản đồ %(map)s tỉnh",
                known=filters.instant(clocks.known_at, language),
                map=clocks.map,
            ),
        ]
        if number["generated"]:
            parts.append(say(language, "Có dữ liệu mô phỏng: không phải số liệu thật."))
        return f"{'. '.join(part.rstrip('.') for part in parts)}. {self.link(number['id'])}"


def _basis(number: Json, language: Language) -> str:
    """How sure it is, in words: the mix, or the one basis."""
    if number["mix"]:
        return both(number["mix"], language)
    return ", ".join(both(wording.BASES[part["basis"]], language) for part in number["parts"])


def _source(number: Json, entries: int | None, language: Language) -> str:
    """The published figures in it, and what was counted of how many clubs and entries."""
    if number["source"] == "none":
        return say(language, "chưa có")
    claims = number["declarations"]
    said = [f"{each['source']} ({both(each['words'], language)})" for each in claims[:_SHOWN]]
    if len(claims) > _SHOWN:
        said.append(say(language, "và %(n)s số công bố khác", n=len(claims) - _SHOWN))
    if number["source"] != "declared":
        clubs = filters.number(number["clubs"], language)
        if entries is None:
            said.append(say(language, "đếm từ %(clubs)s câu lạc bộ trong sổ cái Liên Thế", clubs=clubs))
        else:
            rows = filters.number(entries, language)
            words = "đếm từ %(clubs)s câu lạc bộ, %(entries)s bút toán của sổ cái Liên Thế"
            said.append(say(language, words, clubs=clubs, entries=rows))
    return "; ".join(said)
