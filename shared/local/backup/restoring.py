"""Brings a deployment back: from a backup to other servers, or after its databases were brought back by other means.

First everything in the folder is held against the signed manifest; then the databases are filled, all or none; then what must
not go on by itself is ended (`settling`), and `migrate` gives the rights. Until then no service has any right in them. Refuses
a database that is not empty, a stack that runs, and a place without the signing key. May be run again after it was killed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.eventlog.failures import DATABASE_FAILURES
from shared.eventlog.postgres import identity_of
from shared.eventlog.signing import PublicKey, load_key, load_public
from shared.kafka.failures import BROKER_FAILURES
from shared.kafka.independent import record_count
from shared.kafka.topics import topic_of
from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.local.backup.evidence import Ahead, ahead_of, keep_newer, put_secret
from shared.local.backup.filling import fill, require_empty
from shared.local.backup.manifest import PUBLIC_KEY, SECRETS, Manifest, check_files, read_manifest, unfinished
from shared.local.backup.places import databases, require_unused
from shared.local.backup.settling import Settled, settle, signed_heads
from shared.local.backup.taking import Say
from shared.local.backup.tools import find_tools
from shared.local.databases import DatabaseUrls, connect
from shared.local.failures import step_failed
from shared.local.layout import migrate_launch
from shared.local.process import Child
from shared.local.reach import KEY, checkpoints_folder, key_path, unreachable
from shared.local.state import DataDir
from shared.local.together import together
from shared.local.token_files import read_token
from shared.web.revocations import read_revocations, revocations_file
from shared.web.tokens import hash_of


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now, and what is known to be missing."""

    events: Mapping[str, int]
    settled: Settled
    ahead: Mapping[str, Ahead]
    kafka_is_empty: bool | None
    """None: not known."""


async def restore(
    folder: Path, data_dir: Path, say: Say, *, public: Path | None, secrets: Path | None, only: Collection[str] = ()
) -> Restored:
    """From a backup; `only`: databases of these services, the others are as they should be. May raise `Refused`."""
    found = secrets or (folder / SECRETS if (folder / SECRETS).is_dir() else None)
    manifest = await asyncio.to_thread(read_manifest, folder, _public_key(folder, data_dir, public, say))
    say(f"Kiểm tra tệp / checking the files: {len(manifest.files)}")
    await asyncio.to_thread(check_files, folder, found, manifest)
    _require_key(data_dir, found)
    async with databases(data_dir, say, found) as urls, _owners(urls) as owners:
        lost = [service for service in SERVICES if not only or service in only]
        for service, connection in owners.items():
            if service in lost:
                await require_empty(service, connection)
            else:
                await require_unused(service, connection, urls[service])
        server = max([await _server(owners[service]) for service in lost])
        tools = await asyncio.to_thread(find_tools, max(server, int(manifest.versions["postgres"].split(".")[0])))
        await together(
            *(
                fill(tools, service, owners[service], urls[service].owner, folder, manifest.logs[service], say)
                for service in lost
            )
        )
        keep_newer(folder / "checkpoints", checkpoints_folder(data_dir), say)
        if found is not None:
            _put_secrets(found, data_dir)
        return await _settled(data_dir, urls, owners, say, None if only else manifest)


async def settle_in_place(data_dir: Path, say: Say) -> Restored:
    """The databases are as a point-in-time recovery or a replica left them, and no service runs. May raise `Refused`."""
    _require_key(data_dir, None)
    async with databases(data_dir, say, None) as urls, _owners(urls) as owners:
        for service, connection in owners.items():
            await require_unused(service, connection, urls[service])
        return await _settled(data_dir, urls, owners, say, None)


async def _settled(
    data_dir: Path, urls: Mapping[str, DatabaseUrls], owners: Mapping[str, Any], say: Say, manifest: Manifest | None
) -> Restored:
    place = checkpoints_folder(data_dir)
    empty = await _kafka_is_empty(data_dir)
    events: dict[str, int] = {}
    ahead: dict[str, Ahead] = {}
    for service, connection in owners.items():
        heads, identity = await signed_heads(connection), await identity_of(connection)
        events[service] = sum(position for position, _ in heads)
        if proof := ahead_of(place, service, heads, identity.log_id):
            ahead[service] = proof
    revocations = read_revocations(revocations_file(place))
    settled = await settle(owners, revocations, empty)
    if manifest is not None:
        data = DataDir(data_dir)
        if data.path.is_dir():
            _remember_kind(data, manifest.holds)
    say("Cơ sở dữ liệu: tạo bảng và quyền / databases: tables and rights")
    deployment = (await identity_of(owners[SERVICES[0]])).deployment
    await together(*(_migrate(service, data_dir, urls[service], deployment) for service in SERVICES))
    return Restored(events, settled, ahead, empty)


async def _migrate(service: str, data_dir: Path, urls: DatabaseUrls, deployment: str) -> None:
    token = read_token(data_dir, "operator")
    hashed = os.environ.get("CLB_OPERATOR_TOKEN_HASH") or (hash_of(token).hex() if token else None)
    settings = {"CLB_DEPLOYMENT": deployment}
    launch = migrate_launch(service, data_dir / "logs", urls=urls, operator_hash=hashed, simulated=False, settings=settings)
    launch.log.unlink(missing_ok=True)
    child = Child(launch)
    try:
        code = await child.finished()
    finally:
        child.stop_now()
    if code != 0:
        raise step_failed(launch.name, launch.log, child.last_words())


async def _kafka_is_empty(data_dir: Path) -> bool | None:
    """Whether the broker that the services will use holds none of their events."""
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP")
    if bootstrap is None:
        return None if (data_dir / "kafka" / "data" / "meta.properties").exists() else True
    try:
        counts = [await asyncio.to_thread(record_count, bootstrap, topic_of(service)) for service in SERVICES]
    except BROKER_FAILURES:
        return None
    return not any(counts)


@asynccontextmanager
async def _owners(urls: Mapping[str, DatabaseUrls]) -> AsyncGenerator[dict[str, Any]]:
    async with AsyncExitStack() as stack:
        owners: dict[str, Any] = {}
        for service in SERVICES:
            try:
                owners[service] = await connect(urls[service].owner)
            except DATABASE_FAILURES as failure:
                raise unreachable(service, failure) from failure
            stack.push_async_callback(owners[service].close)
        yield owners


async def _server(connection: Any) -> int:
    return int(await connection.fetchval("select current_setting('server_version_num')::int / 10000"))


def _public_key(folder: Path, data_dir: Path, given: Path | None, say: Say) -> PublicKey:
    """Against which key the manifest is held: the one that is named, that of the place, else the backup's own."""
    if given is not None:
        return load_public(given)
    if key_path(data_dir).exists():
        return load_key(key_path(data_dir)).public
    if not (folder / PUBLIC_KEY).exists():
        raise unfinished(folder, PUBLIC_KEY)
    public = load_public(folder / PUBLIC_KEY)
    say(
        f"Ở đây chưa có khoá; bản sao lưu mang khoá {public.name}: hãy so với khoá đã công bố / "
        f"there is no key here; the backup carries the key {public.name}: compare it with the published one"
    )
    return public


def _require_key(data_dir: Path, secrets: Path | None) -> None:
    """Without the key nobody could sign the next checkpoint, and no reader would believe another one."""
    if key_path(data_dir).exists() or (secrets is not None and (secrets / KEY).exists()):
        return
    raise Refused(
        "no-signing-key",
        f"Thiếu khoá ký: chỉ thư mục secrets của bản sao lưu bằng --secrets, hoặc đặt khoá ở {key_path(data_dir)}.",
        f"The signing key is missing: name the folder secrets of the backup by --secrets, or put the key at "
        f"{key_path(data_dir)}.",
    )


def _put_secrets(secrets: Path, data_dir: Path) -> None:
    key = key_path(data_dir)
    if put_secret(secrets / KEY, key):
        key.with_name(f"{key.name}.pub").write_bytes(load_key(key).public.pem)
    for token in sorted((secrets / "tokens").glob("*.token")):
        put_secret(token, data_dir / "tokens" / token.name)


def _remember_kind(data: DataDir, holds: str) -> None:
    kept = data.remembered()
    if holds in ("real", "demo", "demo-loading"):
        kept.kind = holds
    kept.tables_by = ""
    data.remember(kept)
