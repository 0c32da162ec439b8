"""One-time links as the command line hands them out: the whole address, a QR code in the terminal, or one in an SVG file.

A link is a secret until it is used: a file with one is readable by its owner alone, and no file is written over.
"""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import segno

from shared.cli.client import front_address, open_front
from shared.cli.speech import out, word
from shared.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A new link: where it leads, and until when it works."""

    address: str
    expires_at: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"address": self.address, "expires_at": self.expires_at}


def make_link(token: str, hours: int) -> MadeLink:
    """A one-time link with the rights of a token. May raise `Refused`."""
    with open_front(token=token) as front:
        made = front.post("/v1/links", {"hours": hours})
    public = os.environ.get("CLB_PUBLIC_URL", "").strip().rstrip("/")
    return MadeLink((public or front_address()) + made["path"], made["expires_at"])


def show_link(link: MadeLink) -> None:
    """The address, until when, and the QR code."""
    until = datetime.fromisoformat(link.expires_at).astimezone()
    out.print(link.address, markup=False)
    out.print(word(f"Dùng một lần, đến {until:%H:%M %d/%m/%Y}.", f"Works once, until {until:%Y-%m-%d %H:%M}."), markup=False)
    drawn = io.StringIO()
    segno.make(link.address, error="m", micro=False).terminal(out=drawn, compact=True, border=2)
    if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8":
        sys.stdout.write(drawn.getvalue())


def write_qr(link: MadeLink, path: Path) -> None:
    """The QR code as an SVG file of its owner alone. May raise `Refused`: `file-exists`."""
    drawn = io.BytesIO()
    segno.make(link.address, error="m", micro=False).save(drawn, kind="svg", scale=8, border=4)
    write_secret(path, drawn.getvalue())


def write_secret(path: Path, content: bytes) -> None:
    """A new file with mode 0600. May raise `Refused`: `file-exists`."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise in_the_way(path) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def in_the_way(path: Path) -> Refused:
    """The refusal to write over a file."""
    return Refused(
        "file-exists",
        f"Tệp {path} đã có; hãy chọn tên khác hoặc xoá tệp đó.",
        f"The file {path} exists; choose another name or remove it.",
    )
