"""`clb topics apply` and `check`: the topics as the code says, on the running Kafka or the one of `KAFKA_BOOTSTRAP`."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.cli.client import kafka_address
from shared.cli.speech import out, print_json
from shared.kafka import topics

app = typer.Typer(no_args_is_help=True, help="Topics as code.")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Bootstrap = Annotated[str | None, typer.Option("--bootstrap", help="A broker's host:port; the running stack's if not given.")]


@app.command()
def apply(bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Create what is missing and correct the configuration; never removes or shrinks."""
    _tell(topics.apply(kafka_address(bootstrap)), json=json)


@app.command()
def check(bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Compare without changing; the exit code is 1 if something differs."""
    differences = topics.check(kafka_address(bootstrap))
    _tell(differences, json=json)
    raise typer.Exit(1 if differences else 0)


def _tell(lines: list[str], *, json: bool) -> None:
    if json:
        print_json(lines)
        return
    for line in lines or ["Đúng như mã nguồn / as the code says"]:
        out.print(line, markup=False)
