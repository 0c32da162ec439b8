"""A recorded event as a Kafka record and back: CloudEvents 1.0, binary mode. The value is the data exactly as stored.

The attributes travel in headers (`ce_id`, `ce_type`, ...), so that a reader parses nothing but the data. Reading is
tolerant of what it need not know (other headers, their order) and strict about what it needs: whatever is missing, null,
not UTF-8 or contradicts itself raises `Undecodable` with the reason, never anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

from shared.kernel.envelope import Recorded
from shared.kernel.event import Undecodable
from shared.kernel.lanes import LANES, lane_of

RawHeaders = Iterable[tuple[str, str | bytes | None]]

CONTENT_TYPE = "application/json"
_ATTRIBUTES = itemgetter(
    "ce_specversion", "ce_subject", "ce_streamversion", "ce_id", "ce_type", "ce_schemaversion", "ce_time", "ce_commandid",
    "ce_actor", "ce_hash",
)  # fmt: skip


class Coordinates(NamedTuple):
    """Where in which log an event stands."""

    source: str
    lane: int
    position: int


def to_kafka(recorded: Recorded) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key (the stream), value (the data as stored) and headers of an event."""
    time = recorded.recorded_at.astimezone(UTC).replace(tzinfo=None).isoformat()
    stream = recorded.stream.encode()
    return (
        stream,
        recorded.data.encode(),
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", recorded.event_id.encode()),
            ("ce_source", recorded.source.encode()),
            ("ce_type", recorded.type.encode()),
            ("ce_time", f"{time}Z".encode()),
            ("ce_subject", stream),
            ("ce_dataschema", f"urn:lien-the:{recorded.type}:{recorded.schema_version}".encode()),
            ("content-type", CONTENT_TYPE.encode()),
            ("ce_lane", b"%d" % recorded.lane),
            ("ce_position", b"%d" % recorded.position),
            ("ce_streamversion", b"%d" % recorded.version),
            ("ce_schemaversion", b"%d" % recorded.schema_version),
            ("ce_actor", recorded.actor.encode()),
            ("ce_commandid", recorded.command_id.encode()),
            ("ce_hash", recorded.hash.hex().encode()),
        ],
    )


def coordinates(headers: dict[str, str | bytes | None]) -> Coordinates:
    """Source, lane and position: enough to know whether the event is new. May raise `Undecodable`."""
    try:
        source = headers["ce_source"]
        lane = int(headers["ce_lane"])  # pyright: ignore[reportArgumentType]  # None raises TypeError, as wanted
        position = int(headers["ce_position"])  # pyright: ignore[reportArgumentType]  # None raises TypeError, as wanted
        if not isinstance(source, str):
            source = source.decode()  # pyright: ignore[reportOptionalMemberAccess]  # None raises AttributeError, as wanted
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]} is missing") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise Undecodable(f"headers ce_source, ce_lane, ce_position do not say where the event stands: {error}") from error
    if not 0 <= lane < LANES or position < 1:
        raise Undecodable(f"there is no lane {lane} or no position {position}")
    return Coordinates(source, lane, position)


def stream_of(key: bytes | None, headers: dict[str, str | bytes | None], lane: int) -> str:
    """The stream by its header, or by the record's key; it must live in the lane. May raise `Undecodable`."""
    for candidate in (headers.get("ce_subject"), key):
        try:
            stream = candidate.decode() if isinstance(candidate, bytes) else candidate
        except UnicodeDecodeError:
            continue
        if stream:
            if lane_of(stream) != lane:
                raise Undecodable(f"stream {stream} is not of lane {lane}")
            return stream
    raise Undecodable("neither the header ce_subject nor the key names a stream")


def from_kafka(value: bytes | None, headers: RawHeaders | None) -> Recorded:
    """The event of a record. May raise `Undecodable`, and nothing else."""
    found = dict(headers or ())
    at = coordinates(found)
    stream_of(None, found, at.lane)
    return recorded_of(value, found, at)


def recorded_of(value: bytes | None, headers: dict[str, str | bytes | None], at: Coordinates) -> Recorded:
    """The event of a record whose coordinates are known already. May raise `Undecodable`, and nothing else."""
    if value is None:
        raise Undecodable("the record has no value (a tombstone)")
    try:
        spec, stream, version, event_id, name, schema_version, time, command_id, actor, link = _texts(_ATTRIBUTES(headers))
        if spec != "1.0":
            raise Undecodable("ce_specversion is not 1.0")
        recorded = Recorded(
            at.source, at.lane, at.position, stream, int(version), event_id, name, int(schema_version),
            datetime.fromisoformat(time), command_id, actor, value.decode(), bytes.fromhex(link),
        )  # fmt: skip
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise Undecodable(f"a header or the value is malformed: {error}") from error
    if recorded.recorded_at.tzinfo is None:
        raise Undecodable("ce_time has no time zone")
    return recorded


def _texts(values: Iterable[str | bytes | None]) -> list[str]:
    """May raise `AttributeError` for None and `ValueError` for bytes that are not UTF-8."""
    try:
        return [*map(bytes.decode, values)]  # pyright: ignore[reportArgumentType]  # all bytes as a rule; TypeError if not
    except TypeError:
        return [_text(value) for value in values]


def hash_of(headers: dict[str, str | bytes | None]) -> bytes | None:
    """The hash of an event whose other headers or data may be bad; None if it cannot be read either."""
    try:
        return bytes.fromhex(_text(headers["ce_hash"]))
    except (KeyError, ValueError, AttributeError):
        return None


def _text(value: str | bytes | None) -> str:
    """May raise `AttributeError` for None and `ValueError` for bytes that are not UTF-8."""
    return value if isinstance(value, str) else value.decode()  # pyright: ignore[reportOptionalMemberAccess]  # as wanted
