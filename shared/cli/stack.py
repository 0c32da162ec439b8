"""`clb up`, `down` and `status`: the system on one machine without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table

from shared.cli.run import background, foreground, stop_running
from shared.cli.speech import Json, err, out, print_json, teller, word
from shared.local.stack import Stack
from shared.local.state import default_data_dir
from shared.local.status import Status, read_status

app = typer.Typer()

DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help="Where the data live; CLB_DATA or .clb if not given.")]
PortOption = Annotated[int | None, typer.Option("--port", envvar="CLB_PORT", help="The front address's port; 8080 if free.")]


@app.command()
def up(
    data_dir: DataDirOption = None,
    port: PortOption = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when it is ready.")] = False,
) -> None:
    """Start Kafka, PostgreSQL, the services and the front address; Ctrl-C stops them, the data stay."""
    path = path_of(data_dir)
    if detach:
        arguments = ["up", "--data-dir", str(path), *(["--port", str(port)] if port else [])]
        background(arguments, path, lambda line: err.print(line, markup=False))
        return
    say = teller()

    async def tell(stack: Stack) -> None:
        say(f"Sẵn sàng / ready: {stack.front}")
        if stack.kind == "demo-loading":
            say("Bản trình diễn chưa nạp xong: chạy ./clb demo / the demo is not fully loaded: run ./clb demo")

    foreground(Stack(path, say, front_port=port), say, tell)


@app.command()
def down(data_dir: DataDirOption = None) -> None:
    """Stop the running stack; the data stay."""
    if stop_running(path_of(data_dir)):
        err.print("Đã dừng; dữ liệu còn nguyên / stopped; the data stay")
    else:
        err.print("Không có gì đang chạy / nothing is running")


@app.command()
def status(data_dir: DataDirOption = None, json: Json = False) -> None:
    """Every process: address, process id, role, position, lag. The exit code is 0 when all is well."""
    found = read_status(path_of(data_dir))
    if json:
        print_json(found.to_json())
    else:
        show(found)
    raise typer.Exit(0 if found.healthy else 1)


def show(found: Status) -> None:
    """The table for people."""
    if not found.running:
        out.print(f"Không có gì đang chạy trong / nothing is running in {found.data_dir}")
        return
    table = Table(
        title=f"{found.front}  ({found.phase}, supervisor pid {found.supervisor})",
        title_justify="left",
        box=SIMPLE,
        pad_edge=False,
    )
    table.add_column("")
    table.add_column(word("tên", "name"), no_wrap=True)
    table.add_column(word("vai", "role"), no_wrap=True)
    table.add_column(word("địa chỉ", "address"), no_wrap=True)
    table.add_column("pid", justify="right", no_wrap=True)
    table.add_column(word("vị trí", "position"), justify="right", no_wrap=True)
    table.add_column(word("trễ", "lag"), justify="right", no_wrap=True)
    table.add_column(word("chạy lại", "restarts"), no_wrap=True)
    for standing in found.standings:
        member = standing.member
        restarts = f"{member.restarts} {member.last_exit}" if member.last_exit else ""
        mark = "✓" if standing.healthy else "✗"
        cells = (
            mark,
            member.name,
            member.role,
            member.address.removeprefix("http://"),
            member.pid,
            standing.position,
            standing.lag,
            restarts,
        )
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    out.print(table)
    for standing in found.standings:
        if standing.why is not None:
            said = word("không trả lời, được khởi động lại", "does not answer, is started again")
            out.print(f"✗ {standing.member.name}: {said} ({standing.why})", markup=False)
    for name, why in found.reasons:
        out.print(f"! {name}: {why}", markup=False)


def path_of(data_dir: Path | None) -> Path:
    """The data directory that is meant."""
    return data_dir.expanduser().absolute() if data_dir else default_data_dir()
