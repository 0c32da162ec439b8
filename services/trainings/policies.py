"""The policy that keeps the boards' to-dos: a club whose board no known round has trained becomes one.

It hears foundings from the clubs service and reports of rounds from its own, in any order, and remembers both in its own
tables, so that a round held before the founding (the founding cites its provisional board) closes a to-do as well as a later
one (it names the club or the provisional board). It only asks; the board's decider records what changes something. A command's
id is derived from the event and from all that is asked, so that a repeated event asks twice for the same thing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from services.trainings.domain import BoardCommand, RecordBoardTrained, RequireBoardTraining
from shared.eventlog.plan import Request
from shared.events.clubs import ClubFounded, FoundingCorrected
from shared.events.language import UPCASTS
from shared.events.trainings import TrainingHeld
from shared.kernel.database import Connection
from shared.kernel.envelope import Recorded
from shared.kernel.event import EventCodec
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import CENTRE
from shared.projections.policy import because_of
from shared.projections.view import Delivered

_TRAINERS = """
    select r.round, r.trained_on from named_clubs c join rounds r on r.round = c.round where c.club = $1
    union
    select r.round, r.trained_on
    from founded f join named_boards b on b.board = f.board join rounds r on r.round = b.round
    where f.club = $1 and (b.provinces = '{}' or f.province = any(b.provinces))
    order by trained_on, round
"""
_TRAINED_BY = """
    select c.club from named_clubs c join founded f on f.club = c.club where c.round = $1
    union
    select f.club from named_boards b join founded f on f.board = b.board
    where b.round = $1 and (b.provinces = '{}' or f.province = any(b.provinces))
    order by club
"""


class TrainBoards:
    """Reacts to `clubs.club-founded`, `clubs.founding-corrected` and `trainings.training-held`."""

    name = "train_boards"
    sources = ("clubs", "trainings")
    codec = EventCodec(ClubFounded, FoundingCorrected, TrainingHeld, upcasts=UPCASTS)

    def __init__(self, places: PlaceBook) -> None:
        self._places = places

    def tables(self) -> str:
        """The clubs that were founded, and whom each round has trained as last reported."""
        return """
            create table if not exists founded (
                club text primary key, version int not null,
                commune text not null, province text not null, founded_on date not null,
                provisional_board text, board text, generated boolean not null
            );
            create index if not exists founded_by_board on founded (board) where board is not null;
            create table if not exists rounds (round text primary key, version int not null, trained_on date not null);
            create table if not exists named_clubs (round text not null, club text not null, primary key (club, round));
            create index if not exists named_clubs_by_round on named_clubs (round);
            create table if not exists named_boards (
                round text not null, board text not null, provinces text[] not null, primary key (board, round)
            );
            create index if not exists named_boards_by_round on named_boards (round);
        """

    async def react(self, connection: Connection, events: Sequence[Delivered]) -> Sequence[Request]:
        """The commands that a batch of events asks for, in order. One batch at a time, whatever process it runs in."""
        await connection.execute("select pg_advisory_xact_lock(hashtext('train_boards'))")
        requests: list[Request] = []
        for delivered in events:
            match delivered.event:
                case ClubFounded() as founded:
                    commands = await self._founded(connection, delivered.recorded, founded)
                case FoundingCorrected() as corrected:
                    commands = await self._corrected(connection, delivered.recorded, corrected)
                case TrainingHeld() as held:
                    commands = await self._held(connection, delivered.recorded, held)
                case _:
                    continue
            requests += [self._request(delivered.recorded, command) for command in commands]
        return requests

    def _request(self, recorded: Recorded, command: BoardCommand) -> Request:
        asked = f"{self.name}:{command.TYPE}:{command.model_dump_json()}"
        return because_of(recorded, asked, command, CENTRE)

    async def _founded(self, connection: Connection, recorded: Recorded, event: ClubFounded) -> list[BoardCommand]:
        await connection.execute(
            """
            insert into founded (club, version, commune, province, founded_on, provisional_board, board, generated)
            values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (club) do nothing
            """,
            recorded.stream, recorded.version, event.commune.key, self._province(event.commune), event.founded_on,
            event.provisional_board, _spelled_alike(event.provisional_board), event.generated,
        )  # fmt: skip
        return await self._wanted(connection, recorded.stream)

    async def _corrected(self, connection: Connection, recorded: Recorded, event: FoundingCorrected) -> list[BoardCommand]:
        before = await self._trainers(connection, recorded.stream)
        await connection.execute(
            "update founded set version = $2, commune = $3, province = $4, founded_on = $5 where club = $1 and version < $2",
            recorded.stream, recorded.version, event.commune.key, self._province(event.commune), event.founded_on,
        )  # fmt: skip
        after = await self._trainers(connection, recorded.stream)
        lost = [trainer.round for trainer in before if trainer not in after]
        return await self._wanted(connection, recorded.stream, lost)

    async def _trainers(self, connection: Connection, club: str) -> list[RecordBoardTrained]:
        """The rounds that have trained the board of a founded club, the earliest first."""
        rows = await connection.fetch(_TRAINERS, club)
        return [RecordBoardTrained(club=club, round=row["round"], trained_on=row["trained_on"]) for row in rows]

    async def _wanted(self, connection: Connection, club: str, lost: Sequence[str] = ()) -> list[BoardCommand]:
        """What the board of a founded club needs now: a to-do, after `lost` rounds no longer name it, or its closing."""
        trainers = await self._trainers(connection, club)
        founded = await connection.fetchrow("select * from founded where club = $1", club)
        require = RequireBoardTraining(
            club=club,
            commune=PlaceRef.parse(founded["commune"]),
            founded_on=founded["founded_on"],
            provisional_board=founded["provisional_board"],
            generated=founded["generated"],
        )
        withdrawals = [require.model_copy(update={"withdrawn": stream}) for stream in lost]
        if trainers:
            return [*withdrawals, trainers[0]]
        return [*withdrawals] or [require]

    async def _held(self, connection: Connection, recorded: Recorded, event: TrainingHeld) -> list[BoardCommand]:
        stream = recorded.stream
        known = await connection.fetchrow("select version, trained_on from rounds where round = $1", stream)
        if known is not None and known["version"] >= recorded.version:
            return []
        before = {row["club"] for row in await connection.fetch(_TRAINED_BY, stream)}
        await self._remember(connection, recorded, event)
        after = [row["club"] for row in await connection.fetch(_TRAINED_BY, stream)]
        redated = known is not None and known["trained_on"] != event.ends_on
        commands: list[BoardCommand] = []
        for club in after:
            if redated or club not in before:
                commands.append(RecordBoardTrained(club=club, round=stream, trained_on=event.ends_on))
            if redated:
                commands += await self._wanted(connection, club)
        for club in sorted(before.difference(after)):
            commands += await self._wanted(connection, club, lost=[stream])
        return commands

    async def _remember(self, connection: Connection, recorded: Recorded, event: TrainingHeld) -> None:
        stream = recorded.stream
        await connection.execute(
            """
            insert into rounds (round, version, trained_on) values ($1, $2, $3)
            on conflict (round) do update set version = excluded.version, trained_on = excluded.trained_on
            """,
            stream, recorded.version, event.ends_on,
        )  # fmt: skip
        await connection.execute("delete from named_clubs where round = $1", stream)
        await connection.execute("delete from named_boards where round = $1", stream)
        await connection.executemany(
            "insert into named_clubs (round, club) values ($1, $2) on conflict do nothing",
            [(stream, club) for club in event.clubs],
        )
        provinces = self._provinces(event)
        await connection.executemany(
            "insert into named_boards (round, board, provinces) values ($1, $2, $3) on conflict do nothing",
            [(stream, _spelled_alike(board), provinces) for board in event.provisional_boards],
        )

    def _province(self, place: PlaceRef) -> str:
        """The province of today, in which every place of either list lies; empty for the nation."""
        province = self._places.locate(place, "34").province
        return "" if province is None else province.key

    def _provinces(self, event: TrainingHeld) -> list[str]:
        """Where a provisional board of this name is meant: "thôn 3" is a name in every province. Empty: anywhere."""
        if event.level in ("national", "regional") and not event.provinces:
            return []
        provinces = {self._province(place) for place in (event.place, *event.provinces)}
        return sorted(provinces - {""})


def _spelled_alike(board: str | None) -> str | None:
    """A reference as two writers would agree on it: composed letters, small, single spaces."""
    return None if board is None else " ".join(unicodedata.normalize("NFC", board).casefold().split())
