"""`clb doctor`: everything an operator would ask first, and one sentence: is it safe to restart now, or not and why.

Each line is a state in a symbol and a word, what was found, and what to do. Works when parts are down. The exit code is 0 when
nothing is bad. It looks at databases, the broker (through an independent client), the services over HTTP, and the disk.
"""

from __future__ import annotations

import asyncio
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx
import typer

from shared.cli.client import front_address, kafka_address
from shared.cli.speech import Json, out, print_json, word
from shared.cli.stack import DataDirOption, path_of
from shared.kafka import topics
from shared.kafka.survey import survey
from shared.kernel.errors import Refused
from shared.kernel.services import SERVICES
from shared.local.checkup import Found, command, looked, verdict
from shared.local.checkup_database import look_at_database, look_at_proof
from shared.local.folders import data_for, unprivileged
from shared.local.reach import checkpoints_folder, database_urls
from shared.local.state import DataDir

_LITTLE, _TOO_LITTLE = 2_000_000_000, 300_000_000
_MARKS = {"ok": ("✓", "ổn", "ok"), "warn": ("!", "chú ý", "warn"), "bad": ("✗", "hỏng", "bad")}
_STYLES = {"ok": "green", "warn": "yellow", "bad": "bold red"}


def doctor(data_dir: DataDirOption = None, json: Json = False) -> None:
    """Khám hệ thống / look at everything: is it well, and is it safe to restart now?"""
    found = asyncio.run(_all(path_of(data_dir)))
    safe, vi, en = verdict(found)
    if json:
        print_json({"findings": [asdict(each) for each in found], "safe_to_restart": safe, "vi": vi, "en": en})
    else:
        for each in found:
            _show(each)
        out.print(f"\n{word(vi, en)}", style="bold green" if safe else "bold red", markup=False)
    raise typer.Exit(1 if any(each.state == "bad" for each in found) else 0)


async def _all(data_dir: Path) -> list[Found]:
    looks = [
        looked(word("máy này", "this machine"), lambda: _machine(data_dir)),
        looked("Kafka", _broker),
        *(looked(name, lambda name=name: _database(name, data_dir)) for name in SERVICES),
        looked(word("dịch vụ", "services"), _services),
    ]
    return [each for found in await asyncio.gather(*looks) for each in found]


async def _machine(data_dir: Path) -> Sequence[Found]:
    area = word("máy này", "this machine")
    try:
        package = version("lien-the")
    except PackageNotFoundError:
        package = "source"
    said = f"Python {platform.python_version()}, lien-the {package}, {datetime.now(UTC).isoformat(timespec='seconds')}"
    found = [Found("ok", area, said, said)]
    for path in dict.fromkeys([data_dir, data_for(data_dir, unprivileged())]):
        there = next(folder for folder in [path, *path.parents] if folder.exists())
        free = shutil.disk_usage(there).free
        vi, en = f"{path}: còn {free // 1_000_000} MB", f"{path}: {free // 1_000_000} MB free"
        do = ("dọn ổ đĩa", "free some space") if free < _LITTLE else ()
        state = "bad" if free < _TOO_LITTLE else "warn" if free < _LITTLE else "ok"
        found.append(Found(state, area, vi, en, *do, blocks=state == "bad"))
    snapshot = DataDir(data_dir).snapshot()
    if snapshot is None:
        found.append(
            Found("warn", area, "hệ thống không chạy từ thư mục này", "no stack runs from this folder", *command("./clb up"))
        )
    for member in snapshot.members if snapshot else ():
        if member.state in ("running", "external") and not member.restarts:
            continue
        vi = f"{member.name}: {member.state}, khởi động lại {member.restarts} lần {member.last_exit or ''}"
        en = f"{member.name}: {member.state}, restarted {member.restarts} times {member.last_exit or ''}"
        found.append(Found("warn", area, vi, en, f"xem logs/{member.name}.log", f"see logs/{member.name}.log"))
    return found


async def _broker() -> Sequence[Found]:
    address = kafka_address()
    seen = await asyncio.to_thread(survey, address, topics.refills_topic(SERVICES[0]))
    text = f"{address}: Kafka {seen.version}, {seen.brokers} broker"
    found = [Found("ok", "Kafka", text, text)]
    if seen.clock_off is not None:
        off, bad = f"{seen.clock_off:.1f} s", seen.clock_off > 2
        do = ("bật NTP", "turn NTP on") if bad else ()
        found.append(Found("warn" if bad else "ok", "Kafka", f"đồng hồ lệch {off}", f"its clock is off by {off}", *do))
    differences = await asyncio.to_thread(topics.check, address)
    apply = command("./clb topics apply")
    found += [Found("bad", "Kafka", each, each, *apply) for each in differences]
    if not differences:
        en = "topics as the code says: partitions, copies, min.insync, kept for ever"
        found.append(Found("ok", "Kafka", "chủ đề đúng như mã nguồn: phân vùng, bản sao, giữ mãi mãi", en))
    if seen.brokers < 3:
        vi, en = "một bản sao: mất đĩa của broker là mất chủ đề", "one copy: a broker's lost disk is a lost topic"
        found.append(Found("warn", "Kafka", vi, en, "kho có đủ: ./clb republish", "the stores have all of it: ./clb republish"))
    found += [
        Found("bad", "Kafka", f"{name}: phân vùng thiếu bản sao", f"{name}: under-replicated", "xem broker", "see the brokers")
        for name in seen.under_replicated
    ]
    return found


async def _database(service: str, data_dir: Path) -> Sequence[Found]:
    found = look_at_proof(service, checkpoints_folder(data_dir), data_dir, datetime.now(UTC))
    urls = database_urls(service, data_dir)
    if urls is None:
        name = f"{service.upper()}_DATABASE_URL"
        do = f"đặt {name}", f"set {name}"
        return [Found("bad", service, "chưa biết cơ sở dữ liệu", "its database is not known", *do), *found]
    try:
        async with asyncio.timeout(20):
            return [*await look_at_database(service, urls.app, checkpoints_folder(data_dir)), *found]
    except (OSError, TimeoutError) as failure:
        reason = type(failure).__name__
        do = command("./clb status; ./clb up")
        return [
            Found("bad", service, f"PostgreSQL không trả lời ({reason})", f"PostgreSQL does not answer ({reason})", *do),
            *found,
        ]


async def _services() -> Sequence[Found]:
    try:
        front = front_address()
    except Refused as refused:
        return [Found("bad", "HTTP", refused.vi, refused.en, *command("./clb up"))]
    async with httpx.AsyncClient(base_url=front, timeout=10, trust_env=False) as client:
        before = time.time()
        answer = await client.get("/ready")
    found = [_clock(answer, before)]
    body: dict[str, Any] = answer.json()
    for name, service in body.get("services", {}).items():
        if service.get("ready"):
            found.append(Found("ok", name, "sẵn sàng", "ready"))
        if not service.get("parts"):
            if not service.get("ready"):
                why = str(service.get("why", answer.status_code))
                found.append(Found("bad", name, f"không sẵn sàng: {why}", f"not ready: {why}", *_log_of(name)))
            continue
        for part, state in service["parts"].items():
            if not state.get("ok"):
                found.append(red_part(name, part, state))
            lines = map(str, state.get("degraded") or ())
            found += [Found("warn", f"{name} {part}", line, line, *_log_of(name)) for line in lines]
    return found


def red_part(name: str, part: str, state: Mapping[str, Any]) -> Found:
    """A part of a service that cannot do its work. What shows that something false may be about makes a restart unsafe: a log
    that lacks what was published, and a lane that stands still because nobody could say which record is true."""
    area = f"{name} {part}"
    if part == "log" and state.get("closed"):
        vi = f"nhật ký đã lùi về quá khứ, không nhận lệnh: {state.get('why') or ''}"
        en = f"the log went back in time and takes no commands: {state.get('why') or ''}"
        return Found("bad", area, vi, en, *command(f"./clb recover {name}"), blocks=True)
    why = state.get("why") or "; ".join(state.get("red") or ()) or state.get("failure") or ""
    if part == "projections" and state.get("red"):
        return Found("bad", area, f"đỏ: {why}", f"red: {why}", *command("./clb set-aside list"), blocks=True)
    return Found("bad", area, f"đỏ: {why}", f"red: {why}", *_log_of(name))


def _clock(answer: httpx.Response, before: float) -> Found:
    try:
        off = abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - before)
    except (KeyError, ValueError):
        return Found("ok", "HTTP", "trả lời", "answers")
    vi, en = f"trả lời, đồng hồ lệch {off:.0f} s", f"answers, its clock is off by {off:.0f} s"
    return Found("warn" if off > 5 else "ok", "HTTP", vi, en, *(("bật NTP", "turn NTP on") if off > 5 else ()))


def _log_of(name: str) -> tuple[str, str]:
    return f"xem logs/{name}.log", f"see logs/{name}.log"


def _show(found: Found) -> None:
    mark, vi, en = _MARKS[found.state]
    out.print(f"{mark} {word(vi, en):<6}", style=_STYLES[found.state], end="", markup=False)
    todo = word(found.do_vi, found.do_en)
    out.print(f" {found.area:<20} {word(found.vi, found.en)}{f'  → {todo}' if todo else ''}", markup=False)
