"""In production no service starts on a database that may lose what it acknowledged."""

import asyncpg
import pytest

from shared.kernel.errors import Refused
from shared.local.postgres import Postgres, new_password
from shared.local.process import free_port
from shared.runtime.durability import require_durable


async def test_a_durable_database_is_accepted(postgres):
    connection = await asyncpg.connect((await postgres.database()).app)
    await require_durable(connection, "production")
    await connection.close()


async def test_a_session_that_turned_synchronous_commit_off_is_refused(postgres):
    connection = await asyncpg.connect((await postgres.database()).app, server_settings={"synchronous_commit": "off"})
    with pytest.raises(Refused, match="synchronous_commit"):
        await require_durable(connection, "production")
    await connection.close()


async def test_a_server_without_fsync_is_refused_in_production_and_tolerated_in_development(server_dir):
    server = Postgres(
        server_dir / "careless", port=free_port(), password=new_password(), options={"fsync": "off", "full_page_writes": "off"}
    )
    await server.start()
    try:
        connection = await asyncpg.connect(server.admin_url)
        with pytest.raises(Refused) as refused:
            await require_durable(connection, "production")
        assert "fsync" in refused.value.vi
        assert "full_page_writes" in refused.value.en
        await require_durable(connection, "development")
        await connection.close()
    finally:
        await server.stop()
