"""`clb checkpoint key|make|fetch`: the signing key, a checkpoint on demand, and a copy of the published ones.

A copy that others keep is what makes a checkpoint worth something: whoever rewrites the log cannot rewrite their files. Refuses
to write over a key or a copy that is there.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.client import kafka_address, no_answer
from shared.cli.speech import grouped, known_service, out, word
from shared.cli.stack import DataDirOption, path_of
from shared.cli.verify import checkpoint_lines
from shared.eventlog.checkpoints import BadCheckpoint, Checkpoint
from shared.eventlog.signing import load_key, make_key, public_path
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.producer import PublishFailed
from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.local.reach import checkpoints_folder, database, key_path
from shared.relay.signer import Rewritten, checkpoint_file, make_checkpoint, mirror

app = typer.Typer(no_args_is_help=True, help="Điểm kiểm có chữ ký / signed checkpoints of the logs.")


@app.command()
def key(
    path: Annotated[Path | None, typer.Argument(help="Where; in the data directory if not given.")] = None,
    public: Annotated[Path | None, typer.Option(help="A copy of the public key, for those who only read.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Leave a key that is there as it is; for jobs.")] = False,
) -> None:
    """Tạo khoá ký / make a signing key (mode 0600) and its public half beside it."""
    target = path or key_path(path_of(None))
    try:
        made = make_key(target)
    except FileExistsError:
        if not once:
            raise Refused(
                "in-the-way", f"{target} đã có: không ghi đè khoá.", f"{target} is there already: a key is not written over."
            ) from None
        made = load_key(target)
        public_path(target).write_bytes(made.public.pem)
    if public is not None:
        public.write_bytes(made.public.pem)
    out.print(f"{target}\n{public or public_path(target)}  ({made.public.name})", markup=False)


@app.command()
def make(
    source: Annotated[list[str] | None, typer.Option("--source", help="A service; all if none.")] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Ký một điểm kiểm ngay / sign a checkpoint now, keep it in the file and publish it."""
    for name in [known_service(each) for each in source or SERVICES]:
        made = asyncio.run(_make(name, path_of(data_dir)))
        if made is None:
            said = word("không có gì mới từ lần trước", "nothing is new since the last one")
        else:
            said = f"{grouped(made.events)} {word('sự kiện', 'events')}, {made.hash.hex()[:16]}"
        out.print(f"{name}: {said}", markup=False)


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="clubs, trainings, monitoring or reporting")],
    to: Annotated[Path, typer.Option(help="A new file.")],
    bootstrap: Annotated[str | None, typer.Option(help="A broker's host:port; the running stack's if not given.")] = None,
) -> None:
    """Giữ một bản sao / keep a copy of the checkpoints that a service has published on Kafka."""
    address = kafka_address(bootstrap)
    try:
        lines = checkpoint_lines(address, known_service(source))
    except BROKER_FAILURES as failure:
        raise no_answer(address, failure) from failure
    try:
        with to.open("x", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except FileExistsError:
        raise Refused("in-the-way", f"{to} đã có: chọn tên khác.", f"{to} is there already: choose another name.") from None
    out.print(f"{to}: {len(lines)}", markup=False)


async def _make(source: str, data_dir: Path) -> Checkpoint | None:
    signing = load_key(key_path(data_dir))
    file = checkpoint_file(checkpoints_folder(data_dir), source)
    try:
        async with database(source, data_dir) as pool:
            made = await make_checkpoint(pool, source, signing, file)
        await mirror(source, file, kafka_address())
    except (Rewritten, BadCheckpoint) as failure:
        raise Refused(
            "log-rewritten",
            f"{source}: không ký, vì nhật ký khác với điểm kiểm trước ({failure}). Chạy ./clb verify --source {source}.",
            f"{source}: nothing was signed, the log differs from the last checkpoint ({failure}). Run ./clb verify.",
        ) from failure
    except (PublishFailed, *BROKER_FAILURES) as failure:
        raise no_answer("Kafka", failure) from failure
    return made
