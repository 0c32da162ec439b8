"""A wheel of this tree carries everything that the pages need, and building it needs Python alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = "services/reporting/pages"


PROBES = ("static/pictures/a.svg", "static/b.css", "static/deep/er/c.js", "static/d.webmanifest", "locale/e.po", "parts/f.html")
"""One file of each kind that the pages have or may get, put into the copy."""


@dataclass(frozen=True)
class Built:
    tree: Path
    wheel: zipfile.ZipFile

    def files(self, python: bool) -> set[str]:
        """What lies in the packages of the copy: the code, or what lies beside it."""
        found = (path for folder in ("shared", "services") for path in (self.tree / folder).rglob("*") if path.is_file())
        return {path.relative_to(self.tree).as_posix() for path in found if (path.suffix == ".py") == python}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built in a copy of the tree, so that nothing of the building stays in it, with no Node and nothing else on PATH."""
    copy = tmp_path_factory.mktemp("wheel")
    for folder in ("shared", "services", "requirements"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "*.unfinished"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    for probe in PROBES:
        (copy / PAGES / probe).parent.mkdir(parents=True, exist_ok=True)
        (copy / PAGES / probe).write_text("probe")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--wheel-dir", str(copy / "dist"), "."]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, env={**os.environ, "PATH": str(copy / "empty")})
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (copy / "dist").glob("*.whl")
    shutil.rmtree(copy / "build", ignore_errors=True)
    return Built(copy, zipfile.ZipFile(wheel))


def test_the_script_of_the_pages_is_in_it_with_its_licence(built: Built) -> None:
    script = (ROOT / PAGES / "static/vendor/htmx.min.js").read_bytes()
    assert built.wheel.read(f"{PAGES}/static/vendor/htmx.min.js") == script
    assert b"0BSD" in built.wheel.read(f"{PAGES}/static/vendor/LICENCES.txt")


def test_every_file_beside_the_code_is_in_it(built: Built) -> None:
    """Seen to fail with the patterns of before, which knew no translations, no pictures and no manifests."""
    missing = built.files(python=False) - set(built.wheel.namelist())
    assert not {name for name in missing if not name.endswith(".md")}


def test_every_module_is_in_it_and_no_test(built: Built) -> None:
    assert not built.files(python=True) - set(built.wheel.namelist())
    assert not [name for name in built.wheel.namelist() if name.startswith("tests")]
