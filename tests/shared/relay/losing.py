"""What a broker can lose, done to a real one; and a reader that takes nothing but the next position of each lane."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from shared.kafka import topics
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.identity import identities, topic_id
from tests.shared.flow import Place, published


def admin(bootstrap: str) -> Any:
    return KafkaAdminClient(bootstrap_servers=bootstrap)


def make_anew(flow: Place) -> None:
    """Delete the topic of a source's events and make it again, empty."""
    anew(flow.bootstrap, [f"{flow.source}.events"], flow.source)


def anew(bootstrap: str, names: Sequence[str], source: str) -> None:
    """Delete topics of a source and make them anew. Blocks."""
    wanted = [(name, 0) for name in names]
    before = identities(bootstrap, wanted)
    client = admin(bootstrap)
    client.delete_topics([*names])
    client.close()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            topics.apply(bootstrap, (source,))
            now = identities(bootstrap, wanted)
        except BROKER_FAILURES:
            now = {}
        if now.keys() == before.keys() and all(topic_id(now[each]) != topic_id(before[each]) for each in now):
            return
        time.sleep(0.2)
    raise AssertionError("the topics were not made anew")


def take_away(flow: Place, before: Mapping[int, int]) -> None:
    """The records of these partitions before an offset, as retention does it."""
    take_away_from(flow.bootstrap, f"{flow.source}.events", before)


def take_away_from(bootstrap: str, topic: str, before: Mapping[int, int]) -> None:
    """The same, of any topic."""
    client = admin(bootstrap)
    client.delete_records({TopicPartition(topic, number): offset for number, offset in before.items()})
    client.close()


def whole_lanes(flow: Place) -> dict[int, list[tuple[int, str]]]:
    """What a newcomer takes from the topic: of each lane position 1, then 2, ..., passing over what is not the next."""
    taken: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for records in published(flow.bootstrap, flow.source).values():
        for lane, position, event_id in records:
            if position == len(taken[lane]) + 1:
                taken[lane].append((position, event_id))
    return {lane: found for lane, found in taken.items() if found}


def cut_off(data: Path, topic: str) -> int:
    """Cut the last batch of each of a topic's files in two, in the folder of a broker that is down; answers of how many.

    The broker finds half a batch when it starts and gives it up, as after a power failure.
    """
    (data / ".kafka_cleanshutdown").unlink(missing_ok=True)
    files = [file for file in data.glob(f"{topic}-*/*.log") if file.stat().st_size]
    for file in files:
        os.truncate(file, file.stat().st_size - 10)
    return len(files)
