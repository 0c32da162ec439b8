"""How the command line speaks: sentences on stderr in the user's language, results on stdout, JSON when asked.

`LANG` (or `CLB_LANG`) beginning with `vi` or `en` chooses the language of a refusal; otherwise both are said. Refuses to show
a traceback for anything that a person can do something about.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console

from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES

Json = Annotated[bool, typer.Option("--json", help="For programs.")]

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def sentences(refused: Refused) -> list[str]:
    """The refusal in the user's language, or in both."""
    match _language():
        case "vi":
            return [refused.vi]
        case "en":
            return [refused.en]
        case _:
            return [refused.vi, refused.en]


def known_service(name: str) -> str:
    """The name of a service. May raise `Refused` (`unknown-service`)."""
    if name not in SERVICES:
        known = ", ".join(SERVICES)
        raise Refused("unknown-service", f"Không có dịch vụ {name}: {known}.", f"There is no service {name}: {known}.")
    return name


def word(vi: str, en: str) -> str:
    """A heading or a label: Vietnamese unless the user's language is English."""
    return en if _language() == "en" else vi


def grouped(value: int, *, signed: bool = False) -> str:
    """A whole number as it is written: `6.521`, in English `6,521`."""
    text = f"{value:+,}" if signed else f"{value:,}"
    return text if _language() == "en" else text.replace(",", ".")


def complain(refused: Refused) -> None:
    """Say why not."""
    for sentence in sentences(refused):
        err.print(f"clb: {sentence}", markup=False)


def print_json(value: Any) -> None:
    """A result for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def teller() -> Callable[[str], None]:
    """Says what happens, each line with the seconds since the beginning."""
    beginning = time.monotonic()

    def tell(text: str) -> None:
        err.print(f"[{time.monotonic() - beginning:6.1f} s] {text}", markup=False)

    return tell


def _language() -> str:
    return (os.environ.get("CLB_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or "")[:2]
