"""Takes the pictures of docs/pictures anew: `make screenshots`, or `make screenshots URL=http://127.0.0.1:8080`.

Without URL it starts a small demo (`clb demo --scale 0.05`) in a folder of its own and removes both afterwards: such pictures
show a generated country. With URL a running stack is taken, and the tokens are those of `CLB_DATA` (or `.clb`). A picture is
what the window shows at first, so a long page is cut at its lower edge. A page that does not answer is named, its old picture
stays, and the exit code is 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import Browser, Error

from shared.local.process import free_port
from shared.local.state import ROOT, default_data_dir
from shared.local.token_files import read_token
from tests.browser import chromium
from tests.browser.signing import sign_in

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 400_000
HEIGHTS = {1280: 900, 360: 780}
SCALE = "0.05"
SECONDS = 600


@dataclass(frozen=True)
class Shot:
    """`path` may name what only the stack knows: {club}, its {commune}, {number}, {round}, {inspection}. `role` signs in."""

    name: str
    path: str
    width: int
    role: str | None = None


SHOTS = (
    Shot("national-1280", "/", 1280),
    Shot("national-360", "/", 360),
    Shot("past-1280", "/?as_of=2023-12-31", 1280),
    Shot("province-1280", "/tinh/34:38", 1280),
    Shot("province-360", "/tinh/34:38", 360),
    Shot("commune-360", "/xa/{commune}", 360, "province"),
    Shot("club-1280", "/clb/{club}", 1280, "province"),
    Shot("trace-1280", "/so/{number}", 1280),
    Shot("compare-1280", "/so-sanh", 1280),
    Shot("sources-1280", "/nguon", 1280),
    Shot("entry-360", "/nhap/thang/{club}", 360, "province"),
)


async def main(url: str | None) -> int:
    """Take all pictures."""
    path = chromium.find()
    if path is None:
        print(chromium.MISSING, file=sys.stderr)
        return 1
    async with _running(url) as (front, data), chromium.started(path) as browser:
        known = await _known(front, data)
        failures = [failure for shot in SHOTS if (failure := await _taken(browser, front, data, shot, known))]
    for failure in failures:
        print(f"screenshots: {failure}", file=sys.stderr)
    return 1 if failures else 0


async def _taken(browser: Browser, front: str, data: Path, shot: Shot, known: dict[str, str]) -> str | None:
    """Take one picture, or say why there is none."""
    context = await browser.new_context(
        base_url=front,
        viewport={"width": shot.width, "height": HEIGHTS[shot.width]},
        is_mobile=shot.width == 360,
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        reduced_motion="reduce",
    )
    try:
        page = await context.new_page()
        if shot.role:
            await sign_in(page, read_token(data, shot.role) or "")
        answer = await page.goto(shot.path.format_map(known))
        if answer is None or answer.status != 200:
            return f"{shot.name}: {shot.path} answers {answer and answer.status}"
        picture = await page.screenshot(animations="disabled", caret="hide")
    except (AssertionError, KeyError, Error) as error:
        return f"{shot.name}: {shot.path}: {(str(error) or repr(error)).splitlines()[0]}"
    finally:
        await context.close()
    if len(picture) > LARGEST:
        return f"{shot.name}: {len(picture):,} bytes are more than {LARGEST:,}"
    (PICTURES / f"{shot.name}.png").write_bytes(picture)
    print(f"docs/pictures/{shot.name}.png {len(picture):,} bytes")
    return None


async def _known(front: str, data: Path) -> dict[str, str]:
    """A club and a number of the stack, and whatever else addresses hold; what there is none of is left out."""
    token = read_token(data, "province")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=front, headers=headers, timeout=60, trust_env=False) as client:
        for name, path, listed, key in (
            ("club", "/v1/clubs?limit=1", "clubs", "club"),
            ("number", "/v1/progress", "numbers", "id"),
            ("round", "/v1/trainings?limit=1", "rounds", "round"),
            ("inspection", "/v1/inspections?limit=1", "inspections", "inspection"),
        ):
            answer = await client.get(path)
            rows = answer.json().get(listed, []) if answer.is_success else []
            if rows and rows[0].get(key):
                found[name] = str(rows[0][key])
            if name == "club" and rows and rows[0]["commune_today"]:
                found["commune"] = str(rows[0]["commune_today"]["key"])
    return found


@asynccontextmanager
async def _running(url: str | None) -> AsyncIterator[tuple[str, Path]]:
    """The given stack, or a small demo that ends with us."""
    if url:
        yield url.rstrip("/"), default_data_dir()
        return
    folder = Path(tempfile.mkdtemp(prefix="lien-the-pictures-"))
    folder.chmod(0o755)
    front = f"http://127.0.0.1:{free_port(random.randint(20_000, 30_000))}"
    command = [sys.executable, "-m", "shared.cli.main", "demo", "--scale", SCALE, "--data-dir", str(folder)]
    command += ["--port", front.rpartition(":")[2]]
    demo = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        await asyncio.wait_for(_until_ready(demo), SECONDS)
        yield front, folder
    finally:
        with contextlib.suppress(ProcessLookupError):
            demo.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(demo.communicate(), 60)
        shutil.rmtree(folder, ignore_errors=True)


async def _until_ready(demo: asyncio.subprocess.Process) -> None:
    assert demo.stdout is not None
    while line := (await demo.stdout.readline()).decode():
        print(line, end="", flush=True)
        if "Ctrl-C" in line:
            return
    raise SystemExit(f"screenshots: the demo ended with {await demo.wait()}")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None)))
