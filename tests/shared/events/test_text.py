"""What is text: no character that hides, breaks a line unseen or turns the reading direction."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.events.common import Name, Reference, Text

UNSEEN = [
    *map(chr, [0x00, 0x08, 0x0B, 0x0D, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0xFEFF, 0xD800, 0xDFFF]),
    *map(chr, [*range(0x2028, 0x202F), *range(0x2066, 0x206A)]),
]


@pytest.mark.parametrize("kind", [Text, Name, Reference])
@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
def test_what_hides_or_turns_text_is_refused(kind: Any, character: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[str](kind).validate_python(f"CLB {character}A")


def test_names_of_all_scripts_and_their_joiners_are_text() -> None:
    for text in ("Thiệu Trung", "Thie\u0323\u0302u", "a\tb\nc", "\u00a0\u00a1", "\u200c\u200d", "\u2027\u202f", "\u2065", "😀"):
        assert TypeAdapter[str](Text).validate_python(text) == text


def test_what_was_recorded_is_read_again_even_if_nothing_of_it_can_be_seen() -> None:
    for text in ("\u200b", "\u3164", "\u2800"):
        assert TypeAdapter[str](Name).validate_python(text) == text
