"""A process that dies is named and restarted; what was started is stopped, in order."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time

from shared.kernel.errors import Refused
from shared.local.process import Child, Launch, alive
from shared.local.supervisor import Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def launch(folder, name, argv=SLEEPER, **how):
    return Launch(name, argv, folder / f"{name}.log", **how)


async def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def watched(*children):
    said = []
    supervisor = Supervisor(said.append, lambda: None)
    for tier, child in enumerate(children):
        supervisor.adopt(child, role="all", address="-", tier=tier)
    watching = asyncio.create_task(supervisor.watch())
    yield supervisor, said
    watching.cancel()
    await supervisor.stop()


async def test_a_killed_process_is_restarted_under_a_new_id_and_named_with_its_signal(tmp_path):
    child = Child(launch(tmp_path, "clubs"))
    async with watched(child) as (supervisor, said):
        os.kill(child.pid, signal.SIGKILL)
        (member,) = supervisor.members
        await until(lambda: member.restarts == 1)
        assert member.pid != child.pid
        assert alive(member.pid)
        assert member.last_exit == "SIGKILL"
        assert any("clubs" in line and "SIGKILL" in line and str(child.pid) in line for line in said)
        assert any("clubs" in line and str(member.pid) in line for line in said)
    assert not alive(member.pid)


async def test_a_process_that_keeps_dying_is_restarted_ever_more_slowly(tmp_path):
    child = Child(launch(tmp_path, "broken", [sys.executable, "-c", "raise SystemExit(3)"]))
    async with watched(child) as (supervisor, _):
        await asyncio.sleep(1.6)
        (member,) = supervisor.members
        assert 1 <= member.restarts <= 3
        assert member.last_exit == "exit 3"


class Fussy:
    """A process that needs a file, and works when it says so."""

    def __init__(self, folder, *, missing=0):
        program = f"import pathlib,time; pathlib.Path({str(folder / 'needed')!r}).read_text(); time.sleep(600)"
        self.again = launch(folder, "fussy", [sys.executable, "-c", program])
        self.missing = missing
        self.working = asyncio.Event()

    def prepare(self):
        if self.missing:
            self.missing -= 1
            raise Refused("not-now", "chưa", "the file cannot be made")
        (self.again.log.parent / "needed").write_text("here")
        return self.again

    async def works(self, child):
        await self.working.wait()


async def test_a_process_that_needs_care_is_prepared_anew_and_called_running_only_when_it_works(tmp_path):
    """Seen to fail without `care`: exit 1 for ever, and `running` each time it was started."""
    fussy = Fussy(tmp_path)
    child = Child(fussy.prepare())
    async with watched() as (supervisor, _):
        supervisor.adopt(child, role="broker", address="-", tier=0, care=fussy)
        (member,) = supervisor.members
        (tmp_path / "needed").unlink()
        os.kill(child.pid, signal.SIGKILL)
        await until(lambda: member.restarts == 1)
        await asyncio.sleep(0.5)
        assert (member.state, member.restarts, alive(member.pid)) == ("restarting", 1, True)
        fussy.working.set()
        await until(lambda: member.state == "running")
        assert member.restarts == 1
    assert not alive(member.pid)


async def test_what_cannot_be_prepared_is_said_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr("shared.local.supervisor.PAUSES", (0.1, 0.1, 0.1))
    fussy = Fussy(tmp_path)
    fussy.working.set()
    child = Child(fussy.prepare())
    fussy.missing = 2
    async with watched() as (supervisor, said):
        supervisor.adopt(child, role="broker", address="-", tier=0, care=fussy)
        (member,) = supervisor.members
        os.kill(child.pid, signal.SIGKILL)
        await until(lambda: member.state == "running" and member.pid != child.pid)
        assert sum("the file cannot be made" in line for line in said) == 2


async def test_what_was_started_last_is_stopped_first(tmp_path):
    farewell = "lambda *_: (print(time.monotonic_ns(), flush=True), sys.exit())"
    program = f"import signal,sys,time; signal.signal(signal.SIGTERM, {farewell}); print('up', flush=True); time.sleep(600)"
    argv = [sys.executable, "-c", program]
    server, front = (Child(launch(tmp_path, name, argv)) for name in ("server", "front"))
    await until(lambda: all("up" in child.last_words() for child in (server, front)))
    async with watched(server, front):
        pass
    stopped = {child.launch.name: int(child.last_words().split()[-1]) for child in (server, front)}
    assert stopped["front"] < stopped["server"]


async def test_a_process_that_ignores_the_request_is_killed(tmp_path):
    argv = [
        sys.executable,
        "-c",
        "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
    ]
    child = Child(launch(tmp_path, "deaf", argv, stop_seconds=0.2))
    await until(lambda: "up" in child.last_words())
    await child.stop()
    assert child.exit_code() == -signal.SIGKILL


async def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path):
    parent = f"""
import time
from pathlib import Path
from shared.local.process import Child, Launch
child = Child(Launch("x", {SLEEPER!r}, Path({str(tmp_path / "x.log")!r})))
print(child.pid, flush=True)
time.sleep(600)
"""
    running = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    pid = int(running.stdout.readline())
    running.kill()
    running.wait()
    running.stdout.close()
    await until(lambda: not alive(pid))
