"""A rebuild that is killed leaves a whole view, and is finished by running it again."""

from __future__ import annotations

import json
import re
import signal

import pytest

from shared.projections.runner import Runner
from tests.shared.flow import Book, Place, Purses, expected, publish, running, until
from tests.shared.projections.rebuilding import ROOT, filled, in_view, passed, reached, rebuilder, shown, started, states

STEPS = ["rebuild.catching_up:1", "rebuild.certified", "rebuild.in_swap", "rebuild.after_swap"]


def test_every_declared_step_of_a_rebuild_is_one_at_which_it_is_killed() -> None:
    declared = re.findall(r'crashpoint\("(rebuild\.[a-z_]+)"\)', (ROOT / "shared/projections/rebuild.py").read_text())
    assert set(declared) == {step.partition(":")[0] for step in STEPS}


@pytest.mark.parametrize("point", STEPS)
async def test_a_rebuild_killed_at_any_step_leaves_a_whole_view_and_is_finished_by_running_it_again(
    flow: Place, point: str
) -> None:
    """Its process has no log to ask, so the two builds are the same and nobody may call them equal to the record."""
    book = Book(flow.source)
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with running(runner):
        await filled(flow, book, 500)
        code, _ = await rebuilder(flow, point)
        assert code == -signal.SIGKILL
        build, rows = await shown(flow)
        assert rows == expected(book.events)
        assert build == (2 if point == "rebuild.after_swap" else 1)
        code, proof = await rebuilder(flow, None)
        assert code == 0
        compared = json.loads(proof)["compared"]
        assert (compared["same"], compared["equal"]) == (True, False)
        await publish(flow.bootstrap, [book.put("purse-1", 1)])
        await until(lambda: in_view(flow, book), 30)
    assert list((await states(flow)).values()) == ["live", "kept"]


@pytest.mark.parametrize("percent", [10, 50, 99])
async def test_a_rebuild_killed_on_its_way_goes_on_where_it_stood(flow: Place, percent: int) -> None:
    """Killed when the new build has that share; what it had folded is not folded again."""
    book = Book(flow.source)
    runner = Runner(flow.pool, flow.bootstrap, [Purses(flow.source)], flow.source)
    async with running(runner):
        await filled(flow, book, 1500, streams=300)
        process = await started(flow, None)
        await until(lambda: reached(flow, 2, 1500 * percent // 100), 40)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        begun = await passed(flow, 2)
        assert begun >= 1500 * percent // 100
        assert (await shown(flow))[0] in (1, 2)
        if (await shown(flow))[0] == 1:
            process = await started(flow, None)
            await until(lambda: reached(flow, 2, begun), 5)
            out, _ = await process.communicate()
            assert process.returncode == 0
            assert json.loads(out)["build"] == 2
        assert (await shown(flow)) == (2, expected(book.events))
