"""The rules of the tree that no linter knows: file length, module docstrings, role files, committed schemas, imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for folder in ("shared", "services") for p in (ROOT / folder).rglob("*.py"))
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()

HOSTS = [("pypi", ".org"), ("pythonhosted", ".org"), ("registry", ".npmjs"), ("repo1", ".maven"), ("repo.maven", ".apache")]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_no_source_file_is_longer_than_300_lines() -> None:
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 300}
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


def test_no_machine_path_and_no_registry_host_is_committed() -> None:
    hosts = [a + b for a, b in HOSTS]
    pattern = re.compile("|".join([re.escape(h) for h in hosts] + ["/ro" + "ot/", r"/work/" + "main"]))
    found = []
    for name in TRACKED:
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 2_000_000:
            text = path.read_text(errors="ignore")
            found += [f"{name}: {m.group()}" for m in pattern.finditer(text)]
    assert not found


def test_built_tables_and_third_party_files_are_not_committed() -> None:
    assert not [name for name in TRACKED if name.endswith((".tsv", ".jar", ".whl", ".woff2")) or "node_modules" in name]
