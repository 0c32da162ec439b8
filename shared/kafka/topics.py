"""The topics as code: four, of six partitions, kept for ever. `apply` makes the broker so, `check` says where it is not.

Both are repeatable. `apply` never deletes a topic and never changes the number of partitions of one that exists, since
that would send a lane to another partition: `check` says so in words instead. Spoken to through kafka-python, which
shares no code with the clients that carry the events. Both functions block: call them in a thread.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# kafka-python has no types; what comes from it is turned into plain dicts in two functions below.

from __future__ import annotations

from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

SOURCES = ("clubs", "trainings", "monitoring", "reporting")
PARTITIONS = 6
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""Above any event: the largest field is 2,000 characters, and the log refuses more than a megabyte."""


def topic_of(source: str) -> str:
    """The topic that carries a service's events."""
    return f"{source}.events"


def wanted_configuration(replicas: int) -> dict[str, str]:
    """What a topic of events must be set to, given how many brokers hold a copy."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "min.insync.replicas": str(max(1, replicas - 1)),
        "compression.type": "producer",
        "message.timestamp.type": "CreateTime",
        "unclean.leader.election.enable": "false",
    }


def apply(bootstrap: str, sources: tuple[str, ...] = SOURCES) -> list[str]:
    """Create the missing topics and set what differs. Returns in words what was done."""
    admin = _client(bootstrap)
    try:
        replicas = min(3, len(admin.describe_cluster()["brokers"]))
        existing = _partitions(admin, sources)
        missing = [topic_of(source) for source in sources if topic_of(source) not in existing]
        done = [f"created {topic} with {PARTITIONS} partitions, {replicas} copies" for topic in missing]
        if missing:
            spec = {"num_partitions": PARTITIONS, "replication_factor": replicas, "configs": wanted_configuration(replicas)}
            admin.create_topics(dict.fromkeys(missing, spec), wait_for_metadata=True)
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


def check(bootstrap: str, sources: tuple[str, ...] = SOURCES) -> list[str]:
    """Where the broker differs from the wanted topics, in words; empty when all is as wanted."""
    admin = _client(bootstrap)
    try:
        existing = _partitions(admin, sources)
        found: list[str] = []
        for topic in map(topic_of, sources):
            if topic not in existing:
                found.append(f"topic {topic} is missing")
                continue
            partitions, copies = existing[topic]
            if partitions != PARTITIONS:
                found.append(f"{topic} has {partitions} partitions, not {PARTITIONS}")
            for name, (want, have) in _wrong_settings(admin, topic, copies).items():
                found.append(f"{topic} has {name} = {have}, not {want}")
        return found
    finally:
        admin.close()


def _client(bootstrap: str) -> Any:
    return KafkaAdminClient(bootstrap_servers=bootstrap, client_id="lien-the-topics")


def _partitions(admin: Any, sources: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """The number of partitions and of copies of those topics that exist."""
    names = sorted({topic_of(source) for source in sources} & set(admin.list_topics()))
    if not names:
        return {}
    return {
        topic["name"]: (len(topic["partitions"]), min(len(p["replica_nodes"]) for p in topic["partitions"]))
        for topic in admin.describe_topics(names)
    }


def _wrong_settings(admin: Any, topic: str, copies: int) -> dict[str, tuple[str, str]]:
    """Settings of a topic that differ: name to (wanted, actual)."""
    wanted = wanted_configuration(copies)
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")["topic"][topic]
    actual = {name: str(described[name]["value"]) if name in described else "unset" for name in wanted}
    return {name: (want, actual[name]) for name, want in wanted.items() if actual[name].lower() != want.lower()}
