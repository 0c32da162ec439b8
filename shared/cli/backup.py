"""`clb backup DIR` and `clb restore DIR`: a whole deployment out of its servers, and onto others. docs/operate/backup.md has
the steps of a night when it is needed.

Says what it does, and at the end what comes next. Refuses in a sentence, before anything is changed wherever that is possible.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.speech import Json, grouped, known_service, out, print_json, teller, word
from shared.cli.stack import DataDirOption, path_of
from shared.kernel.errors import Refused
from shared.local.backup import restoring, taking
from shared.local.backup.manifest import SECRETS
from shared.local.backup.restoring import Restored


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    *,
    secrets: Annotated[bool, typer.Option("--secrets/--without-secrets", help="Key, tokens, passwords in DIR/secrets.")] = True,
    data_dir: DataDirOption = None,
    json: Json = False,
) -> None:
    """Sao lưu cả hệ thống đang chạy / back up the whole running system into a new folder."""
    made = asyncio.run(taking.take(folder.expanduser().absolute(), path_of(data_dir), teller(), secrets=secrets))
    size = sum(file.size for file in made.files.values())
    events = {service: log.events for service, log in made.logs.items()}
    if json:
        print_json({"folder": str(folder), "made_at": made.made_at.isoformat(), "events": events, "bytes": size})
        return
    said = ", ".join(f"{service} {grouped(count)}" for service, count in events.items())
    out.print(f"{folder}: {grouped(size)} B; {word('sự kiện', 'events')}: {said}", markup=False)
    if secrets:
        out.print(
            word(
                f"{folder}/{SECRETS} là khoá, mã truy cập và mật khẩu: hãy cất riêng, rồi phục hồi với --secrets.",
                f"{folder}/{SECRETS} is the key, tokens and passwords: store it elsewhere, and restore with --secrets.",
            ),
            markup=False,
        )


def restore(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A folder that `clb backup` made.")] = None,
    *,
    public_key: Annotated[
        Path | None, typer.Option(help="The key that signed the backup; that of the place if not given.")
    ] = None,
    secrets: Annotated[Path | None, typer.Option(help="The folder with key and passwords; DIR/secrets if not given.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this service's database was lost; may be repeated.")] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="No DIR: the databases were brought back by other means (WAL, a replica).")
    ] = False,
    data_dir: DataDirOption = None,
    json: Json = False,
) -> None:
    """Phục hồi lên máy chủ khác / restore onto other servers: a new --data-dir, or the *_DATABASE_OWNER_URL."""
    if (folder is None) != in_place:
        raise Refused(
            "what-to-restore",
            "Hãy chỉ thư mục của bản sao lưu, hoặc --in-place nếu cơ sở dữ liệu đã được phục hồi bằng cách khác.",
            "Name the folder of a backup, or --in-place if the databases were brought back by other means.",
        )
    for service in only or ():
        known_service(service)
    place, say = path_of(data_dir), teller()
    if folder is None:
        done = asyncio.run(restoring.settle_in_place(place, say))
    else:
        backed_up = folder.expanduser().absolute()
        done = asyncio.run(restoring.restore(backed_up, place, say, public=public_key, secrets=secrets, only=only or ()))
    if json:
        print_json(
            {
                "events": done.events,
                "reset": done.settled.reset,
                "revoked": done.settled.revoked,
                "missing": {service: ahead.missing for service, ahead in done.ahead.items()},
                "kafka_is_empty": done.kafka_is_empty,
            }
        )
        return
    _tell(done)


def _tell(done: Restored) -> None:
    said = ", ".join(f"{service} {grouped(count)}" for service, count in done.events.items())
    lines = [f"{word('Đã phục hồi, sự kiện', 'Restored, events')}: {said}"]
    lines.append(word("Mọi phiên và liên kết đăng nhập đã kết thúc.", "All sessions and sign-in links have ended."))
    if done.settled.revoked:
        again = word("Mã truy cập thu hồi lại", "Tokens revoked again")
        lines.append(f"{again}: {', '.join(done.settled.revoked)}")
    for service, views in done.settled.reset.items():
        lines.append(f"{service}: {word('dựng lại từ sự kiện đầu', 'built again from the first event')}: {', '.join(views)}")
    for service, ahead in done.ahead.items():
        at = f"{ahead.signed.time:%Y-%m-%d %H:%M} UTC"
        lines.append(
            word(
                f"{service}: điểm kiểm ký lúc {at} chứng minh còn {grouped(ahead.missing)} sự kiện mà nhật ký không có.",
                f"{service}: the checkpoint signed at {at} proves {grouped(ahead.missing)} more events than the log holds.",
            )
        )
    for line in [*lines, next_step(done)]:
        out.print(line, markup=False)


def next_step(done: Restored) -> str:
    """What comes next, in one sentence."""
    if done.kafka_is_empty:
        return word(
            "Tiếp theo: ./clb up (mọi sự kiện được phát lại vào Kafka trống), rồi ./clb verify.",
            "Next: ./clb up (every event is published again on the empty Kafka), then ./clb verify.",
        )
    return word(
        "Tiếp theo: ./clb up; dịch vụ nào báo log-behind thì ./clb recover DỊCH-VỤ lấy lại phần Kafka còn giữ; "
        "rồi ./clb verify.",
        "Next: ./clb up; for a service that says log-behind, ./clb recover SERVICE takes back what Kafka still has; "
        "then ./clb verify.",
    )
