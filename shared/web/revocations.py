"""Which tokens were revoked, in a file beside the signed checkpoints: a database that goes back in time does not know it.

A revocation is written here before it is made in the database, and made again at every start of a process and after a restore.
The file only grows; it names tokens by their id, which says nothing of the token. Refuses nothing: a line that cannot be read
is passed over, since a revocation that is not made again is worse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.eventlog.checkpoints import append_line
from shared.kernel.database import Connection

_ID = re.compile(r"^t-[0-9a-z-]{1,40}$")


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token that is over, and since when."""

    token: str
    at: datetime


def revocations_file(folder: Path) -> Path:
    """Where they are kept."""
    return folder / "revocations.jsonl"


def write_revocation(file: Path, token: str) -> None:
    """Put one at the end of the file, if it is not there; on the disk when this returns. May raise `OSError`."""
    if all(known.token != token for known in read_revocations(file)):
        append_line(file, json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "token": token}))


def read_revocations(file: Path) -> list[Revocation]:
    """Each token once, with the first time. No file: none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    first: dict[str, datetime] = {}
    for line in lines:
        try:
            found = json.loads(line)
            token, at = str(found["token"]), datetime.fromisoformat(found["at"])
        except (ValueError, TypeError, KeyError):
            continue
        if _ID.match(token) and at.tzinfo is not None:
            first[token] = min(at, first.get(token, at))
    return [Revocation(token, at) for token, at in first.items()]


async def revoke_again(connection: Connection, revocations: Iterable[Revocation]) -> list[str]:
    """Revoke in a database what is not revoked there; answers which tokens these were."""
    known = list(revocations)
    rows: list[Any] = await connection.fetch(
        """update access.tokens t set revoked_at = w.at from unnest($1::text[], $2::timestamptz[]) as w (id, at)
        where t.id = w.id and t.revoked_at is null returning t.id""",
        [each.token for each in known],
        [each.at for each in known],
    )
    return sorted(str(row["id"]) for row in rows)
