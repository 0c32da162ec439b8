"""What must hold at quiescence, from the client's ledger alone: I1, I2, I3, I5, I6, I10, I12, I15.

The expected ids follow from the commands' own ids, the expected figures from a plain recount of the accepted reports.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from services.clubs.domain import FoundClub
from services.reporting.ledger.measures import measure
from shared.kafka.headers import to_kafka
from shared.kafka.record import Received
from shared.kafka.topics import PARTITIONS, topic_of
from shared.kernel.lanes import LANES
from shared.projections.chain import Chain
from shared.projections.fold import fold_into
from shared.projections.memory import MemoryStores
from shared.projections.memory_tables import MemoryDatabase
from shared.projections.store import SetAside
from tests.reporting.recount import recount
from tests.simulator.client import Noted
from tests.simulator.commands import START, fact_of
from tests.simulator.simlog import MIDNIGHT
from tests.simulator.views import Answers, MemoryFigures, dump, entries_of
from tests.simulator.world import World, places

FOREVER = MIDNIGHT + timedelta(days=1)
MEASURES = ("clubs_founded", "clubs_existing", "clubs_active", "members", "women", "income_fund", "loans_total", "meetings")


def check_once(world: World) -> None:
    """I1, I2, I5: each accepted command's events once in the view, no refused one's, an unknown one's once at the most."""
    seen: Counter[str] = Counter()
    for stream, versions in world.database.rows("seen").items():
        seen.update(event_id for _, event_id in versions)
        if [version for version, _ in versions] != list(range(1, len(versions) + 1)):
            world.violations.append(f"I3: {stream} was folded as versions {[version for version, _ in versions]}")
    entered = Counter(row.split("\t")[3] for rows in world.database.rows("events").values() for row in rows)
    published = {
        dict(record.headers).get("ce_id", b"").decode()  # type: ignore[union-attr]
        for records in world.broker.history.values()
        for record in records
        if record.value != b"\x00 no event"
    }
    allowed: set[str] = set()
    for noted in world.ledger:
        possible = noted.possible_ids()
        if noted.outcome == "ok":
            assert noted.answer is not None
            told = list(noted.answer.event_ids)
            if told != possible[: len(told)]:
                world.violations.append(f"I15: {noted.request.command_id} was told of events {told}")
            allowed.update(told)
            for name, counts in (("the list", seen), ("the ledger", entered)):
                wrong = {one: counts[one] for one in told if counts[one] != 1 and not (one in world.gone and not counts[one])}
                if wrong:
                    world.violations.append(f"I1: accepted {noted.request.command_id}: in {name} so often: {wrong}")
            if not published >= set(told) - world.gone:
                world.violations.append(f"I1: accepted {noted.request.command_id} is not on Kafka")
        elif noted.outcome == "unknown":
            allowed.update(possible)
    for name, counts in (("the list", seen), ("the ledger", entered), ("Kafka", Counter(published))):
        strange = counts.keys() - allowed
        if strange:
            world.violations.append(f"I2: {name} has events of no accepted command: {sorted(strange)}")
        twice = {event_id: count for event_id, count in counts.items() if count > 1}
        if twice:
            world.violations.append(f"I5: {name} has events more than once: {twice}")


def check_policy(world: World) -> None:
    """I1, I2: a policy remembers every accepted event, and no other; those that were ruled out it remembers no more."""
    if not any(view.name == Answers.name for view in world.views):
        return
    answered = set(world.database.rows(Answers.name))
    told = {event for noted in world.ledger if noted.answer for event in noted.answer.event_ids}
    if missing := told - world.gone - answered:
        world.violations.append(f"I1: accepted, and not answered by the policy: {missing}")
    possible = {event for noted in world.ledger if noted.outcome != "rejected" for event in noted.possible_ids()}
    if strange := answered - possible:
        world.violations.append(f"I2: the policy answered events of no accepted command: {strange}")


def check_strangers(world: World) -> None:
    """I2: what a stranger wrote is listed with both hashes, or it was an exact repetition; of ours nothing is listed."""
    listed: dict[Any, SetAside] = world.database.rows("set_aside")
    doubted = {(lie.record.topic, lie.lane) for lie in world.strangers.lies if lie.follows}
    for lie in world.strangers.lies:
        record = lie.record
        log = world.broker.logs[record.topic, record.partition]
        if record.offset >= len(log) or log[record.offset] is not record:
            continue  # its topic was wiped since
        row = listed.get((record.topic, record.partition, record.offset))
        if lie.repetition:
            if row is not None:
                world.violations.append(f"I2: {lie.site}: an exact repetition is listed: {row.kind} {row.reason}")
        elif row is None:
            world.violations.append(f"I2: {lie.site}: {record.topic}/{record.partition}/{record.offset} is not listed")
        elif row.digest != lie.hash and row.kind != "unroutable":
            world.violations.append(f"I2: {lie.site}: it is listed without its hash: {row}")
        elif row.kind in ("unlinked", "fork") and row.stands is None:
            world.violations.append(f"I2: {lie.site}: it is listed without what stands there: {row.kind} {row.reason}")
    lies = {id(lie.record) for lie in world.strangers.lies}
    for row in listed.values():
        at = row.at
        if at is None or id(row.record) in lies:
            continue
        if world.gone and row.kind == "ruled-out":
            continue  # a log that went back had signed another event there, which nobody was told of
        if (row.record.topic, at.lane) not in doubted:
            world.violations.append(f"I2: an event of ours is listed: {row.kind} {at} {row.reason}")


def check_topics(world: World) -> None:
    """I3: on each partition the first appearance of each event comes in the order of its stream, and in its lane's."""
    for where, records in world.broker.history.items():
        if where[0] in world.wiped:
            continue
        versions: dict[str, int] = defaultdict(int)
        positions: dict[int, int] = defaultdict(int)
        for record in records:
            if record.value == b"\x00 no event":
                continue
            headers: dict[str, Any] = dict(record.headers)
            stream, version = headers["ce_subject"].decode(), int(headers["ce_streamversion"])
            lane, position = int(headers["ce_lane"]), int(headers["ce_position"])
            if lane % PARTITIONS != where[1]:
                world.violations.append(f"I3: lane {lane} on {where}")
            if version > versions[stream] + 1 or position > positions[lane] + 1:
                world.violations.append(f"I3: {stream} v{version} (lane {lane}, {position}) comes too early on {where}")
            versions[stream] = max(versions[stream], version)
            positions[lane] = max(positions[lane], position)


def check_figures(world: World, rng: random.Random) -> None:
    """I1: what the ledger sums to, club by club and in all, is a plain recount of the reports that were accepted."""
    clubs: dict[str, list[Noted]] = defaultdict(list)
    doubtful: set[str] = set()
    for noted in world.ledger:
        if noted.service != "clubs" or noted.outcome == "rejected":
            continue
        command = noted.request.command
        stream = f"club-{noted.request.command_id}" if isinstance(command, FoundClub) else command.club
        clubs[stream].append(noted)
        if noted.outcome == "unknown" or (noted.answer and world.gone & set(noted.answer.event_ids)):
            doubtful.add(stream)
    days = [START + timedelta(days=rng.randrange(1700)) for _ in range(1)] + [date(2026, 3, 1)]
    nation: Counter[tuple[date, str]] = Counter()
    for stream, all_noted in clubs.items():
        entries = entries_of(world.database.tables, stream)
        shown = {(day, name): _sum(entries, name, day) for day in days for name in MEASURES}
        nation.update(shown)
        if stream in doubtful:
            continue
        told = sorted((n for n in all_noted if n.answer), key=lambda n: n.answer.version)  # type: ignore[union-attr]
        history = [(n.answer.recorded_at, fact_of(n.request.command)) for n in told if n.answer]
        for day in days:
            expected = recount(history, day, FOREVER)
            wrong = {n: (shown[day, n], expected.get(n, 0)) for n in MEASURES if shown[day, n] != expected.get(n, 0)}
            if wrong:
                world.violations.append(f"I1: {stream} on {day} shows (found, expected): {wrong}")
    everything: Counter[tuple[date, str]] = Counter()
    for stream in world.database.rows("entries"):
        if stream.startswith("club-"):
            entries = entries_of(world.database.tables, stream)
            everything.update({(day, name): _sum(entries, name, day) for day in days for name in MEASURES})
    if +everything != +nation:
        world.violations.append("I2: the nation's sums hold more than the clubs of the client's ledger")


def _sum(entries: Any, name: str, day: date) -> int:
    number, on = measure(name), day.toordinal()
    return sum(entry.amounts.get(number, 0) for _, entry in entries if entry.valid_on <= on)


async def check_order(world: World, rng: random.Random) -> None:
    """I6: the same events in another interleaving of lanes and topics, in other batches, end in the same rows."""
    waiting = {(log.source, lane): list(log.lanes_now[lane]) for log in world.logs.values() for lane in range(LANES)}
    waiting = {where: events for where, events in waiting.items() if events}
    records: list[Received] = []
    while waiting:
        where = rng.choice(list(waiting))
        for _ in range(rng.randrange(1, 4)):
            if waiting[where]:
                event = waiting[where].pop(0)
                key, value, headers = to_kafka(event, world.logs[event.source].identity_now.deployment)
                topic = topic_of(event.source)
                records.append(Received(topic, event.lane % PARTITIONS, len(records), key, value, [*headers]))
        if not waiting[where]:
            del waiting[where]
    database = MemoryDatabase()
    view = MemoryFigures(places(), world.services)
    chain = Chain({name: log.identity_now for name, log in world.logs.items()})
    while records:
        size = rng.randrange(1, 40)
        batch, records = records[:size], records[size:]
        async with MemoryStores(database).transaction(view) as store:
            folded = await fold_into(store, view, batch, known={}, epochs=None, holds={}, chain=chain)
        chain.took(folded.links)
    if dump(database.tables) != dump(world.database.tables):
        world.violations.append("I6: another order of the same events ends in other rows")
