"""What a restore does with files that already lie in the place: the newer evidence stays.

A file of checkpoints is evidence, from outside of any database, of how far a log was: if the one in the place goes on where the
one in the backup ends, it stays as it is. Revocations of both are kept. A key, a token and passwords that are there are never
written over. Nothing is thrown away: of two files that differ the older one is kept beside.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint, Head, append_line, last_of
from shared.kernel.services import SERVICES
from shared.local.backup.taking import Say
from shared.relay.signer import checkpoint_file
from shared.web.revocations import revocations_file


@dataclass(frozen=True, slots=True)
class Ahead:
    """A signed checkpoint proves more than a restored log holds."""

    signed: Checkpoint
    missing: int


def keep_newer(backup: Path, place: Path, say: Say) -> None:
    """The checkpoint files of all services and the list of revocations."""
    for service in SERVICES:
        _keep_newer(checkpoint_file(backup, service), checkpoint_file(place, service), say)
    source, target = revocations_file(backup), revocations_file(place)
    if source.exists():
        known = set(target.read_text(encoding="utf-8").splitlines()) if target.exists() else set[str]()
        for line in source.read_text(encoding="utf-8").splitlines():
            if line not in known:
                append_line(target, line)


def ahead_of(place: Path, service: str, heads: tuple[Head, ...], log_id: str) -> Ahead | None:
    """Whether the newest checkpoint of a log proves events that the log does not hold."""
    try:
        signed = last_of(checkpoint_file(place, service))
    except BadCheckpoint:
        return None  # verify and the signer say so, with the line
    if signed is None or signed.identity.log_id != log_id:
        return None
    missing = sum(max(0, proved - held) for (proved, _), (held, _) in zip(signed.heads, heads, strict=True))
    return Ahead(signed, missing) if missing else None


def put_secret(source: Path, target: Path) -> bool:
    """Copy a secret with mode 0600 unless something is there; answers whether it was copied."""
    if target.exists() or not source.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(source.read_bytes())
    partial.replace(target)
    return True


def _keep_newer(backup: Path, place: Path, say: Say) -> None:
    if not backup.exists():
        return
    ours, theirs = place.read_bytes() if place.exists() else b"", backup.read_bytes()
    if ours.startswith(theirs):
        return
    if theirs.startswith(ours):
        _write(place, theirs)
        return
    newer, older = (ours, theirs) if _time(place) >= _time(backup) else (theirs, ours)
    beside = place.with_name(f"{place.stem}.other.jsonl")
    say(
        f"{place.name}: hai tệp điểm kiểm khác nhau, giữ bản mới hơn, bản kia ở / two files of checkpoints differ, "
        f"the newer one stays, the other one is {beside}"
    )
    _write(beside, older)
    _write(place, newer)


def _time(path: Path) -> float:
    try:
        last = last_of(path)
    except BadCheckpoint:
        last = None
    return last.time.timestamp() if last is not None else 0.0


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
