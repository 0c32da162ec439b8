"""`clb token issue --link` and `clb token link`, against the real services behind the front on a real port."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from shared.local.process import free_port
from shared.web.front import create_front
from tests.shared.web.four import OPERATOR, System

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
async def front(system: System) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_front(system.clients), port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


async def clb(front: str, *arguments: str, **env: str) -> tuple[int, str, str]:
    """Exit code, what was printed, and what was complained of."""
    told = {**os.environ, "CLB_URL": front, "CLB_TOKEN": OPERATOR, "CLB_LANG": "en", "PYTHONIOENCODING": "utf-8", **env}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "shared.cli.main", "token", *arguments, cwd=ROOT, env={**told, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, complained = await process.communicate()
    return process.returncode or 0, printed.decode(), complained.decode()


WISH = ("issue", "--role", "province", "--area", "34:38", "--link")


async def test_a_link_and_its_qr_code_are_shown_instead_of_the_token(front: str) -> None:
    code, printed, complained = await clb(front, *WISH)
    assert code == 0, complained
    assert f"{front}/dang-nhap/" in printed
    assert "█▀" in printed
    assert "lt_" not in printed
    _, printed, _ = await clb(front, *WISH, CLB_PUBLIC_URL="https://lienthe.example/")
    assert "https://lienthe.example/dang-nhap/" in printed


async def test_the_link_opens_the_pages_and_another_is_made_of_the_token_in_a_file(front: str, tmp_path: Path) -> None:
    kept, qr = tmp_path / "kept.token", tmp_path / "link.svg"
    code, printed, complained = await clb(front, *WISH, "--qr", str(qr), "--file", str(kept), "--json")
    assert code == 0, complained
    issued, token = json.loads(printed), kept.read_text().strip()
    assert "token" not in issued
    assert token not in printed
    assert (qr.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o600, 0o600)
    assert b"<svg" in qr.read_bytes()
    code, _, complained = await clb(front, "link", "--file", str(kept), "--qr", str(qr))
    assert (code, "exists" in complained) == (1, True)
    _, printed, _ = await clb(front, "link", "--file", str(kept), "--hours", "1", "--json")
    for address in (issued["link"]["address"], json.loads(printed)["link"]["address"]):
        async with httpx.AsyncClient(trust_env=False) as browser:
            csrf = (await browser.get(address)).text.rpartition('name="csrf" value="')[2][:64]
            sent = {"Origin": front, "Sec-Fetch-Site": "same-origin"}
            answer = await browser.post(address, data={"csrf": csrf}, headers=sent)
            assert (answer.status_code, answer.headers["location"]) == (303, "/tinh/34:38")
            assert (await browser.get(f"{front}/dang-nhap/dien-thoai")).status_code == 200
    await clb(front, "revoke", issued["id"])
    code, _, complained = await clb(front, "link", "--file", str(kept))
    assert (code, "revoked" in complained) == (1, True)


async def test_without_a_token_there_is_no_link(front: str, tmp_path: Path) -> None:
    code, _, complained = await clb(front, "link", "--file", str(tmp_path / "none"))
    assert (code, "There is no token" in complained) == (1, True)
