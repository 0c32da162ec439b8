"""Writes docs/bench.md and docs/bench.json from what was measured: no word is typed by hand but those of words.md.

Guarantees that every figure names its spread, that a goal which is not reached says so, and that a path which was not run in
this run is not in the table. Refuses to write figures of another scale beside these: a file is of one run.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path as Folder

from bench.core import Goal, Measured, Result

ROOT = Folder(__file__).parents[1]
WORDS = Folder(__file__).with_name("words.md")
_PACKAGES = ("faststream", "confluent-kafka", "pydantic", "asyncpg", "numpy")


def write(measured: Sequence[Measured], *, scale: float, rounds: int, versions: Mapping[str, str], out: Folder) -> None:
    """`bench.md` and `bench.json` into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    machine = _machine(versions)
    date = datetime.now(UTC).date().isoformat()
    document = {
        "date": date,
        "scale": scale,
        "rounds": rounds,
        "machine": machine,
        "paths": [_as_json(each) for each in measured],
    }
    (out / "bench.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    lines = list(_page(measured, date, scale, rounds, machine))
    (out / "bench.md").write_text("\n".join(lines).rstrip() + "\n")


def goals_table(measured: Sequence[Measured]) -> list[str]:
    """The table of the goals, in Markdown: also what is printed at the end."""
    head = ["| id | goal | median | min .. max | bound | |", "| --- | --- | ---: | --- | --- | --- |"]
    return head + [
        f"| {each.path.id} | {goal.text} | {' | '.join(_verdict(each, goal))} |"
        for each in measured
        for goal in each.path.goals
    ]


def _verdict(measured: Measured, goal: Goal) -> tuple[str, str, str, str]:
    ratios = measured.ratios(goal)
    if not ratios:
        reasons = [measured.reasons[name] for name in (goal.of, goal.against) if name is not None and name in measured.reasons]
        return "-", "-", goal.bound, "not measured: " + ("; ".join(reasons) or "no figure")
    median = statistics.median(ratios)
    said = "-" if goal.bound == "-" else "reached" if goal.reached(median) else "**not reached**"
    return _short(median), f"{_short(min(ratios))} .. {_short(max(ratios))}", goal.bound, said


def _page(measured: Sequence[Measured], date: str, scale: float, rounds: int, machine: Mapping[str, str]) -> Iterator[str]:
    words = _words()
    yield "# Benchmarks"
    yield ""
    yield words.get("start", "")
    yield ""
    yield f"Measured on {date}, scale {scale:g} of workload W, {rounds} rounds. {', '.join(map(' '.join, machine.items()))}."
    yield ""
    yield "## Goals"
    yield ""
    yield from goals_table(measured)
    for each in measured:
        yield ""
        yield f"## {each.path.id} {each.path.title}"
        yield ""
        if each.path.note:
            yield each.path.note
            yield ""
        yield from _contestants(each)
        if each.path.id in words:
            yield ""
            yield words[each.path.id]
    if "end" in words:
        yield ""
        yield words["end"]


def _contestants(measured: Measured) -> Iterator[str]:
    extras = sorted({name for results in measured.results.values() for result in results if result for name in result.extra})
    columns = ["", "seconds (median, min .. max)", "a second", "CPU s/M own + PostgreSQL", *extras, "answer"]
    yield f"| {' | '.join(columns)} |"
    yield "| --- | --- | ---: | --- | " + "---: | " * len(extras) + "--- |"
    for name, results in measured.results.items():
        good = [result for result in results if result is not None]
        if not good:
            yield f"| {name} | {measured.reasons.get(name, 'no result')} | | | " + "| " * len(extras) + "|"
            continue
        times = [result.seconds for result in good]
        cells = [
            f"{_short(statistics.median(times))}, {_short(min(times))} .. {_short(max(times))}",
            f"{statistics.median([result.rate for result in good]):,.0f}",
            _cpu(good),
            *(_median_extra(good, extra) for extra in extras),
            "-" if good[0].answer is None else f"`{good[0].answer[:12]}`",
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def _cpu(results: Sequence[Result]) -> str:
    own = [result.cpu_own * 1e6 / result.events for result in results if result.cpu_own is not None]
    if not own:
        return "-"
    postgres = [result.cpu_postgres * 1e6 / result.events for result in results if result.cpu_postgres is not None]
    return _short(statistics.median(own)) + (f" + {_short(statistics.median(postgres))}" if postgres else "")


def _median_extra(results: Sequence[Result], name: str) -> str:
    values = [result.extra[name] for result in results if name in result.extra]
    return _short(statistics.median(values)) if values else "-"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _as_json(measured: Measured) -> dict[str, object]:
    return {
        "id": measured.path.id,
        "title": measured.path.title,
        "key": measured.key,
        "reasons": measured.reasons,
        "contestants": {
            name: [None if result is None else _result_json(result) for result in results]
            for name, results in measured.results.items()
        },
        "goals": [
            {
                "text": goal.text,
                "bound": goal.bound,
                "ratios": (ratios := measured.ratios(goal)),
                "median": statistics.median(ratios) if ratios else None,
                "reached": goal.reached(statistics.median(ratios)) if ratios else None,
            }
            for goal in measured.path.goals
        ],
    }


def _result_json(result: Result) -> dict[str, object]:
    return {
        "seconds": result.seconds,
        "events": result.events,
        "cpu_own": result.cpu_own,
        "cpu_postgres": result.cpu_postgres,
        "answer": result.answer,
        **result.extra,
    }


def _words() -> dict[str, str]:
    """The sections of words.md by their headings `## start`, `## R1`, `## end`."""
    found: dict[str, list[str]] = {}
    section: list[str] = []
    for line in WORDS.read_text().splitlines() if WORDS.exists() else ():
        if line.startswith("## "):
            section = found.setdefault(line[3:].strip(), [])
        else:
            section.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def _machine(versions: Mapping[str, str]) -> dict[str, str]:
    found = {"CPUs": str(_cpus()), "processor": _processor(), "Python": platform.python_version(), **versions}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        found["commit"] = done.stdout.strip()
    return found


def _cpus() -> int:
    try:
        return sum(line.startswith("processor") for line in Folder("/proc/cpuinfo").read_text().splitlines())
    except OSError:
        return 0


def _processor() -> str:
    try:
        lines = Folder("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
