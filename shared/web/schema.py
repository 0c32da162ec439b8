"""The tables of tokens (mã truy cập), of one-time links to sign in with, and of sessions.

Hashes and sealed tokens only. The service's role adds and revokes tokens and can delete none; links and sessions it deletes
when they are over.
"""

from __future__ import annotations

from shared.kernel.database import Connection
from shared.web.tokens import OPERATOR_ID, TokenRow, insert

_TABLES = """
create schema if not exists access;
create table if not exists access.tokens (
    id text primary key check (id ~ '^t-[0-9a-z-]{1,40}$'),
    hash bytea not null unique check (octet_length(hash) = 32),
    role text not null check (role in ('commune', 'province', 'centre', 'operator', 'reader')),
    area text not null,
    side text not null check (side in ('state', 'association')),
    label text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz
);
create table if not exists access.links (
    hash bytea primary key check (octet_length(hash) = 32),
    token_id text not null references access.tokens (id) on delete cascade,
    sealed bytea,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    used_at timestamptz,
    check ((sealed is null) = (used_at is not null))
);
create index if not exists links_by_token on access.links (token_id);
create index if not exists links_by_end on access.links (expires_at);
create table if not exists access.sessions (
    hash bytea primary key check (octet_length(hash) = 32),
    token_id text not null references access.tokens (id) on delete cascade,
    sealed bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
create index if not exists sessions_by_token on access.sessions (token_id);
create index if not exists sessions_by_end on access.sessions (expires_at);
"""


async def install(connection: Connection, app_role: str, *, operator_hash: bytes | None = None) -> None:
    """Install or bring up to date, as the owner. `operator_hash`: the sha256 of the first operator's token.

    Another operator hash than the last one replaces it: whoever can run `migrate` decides who operates.
    """
    await connection.execute(_TABLES)
    await connection.execute(
        f"""
        grant usage on schema access to "{app_role}";
        revoke all on access.tokens from "{app_role}";
        grant select, insert, update (revoked_at) on access.tokens to "{app_role}";
        revoke all on access.links, access.sessions from "{app_role}";
        grant select, insert, delete, update (used_at, sealed) on access.links to "{app_role}";
        grant select, insert, delete, update (last_seen_at) on access.sessions to "{app_role}";
        """
    )
    if operator_hash is not None:
        async with connection.transaction():
            await connection.execute("delete from access.tokens where id = $1 and hash <> $2", OPERATOR_ID, operator_hash)
            first = TokenRow(OPERATOR_ID, operator_hash, "operator", "VN", "state", "migrate --operator-token-hash", None)
            await insert(connection, first)
