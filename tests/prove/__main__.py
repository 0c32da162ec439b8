"""`make prove`: tries, on a stack of its own, what would make the figures false, and shows what the system answers.

The exit code is 0 only if every lie was named, none is believed at the end, and the client's own ledger of what was
acknowledged equals the figures. Everything runs on this machine, in a folder that is gone afterwards.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.prove.acts import ACTS, Scene
from tests.prove.ledger import Ledger
from tests.prove.stand import Failed, Stand


def say(line: str) -> None:
    print(line, flush=True)


async def prove(folder: Path) -> int:
    """All acts in order; the exit code."""
    began = time.monotonic()
    stand = Stand(folder)
    scene = Scene(stand, Ledger(stand), say, folder / "backup")
    say(f"Starting Kafka, PostgreSQL and four services in {folder}")
    try:
        stand.up()
        stand.sign_on()
        say(f"[{time.monotonic() - began:5.1f} s] ready: {stand.url}")
        for number, act in enumerate(ACTS, 1):
            say(f"\n{number}. {(act.__doc__ or '').strip()}")
            await act(scene)
            say(f"[{time.monotonic() - began:5.1f} s]")
    except Failed as failure:
        say(f"\nNOT PROVED: {failure}")
        say(stand.last_words())
        return 1
    finally:
        stand.down()
    say(
        f"\nPROVED in {time.monotonic() - began:.0f} s: every lie was named, none is believed, and {len(scene.ledger.rows)} "
        f"acknowledged commands equal the figures ({scene.ledger.describe()})."
    )
    return 0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lien-the-prove-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        return asyncio.run(prove(folder))


if __name__ == "__main__":
    sys.exit(main())
