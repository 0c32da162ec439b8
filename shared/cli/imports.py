"""`clb import points FILE.csv`: published figures with their sources, from a file `date,area,metric,value,source`.

Guarantees that bad rows are named by row, column and rule, and that unless `--skip-bad` is given nothing is sent when
there is one. The same file again changes nothing. Refuses figures without a source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from uuid import uuid5

import typer

from shared.cli.client import front_address, open_front, token_of
from shared.cli.speech import err, out, word
from shared.kernel.errors import Refused
from shared.local.batches import Tally, open_door
from shared.reference.book import load
from shared.reference.points.commands import WireCommand, commands_of
from shared.reference.points.reader import read_points

app = typer.Typer(no_args_is_help=True, help="Nhập tệp / import files.")


@app.callback()
def imports() -> None:
    """Nhập tệp / import files."""


@app.command()
def points(
    file: Annotated[Path, typer.Argument(help="CSV: date,area,metric,value,source[,published_on]")],
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Send the good rows although others are bad.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Let the server check too; store nothing.")] = False,
    role: Annotated[str, typer.Option(help="Whose token to use.")] = "centre",
) -> None:
    """Declare published figures; rows that are targets of a scheme become targets too."""
    reading = read_points(_content(file), load())
    for problem in reading.problems:
        err.print(str(problem), markup=False)
    if reading.problems and not skip_bad:
        raise Refused(
            "bad-rows",
            f"{len(reading.bad_rows)} dòng sai, chưa gửi gì; hãy sửa, hoặc thêm --skip-bad để gửi "
            f"{len(reading.points)} dòng đúng.",
            f"{len(reading.bad_rows)} bad rows, nothing was sent; correct them, or add --skip-bad to send the "
            f"{len(reading.points)} good ones.",
        )
    token = _token(role)
    commands = _of_bearer(commands_of(reading.points, file.name), token)
    tally = asyncio.run(_send(commands, token, dry_run=dry_run))
    _report(commands, tally, dry_run=dry_run)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as failure:
        raise Refused(
            "unreadable-file",
            f"Không đọc được tệp {file}: {failure.strerror}.",
            f"Cannot read the file {file}: {failure.strerror}.",
        ) from failure


def _token(role: str) -> str:
    token = token_of(role)
    if token is None:
        raise Refused(
            "no-token",
            f"Chưa có mã truy cập {role}: đặt CLB_TOKEN, hoặc cấp bằng ./clb token issue.",
            f"There is no {role} token: set CLB_TOKEN, or issue one by ./clb token issue.",
            status=401,
        )
    return token


def _of_bearer(commands: Sequence[WireCommand], token: str) -> list[WireCommand]:
    """The commands under ids of the bearer's own: another who imports the same file repeats nobody's command."""
    with open_front(token=token) as front:
        bearer = front.get("/v1/me")
    who = f"{bearer['role']}/{bearer['side']}/{bearer['area']}"
    return [replace(command, id=uuid5(command.id, who)) for command in commands]


async def _send(commands: Sequence[WireCommand], token: str, *, dry_run: bool) -> Tally:
    async with open_door(front_address(), token) as door:
        return await door.send([command.to_json() for command in commands], dry_run=dry_run)


def _report(commands: Sequence[WireCommand], tally: Tally, *, dry_run: bool) -> None:
    rows = {str(command.id): command.row for command in commands}
    for refusal in tally.refused:
        row = rows.get(refusal.id, 0)
        err.print(f"dòng {row} [{refusal.slug}]: {refusal.vi} / row {row}: {refusal.en}", markup=False)
    done_vi, done_en = ("sẽ ghi", "would be recorded") if dry_run else ("đã ghi", "recorded")
    out.print(
        f"{tally.recorded} {done_vi}, {tally.repeated} đã có từ trước, {len(tally.refused)} bị từ chối / "
        f"{tally.recorded} {done_en}, {tally.repeated} known already, {len(tally.refused)} refused",
        markup=False,
    )
    for figure in tally.figures:
        shown = figure["display"]
        out.print(
            f"  {figure['area']['name']}: {word(figure['title']['vi'], figure['title']['en'])} "
            f"{word(shown['from']['vi'], shown['from']['en'])} -> {word(shown['to']['vi'], shown['to']['en'])}",
            markup=False,
        )
    if tally.refused:
        raise typer.Exit(1)
