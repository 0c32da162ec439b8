"""Whether a log is where it was: a database that was restored, or a standby promoted behind its primary, takes no commands.

Guarantees that nothing is written from the moment a process sees that its log lacks what was published, what was signed, or
what this process itself was answered, until `clb recover` has run; and that nothing is published before the log was held
against its topic. Without Kafka commands go on, and the comparison follows when it is back. Refuses to repair anything.

Compared with the topic is a database once: at the start, and again when it is another one (`looks.Incarnation`). From then on a
record that follows and is not the log's is a forgery and no loss, and one query every two seconds is all that is asked.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.log import LogBehind
from shared.eventlog.postgres import identity_of
from shared.eventlog.records import Appended
from shared.eventlog.signing import PublicKey
from shared.eventlog.writer import AppendWriter, Written
from shared.kafka.failures import BROKER_FAILURES
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.relay.closed import Closed, unheld, unstored, why_closed
from shared.relay.compared import Compared, compare, not_kept, signed_anywhere, signed_in_file, signed_on_topic
from shared.relay.looks import Head, Incarnation, Look, look
from shared.relay.recovery.branches import Rulings, Wanted

log = logging.getLogger(__name__)

OPEN_SECONDS, CLOSED_SECONDS = 2.0, 1.0
BEGIN_SECONDS: Final = 10.0
"""The longest that a start waits for the comparison; after that it goes on beside the commands."""
APPEND_SECONDS: Final = 5.0
"""The longest that the first append after another database was met waits for the comparison."""
_AGAIN = (5.0, 30.0)
"""Seconds after another database was met: what was published last by whoever wrote to the other may still come."""


@dataclass(frozen=True, slots=True)
class GuardStatus:
    """How the log stands."""

    closed: Closed | None
    compared: bool
    """Whether this database was held against the topic."""
    failure: str | None
    """Why it was not, in words."""
    ahead: int
    """How many lanes some view has read further than the log goes."""


class LogGuard:
    """One a process that writes a log or publishes it."""

    def __init__(
        self, pool: Pool, source: str, bootstrap: str, *, checkpoints: Path | None = None, public: PublicKey | None = None
    ) -> None:
        """`checkpoints` and `public`: the file of signed checkpoints and the key; without the key no signature counts."""
        self._pool = pool
        self._source = source
        self._bootstrap = bootstrap
        self._file = checkpoints
        self._public = public
        self._by = f"{socket.gethostname()} {os.getpid()}"
        self._incarnation: Incarnation | None = None
        self._wanted: Wanted | None = None
        self._seen: dict[int, Head] = {}
        self._answered: dict[int, int] = {}
        self._unheld: Closed | None = None
        self._unstored: Closed | None = None
        self._found: Closed | None = None
        self._look: Look | None = None
        self._compared = False
        self._ends: Mapping[int, int] | None = None
        self._again: list[float] = []
        self._recheck = 0.0
        self._failure: str | None = None
        self._doubted = True
        self._tried = asyncio.Event()
        self._wake = asyncio.Event()
        self._looking = asyncio.Lock()
        self._stopping = False
        self.on_changed: list[Callable[[], None]] = []
        """Called when the database turns out to be another one: what is known of the log in memory may be wrong."""

        self.on_recovered: list[Callable[[], None]] = []
        """Called when the log was recovered: what was answered before and is not in it is gone."""

    def follow(self, writer: AppendWriter) -> None:
        """Remember what is answered, and be asked before each command."""

        def written(one: Written) -> None:
            for outcome in one.outcomes:
                if isinstance(outcome, Appended):
                    self.answered(outcome.lane, outcome.position)

        writer.on_written.append(written)
        writer.on_failed.append(self.doubt)
        writer.refusal = self.refusal

    def answered(self, lane: int, position: int) -> None:
        """A command was answered with this position."""
        self._answered[lane] = max(position, self._answered.get(lane, 0))

    def doubt(self) -> None:
        """A connection is new, or one was lost: look before the next append."""
        self._doubted = True
        self._wake.set()

    def status(self) -> GuardStatus:
        """How it stands, for health checks and people."""
        ahead = self._look.ahead if self._look is not None else 0
        return GuardStatus(self._closed, self._compared, self._failure, ahead)

    def healthy(self) -> bool:
        """Whether the log was compared with its topic and holds everything: only then may it be published, and rule."""
        return self._compared and self._closed is None and not self._doubted

    def why_not_published(self) -> str | None:
        """None if the log may be published, else why not."""
        if self.healthy():
            return None
        return self._closed.en if self._closed is not None else "the log is not compared with its topic yet"

    def refusal(self) -> Refused | None:
        """Why no command is taken; None if they are."""
        return None if self._closed is None else LogBehind(self._source)

    @property
    def _closed(self) -> Closed | None:
        return self._unheld or self._unstored or self._found

    async def begin(self) -> None:
        """Look and compare before commands are taken, as far as that takes no long time."""
        try:
            async with asyncio.timeout(BEGIN_SECONDS):
                await self._round()
        except TimeoutError:
            log.warning("%s: comparing the log with its topic takes long and goes on beside the commands", self._source)

    async def run(self) -> None:
        """Look again and again until `stop` is called. The broker and the database may be away at any time."""
        while not self._stopping:
            self._wake.clear()
            await self._round()
            seconds = OPEN_SECONDS if self.healthy() else CLOSED_SECONDS
            try:
                await asyncio.wait_for(self._wake.wait(), seconds)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping = True
        self._wake.set()

    async def admit(self, connection: Connection) -> None:
        """Before an append on this connection; costs nothing without doubt. May raise `Refused`, and what asyncpg raises."""
        if self._doubted:
            await self._see(connection)
            if not self._compared and self._found is None:
                self._wake.set()
                try:
                    await asyncio.wait_for(self._tried.wait(), APPEND_SECONDS)
                except TimeoutError:
                    log.warning("%s: a command goes on before the log was compared with its topic", self._source)
        if (refused := self.refusal()) is not None:
            raise refused

    async def _round(self) -> None:
        try:
            async with self._pool.acquire() as connection:
                found = await self._see(connection)
            now = asyncio.get_running_loop().time()
            again = self._again[0] if self._found is None and self._again else self._recheck if self._found else None
            if not self._compared or (again is not None and now >= again):
                self._recheck = now + _AGAIN[0]  # what closed it may have been ruled out since
                await self._compare(found)
        except (*BROKER_FAILURES, *DATABASE_FAILURES, RuntimeError) as failure:
            if self._failure is None:
                log.warning("The log of %s cannot be looked at or compared just now: %s", self._source, failure)
            self._failure = f"{type(failure).__name__}: {failure}"
            self._tried.set()

    async def _see(self, connection: Connection) -> Look:
        """Look at the database, and whether it still holds what this process knows of it."""
        async with self._looking:
            answered = dict(self._answered)
            self._doubted = False
            try:
                found = await look(connection, self._source, self._seen)
                if self._wanted is None or found.incarnation != self._incarnation:
                    self._wanted = Wanted(self._source, await identity_of(connection))
                    self._met(found)
                    answered = {lane: position for lane, position in answered.items() if lane in self._answered}
                missing = self._missing(found, answered)
                if missing:
                    await self._tell_missing(connection, missing)
                else:
                    self._unheld, self._seen = None, dict(found.heads)
            except BaseException:
                self._doubted = True
                raise
            self._unstored = unstored(found)
            self._look = found
            return found

    def _met(self, found: Look) -> None:
        """This is another database than before, or the first, or one that was recovered."""
        before, self._incarnation = self._incarnation, found.incarnation
        self._found, self._compared, self._ends = None, found.compared, None
        if before is not None:
            log.warning(
                "The log of %s is in another database than before, or was recovered: it is compared again", self._source
            )
            now = asyncio.get_running_loop().time()
            self._again = [now + seconds for seconds in _AGAIN]
            self._compared = False
            for hook in self.on_changed:
                hook()
        if before is None or before.run != found.incarnation.run:
            self._seen, self._answered, self._unheld = {}, {}, None
            for hook in self.on_recovered:
                hook()
        self._tried.clear()

    def _missing(self, found: Look, answered: Mapping[int, int]) -> dict[int, int]:
        """The lanes that lack what this process saw or was answered, with the last position that it knows."""
        lacking = {lane: self._seen[lane].position for lane in found.missing if lane in self._seen}
        for lane, position in answered.items():
            if position > found.heads[lane].position:
                lacking[lane] = max(position, lacking.get(lane, 0))
        return lacking

    async def _tell_missing(self, connection: Connection, missing: Mapping[int, int]) -> None:
        if self._unheld is None:
            log.critical("The log of %s lacks what this process was answered: %s", self._source, dict(missing))
        self._unheld = unheld(missing, {lane: self._held(lane) for lane in missing})
        await connection.executemany(
            "insert into recovery.missed (lane, position, hash, by) values ($1, $2, $3, $4) on conflict do nothing",
            [(lane, position, self._hash(lane, position), self._by) for lane, position in missing.items()],
        )

    async def _ruled(self) -> Rulings:
        """Everything that was ruled of this log; nothing without the key. What is in the file may not be on the topic yet, and
        is published only by a log that is open."""
        if self._wanted is None or self._public is None:
            return Rulings()
        checkpoints, rulings = await asyncio.to_thread(signed_anywhere, self._bootstrap, self._wanted, self._public, self._file)
        return Rulings.of(rulings, [one for one in checkpoints if one.given_up])

    async def _remember(self) -> None:
        """So that a process that starts on this database need not read the topic again."""
        async with self._pool.acquire() as connection:
            await connection.execute(
                "insert into recovery.compared (started, database, events, run) values ($1, $2, $3, $4) on conflict do nothing",
                *(self._incarnation or ()),
            )

    def _held(self, lane: int) -> int:
        return self._look.heads[lane].position if self._look is not None else 0

    def _hash(self, lane: int, position: int) -> bytes | None:
        seen = self._seen.get(lane)
        return seen.hash if seen is not None and seen.position == position else None

    async def _compare(self, seen: Look) -> None:
        """Hold this database against what was published and signed."""
        assert self._wanted is not None  # noqa: S101  it was looked at
        incarnation, wanted, now = self._incarnation, self._wanted, asyncio.get_running_loop().time()
        lines = [] if self._public is None else await asyncio.to_thread(signed_in_file, self._file, wanted, self._public)
        if (lost := await not_kept(self._pool, lines)) is not None:  # Kafka may be away: this needs none
            self._found = why_closed(Compared({}, lost))
            self._tried.set()
        found = await compare(self._pool, wanted, self._bootstrap, seen, starts=self._ends, ruled=self._ruled)
        signed = None
        if self._public is not None:
            lines += (await asyncio.to_thread(signed_on_topic, self._bootstrap, wanted, self._public))[0]
            signed = await not_kept(self._pool, lines)
        if self._incarnation != incarnation:
            return
        self._found = why_closed(Compared(found.tails, signed, found.ends))
        self._compared, self._failure, self._ends = True, None, found.ends or self._ends
        self._again = [at for at in self._again if at > now]
        self._tried.set()
        if self._found is None:
            await self._remember()
        else:
            log.critical("Nothing is written to the log of %s: %s; run clb recover", self._source, self._found.en)
