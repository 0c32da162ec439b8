"""Killed with SIGKILL between decision, commit and answer: the same command again has one effect and one answer."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.shared.eventlog.jars import Database

ROOT = Path(__file__).parents[3]


async def handled(database: Database, command_id: str, crash_at: str | None) -> tuple[int, str]:
    """Run a process that handles the command; its exit code and its answer."""
    environment = {**os.environ, **({"CRASH_AT": crash_at} if crash_at else {})}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.shared.eventlog.crash_victim", database.urls.app, command_id,
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    answer, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, answer.decode()


@pytest.mark.parametrize(
    ("point", "stored"), [("command.before_append", 0), ("log.after_commit", 1), ("command.after_append", 1)]
)
async def test_I15_killed_anywhere_a_command_has_one_effect_and_one_answer(database: Database, point: str, stored: int) -> None:
    """Seen to fail with a command id that the process made up anew on each start: two jars."""
    command_id = str(uuid4())
    assert await handled(database, command_id, point) == (-signal.SIGKILL, "")
    assert sum(head.position for head in (await database.log.heads()).values()) == stored
    answers = [await handled(database, command_id, None) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][1].startswith(f"jar-{command_id} 1 ")
    assert sum(head.position for head in (await database.log.heads()).values()) == 1
