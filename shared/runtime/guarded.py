"""The database of a service process, with the guard of its log: opened, looked at, and compared with what was published.

Refuses a database that may lose what it acknowledged (`not-durable`), and one without tables (`not-migrated`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from shared.eventlog.signing import load_public
from shared.kernel.database import Pool
from shared.kernel.errors import Refused
from shared.relay.guard import LogGuard
from shared.relay.signer import checkpoint_file
from shared.runtime.connect import pooled
from shared.runtime.durability import require_durable
from shared.runtime.settings import Settings

_POOL = 12


@asynccontextmanager
async def guarded(service: str, settings: Settings, name: str) -> AsyncGenerator[tuple[Pool, LogGuard]]:
    """Pool and guard of a process. The guard hears of each new connection, and has compared the log if that could be done."""
    hearing: list[LogGuard] = []

    def connected() -> None:
        for guard in hearing:
            guard.doubt()

    async with pooled(settings.database_url, max_size=_POOL, name=f"lien-the {service} {name}", on_connect=connected) as pool:
        await _require_ready(service, pool, settings)
        guard = guard_of(pool, service, settings)
        hearing.append(guard)
        await guard.begin()
        yield pool, guard


def guard_of(pool: Pool, source: str, settings: Settings) -> LogGuard:
    """What holds a log against what was published and signed of it. May raise `Refused` for a public key that is none."""
    how = settings.signing
    return LogGuard(
        pool,
        source,
        settings.kafka_bootstrap,
        checkpoints=None if how is None else checkpoint_file(how.folder, source),
        public=None if settings.public_key is None else load_public(settings.public_key),
    )


async def _require_ready(service: str, pool: Pool, settings: Settings) -> None:
    async with pool.acquire() as connection:
        await require_durable(connection, settings.mode)
        installed = await connection.fetchval("select to_regclass('access.tokens') is not null")
    if not installed:
        raise Refused(
            "not-migrated",
            f"Cơ sở dữ liệu chưa có bảng: chạy `python -m services.{service} migrate` trước.",
            f"The database has no tables yet: run `python -m services.{service} migrate` first.",
            status=503,
        )
