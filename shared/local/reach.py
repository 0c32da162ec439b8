"""How a command of this machine reaches the database of a service: `*_DATABASE_URL`, else what the local stack remembers.

A pool is that of the service's own role, which may read the log and change none of it. Refuses to guess an address.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.postgres import open_pool
from shared.eventlog.signing import public_path
from shared.kernel.errors import Refused
from shared.local.databases import DatabaseUrls, with_login
from shared.local.layout import HOST
from shared.local.state import DataDir

KEY = Path("keys") / "checkpoints.key"
CHECKPOINTS = Path("checkpoints")


def given_urls(service: str, environ: Mapping[str, str] = os.environ) -> DatabaseUrls | None:
    """The database that the environment names: `*_DATABASE_URL`, and `*_DATABASE_OWNER_URL` where the owner is needed."""
    prefix = service.upper()
    url = environ.get(f"{prefix}_DATABASE_URL")
    if not url:
        return None
    parts = urlsplit(url)
    owner = environ.get(f"{prefix}_DATABASE_OWNER_URL", "")
    return DatabaseUrls(owner=owner, app=url, app_role=parts.username or service, name=parts.path.strip("/"))


def database_urls(service: str, data_dir: Path) -> DatabaseUrls | None:
    """How to reach a service's database; None if neither the environment nor the data directory says it."""
    if given := given_urls(service):
        return given
    kept = DataDir(data_dir).remembered()
    port, own, owner = (kept.ports.get("postgres"), *(kept.passwords.get(name) for name in (service, f"{service}_owner")))
    if port is None or own is None or owner is None:
        return None
    server, name = f"postgresql://{HOST}:{port}", f"lienthe_{service}"
    return DatabaseUrls(
        owner=with_login(server, f"{service}_owner", owner, name),
        app=with_login(server, service, own, name),
        app_role=service,
        name=name,
    )


def known_urls(service: str, data_dir: Path) -> DatabaseUrls:
    """The same, or `Refused` (`database-unknown`)."""
    urls = database_urls(service, data_dir)
    if urls is None:
        raise Refused(
            "database-unknown",
            f"Chưa biết cơ sở dữ liệu của {service}: đặt {service.upper()}_DATABASE_URL, hoặc chỉ --data-dir của ./clb up.",
            f"The database of {service} is not known: set {service.upper()}_DATABASE_URL, or name the --data-dir of ./clb up.",
        )
    return urls


def key_path(data_dir: Path) -> Path:
    """The signing key: `CLB_SIGNING_KEY`, else that of the data directory."""
    given = os.environ.get("CLB_SIGNING_KEY")
    return Path(given).expanduser() if given else data_dir / KEY


def public_key_path(data_dir: Path) -> Path:
    """The public key: `CLB_PUBLIC_KEY`, else the half that lies beside the signing key."""
    given = os.environ.get("CLB_PUBLIC_KEY")
    return Path(given).expanduser() if given else public_path(key_path(data_dir))


def checkpoints_folder(data_dir: Path) -> Path:
    """Where the files of checkpoints are: `CLB_CHECKPOINTS`, else in the data directory."""
    given = os.environ.get("CLB_CHECKPOINTS")
    return Path(given).expanduser() if given else data_dir / CHECKPOINTS


@asynccontextmanager
async def database(service: str, data_dir: Path, *, max_size: int = 2) -> AsyncGenerator[Any]:
    """A pool on a service's database. May raise `Refused`: `database-unknown`, `database-unreachable`."""
    try:
        pool: Any = await open_pool(known_urls(service, data_dir).app, max_size=max_size, application_name="clb")
    except DATABASE_FAILURES as failure:
        raise unreachable(service, failure) from failure
    try:
        yield pool
    finally:
        await pool.close()


def unreachable(service: str, failure: Exception) -> Refused:
    """A database that does not let us in."""
    return Refused(
        "database-unreachable",
        f"Không vào được cơ sở dữ liệu của {service} ({type(failure).__name__}): xem ./clb status.",
        f"The database of {service} cannot be opened ({type(failure).__name__}): see ./clb status.",
        status=503,
    )
