"""`clb recover SERVICE`: brings a log that went back in time to what was published of it, by the service's own command.

Gives that command the settings of the running stack, or those of the environment (`*_DATABASE_URL`, `*_DATABASE_OWNER_URL`,
`KAFKA_BOOTSTRAP`, `CLB_SIGNING_KEY`, `CLB_CHECKPOINTS`). Its exit code is the command's.
"""

from __future__ import annotations

import subprocess
from typing import Annotated

import typer

from shared.cli.client import kafka_address
from shared.cli.speech import Json, known_service
from shared.cli.stack import DataDirOption, path_of
from shared.local.layout import service_command
from shared.local.reach import checkpoints_folder, key_path, known_urls, public_key_path


def recover(
    source: Annotated[str, typer.Argument(help="clubs, trainings, monitoring or reporting")],
    *,
    check: Annotated[
        bool, typer.Option("--check", "--dry-run", help="Only show; exit code 1 if there is something to do.")
    ] = False,
    every: Annotated[bool, typer.Option("--list", help="Earlier recoveries, and the events that did not fit.")] = False,
    rule_out: Annotated[
        str | None,
        typer.Option(
            "--rule-out", metavar="LANE:POSITION:HASH", help="Sign that a record which follows on Kafka is a forgery."
        ),
    ] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Open the log although signed events are gone for good.")
    ] = False,
    json: Json = False,
    data_dir: DataDirOption = None,
) -> None:
    """Lấy lại phần đã phát / take back what was published and the log lost; then the service writes again by itself."""
    known_service(source)
    folder = path_of(data_dir)
    wanted = {"--check": check, "--list": every, "--accept-loss": accept_loss, "--json": json}
    arguments = ["recover", *(name for name, given in wanted.items() if given)]
    arguments += [] if rule_out is None else ["--rule-out", rule_out]
    command, env = service_command(
        source,
        arguments,
        bootstrap=kafka_address(),
        urls=known_urls(source, folder),
        public_key=public_key_path(folder),
    )
    if (key := key_path(folder)).exists():
        env |= {"CLB_SIGNING_KEY": str(key), "CLB_CHECKPOINTS": str(checkpoints_folder(folder))}
    raise typer.Exit(subprocess.run(command, env=env, check=False).returncode)
