"""A list of revocations beside the database: written with the revocation, read whatever is in it, made again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.clubs.app import SERVICE
from shared.kernel.errors import Refused
from shared.kernel.place import NATION
from shared.reference.book import load
from shared.runtime.revoked import revoked_again
from shared.testing.apps import running
from shared.web.revocations import read_revocations, revocations_file, write_revocation
from shared.web.tokens import Tokens, TokenWish


def test_a_revocation_is_written_once_and_a_line_that_is_none_is_passed_over(tmp_path: Path) -> None:
    file = revocations_file(tmp_path / "checkpoints")
    assert read_revocations(file) == []
    write_revocation(file, "t-first")
    write_revocation(file, "t-first")
    with file.open("a") as damaged:
        damaged.write('{"token": "t-no-time"}\nnonsense\n{"at": "2026-01-01T00:00:00+00:00", "token": "\'; drop"}\n[]\n')
    write_revocation(file, "t-second")
    assert [each.token for each in read_revocations(file)] == ["t-first", "t-second"]
    assert all(abs((datetime.now(UTC) - each.at).total_seconds()) < 60 for each in read_revocations(file))


async def test_what_was_revoked_is_revoked_again_in_a_database_that_went_back_in_time(postgres: Any, tmp_path: Path) -> None:
    """Seen to fail without the list. The database is made to forget by hand here; tests/system/test_backup.py restores one."""
    file = revocations_file(tmp_path)
    async with running(SERVICE, postgres) as service:
        tokens = Tokens(service.pool, load(), file)
        kept, over = [await tokens.issue(TokenWish(role="centre", area=NATION, side="state")) for _ in range(2)]
        await tokens.revoke(over.id)
        with pytest.raises(Refused, match="unknown-token"):
            await tokens.revoke("t-nobody")
        assert [each.token for each in read_revocations(file)] == [over.id]
        async with service.pool.acquire() as connection:
            await connection.execute("update access.tokens set revoked_at = null")
        assert (await tokens.authenticate(over.token or "")).token == over.id
        assert await revoked_again(service.pool, tmp_path) == file
        with pytest.raises(Refused, match="token-revoked"):
            await tokens.authenticate(over.token or "")
        assert (await tokens.authenticate(kept.token or "")).token == kept.id
        assert await revoked_again(service.pool, None) is None
