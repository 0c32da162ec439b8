"""What goes wrong between us and a database, by the name under which others may catch it without knowing the driver."""

from __future__ import annotations

import asyncpg

DATABASE_FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""It may answer again later."""
