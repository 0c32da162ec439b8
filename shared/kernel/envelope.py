"""An event with its coordinates: where in the log it stands, who recorded it when, and the hash that chains it.

`Recorded` is what a store reads back, the relay publishes, Kafka carries (CloudEvents, binary mode) and a projection
folds. `data` is the JSON text exactly as stored: nobody re-encodes it on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FORMAT = "lien-the-2"
"""The format of an event: the first line of the bytes that its hash covers, and a header on the wire. Readers refuse others."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event as recorded. Positions of a lane are 1, 2, 3, ... without gap; so are the versions of a stream."""

    source: str
    """The service whose log this is: `clubs`, `trainings`, `monitoring`, `reporting`."""
    lane: int
    position: int
    stream: str
    version: int
    event_id: str
    type: str
    schema_version: int
    recorded_at: datetime
    """The database's clock under the lane's lock: never goes back in a lane. UTC."""
    command_id: str
    actor: str
    data: str
    hash: bytes
    """sha256(hash of the previous event of the lane || canonical bytes of this one)."""
    fingerprint: bytes
    """sha256 of the command's body and of whose it was: what a repeat of the command is held against."""
    origin: str = ""
    """Where the event was first recorded, if that was another deployment's log: one line of JSON. Empty at home."""
