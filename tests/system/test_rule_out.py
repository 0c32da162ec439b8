"""A stranger's record that follows, on a database that was started anew: a person rules it out, and the service opens."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import uuid4

from shared.eventlog.chain import link
from shared.eventlog.postgres import identity_of
from shared.eventlog.records import RECORDED
from shared.kernel.envelope import Recorded
from shared.local.databases import connect
from shared.local.process import free_port
from tests.shared.relay.times import put_on_topic
from tests.system.test_back_in_time import drained, recover, takes_commands, why_closed
from tests.system.test_processes import FOUND, Processes, alive, centre, client_of, until


async def forged_behind_the_last(processes: Processes) -> Recorded:
    """On the topic, and the database no longer says that it was compared, as after a restart of its server."""
    owner = await connect(processes.urls["clubs"].owner)
    (row,) = await owner.fetch(f"select {RECORDED} from log.events order by recorded_at desc limit 1")
    deployment = (await identity_of(owner)).deployment
    assert await owner.execute("delete from recovery.compared") != "DELETE 0"
    await owner.close()
    last = Recorded(*row)
    event = replace(last, position=last.position + 1, version=2, event_id=str(uuid4()), command_id=str(uuid4()))
    event = replace(event, hash=link(last.hash, event, deployment))
    await put_on_topic(processes.bootstrap, deployment, event)
    return event


async def test_a_forgery_that_a_person_rules_out_opens_the_service_and_nothing_else_is_ruled_out(processes: Processes) -> None:
    """The closed guard looks again at what was ruled, without a restart."""
    await processes.migrated("clubs")
    port = free_port()
    first = processes.start("clubs", "all", port=port)
    async with client_of(port) as client:
        await until(lambda: alive(client))
        token = await centre(client)
        assert (await client.post("/v1/commands", json=FOUND, headers=token)).status_code == 201
        await until(lambda: drained(client))
        await first.stop()
        event = await forged_behind_the_last(processes)
        processes.start("clubs", "all", port=port)
        why = await until(lambda: why_closed(client))
        assert "clb recover clubs" in why

        for wrong, words in (
            ("7:x", "LANE:POSITION:HASH"),
            (f"{event.lane}:{event.position - 1}:{event.hash.hex()}", "cannot be signed"),
        ):
            code, said = await recover(processes, "--rule-out", wrong)
            assert (code, words in said) == (1, True), said
        assert await why_closed(client) is not None
        code, said = await recover(processes, "--check", "--json")
        shown = json.loads(said[said.index("{") :])["branches"][str(event.lane)]["published"][0]
        assert (code, shown["event"], shown["hash"]) == (1, event.event_id, event.hash.hex())
        code, said = await recover(processes, "--rule-out", f"{shown['lane']}:{shown['position']}:{shown['hash']}")
        assert (code, "is not of the log of clubs" in said) == (0, True), said
        await until(lambda: takes_commands(client, token), 20)
        assert await why_closed(client) is None
