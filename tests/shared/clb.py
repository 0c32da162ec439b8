"""`clb` as a person runs it: a process that finds nothing but what it is given."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def clb(*arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and all that was said, in English."""
    kept = {
        name: value for name, value in os.environ.items() if not name.endswith("_DATABASE_URL") and name != "KAFKA_BOOTSTRAP"
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shared.cli.main", *arguments, cwd=ROOT, env={**kept, "CLB_LANG": "en", **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert "Traceback" not in said.decode()
    return process.returncode or 0, said.decode()
