"""`python -m bench`: measures the paths and writes docs/bench.md and docs/bench.json. See `--help`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path as Folder

from bench import paths, report
from bench.core import Bench, Measured, Path
from bench.rounds import measure
from bench.servers import Servers

ROOT = Folder(__file__).parents[1]


def every_path() -> list[Path]:
    """The paths of all modules in `bench.paths`, in the order of their ids."""
    found: list[Path] = []
    for module in pkgutil.iter_modules(paths.__path__):
        found += getattr(importlib.import_module(f"bench.paths.{module.name}"), "PATHS", ())
    return sorted(found, key=lambda path: [int(part) if part.isdigit() else part for part in re.findall(r"\d+|\D+", path.id)])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for."""
    asked = _arguments().parse_args(argv)
    chosen = every_path()
    if asked.list:
        for path in chosen:
            print(f"{path.id:6} {path.title}: {', '.join(contestant.name for contestant in path.contestants)}")
        return 0
    if asked.only:
        wanted = {name.strip() for name in asked.only.split(",")}
        unknown = wanted - {path.id for path in chosen}
        if unknown:
            print(
                f"no such path: {', '.join(sorted(unknown))}; there are {', '.join(path.id for path in chosen)}",
                file=sys.stderr,
            )
            return 2
        chosen = [path for path in chosen if path.id in wanted]
    return asyncio.run(_run(chosen, asked.scale, asked.rounds, Folder(asked.out)))


async def _run(chosen: Sequence[Path], scale: float, rounds: int, out: Folder) -> int:
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:7.1f}  {words}", flush=True)

    done: list[Measured] = []
    versions: dict[str, str] = {}
    cache = ROOT / "build" / "bench-cache"
    cache.mkdir(parents=True, exist_ok=True)
    for path in chosen:
        async with Servers() as servers:
            bench = Bench(servers, servers.folder, cache, scale, say)
            done.append(await measure(path, bench, rounds))
            versions |= await servers.versions()
        report.write(done, scale=scale, rounds=rounds, versions=versions, out=out)
    print()
    print("\n".join(report.goals_table(done)))
    print(f"\n{out / 'bench.md'}, {out / 'bench.json'}")
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Ratios of our paths and of honest peers, in one run.")
    parser.add_argument("--scale", type=float, default=1.0, help="the size of workload W: 1 is 942,285 events (default 1)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of A B A B (default 5)")
    parser.add_argument("--only", help="some paths: R1,R2")
    parser.add_argument("--out", default=str(ROOT / "docs"), help="the folder of bench.md and bench.json (default docs)")
    parser.add_argument("--list", action="store_true", help="say which paths there are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
