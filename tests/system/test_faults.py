"""Real processes, a real Kafka and a real Postgres: whatever dies, the national view ends equal to an oracle.

The oracle is computed from the commands that were answered with 2xx, kept by the client; Kafka is read back by
kafka-python, which shares no code with the relay or the projector. A crash point that is declared in the code and hit by
no test fails the run.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.system.world import ROOT, SERVICES, World

pytestmark = pytest.mark.timeout(300)

COMMUNES = [("34", "00004", "01"), ("34", "14758", "38"), ("63", "00001", "01"), ("34", "24580", "66")]
HIT: set[str] = set()


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("world")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(0o755)
    world = await World.create(folder)
    yield world
    await world.close()


def declared_crash_points() -> set[str]:
    found: set[str] = set()
    for folder in ("shared", "services"):
        for file in (ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r'crashpoint\("([a-z_.]+)"\)', file.read_text()))
    return found


async def live(world: World, rounds: int) -> None:
    """A stretch of the programme's life: clubs are founded, report members and months, a round is held."""
    founded = []
    for number in range(rounds):
        list_, code, _ = COMMUNES[number % len(COMMUNES)]
        data = {
            "name": f"CLB thôn {uuid.uuid4().hex[:6]}",
            "commune": {"code": code, "list": list_},
            "founded_on": "2025-02-03",
        }
        founded.append(world.command("clubs.found-club", data))
    clubs = [answer["stream"] for answer in await asyncio.gather(*founded)]
    reports = []
    for number, club in enumerate(clubs):
        first = {"club": club, "as_of": "2025-03-31", "basis": "counted", "total": 50 + number, "women": 30}
        reports.append(world.command("clubs.report-members", first))
        month = {"club": club, "month": "2025-03-01", "meeting_held": True, "met_on": "2025-03-17"}
        reports.append(world.command("clubs.report-month", month))
    await asyncio.gather(*reports)
    corrections = [
        world.command("clubs.report-members", {"club": club, "as_of": "2025-03-31", "basis": "counted", "total": 60})
        for club in clubs[::2]
    ]
    held = {
        "title": "Tập huấn", "organiser": "lead-department", "level": "regional", "kind": "first-course",
        "contents": ["founding-and-consolidation"], "starts_on": "2025-04-01", "ends_on": "2025-04-03",
        "place": {"code": "38", "list": "34"}, "clubs": clubs[:2],
    }  # fmt: skip
    await asyncio.gather(*corrections, world.command("trainings.hold-training", held))


def oracle(world: World) -> dict[str, int]:
    """What the nation must show, from the accepted commands alone: the last report of a club for a day stands."""
    members: dict[str, int] = {}
    clubs, rounds = 0, 0
    for accepted in world.accepted:
        match accepted.type:
            case "clubs.found-club":
                clubs += 1
            case "clubs.report-members":
                members[accepted.data["club"]] = accepted.data["total"]
            case "trainings.hold-training":
                rounds += 1
    return {"clubs-founded": clubs, "members": sum(members.values()), "training-rounds": rounds}


async def nation(world: World) -> dict[str, int]:
    """What the nation shows, over the public API."""
    answer = await world.get("reporting", "/v1/progress?as_of=2025-12-31")
    return {number["indicator"]: int(float(number["value"] or 0)) for number in answer["numbers"]}


async def settled(world: World, seconds: float = 60) -> None:
    """Wait until reporting serves and every event of every log is folded into the ledger; the view then equals the oracle."""
    expected = oracle(world)
    await world.answers("reporting", seconds)
    async with asyncio.timeout(seconds):
        while await behind(world):
            await asyncio.sleep(0.1)
    shown = await nation(world)
    assert {name: shown[name] for name in expected} == expected
    assert await recorded_ids(world) == await folded_ids(world)


async def behind(world: World) -> int:
    return sum((await world.recorded()).values()) - await world.value("reporting", "select count(*) from figures_v3.events")


async def recorded_ids(world: World) -> Counter[str]:
    ids: Counter[str] = Counter()
    for service in SERVICES:
        ids.update(row["id"] for row in await world.rows(service, "select event_id::text as id from log.events"))
    return ids


async def folded_ids(world: World) -> Counter[str]:
    return Counter(row["id"] for row in await world.rows("reporting", "select event_id as id from figures_v3.events"))


def read_back(world: World, source: str) -> list[Any]:
    """Every record of a topic, through the independent client."""
    consumer = KafkaConsumer(bootstrap_servers=world.kafka.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        parts = [
            TopicPartition(f"{source}.events", number) for number in consumer.partitions_for_topic(f"{source}.events") or ()
        ]
        consumer.assign(parts)
        ends = consumer.end_offsets(parts)
        consumer.seek_to_beginning(*parts)
        records: list[Any] = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for batch in consumer.poll(timeout_ms=1000).values():
                records += batch
        return records
    finally:
        consumer.close()


CRASHES = [
    ("clubs.serve", "command.before_append:3"),
    ("clubs.serve", "command.after_append:3"),
    ("clubs.serve", "log.after_commit:3"),
    ("clubs.relay", "relay.after_select:1"),
    ("clubs.relay", "relay.after_produce_before_ack:1"),
    ("clubs.relay", "relay.after_ack_before_mark:1"),
    ("clubs.relay", "relay.after_mark:1"),
    ("reporting.project", "projector.after_poll:1"),
    ("reporting.project", "projector.mid_transaction:1"),
    ("reporting.project", "projector.after_commit_before_ack:1"),
]


@pytest.mark.parametrize(("process", "point"), CRASHES, ids=[point for _, point in CRASHES])
async def test_I1_a_process_killed_at_a_crash_point_loses_nothing_and_doubles_nothing(
    world: World, process: str, point: str
) -> None:
    """Seen to fail with a relay that moves its checkpoint before it publishes: what it held when it died never arrives."""
    await world.children[process].stop()
    world.start(process, crash_at=point)
    life = asyncio.ensure_future(live(world, 4))
    assert await world.died(process) == -9, "the crash point was not reached"
    HIT.add(point.split(":", maxsplit=1)[0])
    world.start(process)
    await life
    await settled(world)


def test_every_declared_crash_point_was_hit() -> None:
    """Those of a rebuild are hit beside it, in tests/shared/projections/test_rebuild.py, which a rule of its own checks."""
    ours = {point for point in declared_crash_points() if not point.startswith("rebuild.")}
    assert ours == {point.split(":")[0] for _, point in CRASHES} == HIT


async def test_I12_a_broker_that_is_killed_and_started_again_heals_by_itself(world: World) -> None:
    await live(world, 2)
    assert world.kafka.child is not None
    world.murder(world.kafka.child)
    await live(world, 2)  # commands are accepted while Kafka is away
    assert await behind(world) > 0
    await world.kafka.start()
    await settled(world, 90)


async def test_I12_a_database_that_is_killed_and_started_again_heals_by_itself(world: World) -> None:
    """Seen to fail with a relay that ends, instead of waiting, when its session with the database is lost."""
    life = asyncio.ensure_future(live(world, 4))
    await asyncio.sleep(0.2)
    assert world.postgres.child is not None
    world.murder(world.postgres.child)
    await world.postgres.start()
    await life
    await settled(world, 90)


async def test_I12_everything_killed_at_once_heals_by_starting_it_again(world: World) -> None:
    life = asyncio.ensure_future(live(world, 4))
    await asyncio.sleep(0.3)
    for name in world.children:
        world.kill(name)
    for name in reversed(list(world.children)):
        world.start(name)
    await life
    await settled(world, 90)


async def test_I5_records_that_come_twice_change_nothing(world: World) -> None:
    await live(world, 2)
    await settled(world)
    before = await nation(world)
    records = await asyncio.to_thread(read_back, world, "clubs")
    producer = KafkaProducer(bootstrap_servers=world.kafka.bootstrap)
    for record in records:
        producer.send(
            record.topic, key=record.key, value=record.value, headers=list(record.headers), partition=record.partition
        )
    await asyncio.to_thread(producer.flush)
    producer.close()
    await live(world, 1)
    await settled(world)
    assert (await nation(world))["clubs-founded"] == before["clubs-founded"] + 1


async def test_I8_a_record_of_nobodys_is_set_aside_alone_and_the_others_stay_fresh(world: World) -> None:
    producer = KafkaProducer(bootstrap_servers=world.kafka.bootstrap)
    headers = [("ce_type", b"clubs.club-founded"), ("ce_id", b"\xff\xfe")]
    producer.send("clubs.events", value=b"\x00 no event", headers=headers, partition=0)
    await asyncio.to_thread(producer.flush)
    producer.close()
    await live(world, 4)
    await settled(world)
    aside = await world.rows("reporting", "select kind, value from projection.set_aside")
    assert [tuple(row) for row in aside] == [("unroutable", b"\x00 no event")], "kept with its bytes"


async def test_I2_I3_kafka_holds_what_the_logs_hold_and_each_stream_in_order(world: World) -> None:
    """Through the independent client: the first appearance of each event comes in the order of its stream.

    Seen to fail with a header that names the version after.
    """
    await live(world, 2)
    await settled(world)
    for source in SERVICES:
        records = await asyncio.to_thread(read_back, world, source)
        headers = [dict(record.headers) for record in records]
        seen: dict[str, int] = defaultdict(int)
        ids: set[str] = set()
        for header in headers:
            if b"ce_position" not in {name.encode() for name in header}:
                continue  # the record of nobody's
            stream, version = header["ce_subject"].decode(), int(header["ce_streamversion"])
            assert version <= seen[stream] + 1, f"{stream} jumps from {seen[stream]} to {version}"
            seen[stream] = max(seen[stream], version)
            ids.add(header["ce_id"].decode())
        stored = {row["id"] for row in await world.rows(source, "select event_id::text as id from log.events")}
        assert ids == stored


async def test_I1_every_accepted_command_is_in_its_log_exactly_once(world: World) -> None:
    await live(world, 1)
    await settled(world)
    answered = [event["id"] for accepted in world.accepted for event in accepted.answer["events"]]
    assert len(answered) == len(set(answered))
    stored = await recorded_ids(world)
    assert set(answered) <= set(stored)
    assert set(stored.values()) == {1}
    policies = await world.value("trainings", "select count(*) from log.events where stream like 'board-%'")
    assert sum(stored.values()) - len(answered) == policies, "only the policies recorded more than the client was told"


async def test_the_services_role_cannot_change_its_log(world: World) -> None:
    connection = await asyncpg.connect(world.urls["clubs"].app)
    try:
        for statement in ("update log.events set data = '{}'", "delete from log.events", "truncate log.events"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
