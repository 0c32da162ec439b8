"""Runs the contestants of a path in rounds, A B A B, and checks what they answer.

Guarantees that all contestants of a round run one after another on the same servers, that a wrong answer, a failure or a run
without end takes the contestant out of the path with its reason, and that cleaning up happens whatever happened.
"""

from __future__ import annotations

import asyncio
import time
import traceback

from bench.core import Bench, Contestant, Measured, Path, Result, Skipped, Wrong

_LONGEST_MINUTES = 20.0


async def measure(path: Path, bench: Bench, rounds: int) -> Measured:
    """All rounds of a path. Odd rounds go through the contestants backwards, so that none is always the first."""
    count = max(min(rounds, path.rounds or rounds), path.least_rounds)
    bench.say(f"{path.id} {path.title}")
    measured = Measured(path, await path.key(bench) if path.key is not None else None)
    measured.results = {contestant.name: [] for contestant in path.contestants}
    for number in range(count):
        order = list(path.contestants) if number % 2 == 0 else list(reversed(path.contestants))
        for contestant in order:
            result = None
            if contestant.name not in measured.reasons:
                result = await _once(contestant, bench, measured, f"{number + 1}/{count}")
            measured.results[contestant.name].append(result)
    for name in measured.reasons:
        measured.results[name] = [None] * count
    return measured


async def _once(contestant: Contestant, bench: Bench, measured: Measured, where: str) -> Result | None:
    began, limit = time.monotonic(), asyncio.timeout(_LONGEST_MINUTES * 60)
    try:
        try:
            async with limit:
                await contestant.prepare(bench)
                await bench.servers.settle()
                result = await contestant.run(bench)
        finally:
            await contestant.cleanup(bench)
    except Skipped as reason:
        measured.reasons[contestant.name] = f"skipped: {reason}"
    except Wrong as reason:
        measured.reasons[contestant.name] = f"wrong, scores zero: {_line(reason)}"
    except Exception as failure:  # noqa: BLE001 - a contestant that fails must not take the others with it; it is told in the table
        traceback.print_exc()
        ended = f"{type(failure).__name__}: {_line(failure)}"
        never = f"it did not end (a run may take {_LONGEST_MINUTES:g} min)"
        measured.reasons[contestant.name] = f"failed: {never if limit.expired() else ended}"
    else:
        wanted = result.key or measured.key
        if wanted is None or contestant.name in measured.path.without_answer or result.answer == wanted:
            bench.say(f"  {where} {contestant.name}: {_figures(result)}   ({time.monotonic() - began:.0f} s in all)")
            return result
        measured.reasons[contestant.name] = f"wrong, scores zero: answer {str(result.answer)[:12]} is not {wanted[:12]}"
    bench.say(f"  {where} {contestant.name}: {measured.reasons[contestant.name]}")
    return None


def _line(failure: Exception) -> str:
    """What went wrong as a cell of a table: of a trace its last line, which is the failure."""
    words = str(failure).strip().splitlines() or [type(failure).__name__]
    return words[-1].strip()[-200:].replace("|", "/")


def _figures(result: Result) -> str:
    parts = [f"{result.seconds:.2f} s, {result.rate:,.0f}/s"]
    if result.cpu_own is not None:
        postgres = "" if result.cpu_postgres is None else f" + {result.cpu_postgres * 1e6 / result.events:.1f} PostgreSQL"
        parts.append(f"{result.cpu_own * 1e6 / result.events:.1f}{postgres} CPU s/M")
    parts += [f"{name} {value:,.4g}" for name, value in result.extra.items()]
    if result.answer is not None:
        parts.append(result.answer[:12])
    return ", ".join(parts)
