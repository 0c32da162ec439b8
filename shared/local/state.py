"""What a data directory remembers: ports and passwords for ever, the running processes while they run, and one lock.

Guarantees files of mode 0600 that are replaced whole, never half written, and that one supervisor at a time owns a
directory: the lock belongs to a living process, so a crash leaves no stale one. Refuses a directory that another one owns.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from shared.kernel.errors import Refused

ROOT = Path(__file__).parents[2]
Kind = Literal["new", "real", "demo-loading", "demo"]
Phase = Literal["starting", "ready", "stopping"]


def default_data_dir() -> Path:
    """`CLB_DATA`, else `.clb` beside the code."""
    chosen = os.environ.get("CLB_DATA")
    return Path(chosen).expanduser().absolute() if chosen else ROOT / ".clb"


@dataclass(slots=True)
class Remembered:
    """What must survive a restart."""

    ports: dict[str, int] = field(default_factory=dict[str, int])
    passwords: dict[str, str] = field(default_factory=dict[str, str])
    kind: Kind = "new"
    tables_by: str = ""
    """The digest of the code that made the tables, so that unchanged code does not make them again."""

    def password(self, name: str) -> str:
        """The password of a login, made on first use."""
        return self.passwords.setdefault(name, secrets.token_urlsafe(24))


@dataclass(slots=True)
class Member:
    """One process of the running stack, or an external server (pid None)."""

    name: str
    role: str
    address: str
    pid: int | None
    state: Literal["starting", "running", "restarting", "stopped", "external"]
    restarts: int = 0
    last_exit: str | None = None


@dataclass(slots=True)
class Snapshot:
    """The stack as its supervisor sees it now."""

    supervisor: int
    phase: Phase
    front: str
    kafka: str
    members: list[Member]


class DataDir:
    """The files of one data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def remembered(self) -> Remembered:
        """What was kept, or a fresh one."""
        found = _read(self.path / "remembered.json")
        return Remembered(**found) if found else Remembered()

    def remember(self, what: Remembered) -> None:
        """Keep it."""
        _write(self.path / "remembered.json", asdict(what))

    def snapshot(self) -> Snapshot | None:
        """The running stack, or None when nobody holds the lock."""
        found = _read(self.path / "running.json")
        if not found or not self.is_owned():
            return None
        members = [Member(**member) for member in found.pop("members")]
        return Snapshot(**found, members=members)

    def publish(self, snapshot: Snapshot) -> None:
        """Tell `status` and the other commands."""
        _write(self.path / "running.json", asdict(snapshot))

    def own(self) -> None:
        """Take the lock for the life of this process, or refuse with the id of who has it."""
        self.path.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            owner = self.owner() or "?"
            raise Refused(
                "already-running",
                f"Hệ thống trong {self.path} đang chạy (tiến trình {owner}): xem ./clb status, dừng bằng ./clb down.",
                f"The stack in {self.path} is already running (process {owner}): see ./clb status, stop it by ./clb down.",
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        (self.path / "running.json").unlink(missing_ok=True)
        self._lock = handle

    def disown(self) -> None:
        """Give the lock back."""
        if self._lock is None:
            return
        (self.path / "running.json").unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def is_owned(self) -> bool:
        """Whether a living process holds the lock."""
        try:
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(handle)

    def owner(self) -> int | None:
        """The process id that the lock names."""
        try:
            return int((self.path / "lock").read_text())
        except (OSError, ValueError):
            return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise Refused(
            "state-damaged",
            f"Tệp {path} bị hỏng: xóa tệp hoặc chọn --data-dir khác.",
            f"The file {path} is damaged: remove it or choose another --data-dir.",
        ) from None


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
