"""R17: what a reader pays for checking that every record follows, against what the fold itself costs it.

The figures view folds the workload twice in one process, in turns: as the product does, and with an intake that takes every
next position without computing a link. The difference is the check: links, the memory of the last ones, and keeping them in the
database. Without Kafka: reading would only make the share smaller.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from bench.core import Bench, Goal, Path, Result, Wrong, extra
from bench.product import answer, install
from bench.workers import Worker, result_of
from bench.workload.files import key, workload
from shared.local.databases import DatabaseUrls

_SIDES = ("checked", "alone")


@dataclass
class Checked:
    """Both folds, and the difference."""

    name: str = "fold, chain checked"
    _urls: dict[str, DatabaseUrls] = field(default_factory=dict[str, DatabaseUrls])

    async def prepare(self, bench: Bench) -> None:
        """A fresh database each."""
        await workload(bench)
        for side in _SIDES:
            self._urls[side] = await bench.servers.database(side)
            await install(self._urls[side])

    async def run(self, bench: Bench) -> Result:
        """The checked fold's figures; what is left without the check, and the share, as extra ones."""
        given = await workload(bench)
        orders: dict[str, object] = {"file": str(given.file)} | {side: urls.app for side, urls in self._urls.items()}
        async with Worker([sys.executable, "-m", "bench.work.checked"], orders, bench.folder / "checked.log") as worker:
            await worker.ready()
            said = await worker.go()
        checked, alone = (said[side] for side in _SIDES)
        for side in (checked, alone):
            if side["events"] != given.events or side.pop("set_aside"):
                raise Wrong(f"{side['events']} events of {given.events} were applied")
        answers = [await answer(self._urls[side]) for side in _SIDES]
        if answers[0] != answers[1]:
            raise Wrong("the two folds answer differently")
        own = checked["cpu"] - alone["cpu"]
        every = own + checked["cpu_postgres"] - alone["cpu_postgres"]
        figures = {
            "check_us": every * 1e6 / given.events,
            "check_share": every / (alone["cpu"] + alone["cpu_postgres"]),
            "check_share_own": own / alone["cpu"],
        }
        return result_of({**checked, **figures}, answer_hash=answers[0], key=given.key)

    async def cleanup(self, bench: Bench) -> None:
        """The databases are dropped."""
        for urls in self._urls.values():
            await bench.servers.drop(urls)
        self._urls.clear()


PATHS = (
    Path(
        "R17",
        "The chain, checked by who reads",
        (Checked(),),
        (
            Goal("CPU of the check against the fold's", "fold, chain checked", None, extra("check_share"), at_most=0.25),
            Goal(
                "the same in the reader's process, without PostgreSQL",
                "fold, chain checked",
                None,
                extra("check_share_own"),
                at_most=0.25,
            ),
        ),
        key,
        note=(
            "Each batch of 5,000 is folded twice in one process, in turns: as the product does, and by position alone. The "
            "share is the difference over the latter; check_us is microseconds of CPU an event. PostgreSQL: one session each."
        ),
    ),
)
