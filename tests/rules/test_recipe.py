"""CONTRIBUTING's recipe "add an event", followed to the letter in a copy of the tree, which is then checked and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

CLASS = '''
class ClubVisited(Event, type="clubs.club-visited", version=1):
    """Neighbours of another commune visited the club (giao lưu)."""

    visited_on: Day
    guests: Count


ClubEvent = ('''

ARMS = {
    "services/clubs/domain/state.py": "return club",
    "services/clubs/views.py": 'return _Folded(row, facts["visited_on"], {}, facts)',
    "services/reporting/ledger/club_fold.py": "return club",
}

TEST = """
from datetime import date

import asyncpg

from services.clubs.views import Clubs
from shared.events.clubs import ClubFounded, ClubVisited
from shared.events.language import codec_of
from shared.kernel.place import PlaceRef
from shared.reference.book import load
from shared.testing.folding import delivered, fold, install_views

FOUNDED = ClubFounded(name="CLB thôn 1", commune=PlaceRef(code="00004", list="34"), founded_on=date(2025, 8, 1))
VISITED = ClubVisited(visited_on=date(2026, 2, 3), guests=12)


def test_the_codec_reads_it_by_name():
    assert codec_of().decode("clubs.club-visited", 1, VISITED.to_json()) == VISITED


async def test_the_timeline_shows_it(postgres):
    urls = await postgres.database("recipe")
    owner = await asyncpg.connect(urls.owner)
    await install_views(owner, urls.app_role, [Clubs(load())], "clubs")
    await owner.close()
    async with asyncpg.create_pool(urls.app, min_size=1, max_size=1) as pool:
        await fold(pool, Clubs(load()), [delivered(FOUNDED, "club-1"), delivered(VISITED, "club-1", 2)])
        rows = await pool.fetch("select type, day from clubs_v1.timeline order by version")
    assert [tuple(row) for row in rows] == [("clubs.club-founded", date(2025, 8, 1)), ("clubs.club-visited", date(2026, 2, 3))]
"""


def run(copy: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = {**os.environ, "PYTHONPATH": str(copy), **environment}
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, env=done)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"the recipe does not fit {file.name} any more: {old!r}"
    file.write_text(text.replace(old, new, 1))


def add_arm(file: Path, arm: str) -> None:
    first = next(line for line in file.read_text().splitlines() if line.strip() == "case BoardRenewed():")
    indent = first[: -len(first.lstrip())]
    edit(file, f"{first}\n", f"{indent}case ClubVisited():\n{indent}    {arm}\n{first}\n")


def types(copy: Path) -> dict[str, list[str]]:
    """What pyright finds in the three files that fold clubs."""
    done = run(copy, sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *ARMS)
    report = json.loads(done.stdout)
    found: dict[str, list[str]] = {name: [] for name in ARMS}
    for diagnostic in report["generalDiagnostics"]:
        if diagnostic["severity"] == "error":
            found[str(Path(diagnostic["file"]).relative_to(copy))].append(diagnostic["message"])
    return found


@pytest.mark.timeout(240)
async def test_a_new_event_costs_a_class_an_arm_of_evolve_and_an_arm_in_each_view(tmp_path: Path, postgres: Any) -> None:
    copy = (tmp_path / "tree").resolve()
    for folder in ("shared", "services"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    edit(copy / "pyproject.toml", 'venv = ".venv"', "")
    (copy / "tests").mkdir()
    for file in (ROOT / "tests").glob("*.py"):
        shutil.copy(file, copy / "tests")

    edit(copy / "shared/events/clubs.py", "\nClubEvent = (", CLASS)
    edit(copy / "shared/events/clubs.py", "    | ClubDissolved\n", "    | ClubDissolved\n    | ClubVisited\n")
    forgotten = types(copy)
    assert all(any("Never" in message for message in messages) for messages in forgotten.values()), forgotten

    for name, arm in ARMS.items():
        edit(copy / name, "    BoardRenewed,\n", "    BoardRenewed,\n    ClubVisited,\n")
        add_arm(copy / name, arm)
    assert not any(types(copy).values())

    assert (
        "clubs.club-visited.v1.json is missing" in run(copy, sys.executable, "-m", "shared.events.contracts", "--check").stderr
    )
    assert run(copy, sys.executable, "-m", "shared.events.contracts").returncode == 0
    schema = json.loads((copy / "shared/events/schemas/clubs.club-visited.v1.json").read_text())
    assert sorted(schema["required"]) == ["guests", "visited_on"]
    asyncapi = json.loads((copy / "shared/events/schemas/asyncapi.json").read_text())
    assert "clubs.club-visited.v1" in asyncapi["channels"]["clubs"]["messages"]

    (copy / "tests" / "test_visited.py").write_text(TEST)
    done = run(copy, sys.executable, "-m", "pytest", "-q", "tests/test_visited.py", TEST_POSTGRES_URL=postgres.admin_url)
    assert done.returncode == 0, done.stdout + done.stderr
