"""The rules of the tree that no linter knows: file length, module docstrings, role files, committed schemas, imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jgo.constants import MAVEN_CENTRAL_URL
from pip._internal.models.index import PyPI

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for folder in ("shared", "services") for p in (ROOT / folder).rglob("*.py"))
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()

HOSTS = {PyPI.netloc, PyPI.file_storage_domain, str(urlsplit(MAVEN_CENTRAL_URL).hostname)}
"""The registries, as the tools that ask them name them."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_no_python_file_is_longer_than_300_lines() -> None:
    files = [ROOT / name for name in TRACKED if name.endswith(".py") and (ROOT / name).exists()]
    long = {str(p.relative_to(ROOT)): n for p in files if (n := len(p.read_text().splitlines())) > 300}
    assert not long


def test_every_module_opens_with_what_it_guarantees() -> None:
    silent = [
        str(p.relative_to(ROOT)) for p in SOURCES if p.read_text().strip() and not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert not silent


@pytest.mark.parametrize("service", ["clubs", "trainings", "monitoring"])
def test_services_have_the_same_role_files(service: str) -> None:
    folder = ROOT / "services" / service
    for role in ("views.py", "api.py", "app.py", "__main__.py"):
        assert (folder / role).exists(), role
    assert (folder / "domain.py").exists() or (folder / "domain").is_dir()


def test_committed_schemas_are_what_the_classes_say_and_break_no_published_one() -> None:
    done = run(sys.executable, "-m", "shared.events.contracts", "--check")
    assert done.returncode == 0, done.stderr


def test_imports_go_one_way() -> None:
    done = run(str(Path(sys.executable).with_name("lint-imports")))
    assert done.returncode == 0, done.stdout


def tracked_texts() -> Iterator[tuple[str, str]]:
    for name in TRACKED:
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 2_000_000:
            yield name, path.read_text(errors="ignore")


def test_no_path_of_a_machine_is_committed() -> None:
    pattern = re.compile(rf"/(?:home|root|Users)/[\w.-]+|{re.escape(str(ROOT))}\b")
    assert not [f"{name}: {found.group()}" for name, text in tracked_texts() for found in pattern.finditer(text)]


def test_no_registry_is_named_in_what_is_committed() -> None:
    assert not [f"{name}: {host}" for name, text in tracked_texts() for host in HOSTS if host in text]


def test_no_lock_holds_an_address() -> None:
    locks = [*(ROOT / "requirements").glob("*.txt"), *ROOT.rglob("shared/local/*.lock.json")]
    assert len(locks) >= 5
    assert not [lock.name for lock in locks if "://" in lock.read_text() or '"resolved"' in lock.read_text()]


def test_built_tables_and_third_party_files_are_not_committed() -> None:
    assert not [name for name in TRACKED if name.endswith((".tsv", ".jar", ".whl", ".woff2")) or "node_modules" in name]
