"""`clb demo`: the whole system with a generated country in it, then a tour of it in the terminal.

New databases are simulated ones until the history is in; from then on their clock is real. An interrupted load goes on at the
next start; a loaded demo is kept. Refuses to mix a generated country into a directory that holds real data.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.run import foreground
from shared.cli.speech import grouped, out, teller
from shared.cli.stack import DataDirOption, PortOption, path_of
from shared.cli.tour import tour
from shared.kernel.clock import day_of, system_clock
from shared.kernel.errors import Refused
from shared.local.demo.load import load_demo
from shared.local.folders import require_space
from shared.local.stack import Stack
from shared.local.state import DataDir

app = typer.Typer()


@app.command()
def demo(
    data_dir: DataDirOption = None,
    port: PortOption = None,
    scale: Annotated[float | None, typer.Option(help="A smaller country, such as 0.05; the whole one if not given.")] = None,
) -> None:
    """Start everything with a generated country, show it, and run until Ctrl-C. A second start keeps the data."""
    path = path_of(data_dir)
    _refuse_real_data(path)
    require_space(path)
    say = teller()

    async def load_and_show(stack: Stack) -> None:
        if stack.kind == "demo-loading":
            say("Nạp bản trình diễn / loading the demo")
            loaded = await load_demo(stack.front, path, say, today=day_of(system_clock()), scale=scale)
            await stack.loaded()
            number = loaded.history.recorded + loaded.published.recorded
            say(f"Đã nạp {grouped(number)} lệnh trong / commands loaded in {timedelta(seconds=round(loaded.seconds))}")
        await tour(stack.front, path, out)
        say("Ctrl-C để dừng; lần sau dữ liệu vẫn còn / Ctrl-C stops it; the data stay for the next start")

    foreground(Stack(path, say, front_port=port), say, load_and_show, demo=True)


def _refuse_real_data(path: Path) -> None:
    if DataDir(path).remembered().kind == "real":
        raise Refused(
            "holds-real-data",
            f"Thư mục {path} giữ dữ liệu thật, không trộn với bản trình diễn: chọn --data-dir khác, hoặc chạy ./clb up.",
            f"{path} holds real data, the demo is not mixed into it: choose another --data-dir, or run ./clb up.",
        )
