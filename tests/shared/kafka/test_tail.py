"""Reading outside of a group: what cannot begin leaves nothing behind."""

from __future__ import annotations

import threading

import pytest
from confluent_kafka import KafkaException

from shared.kafka.tail import Tail
from tests.shared.flow import new_source, until


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("kafka-tail")]


async def test_a_topic_that_is_not_there_is_no_empty_one_and_what_was_begun_is_let_go(kafka_bootstrap: str) -> None:
    """Who tries again every half second while a broker is away would hold a client and a thread more each time. Seen to fail:
    each of the three held its thread."""
    held: list[Tail] = []
    for _ in range(3):
        held.append(Tail(kafka_bootstrap, [f"{new_source()}.events"], {}))
        with pytest.raises(KafkaException):
            async with held[-1]:
                pass
    await until(lambda: threads() == [], 5)
