"""The identity of a partition: the id of its topic, and the first offset that it still holds.

A topic that was deleted and made again has the old name and another id, and the offsets of the old one mean nothing in it
though they may be within its range. A first offset that moved means that records were taken away. Blocks; call it in a thread.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# kafka-python has no types; what comes from it is turned into our own in this one function.

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

Where = tuple[str, int]
"""Topic and partition."""
_EARLIEST = -2
"""What the protocol calls the first offset of a partition."""


def identities(bootstrap: str, partitions: Collection[Where]) -> dict[Where, str]:
    """The identity of each partition that exists. May raise what kafka-python raises."""
    patience: dict[str, Any] = {"bootstrap_timeout_ms": 3000, "request_timeout_ms": 4000}
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap, client_id="lien-the-identity", **patience)
    with closing(admin):
        described = admin.describe_topics(sorted({topic for topic, _ in partitions}))
        ids = {topic["name"]: topic["topic_id"] for topic in described if not topic["error_code"] and topic["topic_id"]}
        wanted = [where for where in sorted(partitions) if where[0] in ids]
        if not wanted:
            return {}
        firsts = admin.list_partition_offsets({TopicPartition(*where): _EARLIEST for where in wanted})
        return {(topic, number): f"{ids[topic]}@{firsts[TopicPartition(topic, number)].offset}" for topic, number in wanted}
