"""Databases and roles: one database a service, an owner who creates, an app role who may only what it is granted.

Guarantees that running it twice changes nothing but the passwords. Refuses names that are not plain identifiers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """How a service reaches its database: as the owner (to migrate) and as itself."""

    owner: str
    app: str
    app_role: str
    name: str


async def connect(url: str) -> Any:
    """A session of its own. Raises what asyncpg raises."""
    driver: Any = asyncpg
    return await driver.connect(url, timeout=10)


async def create_database(admin_url: str, name: str, app_role: str, *, owner_password: str, app_password: str) -> DatabaseUrls:
    """Create or correct `name`, `{app_role}` and `{app_role}_owner`."""
    owner_role = f"{app_role}_owner"
    for word in (name, app_role):
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,50}", word):
            raise ValueError(f"not a plain identifier: {word!r}")
    connection = await connect(admin_url)
    try:
        for role, password in ((owner_role, owner_password), (app_role, app_password)):
            exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
            verb = "alter" if exists else "create"
            await connection.execute(f"{verb} role {role} login password {_literal(password)}")
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(
                f"create database {name} owner {owner_role} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"
            )
            await connection.execute(f"revoke all on database {name} from public")
            await connection.execute(f"grant connect on database {name} to {app_role}")
    finally:
        await connection.close()
    return DatabaseUrls(
        owner=with_login(admin_url, owner_role, owner_password, name),
        app=with_login(admin_url, app_role, app_password, name),
        app_role=app_role,
        name=name,
    )


def with_login(url: str, user: str, password: str, database: str) -> str:
    """The same server, another login and database."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{quote(user)}:{quote(password, safe='')}@{host}", f"/{database}", parts.query, ""))


def _literal(text: str) -> str:
    if "'" in text or "\\" in text or "\0" in text:
        raise ValueError("a password may not contain quotes or backslashes")
    return f"'{text}'"
