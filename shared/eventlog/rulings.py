"""Rulings: which of two records at one position of a lane is the log's, decided for ever and signed.

The hash of an event has no key, so whoever reads a topic can compute a link that follows. Where two records follow at one
position, a ruling names the hash of the true one. It stands among the checkpoints, in their file and on their topic; every
reader loads rulings before it reads, and takes nothing else at that position. Refuses a line that is malformed or signed by
another key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint, canonical_json, is_ruling, read_line, signed_line
from shared.eventlog.records import NONE, LogIdentity
from shared.eventlog.signing import PublicKey, SigningKey
from shared.kernel.lanes import LANES

_FORMAT = 2
_PREFIX = b"lien-the ruling 2\n"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The record at this position of a lane is the one with this hash, or (`stands` false: the log holds nothing there) it is
    not. `by` says in words who decided, and on what."""

    source: str
    identity: LogIdentity
    lane: int
    position: int
    hash: bytes
    time: datetime
    by: str
    stands: bool = True

    def line(self, key: SigningKey) -> str:
        """The ruling with its signature, as one line."""
        return signed_line("ruling", self._statement(), self._content, key)

    @property
    def _content(self) -> bytes:
        return _PREFIX + canonical_json(self._statement())

    def _statement(self) -> dict[str, Any]:
        return {
            "by": self.by,
            "deployment": self.identity.deployment,
            "format": _FORMAT,
            "hash": self.hash.hex(),
            "lane": self.lane,
            "log": self.identity.log_id,
            "position": self.position,
            "source": self.source,
            "stands": self.stands,
            "time": self.time.astimezone(UTC).isoformat(),
        }

    def signed(self, signature: bytes, public: PublicKey) -> bool:
        """Whether this is the key's signature of this ruling."""
        return public.signed(signature, self._content)


def void(ruling: Ruling, checkpoints: Iterable[Checkpoint]) -> bool:
    """Whether a person has given up, after it was made, the record that a ruling says stands."""
    return ruling.stands and any(
        checkpoint.time > ruling.time and checkpoint.source == ruling.source and ruling.position > kept
        for checkpoint in checkpoints
        for lane, kept in checkpoint.given_up
        if lane == ruling.lane
    )


def read_statement(line: str, public: PublicKey | None) -> Checkpoint | Ruling:
    """A signed line: a checkpoint or a ruling; without a key its signature is taken as it is. May raise `BadCheckpoint`."""
    if not is_ruling(line):
        return read_line(line, public)
    try:
        found = json.loads(line)
        statement = found["ruling"]
        if statement["format"] != _FORMAT:
            raise BadCheckpoint(f"format {statement['format']} is not {_FORMAT}")
        ruling = Ruling(
            str(statement["source"]),
            LogIdentity(str(statement["deployment"]), str(statement["log"])),
            int(statement["lane"]),
            int(statement["position"]),
            bytes.fromhex(statement["hash"]),
            datetime.fromisoformat(statement["time"]),
            str(statement["by"]),
            bool(statement["stands"]),
        )
        signature = bytes.fromhex(found["signature"])
    except (ValueError, TypeError, KeyError, AttributeError) as failure:
        raise BadCheckpoint(f"no ruling: {type(failure).__name__} {failure}") from failure
    if not 0 <= ruling.lane < LANES or ruling.position < 1 or len(ruling.hash) != len(NONE) or ruling.time.tzinfo is None:
        raise BadCheckpoint("it does not say of which position of a lane it speaks, or when")
    if public is not None and not ruling.signed(signature, public):
        raise BadCheckpoint(f"it is not signed by the key {public.name}")
    return ruling
