"""`pg_dump` and `pg_restore`: where they are, and how they are run without a password on a command line.

Takes those of the PostgreSQL wheel, else those on the PATH, if they are at least as new as the server: an older pg_dump cannot
read a newer server. Refuses, in a sentence that says what to install, when there are none. A tool ends with this process.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from shared.kernel.errors import Refused
from shared.local.failures import last_sentence
from shared.local.postgres import bundled_binaries
from shared.local.process import Child, Launch

Tool = Literal["pg_dump", "pg_restore"]


@dataclass(frozen=True, slots=True)
class Tools:
    """A folder with both tools, and the version they tell."""

    folder: Path
    version: str


def find_tools(at_least: int) -> Tools:
    """Tools for servers of this major version and older. May raise `Refused` (`no-pg-dump`)."""
    found: list[str] = []
    for folder in _folders():
        version = _version(folder)
        if version is None:
            continue
        if int(version.split(".")[0]) >= at_least:
            return Tools(folder, version)
        found.append(version)
    instead = f"({', '.join(found)})" if found else ""
    raise Refused(
        "no-pg-dump",
        f"Cần pg_dump và pg_restore phiên bản {at_least} trở lên {instead}: chạy make setup, hoặc cài gói "
        f"postgresql-client-{at_least} (apt.postgresql.org) và để trong PATH.",
        f"pg_dump and pg_restore of version {at_least} or newer are needed {instead}: run make setup, or install the package "
        f"postgresql-client-{at_least} (apt.postgresql.org) and have it on the PATH.",
    )


async def run_tool(tools: Tools, tool: Tool, url: str, arguments: Sequence[str], *, name: str) -> None:
    """Run to its end against a database. May raise `Refused` (`step-failed`) with what the tool said last."""
    address, password = without_password(url)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    env |= {"PGAPPNAME": f"clb {tool}", "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}
    argv = [str(tools.folder / tool), "--no-password", f"--dbname={address}", *arguments]
    with tempfile.TemporaryDirectory(prefix="clb-") as scratch:
        child = Child(Launch(name, argv, Path(scratch) / f"{tool}.log", env=env))
        try:
            code = await child.finished()
        finally:
            child.stop_now()
        if code != 0:
            said = last_sentence(child.last_words())
            raise Refused("step-failed", f"Bước '{name}' không thành công: {said}", f"The step '{name}' failed: {said}")


def without_password(url: str) -> tuple[str, str]:
    """The address that may stand on a command line, and the password that may not."""
    parts = urlsplit(url)
    user = f"{quote(unquote(parts.username), safe='')}@" if parts.username else ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(("postgresql", f"{user}{host}", parts.path, parts.query, "")), unquote(parts.password or "")


def _folders() -> list[Path]:
    folders: list[Path] = []
    with contextlib.suppress(Refused):  # a machine that uses servers of others has no wheel
        folders.append(bundled_binaries(None))
    on_path = shutil.which("pg_dump")
    return [*folders, *([Path(on_path).resolve().parent, Path(on_path).parent] if on_path else [])]


def _version(folder: Path) -> str | None:
    """The version of both tools in a folder, the lower of the two."""
    versions: list[tuple[int, str]] = []
    for tool in ("pg_dump", "pg_restore"):
        try:
            said = subprocess.run([folder / tool, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return None
        number = re.search(r"\(PostgreSQL\) (\d+)([.\d]*)", said)
        if number is None:
            return None
        versions.append((int(number[1]), number[1] + number[2]))
    return min(versions)[1]
