"""The read model of the clubs service: each club as it is now, every report it made, and its timeline.

The timeline says of each event who recorded it when, and what it changed against what was recorded before: a correction
shows the old number beside the new one. An event that was folded already changes nothing. It counts nothing: figures are the
reporting service's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import assert_never, cast

import orjson

from services.clubs.changes import Facts, changes
from shared.events.clubs import (
    BoardRenewed,
    ClubDissolved,
    ClubEvent,
    ClubFounded,
    ClubResumed,
    ClubSuspended,
    FoundingCorrected,
    MembersReported,
    MonthReported,
)
from shared.events.language import codec_of
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.projections.view import Delivered
from shared.reference.areas import areas_of
from shared.reference.spelling import plain, sort_key

ReportKey = tuple[str, str, str]
"""Club, kind of report, and the day or month it speaks of."""


@dataclass(frozen=True, slots=True)
class ClubRow:
    """A club as it is now. `members`, `month` and `board` are the newest of their kind by the day they speak of."""

    club: str
    version: int
    name_sort: str
    search: str
    areas: list[str]
    founding: Facts
    status: str
    since: str | None
    members: Facts | None
    month: Facts | None
    board: Facts | None
    recorded_at: str


_COLUMNS = tuple(column.name for column in fields(ClubRow))


@dataclass(frozen=True, slots=True)
class _Folded:
    """What one event did: the club after it, what it says now, what was said before of the same thing."""

    row: ClubRow
    day: str
    before: Facts
    after: Facts
    kind: str | None = None


class Clubs:
    """The view `clubs`, version 1."""

    name = "clubs"
    version = 1
    sources = ("clubs",)
    codec = codec_of("clubs")

    def __init__(self, places: PlaceBook) -> None:
        self._places = places

    def tables(self) -> str:
        """Clubs, their reports, their timelines."""
        return """
            create table if not exists clubs (
                club text primary key,
                version int not null,
                name_sort text collate "C" not null,
                search text not null,
                areas text[] not null,
                founding jsonb not null,
                status text not null check (status in ('active', 'suspended', 'dissolved')),
                since date,
                members jsonb, month jsonb, board jsonb,
                recorded_at timestamptz not null
            ) with (fillfactor = 60);
            create index if not exists clubs_by_area on clubs using gin (areas);
            create index if not exists clubs_by_name on clubs (name_sort, club);
            create table if not exists reports (
                club text not null,
                kind text not null check (kind in ('members', 'month', 'board')),
                day date not null,
                version int not null,
                facts jsonb not null,
                primary key (club, kind, day)
            );
            create table if not exists timeline (
                club text not null,
                version int not null,
                event_id text not null,
                type text not null,
                day date not null,
                recorded_at timestamptz not null,
                actor text not null,
                changes jsonb not null,
                primary key (club, version)
            );
        """

    async def apply(self, connection: Connection, events: Sequence[Delivered]) -> None:
        """Read what the batch touches, fold it in memory, write it back: five statements a batch."""
        rows = await self._rows(connection, {delivered.recorded.stream for delivered in events})
        reports = await _reports(connection, events)
        timeline: list[Facts] = []
        touched: dict[str, ClubRow] = {}
        written: dict[ReportKey, Facts] = {}
        for delivered in events:
            recorded, event = delivered.recorded, cast("ClubEvent", delivered.event)
            row = rows.get(recorded.stream)
            if row is not None and recorded.version <= row.version:
                continue
            key = _report_key(recorded, event)
            folded = self._fold(row, event, recorded, reports.get(key, {}) if key is not None else {})
            rows[recorded.stream] = touched[recorded.stream] = folded.row
            if key is not None:
                reports[key] = folded.after
                written[key] = {
                    "club": key[0], "kind": key[1], "day": key[2], "version": recorded.version, "facts": folded.after,
                }  # fmt: skip
            timeline.append(_moment(recorded, folded))
        if timeline:
            await _write(connection, touched.values(), written.values(), timeline)

    async def _rows(self, connection: Connection, clubs: set[str]) -> dict[str, ClubRow]:
        found = await connection.fetch("select to_jsonb(c)::text as row from clubs c where club = any($1)", sorted(clubs))
        rows = (ClubRow(**orjson.loads(record["row"])) for record in found)
        return {row.club: row for row in rows}

    def _fold(self, row: ClubRow | None, event: ClubEvent, recorded: Recorded, before: Facts) -> _Folded:
        """One event on one club. `before` is the report of the same kind and day, if there was one."""
        facts: Facts = orjson.loads(recorded.data)
        if isinstance(event, ClubFounded):
            return _Folded(self._place(_new(recorded, facts), facts), facts["founded_on"], {}, facts)
        assert row is not None, "a club begins with its founding"  # noqa: S101 - dense versions promise it
        row = replace(row, version=recorded.version, recorded_at=recorded.recorded_at.isoformat())
        match event:
            case FoundingCorrected():
                kept = {name: row.founding[name] for name in ("provisional_board", "generated") if name in row.founding}
                corrected = {**kept, **{name: value for name, value in facts.items() if name != "reason"}}
                after = {**corrected, "reason": event.reason}
                return _Folded(self._place(row, corrected), facts["founded_on"], row.founding, after)
            case MembersReported():
                newest = row.members is None or row.members["as_of"] <= facts["as_of"]
                row = replace(row, members=facts) if newest else row
                return _Folded(row, facts["as_of"], before, facts, "members")
            case MonthReported():
                newest = row.month is None or row.month["month"] <= facts["month"]
                row = replace(row, month=facts) if newest else row
                return _Folded(row, facts["month"], before, facts, "month")
            case BoardRenewed():
                newest = row.board is None or row.board["renewed_on"] <= facts["renewed_on"]
                row = replace(row, board=facts) if newest else row
                return _Folded(row, facts["renewed_on"], before, facts, "board")
            case ClubSuspended():
                return _turn(row, "suspended", facts["suspended_on"], facts)
            case ClubResumed():
                return _turn(row, "active", facts["resumed_on"], facts)
            case ClubDissolved():
                return _turn(row, "dissolved", facts["dissolved_on"], facts)
            case _:
                assert_never(event)

    def _place(self, row: ClubRow, founding: Facts) -> ClubRow:
        """The row with these facts of the founding, and by what it is found and sorted."""
        commune = PlaceRef.model_validate(founding["commune"])
        words = (founding["name"], founding.get("village", ""), self._places.name(commune))
        return replace(
            row,
            founding=founding,
            name_sort=sort_key(founding["name"]),
            search=plain(" ".join(words)),
            areas=areas_of(self._places, (commune,)),
        )


def _new(recorded: Recorded, founding: Facts) -> ClubRow:
    return ClubRow(
        club=recorded.stream,
        version=recorded.version,
        name_sort="",
        search="",
        areas=[],
        founding=founding,
        status="active",
        since=None,
        members=None,
        month=None,
        board=None,
        recorded_at=recorded.recorded_at.isoformat(),
    )


def _turn(row: ClubRow, status: str, day: str, facts: Facts) -> _Folded:
    told = {name: value for name, value in facts.items() if name in ("reason", "decision_number")}
    before = {"status": row.status, "since": row.since}
    return _Folded(replace(row, status=status, since=day), day, before, {"status": status, "since": day, **told})


def _report_key(recorded: Recorded, event: ClubEvent) -> ReportKey | None:
    match event:
        case MembersReported():
            return recorded.stream, "members", event.as_of.isoformat()
        case MonthReported():
            return recorded.stream, "month", event.month.isoformat()
        case BoardRenewed():
            return recorded.stream, "board", event.renewed_on.isoformat()
        case _:
            return None


def _moment(recorded: Recorded, folded: _Folded) -> Facts:
    return {
        "club": recorded.stream,
        "version": recorded.version,
        "event_id": recorded.event_id,
        "type": recorded.type,
        "day": folded.day,
        "recorded_at": recorded.recorded_at.isoformat(),
        "actor": recorded.actor,
        "changes": changes(folded.before, folded.after),
    }


async def _reports(connection: Connection, events: Sequence[Delivered]) -> dict[ReportKey, Facts]:
    """What was reported before for every club, kind and day of which the batch speaks."""
    keys = {_report_key(delivered.recorded, cast("ClubEvent", delivered.event)) for delivered in events} - {None}
    wanted = [{"club": key[0], "kind": key[1], "day": key[2]} for key in keys if key is not None]
    found = await connection.fetch(
        """
        select r.club, r.kind, r.day, r.facts::text as facts
        from jsonb_to_recordset($1::text::jsonb) as wanted (club text, kind text, day date)
        join reports r using (club, kind, day)
        """,
        _json(wanted),
    )
    return {(row["club"], row["kind"], row["day"].isoformat()): orjson.loads(row["facts"]) for row in found}


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


async def _write(connection: Connection, rows: Iterable[ClubRow], reports: Iterable[Facts], timeline: Iterable[Facts]) -> None:
    await connection.execute(
        """
        insert into clubs select * from jsonb_populate_recordset(null::clubs, $1::text::jsonb)
        on conflict (club) do update set
            version = excluded.version, name_sort = excluded.name_sort, search = excluded.search, areas = excluded.areas,
            founding = excluded.founding, status = excluded.status, since = excluded.since, members = excluded.members,
            month = excluded.month, board = excluded.board, recorded_at = excluded.recorded_at
        """,
        _json([{name: getattr(row, name) for name in _COLUMNS} for row in rows]),
    )
    await connection.execute(
        """
        insert into reports select * from jsonb_populate_recordset(null::reports, $1::text::jsonb)
        on conflict (club, kind, day) do update set version = excluded.version, facts = excluded.facts
        """,
        _json(list(reports)),
    )
    await connection.execute(
        "insert into timeline select * from jsonb_populate_recordset(null::timeline, $1::text::jsonb)",
        _json(list(timeline)),
    )
