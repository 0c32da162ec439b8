"""Many writers at once: what a reader may rely on, and the naive log that loses events under the same load."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from uuid import uuid4

import pytest

from shared.eventlog.log import Clash, Log
from shared.eventlog.records import Append, Appended, Conflict, Mismatch, Outcome
from shared.kernel.lanes import LANES
from shared.local.databases import connect
from tests.shared.eventlog.jars import Database, OpenDatabase, append
from tests.shared.eventlog.verified import verify_log

WRITERS = 32
SECONDS = 4.0


async def test_I3_32_writers_and_a_tailing_reader_see_no_gap_and_no_inversion(open_database: OpenDatabase) -> None:
    """Seen to fail when `append` read the lane heads without locking them (clashes, lost batches) and when the reader's
    pages were read without `order by`."""
    database = await open_database(max_size=WRITERS + 1)
    log = database.log
    stop = asyncio.Event()
    stored: list[Appended] = []

    async def write(number: int) -> None:
        dice = random.Random(number)
        versions: Counter[str] = Counter()
        while not stop.is_set():
            streams = {f"jar-{number}-{dice.randrange(20)}" for _ in range(dice.randint(1, 4))}
            batch = [append(stream, versions[stream], dice.randint(1, 3)) for stream in sorted(streams)]
            for outcome in await log.append(batch):
                assert isinstance(outcome, Appended)
                versions[outcome.stream] = outcome.version
                stored.append(outcome)

    positions = dict.fromkeys(range(LANES), 0)
    versions: Counter[str] = Counter()
    seen: set[str] = set()

    async def tail() -> None:
        """Reads as a relay does: from its own position on, and believes that what it was given is all there is."""
        for lane in range(LANES):
            for event in await log.read_lane(lane, positions[lane], 1000):
                assert event.position == positions[lane] + 1, "a gap in the lane"
                assert event.version == versions[event.stream] + 1, "an inversion in the stream"
                positions[lane] = event.position
                versions[event.stream] = event.version
                seen.add(event.event_id)

    async def tail_until_stopped() -> None:
        while not stop.is_set():
            await tail()
            await asyncio.sleep(0)

    writers = [asyncio.create_task(write(number)) for number in range(WRITERS)]
    reader = asyncio.create_task(tail_until_stopped())
    await asyncio.sleep(SECONDS)
    stop.set()
    await asyncio.gather(reader, *writers)
    await tail()
    expected = {event_id for outcome in stored for event_id in outcome.event_ids}
    assert len(expected) > 1000
    assert seen == expected
    assert await verify_log(log) == len(expected)


async def test_the_naive_twin_with_a_bigserial_and_a_checkpoint_loses_events_under_the_same_load(database: Database) -> None:
    """The reason for the lanes: an insert that takes its number early and commits late is never seen by such a reader."""
    owner = await connect(database.urls.owner)
    await owner.execute("create table public.naive (number bigserial primary key, event_id uuid not null)")
    await owner.execute(f"grant usage on schema public to {database.urls.app_role}")
    await owner.execute(f"grant select, insert on public.naive to {database.urls.app_role}")
    await owner.execute(f"grant usage on sequence public.naive_number_seq to {database.urls.app_role}")
    await owner.close()
    stop = asyncio.Event()
    stored: set[str] = set()

    async def write() -> None:
        connection = await connect(database.urls.app)
        while not stop.is_set():
            ids = [str(uuid4()) for _ in range(3)]
            async with connection.transaction():
                for event_id in ids:
                    await connection.execute("insert into public.naive (event_id) values ($1)", event_id)
            stored.update(ids)
        await connection.close()

    seen: set[str] = set()
    checkpoint = 0

    async def tail() -> None:
        nonlocal checkpoint
        query = "select number, event_id::text from public.naive where number > $1 order by number"
        for number, event_id in await database.pool.fetch(query, checkpoint):
            checkpoint = number
            seen.add(event_id)

    writers = [asyncio.create_task(write()) for _ in range(WRITERS)]
    for _ in range(400):
        await tail()
        if len(stored) > 3000:
            break
        await asyncio.sleep(0.005)
    stop.set()
    await asyncio.gather(*writers)
    await tail()
    assert len(stored - seen) > 0


@pytest.mark.parametrize("same_call", [False, True])
async def test_I14_of_n_appends_that_expect_the_same_version_exactly_one_succeeds(log: Log, same_call: bool) -> None:
    """Seen to fail without the lock of the lane: the losers were told "clash" instead of their conflict."""
    for version in range(20):
        commands = [append("jar-a", version) for _ in range(8)]
        if same_call:
            outcomes = await log.append(commands)
        else:
            outcomes = [outcome for (outcome,) in await asyncio.gather(*(log.append([command]) for command in commands))]
        assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 1
        losers = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
        assert len(losers) == 7
    assert [event.version for event in (await log.load(["jar-a"]))["jar-a"]] == list(range(1, 21))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_race_of_repeated_ids_stale_versions_and_overlapping_lanes_loses_and_doubles_nothing(
    open_database: OpenDatabase, seed: int
) -> None:
    """Every answer that a caller ever got is checked against the log at the end, whatever the callers did to each other.

    Seen to fail without the comparison of the fingerprints, and when `atomic` was ignored.
    """
    database = await open_database(max_size=6)
    log = database.log
    dice = random.Random(seed)
    pool: list[Append] = []
    answers: defaultdict[str, list[tuple[Append, Outcome]]] = defaultdict(list)
    known: Counter[str] = Counter()

    def some_command() -> Append:
        stream = f"jar-{dice.randrange(12)}"
        kind = dice.random()
        if pool and kind < 0.25:
            return dice.choice(pool)
        if pool and kind < 0.32:
            return append(stream, known[stream], id=dice.choice(pool).command_id, fingerprint=b"another body")
        command = append(stream, max(0, known[stream] - (kind > 0.85)), dice.randint(0, 3))
        pool.append(command)
        return command

    async def write() -> None:
        for _ in range(60):
            batch = list(
                {command.command_id: command for command in (some_command() for _ in range(dice.randint(1, 6)))}.values()
            )
            atomic = dice.random() < 0.2
            try:
                outcomes = await log.append(batch, atomic=atomic)
            except Clash:
                continue
            if atomic and not all(isinstance(outcome, Appended) for outcome in outcomes):
                assert not any(isinstance(outcome, Appended) and not outcome.repeated for outcome in outcomes)
            for command, outcome in zip(batch, outcomes, strict=True):
                answers[command.command_id].append((command, outcome))
                if not isinstance(outcome, Mismatch):
                    version = outcome.version if isinstance(outcome, Appended) else outcome.actual
                    known[outcome.stream] = max(known[outcome.stream], version)

    await asyncio.wait_for(asyncio.gather(*(write() for _ in range(6))), timeout=60)
    total = await verify_log(log)
    events = [event for found in (await log.load([f"jar-{n}" for n in range(12)])).values() for event in found]
    by_command: defaultdict[str, list[str]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.stream, event.version)):
        by_command[event.command_id].append(event.event_id)
    for command_id, given in answers.items():
        appended = [outcome for _, outcome in given if isinstance(outcome, Appended)]
        assert sum(not outcome.repeated for outcome in appended) <= 1, "two effects"
        assert len({(o.stream, o.version, o.lane, o.position, o.recorded_at, o.event_ids) for o in appended}) <= 1, (
            "two answers"
        )
        bodies = {(command.fingerprint, command.stream) for command, outcome in given if isinstance(outcome, Appended)}
        assert len(bodies) <= 1, "another command was answered with this one's answer"
        assert by_command.get(command_id, []) == (list(appended[0].event_ids) if appended else [])
    assert total == len(events) == sum(len(ids) for ids in by_command.values()) > 0
    for stream in {event.stream for event in events}:
        versions = [event.version for event in events if event.stream == stream]
        assert versions == list(range(1, len(versions) + 1))
