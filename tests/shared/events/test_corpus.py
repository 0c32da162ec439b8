"""I13: every event version ever written can still be read. The corpus is frozen: files are added, never edited."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from shared.events.common import Count, Day
from shared.events.language import UNIONS, codec_of, events_of
from shared.kernel.event import Event, EventCodec, Undecodable, UnknownEventType

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*.json"))


def name_and_version(file: Path) -> tuple[str, int]:
    type, _, version = file.stem.rpartition(".v")
    return type, int(version)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_I13_every_event_version_ever_written_can_still_be_read(file: Path) -> None:
    """Seen to fail: renaming `MembersReported.aged_60_plus` without an upcast loses 80 and the comparison says so."""
    type, version = name_and_version(file)
    event = codec_of().decode(type, version, file.read_bytes())
    if version == event.VERSION:
        assert json.loads(event.to_json()) == json.loads(file.read_text())


def test_I13_every_event_version_of_the_language_is_in_the_corpus() -> None:
    known = {(event.TYPE, event.VERSION) for source in UNIONS for event in events_of(source)}
    assert known <= {name_and_version(file) for file in FILES}


def test_I13_the_corpus_is_frozen() -> None:
    """A file of the corpus is history: its hash stands here, and a new version is a new file with a new line."""
    lines = (CORPUS / "frozen.sha256").read_text().splitlines()
    frozen = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES} == frozen


class Visited(Event, type="test.visited", version=3):
    """Version 1 had `people` in tens and `day`; version 2 renamed `day` to `visited_on`; 3 counts and splits by sex."""

    visited_on: Day
    women: Count
    men: Count


def renamed(data: dict[str, Any]) -> dict[str, Any]:
    return {"visited_on": data["day"], "tens": data["tens"], "women_tens": data["women_tens"]}


def split_and_rescaled(data: dict[str, Any]) -> dict[str, Any]:
    women = data["women_tens"] * 10
    return {"visited_on": data["visited_on"], "women": women, "men": data["tens"] * 10 - women}


CODEC = EventCodec(Visited, upcasts={("test.visited", 1): renamed, ("test.visited", 2): split_and_rescaled})


def test_a_renamed_a_split_and_a_rescaled_field_are_read_through_both_upcasts() -> None:
    read = CODEC.decode("test.visited", 1, b'{"day": "2024-05-06", "tens": 5, "women_tens": 3}')
    assert json.loads(read.to_json()) == {"visited_on": "2024-05-06", "women": 30, "men": 20}


def test_a_version_from_the_future_is_unknown_not_misread() -> None:
    with pytest.raises(UnknownEventType):
        CODEC.decode("test.visited", 4, b"{}")


def test_a_type_that_nobody_knows_is_unknown() -> None:
    with pytest.raises(UnknownEventType):
        CODEC.decode("test.other", 1, b"{}")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b'{"visited_on": "yesterday"}', b'{"visited_on": NaN}', b"null"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_bytes_that_are_no_event_are_undecodable_in_every_version(data: bytes, version: int) -> None:
    with pytest.raises(Undecodable):
        CODEC.decode("test.visited", version, data)
