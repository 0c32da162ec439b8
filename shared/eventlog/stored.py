"""A log to read through once, out of a database or out of a file that was exported from one.

The file is NDJSON, gzipped where its name ends in `.gz`: a line about the log with its heads, a line a row in order of lane and
position, and a last line with their number, so that a file that was cut short is refused. Both are read page by page, in flat
memory, and without a long transaction: a row after the head of its lane is looked for in one statement with the head. A log
in use is read with pauses, so that those who write and publish go first.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from shared.eventlog.marks import Finding
from shared.eventlog.postgres import heads_of, identity_of
from shared.eventlog.records import RECORDED, LaneHead, LogIdentity
from shared.eventlog.verification import Stored
from shared.kernel.database import Pool
from shared.kernel.envelope import Recorded
from shared.kernel.errors import Refused
from shared.kernel.lanes import LANES

_FORMAT = "lien-the log 2"
_LEAST = -(2**63)


class StoredLog:
    """The log of a database, read as the service's own role or any other that may read."""

    def __init__(
        self,
        pool: Pool,
        source: str,
        identity: LogIdentity,
        heads: Mapping[int, LaneHead],
        *,
        page: int = 1000,
        pause: float = 0.0,
    ) -> None:
        self._pool = pool
        self.source = source
        self.identity = identity
        self.heads = heads
        self._page = page
        self._pause = pause
        self.starts: Mapping[int, int] = {}
        """After which position the pages of a lane begin, if not at its first row."""

    @classmethod
    async def open(cls, pool: Pool, source: str, *, page: int = 1000, pause: float = 0.0) -> StoredLog:
        """As it is now. `pause`: seconds of rest after each page. May raise `Refused` if a lane has no head."""
        async with pool.acquire() as connection:
            heads, identity = await heads_of(connection), await identity_of(connection)
        if set(heads) != set(range(LANES)):
            raise Refused(
                "heads-missing",
                f"Kho {source} không đủ {LANES} đầu làn: bảng log.lanes đã bị sửa.",
                f"The store of {source} does not have {LANES} lane heads: the table log.lanes was changed.",
            )
        return cls(pool, source, identity, heads, page=page, pause=pause)

    async def pages(self) -> AsyncIterator[Sequence[Recorded]]:
        """See `Stored.pages`."""
        for lane in range(LANES):
            after, head = self.starts.get(lane, _LEAST), self.heads[lane].position
            while rows := await self._fetch(
                f"select {RECORDED} from log.events where lane = $1 and position > $2 and position <= $3 "  # noqa: S608  constants
                "order by position limit $4",
                lane,
                after,
                head,
                self._page,
            ):
                yield rows
                after = rows[-1].position
                if self._pause:
                    await asyncio.sleep(self._pause)
            beyond = await self._fetch(
                f"select {RECORDED} from log.events e where lane = $1 "  # noqa: S608  constants
                "and position > (select l.position from log.lanes l where l.lane = e.lane) order by position limit 1",
                lane,
            )
            if beyond:
                yield beyond

    async def without_answer(self) -> list[Finding]:
        """Of each lane the first row that no answer of a command accounts for: no command of this system recorded it."""
        findings: list[Finding] = []
        async with self._pool.acquire() as connection:
            for lane in range(LANES):
                row: Any = await connection.fetchrow(
                    """select e.position, e.stream from log.events e
                    left join log.commands c on c.command_id = e.command_id
                    where e.lane = $1 and e.position > $2 and (c.command_id is null or c.lane <> e.lane
                        or c.stream <> e.stream or e.position > c.position or e.position <= c.position - c.events)
                    order by e.position limit 1""",
                    lane,
                    self.starts.get(lane, _LEAST),
                )
                if row is not None:
                    at: int = row["position"]
                    findings.append(
                        Finding(
                            lane,
                            at,
                            at,
                            "commands",
                            "không có lệnh nào ghi hàng này (bảng log.commands)",
                            "no command recorded this row (table log.commands)",
                            row["stream"],
                        )
                    )
        return findings

    async def outside(self) -> int:
        """How many rows lie in lanes that do not exist."""
        async with self._pool.acquire() as connection:
            return int(await connection.fetchval("select count(*) from log.events where lane < 0 or lane >= $1", LANES))

    async def _fetch(self, query: str, *arguments: object) -> list[Recorded]:
        async with self._pool.acquire() as connection:
            rows: list[Any] = await connection.fetch(query, *arguments)
        return [Recorded(*row) for row in rows]


async def write_dump(log: Stored, path: Path, now: datetime, tell: Callable[[int], None] = lambda _: None) -> int:
    """Write a log into a new file; answers how many rows. May raise `FileExistsError`."""
    written = 0
    with _opened(path, "x") as file:
        ordered = [log.heads[lane] for lane in range(LANES)]
        heads = [[head.position, head.hash.hex(), _time(head.last_at)] for head in ordered]
        whose = {"source": log.source, "deployment": log.identity.deployment, "log": log.identity.log_id}
        file.write(_line({"format": _FORMAT, **whose, "exported_at": _time(now), "heads": heads}))
        async for page in log.pages():
            for event in page:
                file.write(_line(_row(event)))
            written += len(page)
            tell(written)
        file.write(_line({"rows": written}))
    return written


class DumpedLog:
    """The log of a file. May raise `Refused` (`dump`) on opening and while it is read."""

    def __init__(self, path: Path, *, page: int = 1000) -> None:
        self._path = path
        self._page = page
        with self._reading() as lines:
            first: Any = self._parsed(next(lines, ""), 1)
        try:
            if first["format"] != _FORMAT:
                raise self._refused(1, f"format {first['format']}")
            self.source = str(first["source"])
            self.identity = LogIdentity(str(first["deployment"]), str(first["log"]))
            self.heads: Mapping[int, LaneHead] = {
                lane: LaneHead(lane, int(position), bytes.fromhex(digest), datetime.fromisoformat(at))
                for lane, (position, digest, at) in enumerate(first["heads"])
            }
        except (KeyError, TypeError, ValueError) as failure:
            raise self._refused(1, f"{type(failure).__name__} {failure}") from failure
        if len(self.heads) != LANES:
            raise self._refused(1, f"{len(self.heads)} heads")

    async def pages(self) -> AsyncIterator[Sequence[Recorded]]:
        """See `Stored.pages`."""
        rows, last, page = 0, (-1, _LEAST), list[Recorded]()
        with self._reading() as lines:
            next(lines)
            for number, line in enumerate(lines, start=2):
                found = self._parsed(line, number)
                if isinstance(found, dict):
                    if page:
                        yield page
                    if found != {"rows": rows}:
                        raise self._refused(number, f"{rows} rows, {found}")
                    return
                event = self._event(found, number)
                if (event.lane, event.position) <= last or event.lane >= LANES:
                    raise self._refused(number, f"lane {event.lane} position {event.position} is out of order")
                last, rows = (event.lane, event.position), rows + 1
                page.append(event)
                if len(page) >= self._page:
                    yield page
                    page = []
        raise self._refused(rows + 2, "the last line is missing")

    @contextmanager
    def _reading(self) -> Generator[Iterator[str]]:
        try:
            with _opened(self._path, "r") as file:
                yield iter(file)
        except (OSError, EOFError) as failure:
            raise self._refused(0, f"{type(failure).__name__} {failure}") from failure

    def _parsed(self, line: str, number: int) -> Any:
        try:
            return json.loads(line)
        except ValueError as failure:
            raise self._refused(number, "no JSON") from failure

    def _event(self, row: Any, number: int) -> Recorded:
        try:
            *fields, at, command_id, actor, data, digest, fingerprint, origin = row
            source, lane, position, stream, version, event_id, kind, schema_version = fields
            return Recorded(
                source, int(lane), int(position), stream, int(version), event_id, kind, int(schema_version),
                datetime.fromisoformat(at), command_id, actor, data, bytes.fromhex(digest), bytes.fromhex(fingerprint), origin,
            )  # fmt: skip
        except (TypeError, ValueError) as failure:
            raise self._refused(number, f"no row: {failure}") from failure

    def _refused(self, number: int, why: str) -> Refused:
        return Refused(
            "dump",
            f"{self._path} không phải là tệp xuất nhật ký nguyên vẹn (dòng {number}: {why}): xuất lại bằng ./clb dump.",
            f"{self._path} is not a whole export of a log (line {number}: {why}): export it again by ./clb dump.",
        )


def _row(event: Recorded) -> list[Any]:
    return [
        event.source, event.lane, event.position, event.stream, event.version, event.event_id, event.type,
        event.schema_version, _time(event.recorded_at), event.command_id, event.actor, event.data, event.hash.hex(),
        event.fingerprint.hex(), event.origin,
    ]  # fmt: skip


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def _opened(path: Path, mode: str) -> IO[str]:
    if path.suffix == ".gz":
        return cast("IO[str]", gzip.open(path, f"{mode}t", encoding="utf-8", compresslevel=6))
    return path.open(mode, encoding="utf-8", newline="\n")
