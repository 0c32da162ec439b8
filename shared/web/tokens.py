"""Bearer tokens (mã truy cập): random, kept only as sha256, each with a role, an area and a side.

Guarantees that a token is shown once and stored nowhere, that every request asks the database whether it is valid now, and
that a revocation cannot be undone. Refuses a role in an area that it cannot have (a province's token for a commune).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.eventlog.failures import DATABASE_FAILURES
from shared.events.common import Name
from shared.kernel.database import Connection, Pool
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef
from shared.kernel.ports import PlaceBook
from shared.kernel.principal import Principal, Role, Side
from shared.web.revocations import write_revocation

log = logging.getLogger(__name__)

PREFIX = "lt_"
OPERATOR_ID = "t-operator"


class TokenWish(BaseModel):
    """What a token should be. `id` and `hash` come from whoever made the token itself; without them the service makes it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    role: Role
    area: PlaceRef
    side: Side
    label: Name | None = None
    """What it is for. No names of people."""
    expires_at: AwareDatetime | None = None
    id: str | None = Field(default=None, pattern=r"^t-[0-9a-z]{8,40}$")
    hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class TokenAnswer(BaseModel):
    """A token as everybody may know it; `token` is there once, in the answer that makes it."""

    id: str
    role: Role
    area: str
    side: Side
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What is stored of a new token."""

    id: str
    hash: bytes
    role: Role
    area: str
    side: Side
    label: str
    expires_at: datetime | None


def new_token() -> tuple[str, str]:
    """A new id and a new token of 256 random bits."""
    return f"t-{secrets.token_hex(6)}", PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """What is kept of a token. It is random and long, so no salt and no slow hash are needed."""
    return sha256(token.encode()).digest()


def check_wish(wish: TokenWish, places: PlaceBook) -> None:
    """Refuse a role in an area that it cannot have, an unknown place, and half of a token made elsewhere."""
    area = wish.area
    if not places.exists(area):
        raise Refused(
            "unknown-place",
            f"Mã {area.code} không có trong danh mục {area.list} tỉnh, thành; hãy kiểm tra mã và danh mục.",
            f"Code {area.code} is not in the list of the {area.list} provinces; check the code and its list.",
            field="area",
        )
    levels = {"commune": "commune", "province": "province", "centre": "nation", "operator": "nation"}
    if wish.role in levels and area.level != levels[wish.role]:
        raise Refused(
            "role-not-of-area",
            "Vai trò và địa bàn không khớp: xã cần mã xã, tỉnh cần mã tỉnh, trung ương và vận hành cần VN.",
            "Role and area do not fit: a commune needs a commune's code, a province its own, centre and operator need VN.",
            field="area",
        )
    if (wish.id is None) != (wish.hash is None):
        raise Refused(
            "id-and-hash-together",
            "Hãy gửi cả id và hash của mã truy cập, hoặc không gửi trường nào.",
            "Send both the id and the hash of the token, or neither.",
            field="hash",
        )
    if wish.expires_at is not None and wish.expires_at <= datetime.now(UTC):
        raise Refused("already-expired", "Hạn dùng đã qua.", "The token would have expired already.", field="expires_at")


async def insert(connection: Connection, row: TokenRow) -> None:
    """Store a token; again with the same hash changes nothing."""
    await connection.execute(
        "insert into access.tokens (id, hash, role, area, side, label, expires_at) values ($1, $2, $3, $4, $5, $6, $7) "
        "on conflict do nothing",
        row.id, row.hash, row.role, row.area, row.side, row.label, row.expires_at,
    )  # fmt: skip


class Tokens:
    """The tokens of one service's database."""

    def __init__(self, pool: Pool, places: PlaceBook, revocations: Path | None = None) -> None:
        """`revocations`: the file that outlives a restored database."""
        self._pool = pool
        self._places = places
        self._revocations = revocations

    async def authenticate(self, token: str) -> Principal:
        """The principal of a token that is valid now. May raise `Refused` (401): unknown, revoked or expired."""
        row = await self._fetchrow(
            "select id, role, area, side, revoked_at is not null, coalesce(expires_at <= clock_timestamp(), false) "
            "from access.tokens where hash = $1",
            hash_of(token),
        )
        if row is None:
            raise _invalid("token-unknown", "Không có mã truy cập này.", "This token is not known.")
        identity, role, area, side, revoked, expired = row
        if revoked:
            raise _invalid("token-revoked", "Mã truy cập này đã bị thu hồi.", "This token was revoked.")
        if expired:
            raise _invalid("token-expired", "Mã truy cập này đã hết hạn.", "This token has expired.")
        return Principal(identity, role, PlaceRef.parse(area), side)

    async def issue(self, wish: TokenWish) -> TokenAnswer:
        """A new token. The same wish with the same id and hash again is answered the same."""
        check_wish(wish, self._places)
        token: str | None = None
        if wish.id is None or wish.hash is None:
            identity, token = new_token()
            hashed = hash_of(token)
        else:
            identity, hashed = wish.id, bytes.fromhex(wish.hash)
        row = TokenRow(identity, hashed, wish.role, wish.area.key, wish.side, wish.label or "", wish.expires_at)
        async with self._pool.acquire() as connection:
            await insert(connection, row)
        stored = await self._one("where id = $1 and hash = $2", identity, hashed)
        if stored is None or (stored.role, stored.area, stored.side) != (row.role, row.area, row.side):
            raise Refused(
                "token-exists",
                "Đã có một mã truy cập khác mang id hoặc hash này; hãy tạo mã mới.",
                "Another token has this id or hash already; make a new one.",
                status=409,
            )
        return stored.model_copy(update={"token": token})

    async def revoke(self, identity: str) -> TokenAnswer:
        """Revoke at once and for ever; again changes nothing. Refuses an unknown id with 404."""
        if self._revocations is not None and await self._one("where id = $1", identity) is not None:
            try:
                await asyncio.to_thread(write_revocation, self._revocations, identity)
            except OSError:  # it must hold now; that it would not outlive a restore is for the operator to mend
                log.exception("The revocation of %s is not kept in %s", identity, self._revocations)
        async with self._pool.acquire() as connection:
            await connection.execute(
                "update access.tokens set revoked_at = clock_timestamp() where id = $1 and revoked_at is null", identity
            )
        stored = await self._one("where id = $1", identity)
        if stored is None:
            raise Refused(
                "unknown-token", "Không có mã truy cập nào mang id này.", "There is no token with this id.", status=404
            )
        return stored

    async def all(self) -> list[TokenAnswer]:
        """Every token ever issued here, the newest first."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(f"{_SELECT} order by created_at desc, id limit 10000")
        return [_answer(row) for row in rows]

    async def _one(self, condition: str, *arguments: object) -> TokenAnswer | None:
        row = await self._fetchrow(f"{_SELECT} {condition}", *arguments)
        return None if row is None else _answer(row)

    async def _fetchrow(self, query: str, *arguments: object) -> Any:
        try:
            async with self._pool.acquire() as connection:
                return await connection.fetchrow(query, *arguments)
        except DATABASE_FAILURES as error:
            raise Refused(
                "tokens-unavailable",
                "Chưa kiểm tra được mã truy cập vì cơ sở dữ liệu không trả lời; hãy thử lại sau giây lát.",
                "The token cannot be checked because the database does not answer; try again in a moment.",
                status=503,
            ) from error


_SELECT = "select id, role, area, side, label, created_at, expires_at, revoked_at from access.tokens"


def _answer(row: Any) -> TokenAnswer:
    return TokenAnswer(**dict(row.items()))


def _invalid(slug: str, vi: str, en: str) -> Refused:
    return Refused(slug, f"{vi} Hãy xin mã mới.", f"{en} Ask for a new one.", status=401)
