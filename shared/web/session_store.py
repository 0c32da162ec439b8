"""Sessions (phiên làm việc) in the database: a token behind a secret that only one browser has.

Guarantees that a session is valid only while its row is there, its token is valid, and it was used within seven days; every
request asks anew, so that signing out or revoking the token ends it at once, everywhere. Never lives longer than its token.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Principal
from shared.web.sealing import digest, seal, unseal
from shared.web.tokens import hash_of

LIFE: Final = timedelta(days=30)
IDLE: Final = timedelta(days=7)

_FIND = """
select s.sealed, s.expires_at, s.last_seen_at < clock_timestamp() - interval '1 minute' as unseen,
       t.hash, t.id, t.role, t.area, t.side
from access.sessions s join access.tokens t on t.id = s.token_id
where s.hash = $1 and s.expires_at > clock_timestamp() and s.last_seen_at > clock_timestamp() - $2::interval
  and t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp())
"""

_START = """
insert into access.sessions (hash, token_id, sealed, expires_at)
select $1, id, $2, least(clock_timestamp() + $3::interval, expires_at) from access.tokens
where hash = $4 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
returning extract(epoch from expires_at - clock_timestamp())::bigint as seconds
"""

_CLEAR = """
delete from access.sessions where hash in (
    select hash from access.sessions
    where expires_at < clock_timestamp() or last_seen_at < clock_timestamp() - $1::interval
    limit 1000 for update skip locked
)
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is valid now."""

    hash: bytes
    principal: Principal
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """A new session: its secret, which is nowhere kept, and how long it can live."""

    secret: str
    seconds: int


class Sessions:
    """The sessions of one service's database."""

    def __init__(self, pool: Pool, *, life: timedelta = LIFE, idle: timedelta = IDLE) -> None:
        self._pool = pool
        self._life = life
        self._idle = idle

    async def find(self, secret: str) -> Session | None:
        """The session of a secret, or None if there is none that is valid now."""
        hashed = digest(secret)
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(_FIND, hashed, self._idle)
            if row is None:
                return None
            token = unseal(row["sealed"], secret, "session")
            if token is None or hash_of(token) != row["hash"]:
                return None
            if row["unseen"]:
                await connection.execute("update access.sessions set last_seen_at = clock_timestamp() where hash = $1", hashed)
        principal = Principal(row["id"], row["role"], PlaceRef.parse(row["area"]), row["side"])
        return Session(hashed, principal, token, row["expires_at"])

    async def start(self, token: str, *, within: Connection | None = None) -> Started:
        """A new session of a valid token, in a transaction of the caller's if one is given. May raise `Refused` (401)."""
        if within is not None:
            return await self._start(within, token)
        async with self._pool.acquire() as connection:
            return await self._start(connection, token)

    async def end(self, hashed: bytes) -> None:
        """End a session at once; again changes nothing."""
        async with self._pool.acquire() as connection:
            await connection.execute("delete from access.sessions where hash = $1", hashed)

    async def _start(self, connection: Connection, token: str) -> Started:
        await self._clear(connection)
        secret = secrets.token_urlsafe(32)
        sealed = seal(token, secret, "session")
        seconds = await connection.fetchval(_START, digest(secret), sealed, self._life, hash_of(token))
        if seconds is None:
            raise token_over()
        return Started(secret, seconds)

    async def _clear(self, connection: Connection) -> None:
        """Whoever signs in sweeps out what is over."""
        await connection.execute(_CLEAR, self._idle)


def token_over() -> Refused:
    """The token behind a link or a session is valid no more."""
    return Refused(
        "token-over",
        "Mã truy cập đằng sau đã hết hạn hoặc bị thu hồi. Hãy xin liên kết mới.",
        "The token behind this has expired or was revoked. Ask for a new link.",
        status=401,
    )
