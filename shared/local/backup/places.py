"""Where a restore goes: the databases that the environment names, or those of a data directory, whose server runs meanwhile.

Refuses a mixture of both, a data directory whose stack runs, and databases that services are connected to.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.local.backup.taking import Say, owned
from shared.local.databases import DatabaseUrls, create_database
from shared.local.folders import require_space
from shared.local.layout import choose_ports
from shared.local.postgres import Postgres
from shared.local.reach import given_urls
from shared.local.state import DataDir


@asynccontextmanager
async def databases(data_dir: Path, say: Say, secrets: Path | None) -> AsyncGenerator[dict[str, DatabaseUrls]]:
    """The four databases, by service. Passwords of the local stack come from `secrets` if the directory has none."""
    given = {service: owned(service, urls) for service in SERVICES if (urls := given_urls(service, os.environ))}
    if len(given) == len(SERVICES):
        yield given
        return
    if given:
        missing = next(service for service in SERVICES if service not in given)
        variable = f"{missing.upper()}_DATABASE_URL"
        raise Refused(
            "setting-missing",
            f"Thiếu {variable}: hãy đặt cả bốn cơ sở dữ liệu, hoặc không đặt cơ sở nào.",
            f"{variable} is missing: name all four databases, or none.",
            field=variable,
        )
    async with _local(data_dir, say, secrets) as found:
        yield found


@asynccontextmanager
async def _local(data_dir: Path, say: Say, secrets: Path | None) -> AsyncGenerator[dict[str, DatabaseUrls]]:
    data = DataDir(data_dir)
    data.own()
    try:
        require_space(data_dir, 300_000_000)
        remembered = data.remembered()
        if not remembered.passwords and secrets is not None:
            remembered.passwords = _passwords(secrets)
        remembered.ports |= choose_ports(remembered)
        password = remembered.password("postgres")
        server = Postgres(data_dir / "postgres", port=remembered.ports["postgres"], password=password)
        passwords = {name: remembered.password(name) for each in SERVICES for name in (each, f"{each}_owner")}
        data.remember(remembered)
        say("PostgreSQL: khởi động / starting")
        try:
            await server.start(say)
        except asyncpg.InvalidPasswordError:
            raise _other_cluster(server.folder) from None
        try:
            yield {
                service: await create_database(
                    server.admin_url,
                    f"lienthe_{service}",
                    service,
                    owner_password=passwords[f"{service}_owner"],
                    app_password=passwords[service],
                )
                for service in SERVICES
            }
        finally:
            await server.stop()
    finally:
        data.disown()


async def require_unused(service: str, owner: Any, urls: DatabaseUrls) -> None:
    """No session of the service's own role. May raise `Refused` (`still-in-use`)."""
    sessions = await owner.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() and usename = $1", urls.app_role
    )
    if sessions:
        raise Refused(
            "still-in-use",
            f"Dịch vụ {service} còn đang nối với cơ sở dữ liệu ({sessions} phiên): dừng các dịch vụ trước.",
            f"The service {service} is still connected to its database ({sessions} sessions): stop the services first.",
            status=409,
        )


def _passwords(secrets: Path) -> dict[str, str]:
    try:
        found: Any = json.loads((secrets / "remembered.json").read_text(encoding="utf-8"))
        return {str(name): str(password) for name, password in found["passwords"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _other_cluster(folder: Path) -> Refused:
    return Refused(
        "other-cluster",
        f"Cụm PostgreSQL trong {folder} có mật khẩu khác: dời thư mục đó đi (mv) rồi chạy lại, hoặc dùng --data-dir mới.",
        f"The PostgreSQL cluster in {folder} has other passwords: move that folder away (mv) and run this again, "
        "or use a new --data-dir.",
        status=409,
    )
