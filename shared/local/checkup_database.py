"""The looks of a check-up at one service's database: version, clock, durability, connections, lag, letters, proof, tokens.

One session, read only, a few seconds at most. What the service's own role may not see (sessions of others) is left out.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from shared.eventlog.checkpoints import BadCheckpoint, last_of
from shared.eventlog.postgres import heads_of
from shared.local.checkup import Found, command
from shared.local.databases import connect
from shared.local.verified import kept
from shared.projections import set_aside
from shared.relay import verifications
from shared.relay.signer import Rewritten, checkpoint_file, still_there

_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
_CLOCK_SECONDS = 2.0
_OLD_CHECKPOINT = timedelta(hours=1)
_LONG_SECONDS = 300
_SOON = timedelta(days=14)
_BACKLOG = 10_000


async def look_at_database(service: str, url: str, folder: Path | None = None) -> list[Found]:
    """Everything that one service's database says of itself, and whether it still holds what the last checkpoint in `folder`
    proves. May raise what asyncpg raises."""
    connection = await connect(url)
    try:
        await connection.execute("set default_transaction_read_only = on; set statement_timeout = '10s'")
        found = [await _version(connection, service), await _clock(connection, service)]
        found += await _durability(connection, service)
        found.append(await _connections(connection, service))
        found += await _long_transactions(connection, service)
        if not await connection.fetchval("select to_regclass('log.lanes') is not null"):
            do = (f"python -m services.{service} migrate",) * 2
            return [*found, Found("bad", service, "chưa có bảng", "it has no tables yet", *do)]
        found += [await _relay(connection, service), *await _views(connection, service), await _letters(connection, service)]
        found += [*await _set_aside(connection, service), *await _verified(connection, service)]
        if folder is not None:
            found += await _proved(connection, service, folder)
        return [*found, *await _tokens(connection, service)]
    finally:
        await connection.close()


def look_at_proof(service: str, folder: Path, data_dir: Path, now: datetime) -> list[Found]:
    """How old the last signed checkpoint is, and the last verification."""
    area, found = f"{service} I11", list[Found]()
    make = (
        "./clb checkpoint make, và đặt CLB_SIGNING_KEY cho dịch vụ",
        "./clb checkpoint make, and give the service CLB_SIGNING_KEY",
    )
    try:
        last = last_of(checkpoint_file(folder, service))
    except (BadCheckpoint, OSError) as failure:
        found.append(Found("bad", area, f"tệp điểm kiểm hỏng: {failure}", f"the checkpoint file is damaged: {failure}"))
    else:
        if last is None:
            found.append(Found("warn", area, "chưa có điểm kiểm nào được ký", "no checkpoint was signed yet", *make))
        else:
            age = now - last.time
            state = "warn" if age > _OLD_CHECKPOINT else "ok"
            at = last.time.isoformat(timespec="seconds")
            found.append(
                Found(state, area, f"điểm kiểm cuối {at}", f"last checkpoint {at}", *(make if state == "warn" else ()))
            )
    verified = kept(data_dir, service)
    do = (f"./clb verify --source {service}",) * 2
    if verified is not None:
        at = verified.at.isoformat(timespec="seconds")
        if not verified.sound:
            found.append(
                Found("bad", area, f"verify lúc {at}: nhật ký bị sửa", f"verify at {at}: the log was changed", *do, blocks=True)
            )
        else:
            found.append(Found("ok", area, f"clb verify lúc {at}: nguyên vẹn", f"clb verify at {at}: intact"))
    return found


async def _proved(connection: Any, service: str, folder: Path) -> list[Found]:
    """Whether the rows at the heads of the last checkpoint are the ones that were signed; a full look is `clb verify`."""
    try:
        last = last_of(checkpoint_file(folder, service))
        if last is None:
            return []
        await still_there(connection, last, await heads_of(connection))
    except (BadCheckpoint, OSError):
        return []
    except Rewritten as failure:
        vi, en = f"nhật ký bị viết lại: {failure}", f"the log was rewritten: {failure}"
        return [Found("bad", f"{service} I11", vi, en, *command(f"./clb verify --source {service}"), blocks=True)]
    return [Found("ok", f"{service} I11", "kho còn đúng điểm kiểm cuối", "the store holds what the last checkpoint proves")]


async def _version(connection: Any, service: str) -> Found:
    version = await connection.fetchval("show server_version")
    return Found("ok", service, f"PostgreSQL {version}", f"PostgreSQL {version}")


async def _clock(connection: Any, service: str) -> Found:
    before = time.time()
    there: datetime = await connection.fetchval("select clock_timestamp()")
    after = time.time()
    off = max(0.0, before - there.timestamp(), there.timestamp() - after)
    vi, en = f"đồng hồ lệch {off:.1f} s so với máy này", f"its clock differs from this machine's by {off:.1f} s"
    if off <= _CLOCK_SECONDS:
        return Found("ok", service, vi, en)
    return Found(
        "warn", service, vi, en, "bật đồng bộ giờ (NTP) ở cả hai máy", "turn on time synchronisation (NTP) on both machines"
    )


async def _durability(connection: Any, service: str) -> list[Found]:
    rows = await connection.fetch("select name, setting from pg_settings where name = any($1)", list(_SETTINGS))
    off = sorted(row["name"] for row in rows if row["setting"] == "off")
    losing = [name for name in off if name != "data_checksums"]
    if losing:
        names = ", ".join(losing)
        vi, en = f"đang tắt {names}: mất điện có thể mất dữ liệu", f"{names} off: a power failure may lose data"
        do = command(f"alter system set {losing[0]} = on; select pg_reload_conf()")
        return [Found("bad", service, vi, en, *do, blocks=True)]
    if off:
        return [
            Found(
                "warn",
                service,
                "không có mã kiểm trang dữ liệu",
                "no data checksums",
                "pg_checksums --enable",
                "pg_checksums --enable",
            )
        ]
    return [
        Found(
            "ok",
            service,
            "ghi bền: fsync, synchronous_commit, full_page_writes, data_checksums",
            "durable: fsync, synchronous_commit, full_page_writes, data_checksums",
        )
    ]


async def _connections(connection: Any, service: str) -> Found:
    row = await connection.fetchrow(
        "select (select sum(numbackends)::int from pg_stat_database) as used, current_setting('max_connections')::int as most"
    )
    text = f"{row['used']}/{row['most']}"
    full = row["used"] > row["most"] * 0.8
    do = ("tăng max_connections, hoặc bớt tiến trình", "raise max_connections, or run fewer processes") if full else ()
    return Found("warn" if full else "ok", service, f"kết nối {text}", f"connections {text}", *do)


async def _long_transactions(connection: Any, service: str) -> list[Found]:
    rows = await connection.fetch(
        """select pid, extract(epoch from now() - xact_start)::int as seconds from pg_stat_activity
        where xact_start < now() - make_interval(secs => $1) and pid <> pg_backend_pid() order by xact_start limit 3""",
        float(_LONG_SECONDS),
    )
    return [
        Found(
            "warn",
            service,
            f"giao dịch của pid {row['pid']} mở đã {row['seconds']} s",
            f"pid {row['pid']} holds a transaction for {row['seconds']} s",
            *command(f"select pg_terminate_backend({row['pid']})"),
        )
        for row in rows
    ]


async def _relay(connection: Any, service: str) -> Found:
    row = await connection.fetchrow(
        """select coalesce(sum(l.position - r.position), 0)::bigint as waiting, coalesce(sum(l.position), 0)::bigint as stored,
            count(*) filter (where r.position > l.position) as ahead
        from log.lanes l join relay.lanes r using (lane)"""
    )
    if row["ahead"]:
        vi = f"{row['ahead']} làn trên Kafka dài hơn trong kho: kho đã mất sự kiện"
        en = f"{row['ahead']} lanes are longer on Kafka than in the store: the store lost events"
        return Found("bad", service, vi, en, *command(f"./clb recover {service}"), blocks=True)
    vi, en = (
        f"{row['stored']} sự kiện, {row['waiting']} chưa lên Kafka",
        f"{row['stored']} events, {row['waiting']} not on Kafka yet",
    )
    if row["waiting"] > _BACKLOG:
        return Found("warn", service, vi, en, "xem relay và Kafka: ./clb status", "see the relay and Kafka: ./clb status")
    return Found("ok", service, vi, en)


async def _views(connection: Any, service: str) -> list[Found]:
    """The live build of each view: how far it is behind this service's own log, which this database knows."""
    try:
        rows = await connection.fetch(
            """select b.view, b.build, b.code, coalesce(sum(greatest(0, l.position - c.position)), 0)::bigint as behind
            from projection.builds b
            left join projection.checkpoints c on c.view = b.view and c.version = b.build and c.source = $1
            left join log.lanes l on l.lane = c.lane
            where b.state = 'live' group by 1, 2, 3 order by 1""",
            service,
        )
    except asyncpg.UndefinedTableError:
        do = (f"python -m services.{service} migrate",) * 2
        return [Found("warn", service, "bảng tổng hợp theo lược đồ cũ", "views have an older schema", *do)]
    return [
        Found(
            "warn" if row["behind"] > _BACKLOG else "ok", f"{service} {row['view']}",
            f"bản dựng {row['build']} (mã {row['code']}), chậm {row['behind']} sự kiện của {service}",
            f"build {row['build']} (code {row['code']}), {row['behind']} events of {service} behind",
        )
        for row in rows
    ]  # fmt: skip


async def _letters(connection: Any, service: str) -> Found:
    parked = await connection.fetchval(
        """select count(*) from projection.parked p join projection.builds b on b.view = p.view and b.build = p.version
        where p.poison and b.state = 'live'"""
    )
    if parked:
        do = "./clb letters list, sửa, rồi ./clb letters replay", "./clb letters list, mend, then ./clb letters replay"
        return Found("warn", service, f"{parked} sự kiện chưa đọc được", f"{parked} events could not be read", *do)
    return Found("ok", service, "không có sự kiện để riêng", "no parked events")


async def _set_aside(connection: Any, service: str) -> list[Found]:
    """Records that no reader believed, by kind."""
    counts = {kind: records for kind, records in (await set_aside.counted(connection)).items() if records}
    if not counts:
        return [Found("ok", service, "không có bản ghi nào để ngoài", "no record was set aside")]
    said = ", ".join(f"{records} {kind}" for kind, records in counts.items())
    do = command("./clb set-aside list")
    return [Found("warn", service, f"bản ghi Kafka không được tin: {said}", f"records not believed: {said}", *do)]


async def _verified(connection: Any, service: str) -> list[Found]:
    """What the service's own verification found last."""
    area, last = f"{service} I11", await verifications.last(connection)
    do = command(f"./clb verify --source {service}")
    if last is None:
        return [Found("ok", area, "nhật ký sẽ tự được kiểm sau ít phút", "the log verifies itself in a few minutes")]
    at = last.ended_at.isoformat(timespec="seconds")
    if last.sound:
        vi, en = f"tự kiểm lúc {at}: nguyên vẹn", f"verified itself at {at}: intact"
        return [Found("ok", area, vi, en)]
    first = last.findings[0]
    vi = f"tự kiểm lúc {at}: {len(last.findings)} chỗ sai, đầu tiên: {first['vi']}"
    en = f"verified itself at {at}: {len(last.findings)} findings, the first: {first['en']}"
    return [Found("bad", area, vi, en, *do, blocks=True)]


async def _tokens(connection: Any, service: str) -> list[Found]:
    """Operators' tokens that expire soon, or that there are none of."""
    try:
        rows = await connection.fetch("select id, expires_at from access.tokens where role = 'operator' and revoked_at is null")
    except asyncpg.PostgresError:
        return []
    now = datetime.now(UTC)
    valid = [row for row in rows if row["expires_at"] is None or row["expires_at"] > now]
    do = ("./clb token issue --role operator", "./clb token issue --role operator")
    if not valid:
        return [
            Found(
                "bad",
                service,
                "không còn mã vận hành nào hiệu lực",
                "no operator's token is valid",
                "python -m services.* migrate --operator-token-hash",
                "python -m services.* migrate --operator-token-hash",
            )
        ]
    if all(row["expires_at"] is not None and row["expires_at"] < now + _SOON for row in valid):
        return [Found("warn", service, "mã vận hành sắp hết hạn", "the operator's token expires soon", *do)]
    return [Found("ok", service, f"{len(valid)} mã vận hành còn hiệu lực", f"{len(valid)} operator's tokens are valid")]
