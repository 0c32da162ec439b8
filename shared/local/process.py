"""One child process: how it is started, how it is stopped, as which user, and where its output goes.

Guarantees that a child outlives its parent in no case (Linux: the kernel signals it when the parent dies, even by
SIGKILL), that it is not hit by the terminal's Ctrl-C before its turn, and that `stop` ends with the process gone.
Refuses nothing: what to start is the caller's business.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

_PR_SET_PDEATHSIG = 1
_libc: ctypes.CDLL | None = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system user that a child runs as when we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything needed to start a process again in the same way."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    """The whole environment; None is ours."""
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 20.0
    cwd: Path | None = None


class Child:
    """A running process of a `Launch`."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.started_at = time.monotonic()
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("ab") as log:
            self._popen = subprocess.Popen(
                list(launch.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=launch.env,
                cwd=launch.cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent(launch.stop_signal),  # noqa: PLW1509 - only prctl runs between fork and exec
                **identity(launch.account),
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def exit_code(self) -> int | None:
        """The exit code, or None while it runs. Negative: the signal that killed it."""
        return self._popen.poll()

    async def finished(self) -> int:
        """Its exit code, once it has ended. Cancelling the wait leaves it running."""
        while (code := self.exit_code()) is None:  # noqa: ASYNC110 - a thread in `wait` could not be cancelled
            await asyncio.sleep(0.05)
        return code

    def uptime(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started_at

    def stop_now(self) -> None:
        """Ask, wait, and kill if it does not listen. May block for `stop_seconds`."""
        if self.exit_code() is not None:
            return
        self._popen.send_signal(self.launch.stop_signal)
        try:
            self._popen.wait(self.launch.stop_seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    async def stop(self) -> None:
        """As `stop_now`, without blocking the loop."""
        await asyncio.to_thread(self.stop_now)

    def last_words(self, lines: int = 8) -> str:
        """The end of its log, for the message that names it."""
        try:
            text = self.launch.log.read_text("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


class Identity(TypedDict):
    """The keyword arguments of `subprocess` that name a user; None is the present one."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def identity(account: Account | None) -> Identity:
    """How `subprocess` becomes this account."""
    if account is None:
        return Identity(user=None, group=None, extra_groups=None)
    return Identity(user=account.uid, group=account.gid, extra_groups=[])


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    def before_exec() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal))

    return before_exec


def alive(pid: int) -> bool:
    """Whether a process with this id exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def free_port(preferred: int | None = None, *, besides: Collection[int] = ()) -> int:
    """A TCP port of the loopback that nobody listens on: the preferred one if it is free.

    Others are taken from below the range that outgoing connections use, so that none of them is in the way a moment later.
    """
    if preferred is not None and preferred not in besides and not port_taken(preferred):
        return preferred
    while True:
        port = random.randint(20_000, 32_000)  # noqa: S311 - a port is no secret
        if port not in besides and not port_taken(port):
            return port


def port_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether binding this port fails."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False
