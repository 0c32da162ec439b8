"""`clb topics apply` and `check`: the topics as the code says, on the running Kafka or the one of `KAFKA_BOOTSTRAP`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer

from shared.cli.client import kafka_address, no_answer
from shared.cli.speech import Json, out, print_json
from shared.kafka import topics
from shared.kafka.failures import BROKER_FAILURES

app = typer.Typer(no_args_is_help=True, help="Topics as code.")

Bootstrap = Annotated[str | None, typer.Option("--bootstrap", help="A broker's host:port; the running stack's if not given.")]


@app.command()
def apply(bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Create what is missing and correct the configuration; never removes or shrinks."""
    with _reachable(kafka_address(bootstrap)) as address:
        _tell(topics.apply(address), json=json)


@app.command()
def check(bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Compare without changing; the exit code is 1 if something differs."""
    with _reachable(kafka_address(bootstrap)) as address:
        differences = topics.check(address)
    _tell(differences, json=json)
    raise typer.Exit(1 if differences else 0)


@contextmanager
def _reachable(address: str) -> Generator[str]:
    try:
        yield address
    except BROKER_FAILURES as failure:
        raise no_answer(address, failure) from failure


def _tell(lines: list[str], *, json: bool) -> None:
    if json:
        print_json(lines)
        return
    for line in lines or ["Đúng như mã nguồn / as the code says"]:
        out.print(line, markup=False)
