"""A record as it came out of Kafka, before anybody has understood it: raw bytes with where they stood."""

from __future__ import annotations

from typing import NamedTuple


class Received(NamedTuple):
    """One record. `headers` is empty when they could not even be read as a list."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, str | bytes | None]]


class Outgoing(NamedTuple):
    """One record to publish, into a partition that is chosen by the caller."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


class Placed(NamedTuple):
    """Where a batch came to stand in a partition: from this offset up to the one before `next`."""

    first: int
    next: int


class Partition(NamedTuple):
    """One partition of a topic, and how many the topic has."""

    topic: str
    partition: int
    of: int
