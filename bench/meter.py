"""CPU seconds and memory of processes, read from /proc: of a process with everybody it started, living and ended.

Guarantees that a child that ended in between is counted (the kernel adds its time to its parent's when it is waited for). Works
on Linux; elsewhere it refuses, and the benchmarks with it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """User and system seconds of a process, of the children it has waited for, and of its living descendants."""
    total = 0.0
    for each in family(pid):
        fields = _stat(each)
        if fields is not None:
            total += sum(map(int, fields[11:15])) / _TICKS
    return total


def family(pid: int) -> list[int]:
    """A process and its living descendants."""
    found = [pid]
    for parent in found:
        try:
            threads = list(Path(f"/proc/{parent}/task").iterdir())
        except OSError:
            continue
        for thread in threads:
            try:
                found += map(int, (thread / "children").read_text().split())
            except OSError:
                continue
    return found


def peak_rss_mb(pid: int) -> float:
    """The most memory that a process has held so far (VmHWM), in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat behind the name: state first, utime at 11."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


@dataclass(slots=True)
class Meter:
    """Wall and CPU seconds from `start` to `stop`: of this process or others, and of PostgreSQL apart."""

    own: tuple[int, ...] = field(default_factory=lambda: (os.getpid(),))
    """The processes whose CPU is the contestant's own."""
    postgres: int | None = None
    """The postmaster."""
    seconds: float = 0.0
    cpu_own: float = 0.0
    cpu_postgres: float | None = None

    def start(self) -> None:
        """Begin."""
        self.cpu_own = -self._sum(self.own)
        self.cpu_postgres = None if self.postgres is None else -cpu_of(self.postgres)
        self.seconds = -time.perf_counter()

    def stop(self) -> None:
        """End; the fields hold the differences."""
        self.seconds += time.perf_counter()
        self.cpu_own += self._sum(self.own)
        if self.postgres is not None and self.cpu_postgres is not None:
            self.cpu_postgres += cpu_of(self.postgres)

    @staticmethod
    def _sum(pids: Iterable[int]) -> float:
        return sum(cpu_of(pid) for pid in pids)
