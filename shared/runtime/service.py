"""What a service is, described once in its `app.py`, and the command line that every service has.

`python -m services.clubs serve|relay|project|all|migrate|openapi|views|recover`. Guarantees that a process which cannot do
its work says why in one sentence and ends with an exit code, so that whoever watches it can start it again. Refuses roles and
options that it does not know.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fastapi import APIRouter

from shared.eventlog import schema as log_schema
from shared.eventlog.handler import Done
from shared.eventlog.plan import AnyDecider, Request
from shared.feeds import schema as feed_schema
from shared.feeds.feed import Feed
from shared.kernel.clock import Clock
from shared.kernel.command import Command
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.kernel.event import EventCodec
from shared.kernel.ports import PlaceBook
from shared.projections import schema as projection_schema
from shared.projections.policy import Handle, Policy, PolicyRunner
from shared.projections.view import View
from shared.relay import schema as relay_schema
from shared.runtime.connect import connected
from shared.runtime.logging import configure
from shared.runtime.settings import MigrateSettings, migrate_settings, service_settings
from shared.web import schema as access_schema
from shared.web.upstream import Upstreams

Role = Literal["serve", "relay", "project"]
ROLES: dict[str, frozenset[Role]] = {
    "serve": frozenset({"serve"}),
    "relay": frozenset({"relay"}),
    "project": frozenset({"project"}),
    "all": frozenset({"serve", "relay", "project"}),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reads:
    """What the questions of a service may use: its database, the places, the time, the feed of what changes, and the other
    services over HTTP, with the rights of whoever asks."""

    pool: Pool
    places: PlaceBook
    clock: Clock
    feed: Feed
    services: Upstreams = field(default_factory=lambda: Upstreams({}))
    public_url: str | None = None
    """Where people find the pages, if that is set."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service (dịch vụ). `commands` are those that anybody may send; `deciders` also know those of its policies."""

    name: str
    commands: object
    deciders: Mapping[type[Command], AnyDecider]
    codec: EventCodec
    views: Callable[[PlaceBook], Sequence[View]]
    policies: Callable[[PlaceBook], Sequence[Policy]]
    routers: Callable[[Reads], Sequence[APIRouter]]
    stands_on: Callable[[], Mapping[str, str]] = dict
    """What its figures are read with besides events (definitions, maps), by name, with the version; for certificates."""

    def all_views(self, places: PlaceBook, handle: Handle) -> list[View]:
        """What its projector runs: its views, and its policies as views whose commands `handle` handles."""
        return [*self.views(places), *(PolicyRunner(policy, handle) for policy in self.policies(places))]


def main(service: Service, arguments: Sequence[str] | None = None) -> int:
    """Run a role until it is told to stop. The exit code is 0, or 1 after one sentence that says why."""
    options = _parser(service.name).parse_args(arguments)
    configure(service.name, options.role)
    try:
        if options.role == "migrate":
            hashed = options.operator_token_hash or os.environ.get("CLB_OPERATOR_TOKEN_HASH") or None
            settings = migrate_settings(service.name, os.environ)
            asyncio.run(migrate(service, settings, operator_hash=_hash(hashed), simulated=options.simulated))
            return 0
        if options.role == "openapi":
            print(openapi(service), end="")
            return 0
        if options.role == "views":
            from shared.runtime.view_commands import run_views  # noqa: PLC0415  only this needs the projections' Kafka clients

            return asyncio.run(run_views(service, options))
        if options.role == "recover":
            from shared.runtime.recover_command import run_recover  # noqa: PLC0415  only this needs Kafka's clients and the owner

            return asyncio.run(run_recover(service, options))
        from shared.runtime.process import run  # noqa: PLC0415  only a process that serves needs the web and Kafka clients

        roles = ROLES[options.role]
        return asyncio.run(run(service, service_settings(service.name, os.environ, roles), options.role, roles))
    except Refused as refused:
        print(f"{refused.vi} / {refused.en}", file=sys.stderr)
        return 1


def openapi(service: Service) -> str:
    """The OpenAPI document of a service as text; opens no connection."""
    from shared.runtime.process import describe  # noqa: PLC0415  only what serves needs the web

    return json.dumps(describe(service), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


async def migrate(
    service: Service, settings: MigrateSettings, *, operator_hash: bytes | None = None, simulated: bool = False
) -> None:
    """Make the tables and rights of a service in its database, as the owner. Repeatable; changes no data."""
    from shared.reference.book import load  # noqa: PLC0415  reading the places takes a moment

    places = load()
    async with connected(settings.owner_url) as connection:
        await install(
            connection,
            service,
            places,
            settings.app_role,
            operator_hash=operator_hash,
            simulated=simulated,
            deployment=settings.deployment,
        )
    log.info("The database of %s is up to date", service.name)


async def install(
    connection: Connection,
    service: Service,
    places: PlaceBook,
    app_role: str,
    *,
    operator_hash: bytes | None = None,
    simulated: bool = False,
    deployment: str = log_schema.NATIONAL,
) -> None:
    """Every module's tables, over one connection of the owner."""
    await log_schema.install(connection, app_role, simulated=simulated, deployment=deployment)
    await relay_schema.install(connection, app_role)
    await projection_schema.install(connection, app_role, service.all_views(places, _handles_nothing), service.name)
    await feed_schema.install(connection, app_role)
    await access_schema.install(connection, app_role, operator_hash=operator_hash)


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{name}", description=f"Liên Thế: {name}")
    roles = parser.add_subparsers(dest="role", required=True)
    for role in ROLES:
        roles.add_parser(role)
    roles.add_parser("openapi", help="print the OpenAPI document")
    views = roles.add_parser("views", help="rebuild a view with proof, compare its builds, or go back to the one before")
    views.add_argument("action", choices=("list", "rebuild", "compare", "rollback", "fold"))
    views.add_argument("view", nargs="?", help="the view's name; not for list")
    views.add_argument("--accept", action="store_true", help="swap a rebuilt view in although it differs")
    views.add_argument("--spoiled", action="store_true", help="rebuild every view that had taken a record which was ruled out")
    views.add_argument("--workers", type=int, default=1, help="processes that fold; one a core is best")
    views.add_argument("--build", type=int, help="of `fold`, which a rebuild starts for its workers")
    views.add_argument("--json", action="store_true", help="the answer for programs, progress on stderr")
    recovery = roles.add_parser("recover", help="take back what was published and the log lost, as the owner")
    recovery.add_argument(
        "--check", "--dry-run", action="store_true", help="only show; exit code 1 if there is something to do"
    )
    recovery.add_argument("--list", action="store_true", help="what earlier recoveries did, and the events that did not fit")
    recovery.add_argument(
        "--rule-out", metavar="LANE:POSITION:HASH", help="sign that this record, which follows the log on Kafka, is a forgery"
    )
    recovery.add_argument("--accept-loss", action="store_true", help="open the log although signed events are gone for good")
    recovery.add_argument("--json", action="store_true", help="the answer for programs, progress on stderr")
    migration = roles.add_parser("migrate", help="make the tables, as the owner of the database")
    migration.add_argument("--simulated", action="store_true", help="mark a new database as one with a simulated clock")
    migration.add_argument("--operator-token-hash", metavar="HEX", help="sha256 of the first operator's token")
    return parser


async def _handles_nothing(requests: Sequence[Request]) -> Sequence[Done | Refused]:
    """Making tables asks for no commands."""
    raise NotImplementedError(requests)


def _hash(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        hashed = bytes.fromhex(text)
    except ValueError:
        hashed = b""
    if len(hashed) != 32:
        raise Refused(
            "operator-token-hash",
            "Hash của mã vận hành phải là sha256 viết bằng 64 chữ số hệ 16.",
            "The hash of the operator's token must be a sha256 written as 64 hexadecimal digits.",
        )
    return hashed
