"""`clb progress show` and `clb trace` against the real service over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner

from shared.cli.main import app
from shared.kernel.errors import Refused
from shared.local.process import free_port
from shared.testing.apps import Running


@pytest.fixture(scope="module")
async def address(country: Running) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(country.app, port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


async def clb(address: str, *arguments: str) -> Any:
    runner = CliRunner(env={"CLB_URL": address, "CLB_TOKEN": "", "COLUMNS": "200"})
    return await asyncio.to_thread(runner.invoke, app, arguments)


async def test_progress_show_prints_figures_with_both_clocks_and_says_what_is_generated(address):
    shown = await clb(address, "progress", "show", "--group-by", "province", "--indicator", "clubs-founded,members")
    assert shown.exit_code == 0, shown.output
    for text in (
        "as of 2026-03-02",
        "known at 2026-03-02",
        "dữ liệu mô phỏng",
        "1.207 = 2 đếm được + 1.205 kê khai",
        "1.164*",
        "Thanh Hóa",
    ):
        assert text in shown.output, shown.output


async def test_progress_show_as_json_is_the_servers_answer(address):
    shown = await clb(address, "progress", "show", "--json", "--area", "34:01", "--indicator", "members")
    assert json.loads(shown.output)["numbers"][0]["value"] == 100


async def test_trace_lists_entries_and_the_check_by_id_or_by_question(address):
    asked = await clb(address, "trace", "--indicator", "clubs-existing", "--json")
    answer = json.loads(asked.output)
    assert answer["check"]["equal"]
    shown = await clb(address, "trace", answer["number"]["id"])
    assert shown.exit_code == 0, shown.output
    assert "3 + 0 kê khai = 3" in shown.output
    assert "clubs.club-founded" in shown.output


async def test_a_mistyped_id_is_a_sentence_and_not_a_traceback(address):
    shown = await clb(address, "trace", "ABCD")
    assert isinstance(shown.exception, Refused)
    assert shown.exception.slug == "number-id-mistyped"
