"""Installs the log in a database: tables, functions, triggers and the rights of the service's own role.

It may be run any number of times, by the owner. The service's role may read and may call `log.append`; it may not insert,
update, delete or truncate anything. Triggers refuse changes of events and answers to the owner too.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from shared.kernel.errors import Refused

_FILES = ("tables", "canonical", "refuse_change", "end_simulation", "append", "take_back")
_INSTALL_LOCK = 0x4C54_0001
_FROZEN = ("events", "commands")
NATIONAL = "vn"
"""The deployment of the centre; that of a province has the province's code."""
_DEPLOYMENT = re.compile(r"^[a-z0-9]{2,12}$")


async def install(connection: Any, app_role: str, *, simulated: bool = False, deployment: str = NATIONAL) -> None:
    """Install or bring up to date. `simulated` marks a new log as one that accepts recorded times passed in; `deployment`
    names whose log a new one is. A log that exists keeps what it is. `connection` is the owner's.

    May raise `Refused`: `deployment-name`, `log-format` (a log of before the first release), `deployment-differs`.
    """
    if not _DEPLOYMENT.match(deployment):
        raise Refused(
            "deployment-name",
            f"Tên triển khai {deployment!r} không hợp lệ: dùng 2 đến 12 chữ thường hoặc chữ số, như vn hoặc 38.",
            f"{deployment!r} is no name of a deployment: use 2 to 12 lower case letters or digits, like vn or 38.",
            field="CLB_DEPLOYMENT",
        )
    folder = files("shared.eventlog") / "sql"
    role: str = await connection.fetchval("select quote_ident($1)", app_role)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _INSTALL_LOCK)
        await _require_restored(connection)
        await _require_format(connection)
        for name in _FILES:
            await connection.execute((folder / f"{name}.sql").read_text(encoding="utf-8"))
        await connection.execute(
            "insert into log.meta (simulated, deployment, log_id) values ($1, $2, gen_random_uuid()) on conflict do nothing",
            simulated,
            deployment,
        )
        await connection.execute(
            """insert into log.lanes (lane, hash) select lane, log.genesis(log_id, lane::smallint)
            from log.meta cross join generate_series(0, 63) as lane on conflict do nothing"""
        )
        await _require_deployment(connection, deployment)
        for table in _FROZEN:
            await connection.execute(_freeze(table))
        await connection.execute(f"""
            revoke all on all functions in schema log from public;
            revoke all on all tables in schema log from {role};
            grant usage on schema log to {role};
            grant select on all tables in schema log to {role};
            grant execute on function log.append to {role};
        """)


async def _require_restored(connection: Any) -> None:
    """`clb restore` marks a database until all of them are back: half a deployment is not to be worked with."""
    if await connection.fetchval("select to_regnamespace('restoring') is not null"):
        raise Refused(
            "restore-unfinished",
            "Cơ sở dữ liệu này đang được phục hồi dở dang: chạy lại ./clb restore với cùng bản sao lưu.",
            "The restore of this database has not ended: run ./clb restore again with the same backup.",
            status=503,
        )


async def prepare_beside(connection: Any, schema: str) -> None:
    """The tables of a log in another schema, and what takes events into them, for a log that is built anew. As the owner.
    Everything else comes with `install`, once the schema is called `log`."""
    folder = files("shared.eventlog") / "sql"
    for name in ("tables", "canonical", "take_back"):
        text = (folder / f"{name}.sql").read_text(encoding="utf-8")
        text = text.replace("create schema if not exists log;", f"create schema {schema};")
        await connection.execute(re.sub(r"\blog\.(?=[a-z])", f"{schema}.", text))


async def _require_format(connection: Any) -> None:
    """A log of before the first release has no id; it is not brought forward."""
    old = await connection.fetchval(
        """select to_regclass('log.meta') is not null and not exists (select from information_schema.columns
            where table_schema = 'log' and table_name = 'meta' and column_name = 'log_id')"""
    )
    if old:
        raise Refused(
            "log-format",
            "Cơ sở dữ liệu này giữ nhật ký theo định dạng cũ, trước bản phát hành đầu tiên: hãy dùng cơ sở dữ liệu trống "
            "(với ./clb: chọn --data-dir khác).",
            "This database holds a log of the format of before the first release: use an empty database "
            "(with ./clb: another --data-dir).",
        )


async def _require_deployment(connection: Any, deployment: str) -> None:
    found = await connection.fetchval("select deployment from log.meta")
    if found != deployment:
        raise Refused(
            "deployment-differs",
            f"Nhật ký này thuộc triển khai {found}, không phải {deployment}: sửa CLB_DEPLOYMENT hoặc dùng cơ sở dữ liệu khác.",
            f"This log is of the deployment {found}, not {deployment}: correct CLB_DEPLOYMENT or use another database.",
            field="CLB_DEPLOYMENT",
        )


async def end_simulation(connection: Any) -> None:
    """From now on the clock is real, for ever. `connection` is the owner's."""
    await connection.execute("select log.end_simulation()")


def _freeze(table: str) -> str:
    return f"""
        create or replace trigger refuse_change before update or delete on log.{table}
            for each row execute function log.refuse_change();
        create or replace trigger refuse_truncate before truncate on log.{table}
            for each statement execute function log.refuse_change();
    """
