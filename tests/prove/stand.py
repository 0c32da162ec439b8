"""A stack of its own for the proof, driven as an operator and a client drive one: by `clb`, HTTP and nothing else.

What a liar does goes around all of that: straight to Kafka, or into a database as its superuser.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from shared.local.folders import data_for, unprivileged
from shared.local.process import free_port
from shared.local.state import ROOT, DataDir
from shared.local.token_files import read_token

CHECKPOINT_MINUTES = "0.05"
"""Heads are signed every three seconds here, so that the proof does not wait ten minutes for what they show."""


class Failed(Exception):
    """The system did not do what it promises."""


class Stand:
    """One data directory, and what runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CLB_") and "_DATABASE_" not in name},
            "CLB_DATA": str(folder / "stack"),
            "CLB_CHECKPOINT_MINUTES": CHECKPOINT_MINUTES,
            "CLB_LANG": "en",
            "PYTHONPATH": str(ROOT),
        }
        if cache := os.environ.get("CLB_CACHE"):
            self.env["CLB_CACHE"] = cache
        self.env.pop("KAFKA_BOOTSTRAP", None)
        self.token = ""

    @property
    def data(self) -> Path:
        return self.folder / "stack"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def clb(self, *arguments: str, ok: bool | None = True, seconds: float = 240) -> tuple[int, str]:
        """Run a command of the product. `ok`: whether it must end well (True), badly (False), or either (None)."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "shared.cli.main", *arguments],
            env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        said = (done.stdout + done.stderr).strip()
        if ok is not None and (done.returncode == 0) is not ok:
            raise Failed(f"clb {' '.join(arguments)} ended with {done.returncode}:\n{said[-1500:]}")
        return done.returncode, said

    def json(self, *arguments: str, ok: bool | None = True) -> Any:
        """The same with --json; what it prints on stdout."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "shared.cli.main", *arguments, "--json"],
            env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        if ok is not None and (done.returncode == 0) is not ok:
            raise Failed(f"clb {' '.join(arguments)} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
        return json.loads(done.stdout)

    def up(self) -> None:
        self.clb("up", "--detach", "--port", str(self.port))

    def down(self) -> None:
        self.clb("down", ok=None)

    def sign_on(self) -> None:
        """A token of the centre's association side and its state side in one file each, made by the operator."""
        operator = read_token(self.data, "operator")
        wish = {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "association", "label": "proof"}
        answer = httpx.post(f"{self.url}/v1/tokens", json=wish, headers={"Authorization": f"Bearer {operator}"}, timeout=30)
        answer.raise_for_status()
        self.token = answer.json()["token"]

    def post(self, command: dict[str, Any], *, key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        return httpx.post(f"{self.url}/v1/commands", json=command, headers=headers, timeout=30)

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.token}"}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def ready(self) -> dict[str, Any]:
        """What every service says of itself, whether well or not."""
        try:
            found: dict[str, Any] = httpx.get(f"{self.url}/ready", timeout=10).json()
        except (httpx.HTTPError, ValueError):
            return {"ready": False}
        return found

    @property
    def kafka(self) -> str:
        snapshot = DataDir(self.data).snapshot()
        if snapshot is None:
            raise Failed("the stack does not run")
        return snapshot.kafka

    def superuser(self, service: str) -> str:
        """The address at which a database's superuser comes in."""
        kept = DataDir(self.data).remembered()
        return f"postgresql://postgres:{kept.passwords['postgres']}@127.0.0.1:{kept.ports['postgres']}/lienthe_{service}"

    async def sql(self, service: str, query: str, *arguments: object) -> list[Any]:
        """As the superuser, with triggers switched off for this session."""
        connection: Any = await asyncpg.connect(self.superuser(service))  # pyright: ignore[reportUnknownMemberType]
        try:
            await connection.execute("set session_replication_role = replica")
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def lose_the_databases(self) -> None:
        """The database server and all that it held are gone."""
        for folder in (self.data / "postgres", data_for(self.data / "postgres", unprivileged())):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def last_words(self) -> str:
        """What the services said last, for whoever reads a proof that failed."""
        found: list[str] = []
        for log in sorted((self.data / "logs").glob("*.log")):
            lines = [line for line in log.read_text(errors="replace").splitlines() if '"INFO"' not in line]
            found += [f"--- {log.name}", *(line[:400] for line in lines[-6:])]
        return "\n".join(found)

    def kill_everything(self) -> int:
        """kill -9 the supervisor, the servers and the services at once. How many there were."""
        data = DataDir(self.data)
        snapshot = data.snapshot()
        if snapshot is None:
            raise Failed("the stack does not run")
        pids = [snapshot.supervisor, *(member.pid for member in snapshot.members if member.pid)]
        for pid in pids:
            children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
            for each in [pid, *map(int, children)]:
                try:
                    os.kill(each, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        deadline = time.monotonic() + 20
        while data.is_owned() or any(_alive(pid) for pid in pids):
            if time.monotonic() > deadline:
                raise Failed("a process outlives kill -9")
            time.sleep(0.05)
        return len(pids)


def eventually(what: str, holds: Callable[[], Any], seconds: float = 40.0) -> Any:
    """Wait until something holds, and answer it; `what` says in words what did not come to pass."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"it did not come to pass within {seconds:.0f} s: {what}")
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
