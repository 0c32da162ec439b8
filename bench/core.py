"""What a benchmark is made of: a path, its contestants, one result a run, and goals that compare results of one round.

Guarantees that a ratio is only ever formed between runs of the same round, and that a contestant whose answer is wrong, or
which could not be run, has no figure at all: it scores zero or is said to be skipped, with the reason. Refuses to compare a
contestant with itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bench.servers import Servers


class Skipped(Exception):
    """This contestant cannot be run on this machine; the words say why, and go into the table."""


class Wrong(Exception):
    """The contestant ran and did something else than the task: it scores zero."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one contestant. `events` are what `seconds` and the CPU seconds were spent on: events, commands, requests."""

    seconds: float
    events: int
    cpu_own: float | None = None
    """CPU seconds of the contestant's own processes, user and system. The broker counts for nobody."""
    cpu_postgres: float | None = None
    """CPU seconds of PostgreSQL meanwhile; None: it uses none."""
    answer: str | None = None
    """The canonical hash of what it answered; compared with the path's key where there is one."""
    key: str | None = None
    """The hash that the answer must have instead of the path's, for a contestant that works on a smaller sample."""
    extra: Mapping[str, float] = field(default_factory=dict[str, float])
    """Anything else that was measured, by name: `p99_ms`, `peak_rss_mb`, `wal_bytes_per_event`."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cpu(self) -> float | None:
        """CPU seconds a million events, own and PostgreSQL's."""
        if self.cpu_own is None:
            return None
        return (self.cpu_own + (self.cpu_postgres or 0.0)) * 1e6 / self.events


@dataclass(frozen=True, slots=True)
class Bench:
    """What a contestant is given: the servers, where to keep things, how big the workload is, and whom to tell."""

    servers: Servers
    folder: Folder
    """Temporary, removed at the end."""
    cache: Folder
    """Kept between runs of `make bench`: generated workloads, environments of the peers."""
    scale: float
    say: Callable[[str], None]


class Contestant(Protocol):
    """One way of doing the task of a path. `prepare` and `cleanup` surround every `run` and are not measured."""

    @property
    def name(self) -> str:
        """Short, unique in its path, and stable: goals and the table refer to it."""
        ...

    async def prepare(self, bench: Bench) -> None:
        """Before every run: fresh databases, loaded topics. May raise `Skipped`."""
        ...

    async def run(self, bench: Bench) -> Result:
        """The measured run; measures itself (see `bench.meter`). May raise `Skipped` and `Wrong`."""
        ...

    async def cleanup(self, bench: Bench) -> None:
        """After every run, also after a failed one."""
        ...


Measure = Callable[[Result], float | None]


def rate(result: Result) -> float | None:
    """Events a second: more is better."""
    return result.rate


def seconds(result: Result) -> float | None:
    """Seconds: less is better."""
    return result.seconds


def per_cpu_second(result: Result) -> float | None:
    """Events a CPU second, own and PostgreSQL's: more is better."""
    cpu = result.cpu
    return None if not cpu else 1e6 / cpu


def cpu(result: Result) -> float | None:
    """CPU seconds a million events, own and PostgreSQL's: less is better."""
    return result.cpu


def extra(name: str) -> Measure:
    """A figure by name out of `Result.extra`."""
    return lambda result: result.extra.get(name)


@dataclass(frozen=True, slots=True)
class Goal:
    """`measure(of) / measure(against)` of the same round, or `measure(of)` itself, must be at least or at most a number."""

    text: str
    """In words, as in the table of docs/bench.md."""
    of: str
    against: str | None
    """The other contestant's name; None for an absolute goal."""
    measure: Measure
    at_least: float | None = None
    at_most: float | None = None

    def reached(self, value: float) -> bool:
        """Whether a ratio (or absolute figure) reaches the goal."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    @property
    def bound(self) -> str:
        """The goal as text."""
        parts: list[str] = []
        if self.at_least is not None:
            parts.append(f">= {self.at_least:g}")
        if self.at_most is not None:
            parts.append(f"<= {self.at_most:g}")
        return " and ".join(parts) or "-"


@dataclass(frozen=True, slots=True)
class Path:
    """One row or more of the table: a task, those who do it, and what must come out."""

    id: str
    """`R1`."""
    title: str
    contestants: Sequence[Contestant]
    goals: Sequence[Goal]
    key: Callable[[Bench], Awaitable[str]] | None = None
    """The canonical hash that every contestant's answer must have, computed by code that none of them shares."""
    without_answer: Sequence[str] = ()
    """Contestants that are a limit and answer nothing: they only read, or only count."""
    note: str = ""
    """What a reader must know to judge the figures: sizes, settings, what is not compared."""
    rounds: int | None = None
    """Fewer rounds than asked for, for a path that takes long; None: as asked."""
    least_rounds: int = 1
    """More rounds than asked for, for a ratio that must be known more closely than the machine keeps its speed."""

    def __post_init__(self) -> None:
        names = [contestant.name for contestant in self.contestants]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.id}: two contestants have one name")
        for goal in self.goals:
            if goal.of not in names or (goal.against is not None and goal.against not in names) or goal.of == goal.against:
                raise ValueError(f"{self.id}: no such comparison: {goal.of} against {goal.against}")


@dataclass(slots=True)
class Measured:
    """A path after its rounds: by contestant the result of each round, None where it has none, and why."""

    path: Path
    key: str | None
    results: dict[str, list[Result | None]] = field(default_factory=dict[str, list[Result | None]])
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    """Why a contestant was skipped, failed, or scores zero."""

    def ratios(self, goal: Goal) -> list[float]:
        """The goal's figure of each round in which both sides have one."""
        found: list[float] = []
        others = self.results[goal.against] if goal.against is not None else self.results[goal.of]
        for mine, other in zip(self.results[goal.of], others, strict=True):
            if mine is None or other is None:
                continue
            value, base = goal.measure(mine), goal.measure(other)
            if value is None or base is None or base == 0:
                continue
            found.append(value if goal.against is None else value / base)
        return found
