"""The topics as code: for each service its events and its signed checkpoints, both kept for ever, and requests for a refill.

`apply` makes the broker so, `check` says where it is not.

Both are repeatable. `apply` never deletes a topic and never changes the number of partitions of one that exists, since
that would send a lane to another partition: `check` says so in words instead. Spoken to through kafka-python, which
shares no code with the clients that carry the events. Both functions block: call them in a thread.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# kafka-python has no types; what comes from it is turned into plain dicts in two functions below.

from __future__ import annotations

from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from shared.kernel.services import SERVICES

PARTITIONS = 6
REFILL_DAYS = 1
"""A request for a refill is repeated as long as its gap lasts; an old one is of no use to anybody."""
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Above any event: the largest field is 2,000 characters, and the log refuses more than a megabyte."""


def topic_of(source: str) -> str:
    """The topic that carries a service's events."""
    return f"{source}.events"


def checkpoints_topic(source: str) -> str:
    """The topic on which a service publishes signed checkpoints of its log, for whoever keeps copies."""
    return f"{source}.checkpoints"


def refills_topic(source: str) -> str:
    """The topic on which readers ask a service to publish a lane again."""
    return f"{source}.refills"


def wanted_topics(sources: tuple[str, ...] = SERVICES) -> dict[str, int]:
    """Every topic and its number of partitions."""
    return {
        **{topic_of(source): PARTITIONS for source in sources},
        **{checkpoints_topic(source): 1 for source in sources},
        **{refills_topic(source): 1 for source in sources},
    }


def wanted_configuration(topic: str, replicas: int) -> dict[str, str]:
    """What a topic must be set to, given how many brokers hold a copy."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(REFILL_DAYS * 86_400_000) if topic.endswith(".refills") else "-1",
        "retention.bytes": "-1",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "min.insync.replicas": str(max(1, replicas - 1)),
        "compression.type": "producer",
        "message.timestamp.type": "LogAppendTime" if topic.endswith(".refills") else "CreateTime",
        "unclean.leader.election.enable": "false",
    }


def apply(bootstrap: str, sources: tuple[str, ...] = SERVICES) -> list[str]:
    """Create the missing topics and set what differs. Returns in words what was done."""
    admin = _client(bootstrap)
    try:
        replicas = min(3, len(admin.describe_cluster()["brokers"]))
        existing = _partitions(admin, sources)
        missing = {topic: count for topic, count in wanted_topics(sources).items() if topic not in existing}
        done = [f"created {topic} with {count} partitions, {replicas} copies" for topic, count in missing.items()]
        if missing:
            specs = {
                topic: {
                    "num_partitions": count,
                    "replication_factor": replicas,
                    "configs": wanted_configuration(topic, replicas),
                }
                for topic, count in missing.items()
            }
            admin.create_topics(specs, wait_for_metadata=True)
        for topic, (_, copies) in existing.items():
            wrong = _wrong_settings(admin, topic, copies)
            if wrong:
                admin.alter_configs(
                    [ConfigResource(ConfigResourceType.TOPIC, topic, {name: want for name, (want, _) in wrong.items()})]
                )
            done += [f"set {name} of {topic} from {have} to {want}" for name, (want, have) in wrong.items()]
        return done
    finally:
        admin.close()


def check(bootstrap: str, sources: tuple[str, ...] = SERVICES) -> list[str]:
    """Where the broker differs from the wanted topics, in words; empty when all is as wanted."""
    admin = _client(bootstrap)
    try:
        existing = _partitions(admin, sources)
        found: list[str] = []
        for topic, count in wanted_topics(sources).items():
            if topic not in existing:
                found.append(f"topic {topic} is missing")
                continue
            partitions, copies = existing[topic]
            if partitions != count:
                found.append(f"{topic} has {partitions} partitions, not {count}")
            for name, (want, have) in _wrong_settings(admin, topic, copies).items():
                found.append(f"{topic} has {name} = {have}, not {want}")
        return found
    finally:
        admin.close()


def _client(bootstrap: str) -> Any:
    return KafkaAdminClient(bootstrap_servers=bootstrap, client_id="lien-the-topics")


def _partitions(admin: Any, sources: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """The number of partitions and of copies of those topics that exist."""
    names = sorted(set(wanted_topics(sources)) & set(admin.list_topics()))
    if not names:
        return {}
    return {
        topic["name"]: (len(topic["partitions"]), min(len(p["replica_nodes"]) for p in topic["partitions"]))
        for topic in admin.describe_topics(names)
    }


def _wrong_settings(admin: Any, topic: str, copies: int) -> dict[str, tuple[str, str]]:
    """Settings of a topic that differ: name to (wanted, actual)."""
    wanted = wanted_configuration(topic, copies)
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")["topic"][topic]
    actual = {name: str(described[name]["value"]) if name in described else "unset" for name in wanted}
    return {name: (want, actual[name]) for name, want in wanted.items() if actual[name].lower() != want.lower()}
