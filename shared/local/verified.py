"""What `clb verify` found last, kept in the data directory so that `clb doctor` can say how long ago that was.

One file a service, replaced whole. A directory that is not there is not made: then nothing is kept. Refuses nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Verified:
    """One verification of one log."""

    source: str
    at: datetime
    sound: bool
    rows: int
    checkpoints: int


def keep(data_dir: Path, verified: Verified) -> None:
    """Remember it."""
    if not data_dir.is_dir():
        return
    path = _path(data_dir, verified.source)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    partial.write_text(json.dumps({**asdict(verified), "at": verified.at.astimezone(UTC).isoformat()}))
    partial.replace(path)


def kept(data_dir: Path, source: str) -> Verified | None:
    """The last one, None if there is none that can be read."""
    try:
        found: dict[str, Any] = json.loads(_path(data_dir, source).read_text())
        at = datetime.fromisoformat(found.pop("at"))
        return Verified(at=at, **found)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _path(data_dir: Path, source: str) -> Path:
    return data_dir / "verified" / f"{source}.json"
