"""The table of tokens (mã truy cập): hashes only. The service's role adds and revokes, and can delete nothing."""

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
        """
    )
    if operator_hash is not None:
        async with connection.transaction():
            await connection.execute("delete from access.tokens where id = $1 and hash <> $2", OPERATOR_ID, operator_hash)
            first = TokenRow(OPERATOR_ID, operator_hash, "operator", "VN", "state", "migrate --operator-token-hash", None)
            await insert(connection, first)
