"""Takes a backup of a whole deployment while it runs: four databases, checkpoint files, key, tokens, passwords, a manifest.

Each database is copied out of one snapshot. The heads of its log and the numbers of rows in the manifest are read in the very
same snapshot, so a restored database can be held against them exactly. The snapshots are taken before anything is copied,
those who read before those who write, so that a view is hardly ever ahead of the log that it was made from. Sessions and
one-time links are left out. Refuses a folder that is not empty and a disk without room; ends without a manifest if killed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.postgres import identity_of
from shared.eventlog.signing import load_key
from shared.kernel.errors import Refused
from shared.local.backup.manifest import PUBLIC_KEY, SECRETS, Copied, LogCopy, Manifest, digest_of, write_manifest
from shared.local.backup.settling import signed_heads
from shared.local.backup.tables import count_rows
from shared.local.backup.tools import Tools, find_tools, run_tool
from shared.local.databases import DatabaseUrls, connect
from shared.local.layout import SERVICES, code_digest
from shared.local.reach import KEY, checkpoints_folder, key_path, known_urls, unreachable
from shared.local.state import DataDir
from shared.local.together import together
from shared.relay.signer import checkpoint_file
from shared.web.revocations import revocations_file

READERS_FIRST = ("reporting", "monitoring", "trainings", "clubs")
FORGOTTEN = ("access.sessions", "access.links")
"""Whose rows no backup keeps: a restore ends every session, and whoever steals a backup finds none."""
_ROOM = 20_000_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A transaction that holds a snapshot for pg_dump, and what is known of it."""

    service: str
    url: str
    connection: Any
    name: str
    server: int
    size: int
    log: LogCopy


async def take(folder: Path, data_dir: Path, say: Say, *, secrets: bool = True) -> Manifest:
    """Make the backup. May raise `Refused`: `in-the-way`, `disk-full`, `no-pg-dump`, `owner-unknown`, `step-failed`."""
    key = load_key(key_path(data_dir))
    urls = {service: owned(service, known_urls(service, data_dir)).owner for service in SERVICES}
    _make_folder(folder)
    _copy_checkpoints(checkpoints_folder(data_dir), folder / "checkpoints")  # first: what they prove, the copies hold
    async with AsyncExitStack() as stack:
        snapshots = [await stack.enter_async_context(_snapshot(service, urls[service])) for service in READERS_FIRST]
        for each in reversed(snapshots):
            say(f"{each.service}: {each.log.events:,} sự kiện / events, {each.size // 1_000_000} MB")
        _require_room(folder, sum(each.size for each in snapshots))
        tools = await asyncio.to_thread(find_tools, max(each.server for each in snapshots) // 10_000)
        (folder / "databases").mkdir()
        rows: dict[str, Mapping[str, int]] = {}
        await together(*(_copy(tools, each, folder, rows, say) for each in snapshots))
    logs = {each.service: LogCopy(each.log.identity, each.log.heads, rows[each.service]) for each in reversed(snapshots)}
    _copy_whole_lines(revocations_file(checkpoints_folder(data_dir)), folder / "checkpoints")
    (folder / PUBLIC_KEY).write_bytes(key.public.pem)
    if secrets:
        _copy_secrets(data_dir, folder / SECRETS)
    say("sha256 của mọi tệp / of every file")
    versions = {
        "code": await asyncio.to_thread(code_digest),
        "postgres": _dotted(max(each.server for each in snapshots)),
        "pg_dump": tools.version,
    }
    holds = DataDir(data_dir).remembered().kind
    files = await asyncio.to_thread(_digests, folder)
    manifest = Manifest(datetime.now(UTC), "real" if holds == "new" else holds, versions, logs, files)
    write_manifest(folder, manifest, key)
    return manifest


def owned(service: str, urls: DatabaseUrls) -> DatabaseUrls:
    """The same, or `Refused` (`owner-unknown`): the service's own role may not read or write all of its database."""
    if not urls.owner:
        variable = f"{service.upper()}_DATABASE_OWNER_URL"
        raise Refused(
            "owner-unknown",
            f"Cần quyền chủ cơ sở dữ liệu của {service}: hãy đặt {variable}.",
            f"The owner of the database of {service} is needed: set {variable}.",
            field=variable,
        )
    return urls


@asynccontextmanager
async def _snapshot(service: str, url: str) -> AsyncGenerator[_Snapshot]:
    try:
        connection = await connect(url)
    except DATABASE_FAILURES as failure:
        raise unreachable(service, failure) from failure
    try:
        await connection.execute("set idle_in_transaction_session_timeout = 0; set statement_timeout = 0")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield _Snapshot(
                service,
                url,
                connection,
                str(await connection.fetchval("select pg_export_snapshot()")),
                int(await connection.fetchval("select current_setting('server_version_num')::int")),
                int(await connection.fetchval("select pg_database_size(current_database())")),
                LogCopy(await identity_of(connection), await signed_heads(connection), {}),
            )
    finally:
        connection.terminate()


async def _copy(tools: Tools, of: _Snapshot, folder: Path, rows: dict[str, Mapping[str, int]], say: Say) -> None:
    target = folder / "databases" / f"{of.service}.dump"
    began = asyncio.get_running_loop().time()
    telling = asyncio.create_task(_tell_size(of.service, target, say))
    options = ["--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60000", f"--snapshot={of.name}"]
    options += [f"--exclude-table-data={table}" for table in FORGOTTEN]
    try:
        await run_tool(tools, "pg_dump", of.url, [*options, f"--file={target}"], name=f"pg_dump {of.service}")
        rows[of.service] = await count_rows(of.connection, besides=FORGOTTEN)
    finally:
        telling.cancel()
    seconds = asyncio.get_running_loop().time() - began
    say(f"{target.relative_to(folder)}: {target.stat().st_size:,} B, {seconds:.1f} s")


async def _tell_size(service: str, target: Path, say: Say) -> None:
    while True:
        await asyncio.sleep(5)
        say(f"{service}: {_megabytes(target)} MB đã ghi / written")


def _megabytes(path: Path) -> int:
    return path.stat().st_size // 1_000_000 if path.exists() else 0


def _make_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(
            "in-the-way",
            f"{folder} không trống: mỗi bản sao lưu cần một thư mục mới (bản làm dở thì xóa đi).",
            f"{folder} is not empty: each backup needs a new folder (remove one that was not finished).",
        )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def _require_room(folder: Path, databases: int) -> None:
    """A compressed dump is smaller than half of its database: without so much room it is not even begun."""
    needed, free = databases // 2 + _ROOM, shutil.disk_usage(folder).free
    if free < needed:
        raise Refused(
            "disk-full",
            f"Ổ đĩa chứa {folder} chỉ còn {free // 1_000_000} MB, cần {needed // 1_000_000} MB: dọn bớt hoặc chọn ổ khác.",
            f"The disk of {folder} has {free // 1_000_000} MB left and {needed // 1_000_000} MB are needed: "
            "free some, or choose another disk.",
        )


def _copy_checkpoints(source: Path, target: Path) -> None:
    target.mkdir()
    for service in SERVICES:
        _copy_whole_lines(checkpoint_file(source, service), target)


def _copy_whole_lines(path: Path, target: Path) -> None:
    """Such a file only grows; a line that is being written just now is not copied."""
    if path.exists():
        content = path.read_bytes()
        (target / path.name).write_bytes(content[: content.rfind(b"\n") + 1])


def _copy_secrets(data_dir: Path, target: Path) -> None:
    """The signing key wherever it is; tokens and passwords that the data directory holds."""
    target.mkdir(mode=0o700)
    key = key_path(data_dir)
    wanted = {key: target / KEY, data_dir / "remembered.json": target / "remembered.json"}
    wanted |= {path: target / "tokens" / path.name for path in sorted((data_dir / "tokens").glob("*.token"))}
    for path, copy in wanted.items():
        if path.exists():
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(path.read_bytes())


def _digests(folder: Path) -> dict[str, Copied]:
    """Every file, on the disk before the manifest says that it is there."""
    found: dict[str, Copied] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        found[path.relative_to(folder).as_posix()] = digest_of(path)
    return found


def _dotted(number: int) -> str:
    return f"{number // 10_000}.{number % 10_000}"
