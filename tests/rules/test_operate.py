"""The pages for operators: every `./clb` line in them is one that the command line takes, and every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from shared.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "operate").glob("*.md"))
LINE = re.compile(r"\./clb (?:\$\([^)]*\)|[^`\n|>)])*")


def lines(page: Path) -> list[str]:
    return [found.strip().rstrip(".,;:") for found in LINE.findall(page.read_text(encoding="utf-8"))]


def parses(line: str) -> str | None:
    """Why the command line does not take a line; None if it does. Nothing is run."""
    words = shlex.split(line.replace("$(date +\\%F)", "day").replace("SERVICE", "clubs"))[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        if not words or words[0] not in command.commands:
            return f"no command {words[:1]}"
        command = command.commands[words.pop(0)]
    try:
        command.make_context("clb", words)
    except Exception as failure:  # noqa: BLE001  whatever a parser of arguments raises
        return str(failure) or type(failure).__name__
    return None


def test_there_are_pages_and_they_name_commands() -> None:
    assert [page.name for page in PAGES if len(lines(page)) > 10] == ["backup.md"]


@pytest.mark.parametrize("line", sorted({line for page in PAGES for line in lines(page)}))
def test_every_command_in_the_pages_is_one_that_the_command_line_takes(line: str) -> None:
    """Seen to fail with `--whithout-secrets` and with `./clb restor` in the page."""
    assert parses(line) is None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_in_the_pages_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("http"):
            assert (page.parent / target).exists(), target
