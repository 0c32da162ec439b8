"""What must hold at quiescence: I1, I2, I3, I5, I7, from the client's ledger alone.

The expected ids are those that the client was told, the expected figures a plain count of its accepted commands, by province of
both maps as the tables of communes have them. Kafka is read back by kafka-python, which shares no code with the product.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from services.reporting.ledger.measures import measure
from tests.chaos.client import Sent
from tests.properties.telling import provinces_of
from tests.system.world import SERVICES, World

AS_OF = "2025-12-31"
COUNTED = ("clubs-founded", "members")


class Topics:
    """What is on the topics, read on from where the last check ended."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.violations: list[str] = []
        self._next: dict[TopicPartition, int] = {}
        self._versions: dict[str, int] = defaultdict(int)

    def read_on(self, bootstrap: str) -> None:
        """I3 for every record that has come since: its stream's versions come 1, 2, 3, ... but for repetitions. Blocks."""
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            parts = [
                TopicPartition(f"{service}.events", number)
                for service in SERVICES
                for number in consumer.partitions_for_topic(f"{service}.events") or ()
            ]
            consumer.assign(parts)
            for part in parts:
                consumer.seek(part, self._next.get(part, 0))
            ends = consumer.end_offsets(parts)
            while any(consumer.position(part) < ends[part] for part in parts):
                for records in consumer.poll(timeout_ms=1000).values():
                    for record in records:
                        self._take(record)
            self._next = {part: consumer.position(part) for part in parts}
        finally:
            consumer.close()

    def _take(self, record: Any) -> None:
        headers = dict(record.headers)
        stream, version = headers["ce_subject"].decode(), int(headers["ce_streamversion"])
        if version > self._versions[stream] + 1:
            self.violations.append(f"I3: {stream} jumps from {self._versions[stream]} to {version} on {record.topic}")
        self._versions[stream] = max(version, self._versions[stream])
        self.ids.add(headers["ce_id"].decode())


async def check(world: World, ledger: list[Sent], topics: Topics) -> list[str]:
    """Everything that is wrong, in words."""
    violations: list[str] = []
    await asyncio.to_thread(topics.read_on, world.kafka.bootstrap)
    violations += topics.violations
    topics.violations = []
    told = Counter(event["id"] for sent in ledger if sent.answer for event in sent.answer["events"])
    rows = await world.rows("reporting", "select event_id as id, stream from figures_v3.events")
    shown = Counter(row["id"] for row in rows)
    own = {row["id"] for row in rows if row["stream"].startswith("board-")}
    missing = sorted(told.keys() - shown.keys())
    if missing:
        violations.append(f"I1: {len(missing)} events of accepted commands are not in the national view: {missing[:3]}")
    unpublished = sorted(told.keys() - topics.ids)
    if unpublished:
        violations.append(f"I1: {len(unpublished)} events of accepted commands are not on Kafka: {unpublished[:3]}")
    twice = [event_id for counts in (told, shown) for event_id, count in counts.items() if count > 1]
    if twice:
        violations.append(f"I5: {len(twice)} events count more than once: {twice[:3]}")
    strange = sorted(shown.keys() - told.keys() - own)
    if strange:
        violations.append(f"I2: {len(strange)} events in the view belong to no accepted command: {strange[:3]}")
    violations += await _check_entries(world, ledger)
    violations += await _check_figures(world, ledger)
    return violations


def members_of(ledger: list[Sent]) -> dict[str, int]:
    """Each club's members on the day asked about: its latest report, the last one of that day by the version it was given."""
    latest: dict[str, tuple[str, int, int]] = {}
    for sent in ledger:
        if sent.outcome == "ok" and sent.answer is not None and sent.type == "clubs.report-members":
            report = (sent.data["as_of"], sent.answer["version"], sent.data["total"])
            latest[sent.data["club"]] = max(latest.get(sent.data["club"], ("", 0, 0)), report)
    return {club: total for club, (_, _, total) in latest.items()}


async def _check_entries(world: World, ledger: list[Sent]) -> list[str]:
    """I1 club by club, over the rows of the ledger themselves."""
    rows = await world.rows(
        "reporting",
        f"""select stream, sum(a.amount)::bigint as members
        from figures_v3.entries, unnest(measures, amounts) as a (measure, amount)
        where a.measure = {measure("members")} and valid_on <= '{AS_OF}' group by stream""",
    )
    shown = {row["stream"]: row["members"] for row in rows if row["members"]}
    right = members_of(ledger)
    both = {club: (shown.get(club, 0), right.get(club, 0)) for club in sorted(shown.keys() | right.keys())}
    wrong = {club: (found, accepted) for club, (found, accepted) in both.items() if found != accepted}
    first = dict(list(wrong.items())[:3])
    return [f"I1: {len(wrong)} clubs show other members than accepted (found, accepted): {first}"] if wrong else []


def expected(ledger: list[Sent]) -> dict[str, Counter[str]]:
    """Each indicator by place: the commune as it was named, `63:..` and `34:..` of its provinces, and `VN`."""
    communes: dict[str, str] = {}
    members = members_of(ledger)
    found: dict[str, Counter[str]] = {name: Counter() for name in (*COUNTED, "training-rounds")}
    for sent in ledger:
        if sent.outcome != "ok" or sent.answer is None:
            continue
        match sent.type:
            case "clubs.found-club":
                place = sent.data["commune"]
                communes[sent.answer["stream"]] = f"{place['list']}:{place['code']}"
            case "trainings.hold-training":
                found["training-rounds"]["VN"] += 1
    for club, commune in communes.items():
        old, new = provinces_of(commune)
        total = members.get(club, 0)
        for place in (commune, f"63:{old}", f"34:{new}", "VN"):
            found["clubs-founded"][place] += 1
            found["members"][place] += total
    return found


async def _check_figures(world: World, ledger: list[Sent]) -> list[str]:
    """I1 for the figures of the nation; I7: communes sum to provinces, provinces to the nation, on both maps."""
    violations: list[str] = []
    wanted = expected(ledger)
    nation = _numbers(await world.get("reporting", f"/v1/progress?as_of={AS_OF}"))
    for name, places in wanted.items():
        if nation.get(name, 0) != places["VN"]:
            violations.append(f"I1: the nation shows {name} {nation.get(name, 0)}, accepted were {places['VN']}")
    for map_ in ("63", "34"):
        answer = await world.get("reporting", f"/v1/progress?as_of={AS_OF}&map={map_}&group_by=province")
        groups = {group["key"]: _numbers(group) for group in answer["groups"]}
        for name in COUNTED:
            shown = {key: numbers[name] for key, numbers in groups.items() if numbers.get(name)}
            right = {key: amount for key, amount in wanted[name].items() if amount and _province(key, map_)}
            if shown != right or sum(shown.values()) != nation.get(name, 0):
                violations.append(f"I7: {name} by province on the {map_}-map: shown {shown}, accepted {right}")
        for province in sorted(key for key in groups if _province(key, map_) and wanted["clubs-founded"][key]):
            answer = await world.get("reporting", f"/v1/progress?as_of={AS_OF}&map={map_}&area={province}&group_by=commune")
            for name in COUNTED:
                inside = sum(_numbers(group).get(name, 0) for group in answer["groups"])
                if inside != wanted[name][province]:
                    violations.append(f"I7: the communes of {province} sum to {name} {inside}, not {wanted[name][province]}")
    return violations


def _province(key: str, map_: str) -> bool:
    return key.startswith(f"{map_}:") and len(key) == 5


def _numbers(body: dict[str, Any]) -> dict[str, int]:
    return {number["indicator"]: int(float(number["value"] or 0)) for number in body["numbers"]}
