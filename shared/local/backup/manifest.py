"""What a backup says of itself: whose it is, how far its logs go, the sha256 of every file, under the deployment's signature.

The manifest is the last file that a backup writes, and is put in place whole, so a folder without one is no backup. Refuses a
manifest that is malformed or signed by another key, and a file that is missing or not the one that was written, by its name.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from shared.eventlog.checkpoints import Head, canonical_json, signed_line
from shared.eventlog.records import LogIdentity
from shared.eventlog.signing import PublicKey, SigningKey
from shared.kernel.errors import Refused
from shared.kernel.lanes import LANES

MANIFEST = "manifest.json"
PUBLIC_KEY = "deployment.pub"
SECRETS = "secrets"
_FORMAT = 1
_PREFIX = b"lien-the backup 1\n"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Copied:
    """A file as it was written."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class LogCopy:
    """One service's database: which log is in it, the heads of its lanes, and the rows of every table, in one snapshot."""

    identity: LogIdentity
    heads: tuple[Head, ...]
    rows: Mapping[str, int]

    @property
    def events(self) -> int:
        """How many events the log holds."""
        return sum(position for position, _ in self.heads)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole backup."""

    made_at: datetime
    holds: str
    """What the databases hold: `real`, `demo` and so on, as the local stack remembers it."""
    versions: Mapping[str, str]
    logs: Mapping[str, LogCopy]
    files: Mapping[str, Copied]
    """By path below the folder, with slashes."""

    @property
    def deployment(self) -> str:
        """Whose logs these are."""
        return next(iter(self.logs.values())).identity.deployment

    def statement(self) -> dict[str, Any]:
        """What is signed."""
        return {
            "files": {name: {"bytes": file.size, "sha256": file.sha256} for name, file in self.files.items()},
            "format": _FORMAT,
            "holds": self.holds,
            "logs": {
                service: {
                    "deployment": log.identity.deployment,
                    "heads": [[position, digest.hex()] for position, digest in log.heads],
                    "log": log.identity.log_id,
                    "rows": dict(log.rows),
                }
                for service, log in self.logs.items()
            },
            "made_at": self.made_at.astimezone(UTC).isoformat(),
            "versions": dict(self.versions),
        }


def write_manifest(folder: Path, manifest: Manifest, key: SigningKey) -> None:
    """The last step of a backup: on the disk, whole, or not at all."""
    statement = manifest.statement()
    line = signed_line("backup", statement, _PREFIX + canonical_json(statement), key)
    partial = folder / f"{MANIFEST}.part"
    with partial.open("w", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / MANIFEST)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_manifest(folder: Path, public: PublicKey) -> Manifest:
    """The manifest of a folder. May raise `Refused`: `backup-unfinished`, `backup-damaged`, `backup-key`."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise unfinished(folder, MANIFEST) from None
    try:
        found: Any = json.loads(text)
        statement, signature, name = found["backup"], bytes.fromhex(found["signature"]), str(found["key"])
        if statement["format"] != _FORMAT:
            raise ValueError(f"format {statement['format']} is not {_FORMAT}")
        manifest = _parsed(statement)
    except (ValueError, TypeError, KeyError, AttributeError) as failure:
        raise damaged(MANIFEST, f"{type(failure).__name__} {failure}") from failure
    if name != public.name:
        raise Refused(
            "backup-key",
            f"Bản sao lưu này do khoá {name} ký, không phải khoá {public.name} của nơi này: "
            "hãy dùng đúng bản sao lưu, hoặc chỉ khoá công khai của nó bằng --public-key.",
            f"This backup is signed by the key {name}, not by {public.name} of this place: "
            "use the right backup, or name its public key by --public-key.",
        )
    if not public.signed(signature, _PREFIX + canonical_json(statement)):
        raise damaged(MANIFEST, f"the key {name} did not sign this")
    return manifest


def check_files(folder: Path, secrets: Path | None, manifest: Manifest, tell: Callable[[int], None] = lambda _: None) -> None:
    """Read every file and compare. Secrets are looked for in their own folder; None: they are elsewhere and not checked.

    May raise `Refused` (`backup-damaged`) with the first file that is not what was written.
    """
    read = 0
    for name, expected in sorted(manifest.files.items()):
        path = folder / name
        if name.startswith(f"{SECRETS}/"):
            if secrets is None:
                continue
            path = secrets / name.removeprefix(f"{SECRETS}/")
        try:
            found = digest_of(path, lambda size, before=read: tell(before + size))
        except OSError as failure:
            raise damaged(name, type(failure).__name__) from failure
        if found.size != expected.size:
            raise damaged(name, f"{found.size} bytes, not {expected.size}")
        if found.sha256 != expected.sha256:
            raise damaged(name, f"sha256 {found.sha256[:16]}, not {expected.sha256[:16]}")
        read += found.size


def digest_of(path: Path, tell: Callable[[int], None] = lambda _: None) -> Copied:
    """The size and the sha256 of a file. May raise `OSError`, also for what is no plain file."""
    digest, size = sha256(), 0
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is no plain file")
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            tell(size)
    return Copied(digest.hexdigest(), size)


def unfinished(folder: Path, missing: str) -> Refused:
    """A file that every finished backup has is missing."""
    return Refused(
        "backup-unfinished",
        f"{folder} không có {missing}: bản sao lưu chưa làm xong hoặc đây không phải bản sao lưu; hãy dùng bản khác.",
        f"{folder} has no {missing}: the backup was not finished, or it is none; use another one.",
    )


def damaged(name: str, why: str) -> Refused:
    """A file is not what the backup wrote."""
    return Refused(
        "backup-damaged",
        f"Bản sao lưu bị hỏng ở tệp {name} ({why}): không phục hồi gì cả; hãy dùng bản sao lưu khác.",
        f"The backup is damaged in the file {name} ({why}): nothing was restored; use another backup.",
    )


def _parsed(statement: Any) -> Manifest:
    logs = {
        str(service): LogCopy(
            LogIdentity(str(log["deployment"]), str(log["log"])),
            tuple((int(position), bytes.fromhex(digest)) for position, digest in log["heads"]),
            {str(table): int(count) for table, count in log["rows"].items()},
        )
        for service, log in statement["logs"].items()
    }
    if not logs or any(len(log.heads) != LANES for log in logs.values()):
        raise ValueError(f"it does not have the heads of {LANES} lanes of every log")
    files = {str(name): Copied(str(file["sha256"]), int(file["bytes"])) for name, file in statement["files"].items()}
    for name in files:
        if name.startswith("/") or ".." in Path(name).parts:
            raise ValueError(f"{name!r} is no path below the folder")
    made_at = datetime.fromisoformat(statement["made_at"])
    if made_at.tzinfo is None:
        raise ValueError("its time has no zone")
    return Manifest(made_at, str(statement["holds"]), dict(statement["versions"]), logs, files)
