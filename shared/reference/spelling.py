"""How Vietnamese names are compared: without diacritics for searching, without the place of the tone for sameness, and in
the order of the Vietnamese alphabet for sorting.

"Hóa" and "Hoá" are two spellings of one word, "Hòa" is another word; "Cà Mau" stands before "Cao Bằng", "Cần Thơ" and
"Đà Nẵng". The sort key is a plain text whose order by code point is the right one, so a database sorts by it as well
(`collate "C"`). Refuses nothing: any text has its keys.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = {"\u0300": "2", "\u0309": "3", "\u0303": "4", "\u0301": "5", "\u0323": "6"}
"""Huyền, hỏi, ngã, sắc, nặng as they stand in NFD, in the order of dictionaries; no mark (ngang) is 1."""
_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: chr(ord("A") + rank) for rank, letter in enumerate(_LETTERS)}
_WORD = re.compile(r"\d+|[^\W\d_]+")
_PREFIX = re.compile(r"^(?:tinh|thanh pho|tp|xa|phuong|thi tran|dac khu|quan|huyen)\s+(?=\S)")


def plain(text: str) -> str:
    """The search key: case-folded words without any diacritic, đ as d, one blank between words."""
    flat = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return " ".join(_WORD.findall("".join(c for c in flat if not unicodedata.combining(c))))


def without_kind(key: str) -> str:
    """A search key without the kind of place in front: `thanh pho hue` is `hue`. A bare kind, or `phuong 1`, stays."""
    stripped = _PREFIX.sub("", key)
    return key if stripped.isdigit() else stripped


def same(text: str) -> str:
    """The key that two spellings of one name share: tones kept, wherever in the word they are written."""
    return " ".join(letters + tone for letters, tone in _words(text))


@lru_cache(maxsize=65_536)
def sort_key(text: str) -> str:
    """A text that sorts by code point as its original does in the Vietnamese alphabet; numbers by their value."""
    return "".join(_ranked(letters) + tone for letters, tone in _words(text))


def _words(text: str) -> list[tuple[str, str]]:
    """Each word as its letters in NFC without the tone, and the tone as a digit from 1 to 6."""
    words: list[tuple[str, str]] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text.casefold())):
        marks = unicodedata.normalize("NFD", word)
        tone = next((_TONES[mark] for mark in marks if mark in _TONES), "1")
        words.append((unicodedata.normalize("NFC", "".join(c for c in marks if c not in _TONES)), tone))
    return words


def _ranked(letters: str) -> str:
    if letters.isdigit():
        number = letters.lstrip("0")
        return "@" + chr(ord("0") + min(len(number), 9)) + number
    return "".join(_RANK.get(letter, "~") for letter in letters)
