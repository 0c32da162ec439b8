"""What `clb demo` says when the country is there: where everything is, one command that writes, one figure opened."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console

from shared.kernel.clock import day_of, system_clock
from shared.local.demo.closing import closing
from shared.local.demo.tokens import THIEU_TRUNG
from shared.local.token_files import token_path


async def tour(front: str, data_dir: Path, out: Console) -> None:
    """Print it. May raise `Refused` when the figures cannot be asked for."""
    figures = await closing(front)
    for line in [*_addresses(front, data_dir, day_of(system_clock())), *figures]:
        out.print(line, markup=False)


def _addresses(front: str, data_dir: Path, today: date) -> list[str]:
    tokens = token_path(data_dir, "commune")
    return [
        "",
        f"Trang / page:         {front}/",
        f"API:                  {front}/clubs/openapi.json  /trainings/...  /monitoring/...  /reporting/...",
        f"Mã truy cập / tokens: {tokens.parent}/*.token",
        "",
        "Ghi một câu lạc bộ / record a club:",
        curl(front, tokens, today),
        "",
    ]


def curl(front: str, token: Path, today: date) -> str:
    """A command that writes, ready to be pasted; pasted again it is answered as before, and records nothing."""
    body = (
        '{"type": "clubs.found-club", "data": {"name": "CLB liên thế hệ tự giúp nhau Thiệu Trung 2", '
        f'"commune": {{"code": "{THIEU_TRUNG.code}", "list": "{THIEU_TRUNG.list}"}}, "founded_on": "{today.isoformat()}"}}}}'
    )
    authorised = f"-H \"Authorization: Bearer $(cat '{token}')\" -H 'Content-Type: application/json'"
    once = f"-H 'Idempotency-Key: thieu-trung-2-{today.isoformat()}'"
    return f"  curl -sS {front}/v1/commands {authorised} {once} -d '{body}'"
