"""What changed of a club, in words: a commune is one line with its name, not a code and a list."""

from __future__ import annotations

from services.reporting.pages.story_words import Line, lines_of_changes
from shared.kernel.place import PlaceRef
from shared.reference.book import load

PLACES = load()
BA_DINH = PlaceRef(code="00004", list="34")


def test_a_commune_that_was_corrected_is_told_by_name_before_and_after():
    """Seen to fail: `Mã xã, phường 00004 00008`."""
    code = {"field": "commune.code", "before": "00004", "after": "00008"}
    (line,) = lines_of_changes([code], PLACES, BA_DINH, "vi")
    assert line == Line("Xã, phường", "phường Ba Đình, Hà Nội", "phường Ngọc Hà, Hà Nội", "34:00008")


def test_a_founding_tells_its_commune_once_with_its_code():
    changes = [
        {"field": "name", "before": None, "after": "CLB Ba Đình"},
        {"field": "commune.code", "before": None, "after": "00004"},
        {"field": "commune.list", "before": None, "after": "34"},
    ]
    lines = lines_of_changes(changes, PLACES, BA_DINH, "vi")
    assert [(line.name, line.before, line.code) for line in lines] == [
        ("Tên câu lạc bộ", None, None),
        ("Xã, phường", None, "34:00004"),
    ]


def test_a_code_and_its_list_that_changed_together_are_of_two_maps():
    changes = [
        {"field": "commune.code", "before": "00001", "after": "00004"},
        {"field": "commune.list", "before": "63", "after": "34"},
    ]
    (line,) = lines_of_changes(changes, PLACES, BA_DINH, "vi")
    assert line.before is not None
    assert "Phúc Xá" in line.before
    assert line.code == "34:00004"


def test_a_code_that_is_no_place_is_told_as_it_is():
    (line,) = lines_of_changes([{"field": "commune.code", "before": "00004", "after": "99999"}], PLACES, BA_DINH, "vi")
    assert line.after == "34:99999"
