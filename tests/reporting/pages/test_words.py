"""The pages speak two languages: whatever a template or a module says in Vietnamese has its English, with the same values."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.pofile import read_po

from services.reporting.pages.words import CATALOGUE, say, translations

PAGES = CATALOGUE.parents[1]
VALUE = re.compile(r"%\((\w+)\)s")
BARE_PERCENT = re.compile(r"(?<!%)%(?!\(\w+\)s|%)")


def _said() -> Iterator[tuple[str, str]]:
    for path in sorted(PAGES.rglob("*")):
        if path.suffix == ".html":
            for _, message, _, _ in extract("jinja2.ext:babel_extract", BytesIO(path.read_bytes())):
                yield path.name, message
        elif path.suffix == ".py":
            keywords = {"say": (2,), "_": None}
            for _, message, _, _ in extract("python", BytesIO(path.read_bytes()), keywords):
                yield path.name, message if isinstance(message, str) else message[0]


def _english() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return {str(each.id): str(each.string) for each in read_po(file, locale="en") if each.id}


def test_every_sentence_of_the_pages_has_its_english():
    english = _english()
    missing = sorted({(name, said) for name, said in _said() if not english.get(said)})
    assert missing == []


def test_a_translation_has_the_same_values_as_its_sentence():
    different = [one for one, other in _english().items() if set(VALUE.findall(one)) != set(VALUE.findall(other))]
    assert different == []


def test_a_sentence_with_values_writes_a_percent_sign_twice():
    bad = [text for pair in _english().items() for text in pair if VALUE.search(text) and BARE_PERCENT.search(text)]
    assert bad == []


def test_no_sentence_is_translated_twice():
    ids = re.findall(r'^msgid "(.+)"$', Path(CATALOGUE).read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted({each for each in ids if ids.count(each) > 1}) == []


def test_what_has_no_english_is_shown_in_vietnamese():
    assert translations("en").gettext("câu này không có trong danh mục") == "câu này không có trong danh mục"
    assert say("en", "Toàn quốc") == "Nation"
    assert say("vi", "Toàn quốc") == "Toàn quốc"
