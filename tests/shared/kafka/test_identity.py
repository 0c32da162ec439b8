"""Asking a broker what its partitions are."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.identity import Offsets, identities
from shared.local.process import free_port


def threads() -> int:
    """Of the operating system, those of Kafka's client among them."""
    return len(list(Path("/proc/self/task").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_a_question_to_a_broker_that_is_away_leaves_no_client_behind() -> None:
    """The collector of cycles comes by seldom in a process that reads nothing. Seen to fail with the answers' own exceptions
    raised: each question left a client with four threads, which went on knocking."""
    nowhere = f"127.0.0.1:{free_port()}"
    gc.collect()
    gc.disable()
    try:
        before = threads()
        for _ in range(2):
            with pytest.raises(BROKER_FAILURES):
                identities(nowhere, [("clubs.events", 0)])
        assert threads() <= before + 1
    finally:
        gc.enable()


def test_a_topic_that_there_is_not_has_no_identity_and_no_end(kafka_bootstrap: str) -> None:
    assert identities(kafka_bootstrap, [("no-such.events", 0)]) == {}
    assert Offsets(kafka_bootstrap).ends([]) == {}
