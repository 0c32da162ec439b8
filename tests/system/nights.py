"""A stack of its own that is backed up, lost and restored, driven by `clb`: for the tests of backup and restore."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.local.process import alive
from shared.local.state import DataDir, Snapshot
from shared.local.token_files import read_token

SERVICES = ("clubs", "trainings", "monitoring", "reporting")
CLUBS = 12


@dataclass
class Stack:
    """The command line on a data directory, and what was written through it."""

    folder: Path
    outside: Path
    """Where checkpoints and revocations are: it outlives the data directory."""
    answers: dict[str, Any] = field(default_factory=dict)

    def clb(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "shared.cli.main", *arguments]
        done = subprocess.run(command, env=self.env | environment, capture_output=True, text=True, timeout=240)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.endswith(("_DATABASE_URL", "_OWNER_URL"))}
        for name in ("KAFKA_BOOTSTRAP", "CLB_PORT", "CLB_URL", "CLB_TOKEN", "CLB_SIGNING_KEY"):
            kept.pop(name, None)
        return kept | {"CLB_DATA": str(self.folder), "CLB_LANG": "en", "CLB_CHECKPOINTS": str(self.outside)}

    def status(self) -> dict[str, Any]:
        return json.loads(self.clb("status", "--json", check=False).stdout)

    @property
    def running(self) -> Snapshot:
        found = DataDir(self.folder).snapshot()
        assert found is not None
        return found

    def lose(self) -> None:
        """kill -9 everything, and take the disk away."""
        if (found := DataDir(self.folder).snapshot()) is None:
            return
        pids = [found.supervisor, *(member.pid for member in found.members if member.pid is not None)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while any(alive(pid) for pid in pids):
            time.sleep(0.05)
        shutil.rmtree(self.folder)

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.running.front, headers=headers, trust_env=False, timeout=30)

    def found_a_club(self, token: str, key: str) -> httpx.Response:
        data = {
            "name": f"CLB liên thế hệ tự giúp nhau {key}",
            "commune": {"code": "15835", "list": "34"},
            "founded_on": "2026-01-05",
        }
        with self.client(token) as client:
            return client.post(
                "/v1/commands", json={"type": "clubs.found-club", "data": data}, headers={"Idempotency-Key": key}
            )

    def issue(self, label: str) -> tuple[str, str]:
        """Id and token."""
        with self.client(read_token(self.folder, "operator")) as client:
            wish = {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "association", "label": label}
            made = client.post("/v1/tokens", json=wish).json()
        return made["id"], made["token"]

    def until_founded(self, clubs: int, seconds: float = 90) -> dict[str, int]:
        """The national figures, once so many clubs are in them."""
        deadline = time.monotonic() + seconds
        with self.client() as client:
            while (found := self.figures(client))["clubs-founded"] != clubs:
                assert time.monotonic() < deadline, (found, self.complaints())
                time.sleep(0.3)
        return found

    def complaints(self) -> str:
        """What the services said last that was not good news."""
        lines = [line for name in SERVICES for line in (self.folder / "logs" / f"{name}.log").read_text().splitlines()]
        return "\n".join(line[:400] for line in lines if '"info"' not in line and "FAIL" not in line)[-6000:]

    @staticmethod
    def figures(client: httpx.Client) -> dict[str, Any]:
        return {number["indicator"]: number["value"] for number in client.get("/v1/progress").json()["numbers"]}

    def pid(self, name: str) -> int:
        pid = next(member.pid for member in self.running.members if member.name == name)
        assert pid is not None
        return pid


def sign_in(stack: Stack, token: str) -> str:
    """The session cookie of a browser that pasted a token."""
    with stack.client() as browser:
        page = browser.get("/dang-nhap").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf is not None
        answer = browser.post("/dang-nhap", data={"csrf": csrf[1], "key": token}, headers={"Origin": str(browser.base_url)})
        assert answer.status_code == 303, answer.text
        return browser.cookies["lt_session"]


def is_signed_in(stack: Stack, cookie: str) -> bool:
    with stack.client() as browser:
        return browser.get("/dang-nhap/dien-thoai", headers={"Cookie": f"lt_session={cookie}"}).status_code == 200


@dataclass
class Night:
    """What there was before, the backup, and the stack that was restored from it."""

    before: dict[str, Any]
    folder: Path
    restored: Stack
    said: str


def kill_a_backup(stack: Stack, folder: Path) -> None:
    """kill -9 as soon as the first dump is begun."""
    child = subprocess.Popen([sys.executable, "-m", "shared.cli.main", "backup", str(folder)], env=stack.env)
    while not (folder / "databases").exists():
        assert child.poll() is None, "it was done before it could be killed"
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
