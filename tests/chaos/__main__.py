"""`make chaos MINUTES=30`: random kills of the real stack; exit code 1 if a promise was broken."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from functools import partial
from pathlib import Path

from tests.chaos.campaign import run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None, help="of the faults and commands; their times are the machine's")
    parser.add_argument("--out", type=Path, default=Path("build/chaos"), help="where the result goes: .json and .md")
    parser.add_argument("--first", action="append", default=[], help="a fault with which each round begins")
    parser.add_argument("--keep", type=Path, default=None, help="where the processes' logs are copied to")
    asked = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    say = partial(print, flush=True)
    say(f"seed {seed}")
    result = asyncio.run(run(asked.minutes, seed, first=asked.first, keep=asked.keep, say=say))
    result.write(asked.out)
    print()
    print(result.markdown())
    print(f"-> {asked.out.with_suffix('.json')}, {asked.out.with_suffix('.md')}")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
