"""What only the log in Postgres can keep: rights, triggers, one statement, one commit, the clock, proof of tampering."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from shared.eventlog.chain import ChainBroken
from shared.eventlog.log import Clash, LogUnavailable
from shared.eventlog.postgres import PostgresLog, open_pool
from shared.eventlog.records import Appended, Mismatch
from shared.eventlog.schema import end_simulation, install
from shared.kernel.errors import Refused
from shared.local.databases import connect
from tests.shared.eventlog.jars import Database, OpenDatabase, append, utc
from tests.shared.eventlog.verified import verify_log

WRITES = [
    "insert into log.events select * from log.events",
    "insert into log.commands select * from log.commands",
    "update log.{table} set stream = 'jar-x'",
    "delete from log.{table}",
    "truncate log.{table}",
    "update log.lanes set position = 0",
    "delete from log.lanes",
    "update log.meta set simulated = true",
    "alter table log.{table} disable trigger all",
    "drop table log.{table}",
    "select log.end_simulation()",
    "create table log.mine (x int)",
]


@pytest.mark.parametrize("table", ["events", "commands"])
@pytest.mark.parametrize("write", WRITES)
async def test_the_services_own_role_can_only_read_and_append(database: Database, table: str, write: str) -> None:
    await database.log.append([append("jar-a", 0)])
    async with database.pool.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(write.format(table=table))
    assert await verify_log(database.log) == 1


@pytest.mark.parametrize("table", ["events", "commands"])
@pytest.mark.parametrize("write", ["update log.{table} set stream = 'x'", "delete from log.{table}", "truncate log.{table}"])
async def test_triggers_refuse_a_change_to_the_owner_too(database: Database, table: str, write: str) -> None:
    await database.log.append([append("jar-a", 0)])
    owner = await connect(database.urls.owner)
    with pytest.raises(asyncpg.RaiseError, match="never changed"):
        await owner.execute(write.format(table=table))
    await owner.close()


async def test_an_append_is_one_statement_whatever_its_size(database: Database) -> None:
    """Seen to fail with asyncpg's own reset of a connection that returns to its pool: two statements."""
    pool = database.pool
    await asyncio.gather(*(database.log.append([append(f"jar-warm-{n}", 0)]) for n in range(pool.get_max_size())))
    seen: list[str] = []
    for holder in pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(lambda record: seen.append(record.query))
    for batch in ([append("jar-a", 0)], [append(f"jar-b-{n}", 0, 3) for n in range(200)], [append("jar-a", 0)]):
        seen.clear()
        await database.log.append(batch)
        assert len(seen) == 1, seen


async def test_all_rows_of_a_call_come_from_one_transaction(database: Database) -> None:
    await database.log.append([append(f"jar-{n}", 0, 2) for n in range(20)])
    async with database.pool.acquire() as connection:
        transactions = await connection.fetch(
            "select xmin::text from log.events union select xmin::text from log.commands "
            "union select xmin::text from log.lanes where position > 0"
        )
    assert len(transactions) == 1


async def test_a_changed_row_breaks_the_chain_where_it_stands(database: Database) -> None:
    """Seen to fail with a canonical form that left out the actor: the last change went unnoticed."""
    await database.log.append([append("jar-a", 0, 5)])
    owner = await connect(database.urls.owner)
    await owner.execute("alter table log.events disable trigger refuse_change")
    for change, back in [
        ("data = replace(data, '2', '3')", "data = replace(data, '3', '2')"),
        ("recorded_at = recorded_at + interval '1 microsecond'", "recorded_at = recorded_at - interval '1 microsecond'"),
        ("type = 'toy.coins-taken'", "type = 'toy.coins-put'"),
        ("schema_version = 2", "schema_version = 1"),
        ("source = 'other'", "source = 'toy'"),
        ("actor = 'centre/state/VN/other'", "actor = 'centre/state/VN/policy'"),
        ("command_id = gen_random_uuid()", "command_id = (select command_id from log.events where position = 1)"),
        ("fingerprint = 'other'", "fingerprint = (select fingerprint from log.events where position = 1)"),
        ("origin = '{}'", "origin = ''"),
    ]:
        await owner.execute(f"update log.events set {change} where position = 3")
        with pytest.raises(ChainBroken) as broken:
            await verify_log(database.log)
        assert broken.value.position == 3, change
        await owner.execute(f"update log.events set {back} where position = 3")
        assert await verify_log(database.log) == 5
    await owner.execute("delete from log.events where position = 5")
    with pytest.raises(ChainBroken):
        await verify_log(database.log)
    await owner.close()


async def test_after_the_end_of_the_simulation_the_clock_is_real_for_ever(open_database: OpenDatabase) -> None:
    database = await open_database(simulated=True)
    await database.log.append([append("jar-a", 0, at=utc(2020, 8, 31))])
    owner = await connect(database.urls.owner)
    assert await database.log.simulated()
    await end_simulation(owner)
    await install(owner, database.urls.app_role, simulated=True)
    database.log.forget()
    assert not await database.log.simulated()
    await owner.close()
    with pytest.raises(Refused) as refusal:
        await database.log.append([append("jar-a", 1, at=utc(2021, 1, 1))])
    assert refusal.value.slug == "clock-not-simulated"
    outcome = (await database.log.append([append("jar-a", 1)]))[0]
    assert isinstance(outcome, Appended)
    assert outcome.recorded_at.year > 2023


async def test_installing_again_keeps_everything(database: Database) -> None:
    await database.log.append([append("jar-a", 0, 2)])
    owner = await connect(database.urls.owner)
    await asyncio.gather(install(owner, database.urls.app_role))
    await owner.close()
    assert await verify_log(database.log) == 2
    assert isinstance((await database.log.append([append("jar-a", 2)]))[0], Appended)


async def test_a_field_with_a_line_break_is_refused_since_it_could_forge_a_neighbour(database: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await database.log.append([append("jar-a\n1", 0)])


async def test_a_command_id_that_comes_with_two_streams_at_once_clashes_and_then_mismatches(database: Database) -> None:
    command_id = str(uuid4())
    batches = [[append(f"jar-{n}", 0, id=command_id, fingerprint=str(n).encode())] for n in range(8)]
    results: list[Any] = await asyncio.gather(*map(database.log.append, batches), return_exceptions=True)
    assert sum(isinstance(result, list) and isinstance(result[0], Appended) for result in results) == 1
    assert all(isinstance(result, (list, Clash)) for result in results)
    again = [(await database.log.append(batch))[0] for batch in batches]
    assert sum(isinstance(outcome, Appended) and outcome.repeated for outcome in again) == 1
    assert sum(isinstance(outcome, Mismatch) for outcome in again) == 7


async def test_a_database_that_does_not_answer_is_unavailable_and_heals(database: Database) -> None:
    pool = await open_pool(database.urls.app, max_size=1)
    log = PostgresLog(pool, "toy")
    await log.append([append("jar-a", 0)])
    async with pool.acquire() as connection:
        victim = connection.get_server_pid()
    killer = await connect(database.urls.app)
    await killer.execute("select pg_terminate_backend($1)", victim)
    await killer.close()
    await asyncio.sleep(0.1)
    outcomes = [result for _ in range(3) if (result := await _tried(log)) is not None]
    assert [type(outcome) for outcome in outcomes][-2:] == [Appended, Appended]
    pool.terminate()


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    pool = asyncpg.create_pool("postgresql://nobody@127.0.0.1:1/nowhere", min_size=0, max_size=1)
    await pool
    with pytest.raises(LogUnavailable) as refusal:
        await PostgresLog(pool, "toy").append([append("jar-a", 0)])
    assert refusal.value.status == 503


async def _tried(log: PostgresLog) -> object:
    try:
        return (await log.append([append(f"jar-{uuid4()}", 0)]))[0]
    except LogUnavailable:
        return None
