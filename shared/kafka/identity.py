"""The identity of a partition: the id of its topic, and the first offset that it still holds.

A topic that was deleted and made again has the old name and another id, and the offsets of the old one mean nothing in it
though they may be within its range. A first offset that moved means that records were taken away. Blocks; call it in a thread.
"""

# pyright: reportPrivateImportUsage=false
# confluent-kafka documents these names, and does not say in its types that it exports them.

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec, TopicDescription

Where = tuple[str, int]
"""Topic and partition."""
_SECONDS = 4.0
"""How long one question to the broker may take."""
_LASTING_SECONDS = 5.0
_NO_LEADER_YET = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART)


class Standing(NamedTuple):
    """What a partition is now: its identity, the offset after its last record, and the hash of the event at an offset that was
    asked about (empty if none was, or if there is none)."""

    identity: str
    end: int
    last: str = ""


def standings(bootstrap: str, topic: str) -> dict[int, Standing]:
    """What each partition of a topic is; empty if there is no such topic. May raise `KafkaException` and `TimeoutError`."""
    admin = _client(bootstrap)
    described = _described(admin, [topic]).get(topic)
    if described is None:
        return {}
    wanted = [(topic, part.id) for part in described.partitions]
    firsts, ends = _offsets(admin, wanted, OffsetSpec.earliest()), _offsets(admin, wanted, OffsetSpec.latest())
    return {at[1]: Standing(f"{described.topic_id}@{firsts[at]}", ends[at]) for at in wanted}


def first_of(identity: str) -> int:
    """The first offset that an identity names."""
    return int(identity.rpartition("@")[2])


def identities(bootstrap: str, partitions: Collection[Where]) -> dict[Where, str]:
    """The identity of each partition that exists. May raise `KafkaException` and `TimeoutError`."""
    admin = _client(bootstrap)
    described = _described(admin, sorted({topic for topic, _ in partitions}))
    existing = {(topic, part.id) for topic, found in described.items() for part in found.partitions}
    firsts = _offsets(admin, existing.intersection(partitions), OffsetSpec.earliest())
    return {where: f"{described[where[0]].topic_id}@{first}" for where, first in firsts.items()}


def topic_id(identity: str) -> str:
    """The id of the topic that an identity names."""
    return identity.partition("@")[0]


class Lasting:
    """Whether partitions are still those that a client met. A client that knew a topic reads nothing of another one of its name
    while that has a lower leader epoch, which it has if the broker was ever restarted: not after a seek, and not after a new
    assignment either. Whoever reads for long needs a new client then. Blocks; call it in a thread."""

    def __init__(self, bootstrap: str, partitions: Collection[Where]) -> None:
        """Call this before the client is made. May raise `KafkaException` and `TimeoutError`."""
        self._bootstrap = bootstrap
        self._partitions = partitions
        self.met = identities(bootstrap, partitions)
        self._next = time.monotonic() + _LASTING_SECONDS

    def over(self) -> bool:
        """Whether some are others now; looks every few seconds. May raise `KafkaException` and `TimeoutError`."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _LASTING_SECONDS
        found = identities(self._bootstrap, self._partitions)
        return any(topic_id(found.get(where, identity)) != topic_id(identity) for where, identity in self.met.items())


class Offsets:
    """Asks one broker again and again. Blocks; call it in a thread."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin: Any = None

    def counts(self, topics: Collection[str]) -> dict[str, int]:
        """How many partitions each topic has. May raise `KafkaException`, also for a topic that there is not."""
        self._admin = self._admin or _client(self._bootstrap)
        found = {topic: len(one.partitions) for topic, one in _described(self._admin, sorted(topics)).items()}
        if missing := set(topics) - found.keys():
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, f"there are no topics {sorted(missing)}"))
        return found

    def ends(self, partitions: Collection[Where]) -> dict[Where, int]:
        """The offset after the last record of each partition. May raise `KafkaException` and `TimeoutError`."""
        self._admin = self._admin or _client(self._bootstrap)
        return _offsets(self._admin, partitions, OffsetSpec.latest())


def _client(bootstrap: str) -> Any:
    """The client, whose answers have no types. It lives as long as somebody holds it: so nothing that went wrong may."""
    return AdminClient({"bootstrap.servers": bootstrap, "client.id": "lien-the-identity", "log_level": 0})


def _told(answer: Any) -> KafkaError | None:
    """What went wrong. An answer that raises keeps what called it, and that the client, until the collector comes by."""
    failure = answer.exception(2 * _SECONDS)
    if failure is not None and not isinstance(failure, KafkaException):
        raise TimeoutError(str(failure))
    return None if failure is None else failure.args[0]


def _described(admin: Any, topics: Collection[str]) -> dict[str, TopicDescription]:
    """Those that exist."""
    found: dict[str, TopicDescription] = {}
    if not topics:
        return found
    for topic, answer in admin.describe_topics(TopicCollection(list(topics)), request_timeout=_SECONDS).items():
        error = _told(answer)
        if error is None:
            found[topic] = answer.result()
        elif error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise KafkaException(error)
    return found


def _offsets(admin: Any, partitions: Collection[Where], which: Any) -> dict[Where, int]:
    """A partition that was made a moment ago has no leader yet: it is asked again."""
    found: dict[Where, int] = {}
    wanted = sorted(partitions)
    deadline = time.monotonic() + _SECONDS
    while wanted:
        asked = admin.list_offsets({TopicPartition(*where): which for where in wanted}, request_timeout=_SECONDS)
        for at, answer in asked.items():
            error = _told(answer)
            if error is None:
                found[at.topic, at.partition] = answer.result().offset
            elif error.code() not in _NO_LEADER_YET or time.monotonic() > deadline:
                raise KafkaException(error)
        if wanted := [where for where in wanted if where not in found]:
            time.sleep(0.1)  # blocks, as is said above: callers use a thread
    return found
