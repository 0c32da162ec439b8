"""The identity of a partition: the id of its topic, and the first offset that it still holds.

A topic that was deleted and made again has the old name and another id, and the offsets of the old one mean nothing in it
though they may be within its range. A first offset that moved means that records were taken away. Blocks; call it in a thread.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# kafka-python has no types; what comes from it is turned into our own in this one function.

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import closing
from typing import Any, NamedTuple

from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

Where = tuple[str, int]
"""Topic and partition."""
_UNKNOWN_TOPIC = 3
_EARLIEST, _LATEST = -2, -1
"""What the protocol calls the first offset of a partition, and the one after its last record."""


class Standing(NamedTuple):
    """What a partition is now: its identity, the offset after its last record, and the hash of the event at an offset that was
    asked about (empty if none was, or if there is none)."""

    identity: str
    end: int
    last: str = ""


def standings(bootstrap: str, topic: str) -> dict[int, Standing]:
    """What each partition of a topic is; empty if there is no such topic. May raise what kafka-python raises."""
    admin = _client(bootstrap)
    with closing(admin):
        (described,) = admin.describe_topics([topic])
        if described["error_code"] == _UNKNOWN_TOPIC:
            return {}
        if described["error_code"] or not described["topic_id"]:
            raise TimeoutError(f"{topic} is not described: error {described['error_code']}")
        wanted = [TopicPartition(topic, part["partition_index"]) for part in described["partitions"]]
        firsts = admin.list_partition_offsets(dict.fromkeys(wanted, _EARLIEST))
        ends = admin.list_partition_offsets(dict.fromkeys(wanted, _LATEST))
        return {
            where.partition: Standing(f"{described['topic_id']}@{firsts[where].offset}", ends[where].offset) for where in wanted
        }


def first_of(identity: str) -> int:
    """The first offset that an identity names."""
    return int(identity.rpartition("@")[2])


def identities(bootstrap: str, partitions: Collection[Where]) -> dict[Where, str]:
    """The identity of each partition that exists. May raise what kafka-python raises."""
    admin = _client(bootstrap)
    with closing(admin):
        described = admin.describe_topics(sorted({topic for topic, _ in partitions}))
        ids = {topic["name"]: topic["topic_id"] for topic in described if not topic["error_code"] and topic["topic_id"]}
        wanted = [where for where in sorted(partitions) if where[0] in ids]
        if not wanted:
            return {}
        firsts = admin.list_partition_offsets({TopicPartition(*where): _EARLIEST for where in wanted})
        return {(topic, number): f"{ids[topic]}@{firsts[TopicPartition(topic, number)].offset}" for topic, number in wanted}


def topic_id(identity: str) -> str:
    """The id of the topic that an identity names."""
    return identity.partition("@")[0]


class Lasting:
    """Whether partitions are still those that a client met. A client that knew a topic reads nothing of another one of its name
    while that has a lower leader epoch, which it has if the broker was ever restarted: not after a seek, and not after a new
    assignment either. Whoever reads for long needs a new client then. Blocks; call it in a thread."""

    def __init__(self, bootstrap: str, partitions: Collection[Where], *, seconds: float = 5.0) -> None:
        """Call this before the client is made. May raise what kafka-python raises."""
        self._bootstrap = bootstrap
        self._partitions = partitions
        self._seconds = seconds
        self.met = identities(bootstrap, partitions)
        self._next = time.monotonic() + seconds

    def over(self) -> bool:
        """Whether some are others now; looks every few seconds. May raise what kafka-python raises."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        found = identities(self._bootstrap, self._partitions)
        return any(topic_id(found.get(where, identity)) != topic_id(identity) for where, identity in self.met.items())


def _client(bootstrap: str) -> Any:
    patience: dict[str, Any] = {"bootstrap_timeout_ms": 3000, "request_timeout_ms": 4000}
    return KafkaAdminClient(bootstrap_servers=bootstrap, client_id="lien-the-identity", **patience)
