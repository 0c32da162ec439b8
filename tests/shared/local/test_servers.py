"""The real Kafka and the real PostgreSQL of the test session are what they claim."""

import asyncpg

from shared.kafka.roundtrip import round_trip


async def test_a_record_makes_a_round_trip_through_the_real_kafka(kafka_bootstrap):
    round_trip(kafka_bootstrap, 10)


async def test_each_database_is_fresh_and_its_app_role_cannot_create_tables(postgres):
    urls = await postgres.database("rights")
    owner = await asyncpg.connect(urls.owner)
    await owner.execute("create table t (x int)")
    await owner.close()
    app = await asyncpg.connect(urls.app)
    try:
        await app.execute("create table u (x int)")
    except asyncpg.InsufficientPrivilegeError:
        pass
    else:
        raise AssertionError("the app role created a table")
    finally:
        await app.close()


async def test_the_server_is_durable_and_sorts_by_code_point(postgres):
    urls = await postgres.database()
    connection = await asyncpg.connect(urls.app)
    rows = {
        name: await connection.fetchval(f"show {name}")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "server_encoding")
    }
    collation = await connection.fetchval("select datcollate from pg_database where datname = $1", urls.name)
    await connection.close()
    assert rows == {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "server_encoding": "UTF8"}
    assert collation == "C"
