"""`clb letters` as an operator runs it, against a service that was sent an event which nobody can read."""

from __future__ import annotations

import json

from shared.kernel.lanes import lane_of
from shared.local.databases import connect
from shared.local.process import free_port
from shared.testing.folding import IDENTITY, received
from tests.shared.clb import clb
from tests.shared.flow import Book, publish_records, relinked
from tests.system.test_processes import OPERATOR, Processes, alive, client_of, until

CLUB = "club-01890000-0000-7000-8000-000000000001"
FOUNDED = {"name": "CLB", "commune": {"code": "15835", "list": "34"}, "founded_on": "2024-03-01"}
MEMBERS = {"as_of": "2024-03-01", "basis": "counted", "total": 55}


async def test_a_parked_event_is_listed_shown_and_waits_on_while_it_is_read_again_in_vain(processes: Processes) -> None:
    """It follows in its lane, so these bytes are what was recorded. Before records were chained a corrected copy at the same
    position could be taken in its place (`--from-topic`); now only a fold that was mended can read it."""
    await processes.migrated("reporting")
    owner = await connect(processes.urls["reporting"].owner)
    await owner.execute("insert into projection.logs values ('clubs', $1, $2)", IDENTITY.deployment, IDENTITY.log_id)
    await owner.close()
    port = free_port()
    processes.start("reporting", "all", port=port)
    reach = {"CLB_URL": f"http://127.0.0.1:{port}", "CLB_TOKEN": OPERATOR}
    book = Book("clubs")
    book.put(CLUB, 0, type="clubs.club-founded", data=json.dumps(FOUNDED))
    book.put(CLUB, 0, type="clubs.members-reported", data=json.dumps(MEMBERS))
    records = [received(event) for event in book.events]
    records[0] = records[0]._replace(value=b'{"name": \xff}')
    at = f"clubs:{lane_of(CLUB)}:1"

    async def parked(count: int) -> bool:
        code, said = await clb("letters", "list", "--view", "figures", "--json", **reach)
        return code == 0 and len(json.loads(said)) == count

    async with client_of(port) as client:
        await until(lambda: alive(client, "/ready"))
    await publish_records(processes.bootstrap, relinked(records))
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
    assert await parked(2)
    assert (await clb("letters", "replay", "--from-topic", **reach))[0] == 2
