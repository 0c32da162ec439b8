"""`clb`: one command line for the system. Each group of commands is a module of its own; this one only puts them together.

Guarantees that a refusal is one sentence on stderr and exit code 1, never a traceback. Refuses nothing itself.
"""

from __future__ import annotations

import sys

import typer

from shared.cli import (
    backup,
    checkpoint,
    demo,
    doctor,
    events,
    imports,
    letters,
    progress,
    recover,
    republish,
    set_aside,
    stack,
    tokens,
    topics,
    verify,
    views,
)
from shared.cli.speech import complain
from shared.kernel.errors import Refused
from shared.local.failures import of_os
from shared.local.together import first_of

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Liên Thế: câu lạc bộ liên thế hệ tự giúp nhau / the intergenerational self-help clubs, from report to figure.",
)
app.add_typer(stack.app)
app.add_typer(demo.app)
app.add_typer(progress.app, name="progress")
app.command("trace")(progress.trace)
app.add_typer(topics.app, name="topics")
app.add_typer(imports.app, name="import")
app.add_typer(tokens.app, name="token")
app.add_typer(events.app, name="event")
app.add_typer(views.app, name="views")
app.command("doctor")(doctor.doctor)
app.command("verify")(verify.verify)
app.command("dump")(verify.dump)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("recover")(recover.recover)
app.command("republish")(republish.republish)
app.add_typer(letters.app, name="letters")
app.add_typer(set_aside.app, name="set-aside")
app.add_typer(checkpoint.app, name="checkpoint")


def main() -> int:
    """Run a command; the exit code is 0, 1 when refused, 2 for a wrong call."""
    try:
        app(prog_name="clb")
    except Refused as refused:
        complain(refused)
    except OSError as failure:
        complain(of_os(failure))
    except BaseExceptionGroup as failures:
        first = first_of(failures)
        if not isinstance(first, Refused):
            raise
        complain(first)
    return 1


if __name__ == "__main__":
    sys.exit(main())
