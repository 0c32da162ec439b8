"""Signed checkpoints: what a log was at some time, as its 64 lane heads, under a signature that no database can make.

A head's hash proves every event behind it, so whoever keeps a checkpoint can tell later that an event was changed, removed
or put in, also when chain and heads were computed anew. Each names the hash of the one before. A file of them only grows.
Refuses a line that is malformed, signed by another key, or of another log; says in words where a line is missing.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from shared.eventlog.records import NONE, LaneHead, LogIdentity
from shared.eventlog.signing import PublicKey, SigningKey
from shared.kernel.errors import Refused
from shared.kernel.lanes import LANES

_FORMAT = 2
_TAIL = 64 * 1024
_PREFIX = b"lien-the checkpoint 2\n"
"""Before the signed bytes, so that a signature of something else is never one of a checkpoint."""

Head = tuple[int, bytes]
"""Position and hash."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at a time."""

    source: str
    identity: LogIdentity
    time: datetime
    heads: tuple[Head, ...]
    """One a lane, in order."""
    previous: bytes
    """The hash of the checkpoint before; 32 zero bytes before the first."""
    given_up: tuple[tuple[int, int], ...] = ()
    """Lanes that lost for good what was signed of them, each with the last position that they kept of it: a person has given up
    what earlier checkpoints sign behind it."""

    @property
    def content(self) -> bytes:
        """The bytes that are signed: canonical JSON after a fixed line."""
        return _PREFIX + canonical_json(self._statement())

    @property
    def hash(self) -> bytes:
        """What the next checkpoint names."""
        return sha256(self.content).digest()

    @property
    def events(self) -> int:
        """How many events it proves."""
        return sum(position for position, _ in self.heads)

    def line(self, key: SigningKey) -> str:
        """The checkpoint with its signature, as one line."""
        return signed_line("checkpoint", self._statement(), self.content, key)

    def _statement(self) -> dict[str, Any]:
        return {
            "deployment": self.identity.deployment,
            "format": _FORMAT,
            "given_up": [[lane, position] for lane, position in self.given_up],
            "heads": [[position, digest.hex()] for position, digest in self.heads],
            "log": self.identity.log_id,
            "previous": self.previous.hex(),
            "source": self.source,
            "time": self.time.astimezone(UTC).isoformat(),
        }


def checkpoint_of(
    source: str, identity: LogIdentity, heads: Mapping[int, LaneHead], time: datetime, previous: Checkpoint | None
) -> Checkpoint:
    """The checkpoint of a log's heads."""
    found = tuple((heads[lane].position, heads[lane].hash) for lane in range(LANES))
    return Checkpoint(source, identity, time, found, previous.hash if previous else NONE)


class BadCheckpoint(Exception):
    """A line that is no checkpoint, or is not signed by the key."""


def read_line(line: str, public: PublicKey | None) -> Checkpoint:
    """A signed line; without a key its signature is taken as it is. May raise `BadCheckpoint`."""
    try:
        found = json.loads(line)
        statement = found["checkpoint"]
        if statement["format"] != _FORMAT:
            raise BadCheckpoint(f"format {statement['format']} is not {_FORMAT}")
        heads = tuple((int(position), bytes.fromhex(digest)) for position, digest in statement["heads"])
        checkpoint = Checkpoint(
            str(statement["source"]),
            LogIdentity(str(statement["deployment"]), str(statement["log"])),
            datetime.fromisoformat(statement["time"]),
            heads,
            bytes.fromhex(statement["previous"]),
            tuple((int(lane), int(position)) for lane, position in statement["given_up"]),
        )
        signature = bytes.fromhex(found["signature"])
    except (ValueError, TypeError, KeyError, AttributeError) as failure:
        raise BadCheckpoint(f"no checkpoint: {type(failure).__name__} {failure}") from failure
    if len(heads) != LANES or any(position < 0 or len(digest) != len(NONE) for position, digest in heads):
        raise BadCheckpoint(f"it does not have the heads of {LANES} lanes")
    if checkpoint.time.tzinfo is None:
        raise BadCheckpoint("its time has no zone")
    if public is not None and not public.signed(signature, checkpoint.content):
        raise BadCheckpoint(f"it is not signed by the key {public.name}")
    return checkpoint


def read_file(path: Path) -> Iterator[str]:
    """The lines of a file, one after the other. May raise `Refused` (`no-checkpoints`)."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from (line for line in file if line.strip())
    except OSError as failure:
        raise Refused(
            "no-checkpoints",
            f"Không đọc được tệp điểm kiểm {path} ({type(failure).__name__}): chỉ tệp khác bằng --checkpoints.",
            f"The file of checkpoints {path} cannot be read ({type(failure).__name__}): name another by --checkpoints.",
        ) from failure


def last_of(path: Path) -> Checkpoint | None:
    """The last checkpoint of a file, None if there is none yet. May raise `BadCheckpoint`."""
    if not path.exists():
        return None
    size, wanted = path.stat().st_size, _TAIL
    while True:  # rulings stand among them, and however many there are, the last checkpoint is before them
        lines = [line for line in last_lines(path, wanted) if not is_ruling(line)]
        if len(lines) > 1 or (lines and wanted >= size):
            return read_line(lines[-1], None)
        if wanted >= size:
            return None
        wanted *= 8


def append_line(path: Path, line: str) -> None:
    """Put a line at the end of a file, on the disk when this returns. One writer at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    with os.fdopen(handle, "wb") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def numbered(lines: Iterable[str], public: PublicKey | None, source: str) -> Iterator[tuple[int, Checkpoint]]:
    """The checkpoints of one log, with their line's number. May raise `BadCheckpoint` with the number in words."""
    for number, line in enumerate(lines, start=1):
        if is_ruling(line):
            continue
        try:
            checkpoint = read_line(line, public)
        except BadCheckpoint as bad:
            raise BadCheckpoint(f"line {number}: {bad}") from bad
        if checkpoint.source == source:
            yield number, checkpoint


def is_ruling(line: str) -> bool:
    """Whether a line is not a checkpoint but a ruling (`rulings.py`), which stands among them."""
    return '"ruling":{' in line


def last_lines(path: Path, wanted: int = _TAIL) -> list[str]:
    """The last lines of a file, without reading all of it: a line is about 4,600 bytes long. The first may be cut."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - wanted))
        return [line for line in file.read().decode(errors="replace").split("\n") if line.strip()]


def signed_line(kind: str, statement: object, content: bytes, key: SigningKey) -> str:
    """A statement with the key's signature of its content, as one line."""
    return canonical_json({kind: statement, "key": key.public.name, "signature": key.sign(content).hex()}).decode()


def canonical_json(value: object) -> bytes:
    """The bytes that are signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
