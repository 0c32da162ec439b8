"""What is lost: topics, the whole broker, and what a database had recorded since a dump of it.

Databases are restored as a person restores them: from a dump that PostgreSQL's own tools took earlier in the round, in place
under the running processes, or into a database made anew; then `recover` is run, sometimes killed and run again. Before a
restore all that is recorded is waited for on its topic: what was acknowledged, and is neither in the dump nor on Kafka, is lost
by nature, and no promise speaks of it. In a fork what is acknowledged after the restore is only in the restored log; `recover`
appends it behind, or lists it for a person, who here sends it again under its key.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from shared.kafka import topics
from shared.local.databases import connect, create_database
from tests.chaos.client import Client
from tests.chaos.reading import id_of, records_of
from tests.shared.relay.times import dumped, restored
from tests.system.world import SERVICES, World

WRITERS = ("clubs", "trainings")
"""The services whose logs grow in a campaign."""
_PATIENCE = 60.0


class Losses:
    """One campaign's losses."""

    def __init__(
        self, world: World, client: Client, rng: random.Random, say: Callable[[str], None], expected: set[str], liar: Any
    ) -> None:
        """`expected`: names of processes that are down on purpose."""
        self._world = world
        self._client = client
        self._rng = rng
        self._say = say
        self._expected = expected
        self._liar = liar
        self._dumps: dict[str, Path] = {}
        self.lost: set[str] = set()
        """The topics that were lost once."""
        self.books: Counter[str] = Counter()

    async def dump(self) -> None:
        """What may be restored later in the round."""
        for service in SERVICES:
            path = self._world.folder / f"dump-{service}"
            path.unlink(missing_ok=True)
            self._dumps[service] = await dumped(self._world.urls[service], path)

    async def topic_anew(self) -> bool:
        """Some topics are deleted and made anew."""
        wanted = sorted(topics.wanted_topics())
        names = [self._rng.choice(wanted)] if self._rng.random() < 0.5 else self._rng.sample(wanted, 3)
        names = sorted({*names, self._rng.choice(("clubs.events", "trainings.events", "clubs.checkpoints"))})
        self._say(f"    deletes {', '.join(names)}")
        self.lost.update(names)
        await asyncio.to_thread(self._delete, names)
        if self._rng.random() < 0.5:
            await asyncio.sleep(self._rng.random() * 4)
        await self._apply()
        if "clubs.events" in names:
            self._liar.gone()
        return True

    def _delete(self, names: Iterable[str]) -> None:
        admin: Any = KafkaAdminClient(bootstrap_servers=self._world.kafka.bootstrap)
        try:
            admin.delete_topics([*names])
        finally:
            admin.close()

    async def _apply(self) -> None:
        """Until every topic is there: a deleted one is on its way out for a while."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                await asyncio.to_thread(topics.apply, self._world.kafka.bootstrap)
                if not await asyncio.to_thread(topics.check, self._world.kafka.bootstrap):
                    return
            except KafkaError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.2)

    async def broker_wiped(self, revive: Callable[[], Any]) -> bool:
        """The broker's disk is gone, with everything on it."""
        world = self._world
        assert world.kafka.child is not None
        world.murder(world.kafka.child)
        self.lost.update(topics.wanted_topics())
        await asyncio.to_thread(shutil.rmtree, world.folder / "kafka" / "data")
        await revive()
        await self._apply()
        self._liar.gone()
        return True

    async def database_restored(self) -> bool:
        """A database goes back, while Kafka has what it held; False if that would lose something by nature."""
        service = self._rng.choice(SERVICES)
        killed = service == "reporting" or self._rng.random() < 0.4
        in_place = service != "reporting" and self._rng.random() < 0.5
        async with self._client.held(*WRITERS):
            if (had := await self._all_on_kafka(service)) is None:
                return False
            names = self._processes(service) if killed else []
            self._kill(names)
            await self._restore(service, in_place=in_place)
            lost = len(had - await self._ids_in_log(service))
            self._start(names)
        how = f"{'in place' if in_place else 'into a new database'}, its processes {'killed' if killed else 'running'}"
        self._say(f"    {service} restored {how}: {lost} events went")
        self.books["events that a restored database had lost"] += lost
        await asyncio.sleep(self._rng.random() * 4)
        await self._recover(service, had)
        return True

    async def forked(self, stop_broker: Callable[[], None], revive: Callable[[], Any]) -> bool:
        """A database goes back while Kafka is away, and is written to before anybody can see what it lacks."""
        service = self._rng.choice(WRITERS)
        names = self._processes(service)
        async with self._client.held(*WRITERS):
            if (had := await self._all_on_kafka(service)) is None:
                return False
            stop_broker()
            self._kill(names)
            await self._restore(service, in_place=False)
            there = await self._ids_in_log(service)
            self._start(names)
        with suppress(TimeoutError):
            await self._world.answers(service, 40)
        deadline = time.monotonic() + 25
        while len(branch := await self._ids_in_log(service) - there) < 5 and time.monotonic() < deadline:
            await asyncio.sleep(0.3)
        await revive()
        branch = await self._ids_in_log(service) - there
        self._say(f"    {service} restored without Kafka: {len(had - there)} events went, {len(branch)} others were written")
        self.books["events that a restored database had lost"] += len(had - there)
        self.books["events of another branch"] += len(branch)
        await asyncio.sleep(self._rng.random() * 4)
        await self._recover(service, had)
        return True

    # the person who restores

    async def _restore(self, service: str, *, in_place: bool) -> None:
        urls = self._world.urls[service]
        if not in_place:
            admin = await connect(self._world.postgres.admin_url)
            await admin.execute(f"drop database {urls.name} with (force)")
            await admin.close()
            await create_database(
                self._world.postgres.admin_url, urls.name, urls.app_role,
                owner_password=_password(urls.owner), app_password=_password(urls.app),
            )  # fmt: skip
        await restored(urls, self._dumps[service])

    async def _recover(self, service: str, had: set[str]) -> None:
        """`python -m services.<name> recover`, and then the client's own ledger against the log."""
        if self._rng.random() < 0.3:
            await self._killed_recover(service)
        branch = await self._ids_in_log(service)
        said = await self._world.run(f"services.{service}", "recover")
        self._say("    " + " ".join(line for line in said.splitlines() if "taken back" in line or "branch:" in line))
        now = await self._ids_in_log(service)
        listed = json.loads((await self._world.run(f"services.{service}", "recover", "--list", "--json")).splitlines()[-1])
        left = {one["event_id"] for run in listed for one in run["left_over"]}
        gone = (had | branch) - now
        if gone - left:
            self._client.broken.append(
                f"I2: {service} was recovered, and {len(gone - left)} events are neither in its log nor listed: {[*gone][:3]}"
            )
        self.books["events of another branch that a person was shown"] += len(gone & left)
        if had - now:
            self._client.broken.append(f"I2: {len(had - now)} published events of {service} did not come back")
        await self._client.repeat(service, left - now)

    async def _killed_recover(self, service: str) -> None:
        process = await self._world.begin(f"services.{service}", "recover")
        await asyncio.sleep(0.5 + self._rng.random() * 2.5)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        self.books["recover killed"] += 1

    async def _all_on_kafka(self, service: str) -> set[str] | None:
        """Wait until nothing is on its way: relays and policies have done their work, and topics hold what logs hold. The ids
        of what this log then holds; None if that does not come to pass, since something else was broken a moment ago."""
        deadline, calm = time.monotonic() + _PATIENCE, 0
        while calm < 3:
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(0.3)
            try:
                calm = calm + 1 if await self._nothing_waits() else 0
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                calm = 0
        while time.monotonic() < deadline:
            logs = {each: await self._ids_in_log(each) for each in WRITERS}
            published = {
                each: await asyncio.to_thread(_ids_on_topic, self._world.kafka.bootstrap, f"{each}.events") for each in WRITERS
            }
            if all(logs[each] <= published[each] for each in WRITERS):
                return logs.get(service, set())
            await asyncio.sleep(1)
        return None

    async def _nothing_waits(self) -> bool:
        for service in WRITERS:
            query = "select count(*) from log.lanes l join relay.lanes r using (lane) where l.position <> r.position"
            if await self._world.value(service, query):
                return False
        folded = await self._world.value(
            "trainings",
            "select sum(position) from projection.checkpoints where starts_with(view, 'policy_') and source = 'clubs'",
        )
        return folded == await self._world.value("clubs", "select count(*) from log.events")

    async def _ids_in_log(self, service: str) -> set[str]:
        return {row["id"] for row in await self._world.rows(service, "select event_id::text as id from log.events")}

    def _processes(self, service: str) -> list[str]:
        return [name for name in self._world.children if name.partition(".")[0] == service]

    def _kill(self, names: Iterable[str]) -> None:
        for name in names:
            self._expected.add(name)
            self._world.kill(name)

    def _start(self, names: Iterable[str]) -> None:
        for name in names:
            self._world.start(name)
            self._expected.discard(name)


def _ids_on_topic(bootstrap: str, topic: str) -> set[str]:
    return {id_of(record) for record in records_of(bootstrap, topic)}


def _password(url: str) -> str:
    return unquote(urlsplit(url).password or "")
