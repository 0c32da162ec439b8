"""Topics as code, on a real broker."""

from __future__ import annotations

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from shared.kafka import topics
from tests.shared.flow import new_source


def test_applied_topics_are_as_wanted_and_applying_again_does_nothing(kafka_bootstrap: str) -> None:
    sources = (new_source(), new_source())
    assert topics.check(kafka_bootstrap, sources) == [
        f"topic {source}.{kind} is missing" for kind in ("events", "checkpoints", "refills") for source in sources
    ]
    assert len(topics.apply(kafka_bootstrap, sources)) == 6
    assert topics.check(kafka_bootstrap, sources) == []
    assert topics.apply(kafka_bootstrap, sources) == []


def test_a_setting_that_drifted_is_said_in_words_and_set_back(kafka_bootstrap: str) -> None:
    source = new_source()
    topics.apply(kafka_bootstrap, (source,))
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, f"{source}.events", {"retention.ms": "1000"})])
    admin.close()
    assert topics.check(kafka_bootstrap, (source,)) == [f"{source}.events has retention.ms = 1000, not -1"]
    assert topics.apply(kafka_bootstrap, (source,)) == [f"set retention.ms of {source}.events from 1000 to -1"]
    assert topics.check(kafka_bootstrap, (source,)) == []


def test_a_topic_with_another_number_of_partitions_is_said_and_left_alone(kafka_bootstrap: str) -> None:
    source = new_source()
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    admin.create_topics({f"{source}.events": {"num_partitions": 3, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    topics.apply(kafka_bootstrap, (source,))
    assert topics.check(kafka_bootstrap, (source,)) == [f"{source}.events has 3 partitions, not 6"]
