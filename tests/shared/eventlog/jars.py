"""A jar of coins: the smallest domain that has versions, refusals, notices and commands without effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from shared.eventlog.handler import Handler
from shared.eventlog.log import Log
from shared.eventlog.plan import Request
from shared.eventlog.postgres import PostgresLog
from shared.eventlog.records import Append, NewEvent
from shared.eventlog.writer import AppendWriter
from shared.kernel.clock import Clock, system_clock
from shared.kernel.command import Command
from shared.kernel.decider import Context, Decider, Jurisdiction
from shared.kernel.errors import Notice, Refused
from shared.kernel.event import Event, EventCodec
from shared.kernel.place import NATION, MapName, PlaceRef
from shared.kernel.ports import Located, PlaceBook
from shared.kernel.principal import CENTRE, Principal
from shared.local.databases import DatabaseUrls


class OpenJar(Command, type="toy.open-jar"):
    label: str


class PutCoins(Command, type="toy.put-coins"):
    jar: str
    coins: int


class TakeCoins(Command, type="toy.take-coins"):
    jar: str
    coins: int


class JarOpened(Event, type="toy.jar-opened", version=1):
    label: str


class CoinsPut(Event, type="toy.coins-put", version=1):
    coins: int
    on: date


class CoinsTaken(Event, type="toy.coins-taken", version=1):
    coins: int


JarCommand = OpenJar | PutCoins | TakeCoins
JarEvent = JarOpened | CoinsPut | CoinsTaken


@dataclass(frozen=True, slots=True)
class Jar:
    coins: int = 0


def _refused(slug: str) -> Refused:
    return Refused(slug, f"từ chối: {slug}", f"refused: {slug}")


def decide(jar: Jar | None, command: JarCommand, context: Context) -> Iterable[JarEvent]:
    match jar, command:
        case None, OpenJar(label=label):
            yield JarOpened(label=label)
        case _, OpenJar():
            raise _refused("jar-is-open")
        case None, _:
            raise _refused("unknown-jar")
        case Jar(), PutCoins(coins=coins):
            if coins:
                yield CoinsPut(coins=coins, on=context.today)
        case Jar(coins=held), TakeCoins(coins=coins):
            if coins > held:
                raise _refused("not-enough")
            yield CoinsTaken(coins=coins)


def evolve(jar: Jar | None, event: JarEvent) -> Jar:
    held = jar.coins if jar else 0
    match event:
        case JarOpened():
            return Jar()
        case CoinsPut(coins=coins):
            return Jar(held + coins)
        case CoinsTaken(coins=coins):
            return Jar(held - coins)


def notices(jar: Jar | None, command: JarCommand, context: Context) -> Iterable[Notice]:
    if isinstance(command, PutCoins) and jar and jar.coins > 100:
        yield Notice("heavy", f"nặng: {jar.coins}, {context.today}", f"heavy: {jar.coins}, {context.today}")


def stream_of(command: JarCommand, command_id: str) -> str:
    return f"jar-{command_id}" if isinstance(command, OpenJar) else command.jar


JAR: Decider[Jar, JarCommand, JarEvent] = Decider(
    decide, evolve, stream_of, lambda _jar, _command: Jurisdiction(NATION), notices
)
CODEC = EventCodec(JarEvent)
DECIDERS = {OpenJar: JAR, PutCoins: JAR, TakeCoins: JAR}


class NoPlaces:
    """A book without places: jars lie nowhere."""

    def exists(self, place: PlaceRef) -> bool:
        return place == NATION

    def name(self, place: PlaceRef) -> str:
        return place.key

    def locate(self, place: PlaceRef, map: MapName) -> Located:
        raise KeyError(place)

    def contains(self, area: PlaceRef, place: PlaceRef) -> bool:
        return area == place

    def provinces(self, map: MapName) -> tuple[PlaceRef, ...]:
        return ()

    def region(self, province: PlaceRef) -> str:
        raise KeyError(province)

    def map_on(self, day: date) -> MapName:
        return "34"


def only_the_centre(principal: Principal, jurisdiction: Jurisdiction, places: PlaceBook) -> None:
    if principal.role not in jurisdiction.roles or principal.area != NATION:
        raise Refused("not-your-area", "Không thuộc địa bàn.", "Not your area.", status=403)


def handler_on(log: Log, writer: AppendWriter, clock: Clock = system_clock) -> Handler:
    return Handler(log, writer, DECIDERS, CODEC, places=NoPlaces(), clock=clock, authorise=only_the_centre)


def request(
    command: JarCommand, command_id: str | None = None, principal: Principal = CENTRE, at: datetime | None = None
) -> Request:
    return Request(command_id or str(uuid4()), command, principal, at)


def append(
    stream: str,
    expected: int,
    events: int = 1,
    *,
    id: str | None = None,
    fingerprint: bytes = b"body",
    at: datetime | None = None,
) -> Append:
    """A command with so many events, which are named after it."""
    command_id = id or str(uuid4())
    return Append(
        command_id,
        fingerprint,
        stream,
        expected,
        tuple(
            NewEvent(str(uuid5(UUID(command_id), str(index))), "toy.coins-put", 1, f'{{"coins":{index},"ở":"Thanh Hóa"}}')
            for index in range(events)
        ),
        "centre/state/VN/policy",
        at,
    )


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@dataclass(frozen=True)
class Database:
    """A log in a database: as the service sees it, and the addresses of its roles."""

    log: PostgresLog
    pool: Any
    urls: DatabaseUrls


OpenDatabase = Callable[..., Awaitable[Database]]
