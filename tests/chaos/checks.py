"""What must hold at quiescence: I1, I2, I3, I4, I5, I7, from the client's ledger and the liar's books alone.

The expected ids are those that the client was told, the expected figures a plain count of its accepted commands, by province of
both maps as the tables of communes have them. Kafka is read back by kafka-python, which shares no code with the product.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.ledger.measures import measure
from tests.chaos.client import Sent
from tests.chaos.liar import LIAR, Told
from tests.chaos.reading import id_of, records_of
from tests.properties.telling import provinces_of
from tests.system.world import SERVICES, World

AS_OF = "2025-12-31"
COUNTED = ("clubs-founded", "members")


@dataclass(frozen=True, slots=True)
class Stands:
    """A record on a topic."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    event_id: str


def records_on(world: World) -> list[Stands]:
    """Everything on the topics, each partition in order. Blocks."""
    return [
        Stands(topic, record.partition, record.offset, record.value, id_of(record))
        for topic in (*(f"{service}.events" for service in SERVICES), "clubs.checkpoints")
        for record in records_of(world.kafka.bootstrap, topic)
    ]


async def aside_of(world: World) -> set[tuple[str, int, int, bytes | None]]:
    """What reporting has set aside."""
    rows = await world.rows("reporting", "select topic, partition, kafka_offset, value from projection.set_aside")
    return {(row["topic"], row["partition"], row["kafka_offset"], row["value"]) for row in rows}


def values_of(told: Sequence[Told]) -> set[bytes]:
    """By which lies are known."""
    return {lie.value for lie in told if not lie.repetition}


def not_listed(told: Sequence[Told], records: Sequence[Stands], aside: Collection[tuple[str, int, int, bytes | None]]) -> str:
    """In words the lies that stand on Kafka and that reporting has not set aside; empty if there are none. A topic that was
    lost has taken its lies along."""
    values = values_of(told)
    missing = [one for one in records if one.value in values and (one.topic, one.partition, one.offset, one.value) not in aside]
    return f"{len(missing)} lies are not set aside: {missing[:3]}" if missing else ""


async def check(world: World, ledger: list[Sent], told: Sequence[Told], lost: Collection[str]) -> list[str]:
    """Everything that is wrong, in words. `lost`: topics that were lost and filled again."""
    violations: list[str] = []
    records = await asyncio.to_thread(records_on, world)
    violations += await _check_topics(world, records, told, lost)
    answered = Counter(event_id for sent in ledger for event_id in sent.ids())
    rows = await world.rows("reporting", f"select event_id as id, stream from {await world.ledger()}.events")
    shown = Counter(row["id"] for row in rows)
    own = {row["id"] for row in rows if row["stream"].startswith("board-")}
    missing = sorted(answered.keys() - shown.keys())
    if missing:
        violations.append(f"I1: {len(missing)} events of accepted commands are not in the national view: {missing[:3]}")
    unpublished = sorted(answered.keys() - {one.event_id for one in records})
    if unpublished:
        violations.append(f"I1: {len(unpublished)} events of accepted commands are not on Kafka: {unpublished[:3]}")
    twice = [event_id for counts in (answered, shown) for event_id, count in counts.items() if count > 1]
    if twice:
        violations.append(f"I5: {len(twice)} events count more than once: {twice[:3]}")
    strange = sorted(shown.keys() - answered.keys() - own)
    if strange:
        violations.append(f"I2: {len(strange)} events in the view belong to no accepted command: {strange[:3]}")
    violations += await _check_lies(world, told)
    violations += await _check_entries(world, ledger)
    violations += await _check_figures(world, ledger)
    return violations


async def _check_topics(world: World, records: Sequence[Stands], told: Sequence[Told], lost: Collection[str]) -> list[str]:
    """I3: the topics hold the events of every log, each stream's from version 1 on in order, but for repetitions; and besides
    them nothing but what a stranger is known to have put there. A topic that was lost may begin with what was on its way when
    the relay had not noticed yet (readers wait at the gap); where a stream has begun, nothing may jump."""
    violations: list[str] = []
    lies = values_of(told)
    for service in SERVICES:
        topic = f"{service}.events"
        log = {
            row["id"]: (row["stream"], row["version"])
            for row in await world.rows(service, "select event_id::text as id, stream, version from log.events")
        }
        reached: dict[str, int] = defaultdict(int)
        for one in records:
            if one.topic != topic or one.value in lies:
                continue
            if one.event_id not in log:
                violations.append(f"I2: {one} is of no log and of no stranger")
                continue
            stream, version = log[one.event_id]
            if version > reached[stream] + 1:
                if reached[stream] == 0 and topic in lost:
                    continue
                violations.append(f"I3: {stream} jumps from {reached[stream]} to {version} on {topic}")
            reached[stream] = max(version, reached[stream])
        ends = Counter[str]()
        for stream, version in log.values():
            ends[stream] = max(version, ends[stream])
        short = {stream: (reached[stream], end) for stream, end in ends.items() if reached[stream] != end}
        if short:
            violations.append(f"I3: {topic} lacks events of {len(short)} streams (has, log has): {[*short.items()][:3]}")
    return violations[:20]


async def _check_lies(world: World, told: Sequence[Told]) -> list[str]:
    """I4: nothing of a liar is in the national view or in what services show of clubs: no event, no club, no club's name."""
    lies = [lie for lie in told if not lie.repetition]
    ids, streams = {lie.event_id for lie in lies if lie.event_id}, {lie.stream for lie in lies if lie.stream}
    ledger = await world.ledger()
    violations: list[str] = []
    for table, column, false in (
        ("events", "event_id", ids), ("events", "stream", streams), ("entries", "stream", streams),
        ("subjects", "stream", streams),
    ):  # fmt: skip
        rows = await world.rows("reporting", f"select distinct {column} as one from {ledger}.{table}")
        if believed := sorted(false.intersection(row["one"] for row in rows)):
            violations.append(f"I4: {len(believed)} of a stranger's are in {table} of the national view: {believed[:3]}")
    kept = await world.rows(
        "reporting", f"select count(*) as n from {ledger}.subjects where position('{LIAR}'::bytea in state) > 0"
    )
    if kept[0]["n"]:
        violations.append(f"I4: {kept[0]['n']} clubs of the national view bear a name that only a stranger gave")
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
        from {await world.ledger()}.entries, unnest(measures, amounts) as a (measure, amount)
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
