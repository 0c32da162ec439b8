"""What goes into a log and what comes back: an append and its outcome. Frozen values, no behaviour.

An append is one command with the events it causes, for one stream at the version that the decision saw. Its outcome is
an answer (`Appended`), a conflict, or the refusal of a command id that was used for something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

NONE = bytes(32)
"""The hash of nothing: before the first of a series of checkpoints."""

RECORDED = """source, lane, position, stream, version, event_id::text, type, schema_version, recorded_at,
    command_id::text, actor, data, hash, fingerprint, origin"""
"""The columns of `log.events`, in the order of the fields of `Recorded`."""


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Which log it is: the deployment that it belongs to (`vn`, `38`), and a random id that it has for ever.

    Each lane begins with a hash of the log's own id, so the first record of another log does not follow ours.
    """

    deployment: str
    log_id: str

    def genesis(self, lane: int) -> bytes:
        """The hash before the first event of a lane."""
        return sha256(f"lien-the lane\n{self.log_id}\n{lane}".encode()).digest()

    def wire_source(self, service: str) -> str:
        """What a record says of where it comes from (`ce_source`): `/vn/clubs`."""
        return f"/{self.deployment}/{service}"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is to be recorded; `data` is its JSON text, kept byte for byte."""

    event_id: str
    type: str
    schema_version: int
    data: str


@dataclass(frozen=True, slots=True)
class Append:
    """One command's events for one stream. `expected` is the version that the decision saw, 0 for a new stream.

    `recorded_at` is accepted only by a log that is marked as simulated. Without events the command is answered and stored,
    and the stream stays as it is.
    """

    command_id: str
    fingerprint: bytes
    stream: str
    expected: int
    events: tuple[NewEvent, ...]
    actor: str
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """The answer of a command: the last version and position that it took. `repeated` says that it was stored before."""

    command_id: str
    stream: str
    version: int
    lane: int
    position: int
    recorded_at: datetime
    event_ids: tuple[str, ...]
    repeated: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """The stream is at another version than the decision saw; nothing was stored for this command."""

    command_id: str
    stream: str
    actual: int


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The command id was used before with another body or for another stream; nothing was stored."""

    command_id: str


Outcome = Appended | Conflict | Mismatch


@dataclass(frozen=True, slots=True)
class LaneHead:
    """How far a lane is: its last position, the hash that proves everything up to it, and the time of its last event."""

    lane: int
    position: int
    hash: bytes
    last_at: datetime
