"""What a broker says of itself, through kafka-python: how many there are, their version, copies that are missing, the clock.

The clock is read from the stamp that the broker itself puts on a record which no reader takes for anything. Blocks.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# kafka-python has no types; what comes from it is turned into our own in this one function.

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError


@dataclass(frozen=True, slots=True)
class Survey:
    """One look. `clock_off`: seconds by which the broker's clock differs, None if no record of its own stamp could be made."""

    brokers: int
    version: str
    under_replicated: tuple[str, ...]
    clock_off: float | None


def survey(bootstrap: str, stamped: str) -> Survey:
    """Look now. `stamped`: a topic whose records the broker stamps. May raise what kafka-python raises."""
    patience: dict[str, Any] = {"bootstrap_timeout_ms": 5000, "request_timeout_ms": 8000}
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap, client_id="clb-doctor", **patience)
    with closing(admin):
        brokers = admin.describe_cluster()["brokers"]
        names = [name for name in admin.list_topics() if not name.startswith("__")]
        lacking = [
            f"{topic['name']}/{partition['partition_index']}"
            for topic in admin.describe_topics(names)
            for partition in topic["partitions"]
            if len(partition["isr_nodes"]) < len(partition["replica_nodes"])
        ]
        found = admin.get_broker_version_data(brokers[0]["broker_id"]).broker_version
    version = ".".join(str(part) for part in found or ("?",))
    return Survey(len(brokers), version, tuple(lacking), _clock_off(bootstrap, stamped) if stamped in names else None)


def _clock_off(bootstrap: str, topic: str) -> float | None:
    """Put a record that means nothing on the topic and look at the broker's stamp."""
    patience: dict[str, Any] = {"bootstrap_timeout_ms": 5000, "max_block_ms": 8000}
    producer: Any = KafkaProducer(bootstrap_servers=bootstrap, client_id="clb-doctor", **patience)
    with closing(producer):
        before = time.time()
        try:
            stamp = producer.send(topic, b"clock").get(timeout=8).timestamp / 1000
        except KafkaError:
            return None
        return max(0.0, before - stamp, stamp - time.time())
