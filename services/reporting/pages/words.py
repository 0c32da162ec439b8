"""The languages of the pages: Vietnamese is what the templates say, English is a catalogue beside them.

`locale/en.po` is read when the process starts; nothing is compiled beforehand. A sentence that has no English is shown in
Vietnamese, and a test says which one it is.
"""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, cast

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")
CATALOGUE: Final = Path(__file__).parent / "locale" / "en.po"


@cache
def translations(language: Language) -> NullTranslations:
    """What turns the templates' Vietnamese into a language."""
    if language == "vi":
        return NullTranslations()
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return cast("NullTranslations", Translations(compiled))


def say(language: Language, vietnamese: str, **values: object) -> str:
    """One sentence in a language, with its values put in."""
    text = translations(language).gettext(vietnamese)
    return text % values if values else text
