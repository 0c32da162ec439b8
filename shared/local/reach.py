"""How a command of this machine reaches the database of a service: `*_DATABASE_URL`, else what the local stack remembers.

The URL is that of the service's own role, which may read the log and change none of it. Refuses to guess an address.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from shared.eventlog.postgres import open_pool
from shared.kernel.errors import Refused
from shared.local.databases import with_login
from shared.local.layout import HOST
from shared.local.state import DataDir

KEY = Path("keys") / "checkpoints.key"
CHECKPOINTS = Path("checkpoints")


def database_url(service: str, data_dir: Path) -> str | None:
    """Where a service's database is, with its login; None if neither the environment nor the data directory says it."""
    if given := os.environ.get(f"{service.upper()}_DATABASE_URL"):
        return given
    kept = DataDir(data_dir).remembered()
    port, password = kept.ports.get("postgres"), kept.passwords.get(service)
    if port is None or password is None:
        return None
    return with_login(f"postgresql://{HOST}:{port}", service, password, f"lienthe_{service}")


def key_path(data_dir: Path) -> Path:
    """The signing key: `CLB_SIGNING_KEY`, else that of the data directory."""
    given = os.environ.get("CLB_SIGNING_KEY")
    return Path(given).expanduser() if given else data_dir / KEY


def checkpoints_folder(data_dir: Path) -> Path:
    """Where the files of checkpoints are: `CLB_CHECKPOINTS`, else in the data directory."""
    given = os.environ.get("CLB_CHECKPOINTS")
    return Path(given).expanduser() if given else data_dir / CHECKPOINTS


@asynccontextmanager
async def database(service: str, data_dir: Path, *, max_size: int = 2) -> AsyncGenerator[Any]:
    """A pool on a service's database. May raise `Refused`: `database-unknown`, `database-unreachable`."""
    url = database_url(service, data_dir)
    if url is None:
        raise Refused(
            "database-unknown",
            f"Chưa biết cơ sở dữ liệu của {service}: đặt {service.upper()}_DATABASE_URL, hoặc chỉ --data-dir của ./clb up.",
            f"The database of {service} is not known: set {service.upper()}_DATABASE_URL, or name the --data-dir of ./clb up.",
        )
    try:
        pool: Any = await open_pool(url, max_size=max_size, application_name="clb")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        raise Refused(
            "database-unreachable",
            f"Không vào được cơ sở dữ liệu của {service} ({type(failure).__name__}): xem ./clb status.",
            f"The database of {service} cannot be opened ({type(failure).__name__}): see ./clb status.",
            status=503,
        ) from failure
    try:
        yield pool
    finally:
        await pool.close()
