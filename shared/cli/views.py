"""`clb views list|rebuild|compare|rollback`: the builds of the views of the running stack, each by its own service's command.

Finds the service that has the view, and gives that service's command the settings of the running stack, or those of the
environment (`*_DATABASE_URL`, `*_DATABASE_OWNER_URL`, `KAFKA_BOOTSTRAP`, `CLUBS_URL` and so on). Its exit code is the
command's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from json import loads
from typing import Annotated

import typer

from shared.cli.client import kafka_address
from shared.cli.speech import Json, print_json
from shared.kafka.topics import PARTITIONS
from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.local.layout import addresses, service_command
from shared.local.reach import known_urls, public_key_path
from shared.local.state import DataDir, default_data_dir
from shared.web.routing import VIEWS, service_of_view

app = typer.Typer(no_args_is_help=True, help="Bản dựng của các bảng tổng hợp / builds of the views.")

CORES = min(os.cpu_count() or 1, PARTITIONS)
"""More processes than partitions of a topic would have nothing to read."""

View = Annotated[str, typer.Argument(metavar="VIEW", help="figures, clubs, rounds, board_todos, targets, inspections")]


@app.command("list")
def every(json: Json = False) -> None:
    """Mọi bản dựng / every build, and which one is live."""
    if not json:
        for told in _together(["list"]):
            sys.stdout.write(told)
        return
    print_json([build for told in _together(["list", "--json"]) for build in loads(told)])


@app.command()
def rebuild(
    view: Annotated[str | None, typer.Argument(metavar="VIEW", help="As for the others; not with --spoiled.")] = None,
    spoiled: Annotated[
        bool, typer.Option("--spoiled", help="Every view that had taken a record which was ruled out since.")
    ] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Swap it in although it differs from the live build.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that fold; the number of cores if not given.")] = CORES,
    json: Json = False,
) -> None:
    """Dựng lại từ đầu, so từng byte, rồi đổi / rebuild from the logs, compare byte by byte, swap."""
    if spoiled:
        for told in _together(["rebuild", "--spoiled", "--workers", str(workers), *(["--json"] if json else [])]):
            sys.stdout.write(told)
        return
    view = view or ""
    raise typer.Exit(
        _run(_service(view), ["rebuild", view, "--workers", str(workers), *(["--accept"] if accept else [])], json=json)
    )


@app.command()
def compare(view: View, json: Json = False) -> None:
    """So hai bản dựng ở cùng vị trí / compare two builds at the same positions; names the first rows that differ."""
    raise typer.Exit(_run(_service(view), ["compare", view], json=json))


@app.command()
def rollback(view: View, json: Json = False) -> None:
    """Trở về bản dựng trước / go back to the build before, brought up to date first."""
    raise typer.Exit(_run(_service(view), ["rollback", view], json=json))


def _service(view: str) -> str:
    if view not in VIEWS:
        known = ", ".join(sorted(VIEWS))
        raise Refused("unknown-view", f"Không có bảng {view}; có: {known}.", f"There is no view {view}; there are: {known}.")
    return service_of_view(view)


def _together(arguments: list[str]) -> list[str]:
    """The command of every service, side by side; answers what each prints. Exits as the worst of them did."""

    def one(service: str) -> subprocess.CompletedProcess[str]:
        command, env = _command(service, arguments)
        return subprocess.run(command, env=env, check=False, stdout=subprocess.PIPE, text=True)

    with ThreadPoolExecutor(len(SERVICES)) as threads:
        done = list(threads.map(one, SERVICES))
    if worst := max(each.returncode for each in done):
        sys.stdout.writelines(each.stdout for each in done)
        raise typer.Exit(worst)
    return [each.stdout for each in done]


def _run(service: str, arguments: list[str], *, json: bool) -> int:
    command, env = _command(service, [*arguments, *(["--json"] if json else [])])
    return subprocess.run(command, env=env, check=False).returncode


def _command(service: str, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    data_dir = default_data_dir()
    given = {name: os.environ[name] for each in SERVICES if os.environ.get(name := f"{each.upper()}_URL")}
    return service_command(
        service,
        ["views", *arguments],
        bootstrap=kafka_address(),
        urls=known_urls(service, data_dir),
        public_key=public_key_path(data_dir),
        services={**addresses(DataDir(data_dir).remembered().ports), **given},
    )
