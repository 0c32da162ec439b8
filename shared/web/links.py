"""One-time links to sign in with (liên kết đăng nhập): a token behind a code that works once.

Guarantees that of any number of attempts to use a link exactly one succeeds, that looking at one uses nothing up, and that the
database holds neither code nor token. A link gives the rights of its token and no others, for 24 hours unless told otherwise,
and never longer than seven days or than its token. Refuses a used, an expired and an unknown code each in its own words.
"""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.principal import Principal
from shared.web.sealing import digest, seal, unseal
from shared.web.session_store import Sessions, Started, token_over
from shared.web.tokens import hash_of

PATH: Final = "/dang-nhap/"
LIFE: Final = timedelta(hours=24)
LONGEST: Final = timedelta(days=7)
OPEN_AT_ONCE: Final = 200
"""How many unused links a token may have."""

_CODE: Final = re.compile(r"[a-z2-7]{32}")
_KEPT: Final = timedelta(days=30)

_INSERT = """
insert into access.links (hash, token_id, sealed, expires_at)
select $1, id, $2, least(clock_timestamp() + $3::interval, expires_at) from access.tokens
where hash = $4 and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
returning expires_at
"""

_LOOK = """
select l.used_at is not null as used, l.expires_at <= clock_timestamp() as expired, t.id, t.role, t.area, t.side,
       t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp()) as valid
from access.links l join access.tokens t on t.id = l.token_id where l.hash = $1
"""

_USE = """
with found as (
    select hash, sealed from access.links
    where hash = $1 and used_at is null and expires_at > clock_timestamp() for update
)
update access.links l set used_at = clock_timestamp(), sealed = null from found
where l.hash = found.hash returning found.sealed
"""

_CLEAR = """
delete from access.links where hash in (
    select hash from access.links where expires_at < clock_timestamp() - $1::interval limit 1000 for update skip locked
)
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A new link; its code is nowhere kept."""

    code: str
    expires_at: datetime

    @property
    def path(self) -> str:
        """Its path on the pages' address."""
        return PATH + self.code


class Links:
    """The links of one service's database."""

    def __init__(self, pool: Pool, sessions: Sessions) -> None:
        self._pool = pool
        self._sessions = sessions

    async def make(self, token: str, life: timedelta = LIFE) -> Link:
        """A new link of a valid token. May raise `Refused`: `token-over` (401), `too-many-links` (429)."""
        code = b32encode(secrets.token_bytes(20)).decode().lower()
        sealed = seal(token, code, "link")
        async with self._pool.acquire() as connection:
            await connection.execute(_CLEAR, _KEPT)
            await _require_few(connection, token)
            expires_at = await connection.fetchval(_INSERT, digest(code), sealed, min(life, LONGEST), hash_of(token))
        if expires_at is None:
            raise token_over()
        return Link(code, expires_at)

    async def look(self, code: str) -> Principal:
        """Whose rights a link that still works gives; uses nothing up. May raise `Refused`."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(_LOOK, digest(_readable(code)))
        _require_open(row)
        return Principal(row["id"], row["role"], PlaceRef.parse(row["area"]), row["side"])

    async def use(self, code: str) -> Started:
        """A session by a link, which is used up. May raise `Refused`; then it is not."""
        code = _readable(code)
        async with self._pool.acquire() as connection, connection.transaction():
            sealed = await connection.fetchval(_USE, digest(code))
            if sealed is None:
                _require_open(await connection.fetchrow(_LOOK, digest(code)))
                raise _used()
            token = unseal(sealed, code, "link")
            if token is None:
                raise _unknown()
            return await self._sessions.start(token, within=connection)


def code_in(text: str) -> str | None:
    """The code in what somebody pasted: the code itself or the whole address; None if there is none."""
    last = re.split(r"[?#]", text, maxsplit=1)[0].strip().rstrip("/").rpartition("/")[2]
    code = re.sub(r"[\s-]", "", last).lower()
    return code if _CODE.fullmatch(code) else None


def _readable(code: str) -> str:
    found = code_in(code)
    if found is None:
        raise _unknown()
    return found


async def _require_few(connection: Connection, token: str) -> None:
    unused = await connection.fetchval(
        "select count(*) from access.links l join access.tokens t on t.id = l.token_id "
        "where t.hash = $1 and l.used_at is null and l.expires_at > clock_timestamp()",
        hash_of(token),
    )
    if unused >= OPEN_AT_ONCE:
        raise Refused(
            "too-many-links",
            f"Mã truy cập này đã có {OPEN_AT_ONCE} liên kết chưa dùng; hãy dùng chúng hoặc chờ chúng hết hạn.",
            f"This token has {OPEN_AT_ONCE} unused links already; use them or wait until they expire.",
            status=429,
        )


def _require_open(row: Any) -> None:
    if row is None:
        raise _unknown()
    if row["used"]:
        raise _used()
    if row["expired"]:
        raise Refused(
            "link-expired",
            "Liên kết đăng nhập này đã hết hạn. Hãy xin liên kết mới ở nơi đã gửi cho bạn.",
            "This sign-in link has expired. Ask whoever sent it for a new one.",
            status=410,
        )
    if not row["valid"]:
        raise token_over()


def _used() -> Refused:
    return Refused(
        "link-used",
        "Liên kết đăng nhập này đã được dùng; mỗi liên kết chỉ dùng một lần. Nếu không phải bạn đã dùng, hãy báo ngay cho nơi "
        "đã gửi để thu hồi, rồi xin liên kết mới.",
        "This sign-in link was used already; each works once. If it was not you, tell whoever sent it at once so that it is "
        "revoked, and ask for a new one.",
        status=410,
    )


def _unknown() -> Refused:
    return Refused(
        "link-unknown",
        "Không có liên kết đăng nhập này. Hãy kiểm tra đã chép đủ địa chỉ chưa, hoặc xin liên kết mới.",
        "There is no such sign-in link. Check that the whole address was copied, or ask for a new one.",
        status=404,
    )
