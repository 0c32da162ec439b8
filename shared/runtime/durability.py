"""Whether the database keeps what it acknowledged: `fsync`, `synchronous_commit` and `full_page_writes`.

In production a service refuses to start when one of them is off; in development it only says so in the log.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from shared.kernel.errors import Refused

if TYPE_CHECKING:
    from shared.kernel.database import Connection
    from shared.runtime.settings import Mode

NEEDED = ("fsync", "synchronous_commit", "full_page_writes")
_log = logging.getLogger(__name__)


async def require_durable(connection: Connection, mode: Mode) -> None:
    """Refuse (`not-durable`) in production if a commit could be lost; warn in development."""
    rows = await connection.fetch("select name, setting from pg_settings where name = any($1)", list(NEEDED))
    off = sorted(row["name"] for row in rows if row["setting"] == "off")
    if not off:
        return
    names = ", ".join(off)
    if mode == "development":
        _log.warning("this database may lose commits: %s off", names)
        return
    raise Refused(
        "not-durable",
        f"PostgreSQL đang tắt {names} nên có thể mất dữ liệu đã xác nhận: hãy bật lại, hoặc đặt CLB_MODE=development.",
        f"PostgreSQL has {names} off and may lose what it acknowledged: turn it on, or set CLB_MODE=development.",
        status=503,
    )
