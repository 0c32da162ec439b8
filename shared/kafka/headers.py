"""A recorded event as a Kafka record and back: CloudEvents 1.0, binary mode. The value is the data exactly as stored.

The attributes travel in headers (`ce_id`, `ce_type`, ...), so that a reader parses nothing but the data. Reading is
tolerant of what it need not know (other headers, their order) and strict about what it needs: whatever is missing, null,
not UTF-8 or contradicts itself raises `Undecodable` with the reason, never anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple

from shared.eventlog.chain import time_text
from shared.kernel.envelope import FORMAT, Recorded
from shared.kernel.event import Undecodable
from shared.kernel.lanes import LANES, lane_of

RawHeaders = Iterable[tuple[str, str | bytes | None]]

CONTENT_TYPE = "application/json"
_HASHED = itemgetter(
    "ce_format", "ce_source", "ce_lane", "ce_position", "ce_subject", "ce_streamversion", "ce_id", "ce_type",
    "ce_schemaversion", "ce_time", "ce_commandid", "ce_fingerprint", "ce_actor", "ce_origin",
)  # fmt: skip
"""The headers whose bytes the hash of an event covers, in this order, a line each; the value comes last."""
_BREAKS = 13
"""Between the lines of those headers."""
_ATTRIBUTES = itemgetter(
    "ce_specversion", "ce_format", "ce_subject", "ce_streamversion", "ce_id", "ce_type", "ce_schemaversion", "ce_time",
    "ce_commandid", "ce_actor", "ce_hash", "ce_fingerprint", "ce_origin",
)  # fmt: skip
_SOURCE = re.compile(r"^/[a-z0-9]{2,12}/([a-z0-9_]+)$")


class Coordinates(NamedTuple):
    """Where in which log an event stands. `source` is the service; whose deployment it is, the record's link says."""

    source: str
    lane: int
    position: int


def to_kafka(recorded: Recorded, deployment: str) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key (the stream), value (the data as stored) and headers of an event of a deployment's log."""
    stream = recorded.stream.encode()
    return (
        stream,
        recorded.data.encode(),
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", recorded.event_id.encode()),
            ("ce_format", FORMAT.encode()),
            ("ce_source", f"/{deployment}/{recorded.source}".encode()),
            ("ce_type", recorded.type.encode()),
            ("ce_time", time_text(recorded.recorded_at).encode()),
            ("ce_subject", stream),
            ("ce_dataschema", f"urn:lien-the:{recorded.type}:{recorded.schema_version}".encode()),
            ("content-type", CONTENT_TYPE.encode()),
            ("ce_lane", b"%d" % recorded.lane),
            ("ce_position", b"%d" % recorded.position),
            ("ce_streamversion", b"%d" % recorded.version),
            ("ce_schemaversion", b"%d" % recorded.schema_version),
            ("ce_actor", recorded.actor.encode()),
            ("ce_commandid", recorded.command_id.encode()),
            ("ce_fingerprint", recorded.fingerprint.hex().encode()),
            ("ce_origin", recorded.origin.encode()),
            ("ce_hash", recorded.hash.hex().encode()),
        ],
    )


def coordinates(headers: dict[str, str | bytes | None]) -> Coordinates:
    """Source, lane and position: enough to know whether the event is new. May raise `Undecodable`."""
    try:
        service = _service(headers["ce_source"])
        lane = int(headers["ce_lane"])  # pyright: ignore[reportArgumentType]  # None raises TypeError, as wanted
        position = int(headers["ce_position"])  # pyright: ignore[reportArgumentType]  # None raises TypeError, as wanted
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]} is missing") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise Undecodable(f"headers ce_source, ce_lane, ce_position do not say where the event stands: {error}") from error
    if not 0 <= lane < LANES or position < 1:
        raise Undecodable(f"there is no lane {lane} or no position {position}")
    return Coordinates(service, lane, position)


@lru_cache(maxsize=64)
def _service(source: str | bytes | None) -> str:
    """The service in `/deployment/service`; the same few come in every record. May raise `Undecodable`, and as `_text` does."""
    named = _SOURCE.match(_text(source))
    if named is None:
        raise Undecodable(f"ce_source {source!r} is not /deployment/service")
    return named[1]


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
        spec, form, stream, version, event_id, name, schema_version, time, command_id, actor, link, fingerprint, origin = (
            _texts(_ATTRIBUTES(headers))
        )
        if spec != "1.0" or form != FORMAT:
            raise Undecodable(f"ce_specversion is not 1.0, or ce_format is not {FORMAT}")
        recorded = Recorded(
            at.source, at.lane, at.position, stream, int(version), event_id, name, int(schema_version),
            datetime.fromisoformat(time), command_id, actor, value.decode(), bytes.fromhex(link),
            bytes.fromhex(fingerprint), origin,
        )  # fmt: skip
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise Undecodable(f"a header or the value is malformed: {error}") from error
    if recorded.recorded_at.tzinfo is None:
        raise Undecodable("ce_time has no time zone")
    return recorded


def link_of(before: bytes, value: bytes | None, headers: dict[str, str | bytes | None]) -> bytes:
    """The hash that follows the hash `before`, computed from a record's own bytes. May raise `Undecodable`."""
    if value is None:
        raise Undecodable("the record has no value (a tombstone)")
    try:
        lines = b"\n".join(_HASHED(headers))  # pyright: ignore[reportArgumentType]  # all bytes as a rule; TypeError if not
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]} is missing") from error
    except TypeError:
        lines = _encoded(_HASHED(headers))
    if lines.count(b"\n") != _BREAKS:  # no log has such an event, but one whose data have a line break has the same bytes
        raise Undecodable("a header holds a line break")
    return sha256(before + lines + b"\n" + value).digest()


def _encoded(values: Iterable[str | bytes | None]) -> bytes:
    """The lines of headers that came as texts. May raise `Undecodable`."""
    try:
        lines = [text.encode() if isinstance(text, str) else text for text in values]
        return b"\n".join(lines)  # pyright: ignore[reportCallIssue, reportArgumentType]  # None raises TypeError, as wanted
    except (TypeError, UnicodeEncodeError) as error:
        raise Undecodable(f"a header is null or no text: {error}") from error


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
