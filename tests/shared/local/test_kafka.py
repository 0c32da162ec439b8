"""The real Kafka keeps its records across a kill and a change of port, and says why when it cannot start."""

import os
import signal

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from shared.kafka.roundtrip import TOPIC
from shared.kernel.errors import Refused
from shared.local.kafka import Kafka
from shared.local.process import free_port

pytestmark = pytest.mark.timeout(300)


def broker(folder):
    port = free_port()
    return Kafka(folder, port=port, controller_port=free_port(besides=[port]), heap_mb=256, short_lived=True)


async def test_records_survive_a_kill_and_a_start_on_another_port(server_dir):
    first = broker(server_dir / "killed")
    child = await first.start()
    try:
        producer = KafkaProducer(bootstrap_servers=first.bootstrap, acks="all")
        placed = producer.send(TOPIC, b"kept", partition=0).get(timeout=10)
        producer.close()
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.stop_now()
    second = broker(server_dir / "killed")
    await second.start()
    try:
        consumer = KafkaConsumer(bootstrap_servers=second.bootstrap, consumer_timeout_ms=10_000)
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        consumer.seek(partition, placed.offset)
        assert next(consumer).value == b"kept"
        consumer.close()
    finally:
        await second.stop()


async def test_a_broker_that_ends_at_once_is_refused_with_its_last_words(server_dir):
    kafka = broker(server_dir / "refused")
    kafka.prepare()
    identity = server_dir / "refused" / "data" / "meta.properties"
    identity.write_text("version=1\nnode.id=7\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n")
    with pytest.raises(Refused) as refused:
        await kafka.start()
    assert refused.value.slug == "process-did-not-start"
    assert str(server_dir / "refused") in refused.value.vi
