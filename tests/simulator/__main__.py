"""`.venv/bin/python -m tests.simulator --seed 1234` shows one seed again; `--seeds 10000` looks for one that fails."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulator.faults import SITES
from tests.simulator.run import campaign, simulate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed, with what happened in it")
    parser.add_argument("--seeds", type=int, default=2000, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--only", default="", help="faults whose names begin with one of these, e.g. stranger,nemesis.kill")
    asked = parser.parse_args()
    only = tuple(each for each in asked.only.split(",") if each)
    if asked.seed is not None:
        verdict = simulate(asked.seed, only=only)
        print("\n".join(verdict.notes))
        print(f"{verdict.seconds:.1f} s of virtual time; commands: {dict(verdict.outcomes)}; faults: {dict(verdict.fired)}")
        print("\n".join(verdict.violations) or "no violation")
        return 1 if verdict.violations else 0
    began, fired, outcomes, failed = time.process_time(), Counter[str](), Counter[str](), 0
    for verdict in campaign(range(asked.first, asked.first + asked.seeds), only):
        fired += verdict.fired
        outcomes += verdict.outcomes
        if verdict.violations:
            failed += 1
            how = f" --only {asked.only}" if only else ""
            print(f"seed {verdict.seed}: {verdict.violations[0]}\n    {verdict.replay}{how}", flush=True)
    print(f"{asked.seeds} seeds, {failed} failed, {time.process_time() - began:.1f} s of processor time")
    print(f"commands: {dict(outcomes)}")
    print("faults: " + ", ".join(f"{site} {fired[site]}" for site in SITES))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
