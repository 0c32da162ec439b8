"""Words that several services share in their events: names, counts, money, basis."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Control characters but for tab and line feed, line separators, what turns the reading direction, the byte order mark."""


def _no_control_characters(text: str) -> str:
    if _NOT_TEXT.search(text):
        raise ValueError("control characters, turns of direction and lone surrogates are not text")
    return text


_EMPTY_SIGNS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Signs that Unicode counts among letters and symbols and that look like nothing: Hangul fillers, the empty Braille cell."""


def shows(text: str) -> bool:
    """Whether anything of a text can be seen: one letter, digit, mark of punctuation or symbol at least.

    What is recorded may be read again whatever it holds, so this is asked of commands, where they come in.
    """
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in _EMPTY_SIGNS for sign in text)


Text = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_no_control_characters)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_control_characters)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_no_control_characters)]
StreamId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,120}$")]

Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
"""A number of people or things. A bool, a float and a text are not counts."""

Money = Annotated[int, Field(ge=0, le=10**15, strict=True)]
"""Vietnamese đồng (VND), whole."""

Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2099, 12, 31))]


class FileRow(BaseModel):
    """Where in a file that somebody handed in a fact stands (tệp, dòng): the file's name and the line, from 1."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: Name
    row: Annotated[int, Field(ge=1, le=10_000_000, strict=True)]


Basis = Literal["counted", "declared", "estimated"]
"""How a figure came to be: đếm (counted one by one), kê khai (declared in sum), ước tính (estimated, imputed)."""

Scheme = Literal["1336", "1335", "1648"]
"""Decision 1336/QĐ-TTg (to 2025), the ministry's plan 1335/QĐ-LĐTBXH (2024 to 2025), Decision 1648/QĐ-TTg (to 2035)."""
