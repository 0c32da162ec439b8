"""`clb letters` as an operator runs it, against a service that was sent an event which nobody can read."""

from __future__ import annotations

import json
from typing import Any

from shared.kernel.lanes import lane_of
from shared.local.process import free_port
from tests.shared.clb import clb
from tests.shared.flow import Book, publish
from tests.system.test_processes import OPERATOR, Processes, alive, client_of, until

CLUB = "club-01890000-0000-7000-8000-000000000001"
FOUNDED = {"name": "CLB", "commune": {"code": "15835", "list": "34"}, "founded_on": "2024-03-01"}
MEMBERS = {"as_of": "2024-03-01", "basis": "counted", "total": 55}


async def test_a_parked_event_is_listed_shown_and_read_again_with_its_corrected_copy(processes: Processes) -> None:
    await processes.migrated("reporting")
    port = free_port()
    processes.start("reporting", "all", port=port)
    reach = {"CLB_URL": f"http://127.0.0.1:{port}", "CLB_TOKEN": OPERATOR}
    book = Book("clubs")
    book.put(CLUB, 0, type="clubs.club-founded", data=json.dumps(FOUNDED))
    book.put(CLUB, 0, type="clubs.members-reported", data=json.dumps(MEMBERS))
    at = f"clubs:{lane_of(CLUB)}:1"

    async def parked(count: int) -> bool:
        code, said = await clb("letters", "list", "--view", "figures", "--json", **reach)
        return code == 0 and len(json.loads(said)) == count

    def spoilt(record: Any) -> Any:
        return record._replace(value=b'{"name": \xff}') if dict(record.headers)["ce_position"] == b"1" else record

    async with client_of(port) as client:
        await until(lambda: alive(client, "/ready"))
    await publish(processes.bootstrap, book.events, edit=spoilt)
    await until(lambda: parked(2))

    code, said = await clb("letters", "list", "--view", "figures", **reach)
    assert code == 0
    assert [line.split()[:4] for line in said.splitlines()] == [
        ["✗", "figures", at, CLUB],
        ["…", "figures", f"clubs:{lane_of(CLUB)}:2", CLUB],
    ]
    code, said = await clb("letters", "show", at, **reach)
    assert code == 0
    assert "base64 eyJuYW1lIjog/30=" in said
    assert "clubs.club-founded" in said
    assert (await clb("letters", "show", "clubs:0:1000000", **reach))[0] == 1

    code, said = await clb("letters", "replay", "--view", "figures", **reach)
    assert (code, said.startswith(f"✗ figures {CLUB}: 0 read, 2 waiting: ")) == (1, True)
    await publish(processes.bootstrap, book.events[:1])
    replayed = await clb("letters", "replay", "--view", "figures", "--from-topic", **reach)
    assert replayed == (0, f"✓ figures {CLUB}: 2 read, 0 waiting\n")
    assert await clb("letters", "list", "--view", "figures", **reach) == (0, "no event is parked\n")
