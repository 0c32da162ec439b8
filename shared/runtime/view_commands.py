"""`python -m services.reporting views list|rebuild|compare|rollback [VIEW]`: the builds of a service's views, while it runs.

Needs the service's own settings and the owner's URL (`*_DATABASE_OWNER_URL`), since a build gets a schema of its own; and where
the other services are (`CLUBS_URL` and so on), whose logs a build is held against. Progress goes to stderr, the certificate to
stdout; a refusal is one sentence and exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from shared.eventlog.signing import load_public
from shared.kernel.clock import HO_CHI_MINH
from shared.kernel.errors import Refused
from shared.projections import builds, rebuild, rulings
from shared.projections.builds import Built, beside
from shared.projections.dump import Difference
from shared.projections.rebuild import Place
from shared.projections.record import LogAnswers, OwnLog
from shared.projections.runner import Runner
from shared.projections.view import View
from shared.reference.book import load
from shared.runtime.connect import connected, pooled
from shared.runtime.service import Service
from shared.runtime.settings import Settings, migrate_settings, service_settings
from shared.web.log_client import RemoteLog
from shared.web.upstream import Upstreams, open_clients

Json = dict[str, Any]
_POOL = 6


async def run_views(service: Service, options: argparse.Namespace) -> int:
    """One action, as the service's command line understood it. May raise `Refused`."""
    action, json_only = options.action, options.json
    logging.getLogger().setLevel(logging.ERROR)  # what matters is said by `_say`, beside a progress that people read
    views = {view.name: view for view in service.views(load())}
    async with _place(service, options.workers) as place:
        if action == "list":
            _tell_builds([build for view in views for build in await builds.of(place.owner, view)], json_only=json_only)
            return 0
        if action == "rebuild" and options.spoiled:
            return await _rebuild_spoiled(place, views, json_only=json_only)
        view = _known(views, options.view)
        match action:
            case "rebuild":
                proof = await rebuild.rebuild(place, view, _say, accept_difference=options.accept)
            case "rollback":
                proof = await rebuild.rollback(place, view, _say)
            case "fold":
                await _fold_along(place, beside(view, options.build or 0))
                return 0
            case _:
                proof, different = await rebuild.compare(place, view, _say)
                _tell_differences(different)
    _tell(proof, json_only=json_only)
    if action != "compare":
        _say(f"Đang dùng bản / live is build: {view.name} {proof['build']}")
    return 0 if action != "compare" or (proof["compared"]["same"] and proof["record"] != "differs") else 1


async def _rebuild_spoiled(place: Place, views: Mapping[str, View], *, json_only: bool) -> int:
    """Every view whose live build had taken a record that was ruled out since."""
    for name, view in views.items():
        live = await builds.live(place.owner, name)
        if live is not None and await rulings.spoiled(place.owner, name, live.number):
            _tell(await rebuild.rebuild(place, view, _say), json_only=json_only)
    return 0


async def _fold_along(place: Place, built: Built) -> None:
    """Fold a build beside the process that rebuilds it, until that one closes our standard input: also when it was killed."""
    runner = Runner(
        place.pool, place.bootstrap, [built], rebuild.group_of(place.service, built), public=place.public, beside=True
    )
    running = asyncio.create_task(runner.run())
    await asyncio.to_thread(sys.stdin.read)
    await runner.stop()
    await running


@asynccontextmanager
async def _workers(service: str, count: int, built: Built) -> AsyncGenerator[None]:
    arguments = ["-m", f"services.{service}", "views", "fold", built.name, "--build", str(built.version)]
    started = [
        await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=asyncio.subprocess.PIPE) for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in started:
            assert process.stdin is not None  # noqa: S101  it was asked for
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in started))


@asynccontextmanager
async def _place(service: Service, workers: int) -> AsyncGenerator[Place]:
    settings = service_settings(service.name, os.environ, {"project"})
    owner = migrate_settings(service.name, os.environ)
    async with (
        pooled(settings.database_url, max_size=_POOL, name=f"lien-the {service.name} views") as pool,
        connected(owner.owner_url) as connection,
        _others(settings) as services,
    ):
        logs: dict[str, LogAnswers] = {name: RemoteLog(services, name) for name in settings.services}
        logs[service.name] = OwnLog(pool)
        yield Place(
            service.name, pool, connection, owner.app_role, settings.kafka_bootstrap, service.stands_on(),
            None if settings.public_key is None else load_public(settings.public_key),
            logs=logs,
            helped=lambda built: _workers(service.name, workers - 1, built),
        )  # fmt: skip


@asynccontextmanager
async def _others(settings: Settings) -> AsyncGenerator[Upstreams]:
    """The other services over HTTP, as far as this one is told where they are."""
    services = Upstreams(open_clients(settings.services))
    try:
        yield services
    finally:
        await services.close()


def _known(views: dict[str, View], name: str | None) -> View:
    found = views.get(name or "")
    if found is None:
        raise Refused(
            "unknown-view",
            f"Không có bảng tổng hợp {name or ''}; ở đây có: {', '.join(sorted(views))}.",
            f"There is no view {name or ''}; here are: {', '.join(sorted(views))}.",
            field="view",
        )
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _tell_builds(found: list[builds.Build], *, json_only: bool) -> None:
    if json_only:
        print(json.dumps([_fields(build) for build in found]))
        return
    for build in found:
        proved = "có chứng nhận / certified" if build.certified else ""
        print(f"{build.view:<12} {build.number:>4}  {build.state:<9} {_dates(build):<62} {proved}".rstrip())


def _fields(build: builds.Build) -> Json:
    since = None if build.live_since is None else build.live_since.isoformat()
    return {
        "view": build.view, "build": build.number, "code": build.code, "state": build.state,
        "made_at": build.made_at.isoformat(), "live_since": since, "certified": build.certified,
    }  # fmt: skip


def _dates(build: builds.Build) -> str:
    made = f"dựng / made {_moment(build.made_at)}"
    return made if build.live_since is None else f"{made}, dùng từ / live since {_moment(build.live_since)}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(HO_CHI_MINH):%d/%m/%Y %H:%M}"


def _tell_differences(found: list[Difference]) -> None:
    for each in found:
        _say(f"  {each.table}: chỉ trong / only in {each.only_in}: {each.row[:300]}")


def _tell(proof: Json, *, json_only: bool) -> None:
    if json_only:
        print(json.dumps(proof, ensure_ascii=False, sort_keys=True))
        return
    compared = proof["compared"]
    verdict = "GIỐNG NHAU / THE SAME" if compared["same"] else "KHÁC NHAU / DIFFERENT"
    print(f"Chứng nhận / certificate: {proof['view']}, bản dựng / build {proof['build']}")
    print(f"  {proof['events']:,} sự kiện / events, {sum(len(lanes) for lanes in proof['positions'].values())} làn / lanes")
    print(f"  sha256 {proof['sha256']}")
    print(f"  so với bản / against build {compared['build']}: {compared['sha256']}  {verdict}")
    for source, said in proof["logs"].items():
        print(f"  {_of_log(source, said)}")
    for name, version in proof["stands_on"].items():
        print(f"  {name}: {version}")
    if compared["equal"]:
        print("  BẰNG NHẬT KÝ / EQUAL TO THE RECORD")
    for each in compared["spoiled"]:
        where = f"{each['source']}, làn / lane {each['lane']}, vị trí / position {each['position']}"
        print(f"  bản cũ đã nhận một bản ghi bị bác / the old build had taken a record that was ruled out: {where}")


def _of_log(source: str, said: Json) -> str:
    """What a log says of the build, in words."""
    if said["state"] == "equal":
        return f"nhật ký {source}: bằng / the log of {source}: equal ({said['events']:,})"
    why = f"{said['why']['vi']} / {said['why']['en']}"
    if said["state"] == "differs":
        return f"nhật ký {source}: KHÁC / the log of {source}: DIFFERS: {why}"
    return f"chưa so với nhật ký của {source} / not compared with the log of {source}: {why}"
