"""Processes on topics of their own: every test has new databases, and what another database's log published is not theirs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from shared.kafka import topics
from shared.kafka.identity import identities as identities_of
from tests.system.test_processes import Processes


@pytest.fixture
async def processes(tmp_path: Path, kafka_bootstrap: str, postgres: Any) -> AsyncIterator[Processes]:
    await asyncio.to_thread(make_topics_anew, kafka_bootstrap)
    found = Processes(tmp_path, kafka_bootstrap, postgres)
    yield found
    await asyncio.gather(*(child.stop() for child in reversed(found.children)))


def make_topics_anew(bootstrap: str) -> None:
    """Every topic of the services, empty."""
    wanted = [(topic, 0) for topic in topics.wanted_topics()]
    topics.apply(bootstrap)
    before = identities_of(bootstrap, wanted)
    client: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
    client.delete_topics([topic for topic, _ in wanted])
    client.close()
    deadline = time.monotonic() + 60
    while True:
        try:
            topics.apply(bootstrap)
            now = identities_of(bootstrap, wanted)
        except (KafkaError, UnknownTopicOrPartitionError):
            now = {}
        if len(now) == len(wanted) and not any(now[each] == before.get(each) for each in wanted):
            return
        assert time.monotonic() < deadline, "the topics were not made anew"
        time.sleep(0.2)
