"""Records that no reader believed, as an operator sees them: listed, shown with their bytes, and which of them hold a lane up.

They are kept as they came, with the record that stands in their place where it is known. Changes nothing: a record that was set
aside never reaches a view, whatever is done here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from shared.kernel.database import Connection

MOST: Final = 500

KINDS: Final[dict[str, tuple[str, str]]] = {
    "unlinked": (
        "Không nối tiếp bản ghi trước nó: mã băm không khớp. Bản ghi thật sẽ được đọc, hoặc được chuyển lại từ nhật ký.",
        "It does not follow the record before it: its hash differs. The true record is read, or published again from the log.",
    ),
    "fork": (
        "Hai bản ghi cùng nối tiếp ở một vị trí: làn dừng cho đến khi nhật ký nói bản nào là của mình (clb recover).",
        "Two records follow at one position: the lane stops until the log says which one is its own (clb recover).",
    ),
    "ruled-out": (
        "Nối tiếp được, nhưng điểm kiểm đã ký hoặc quyết định đã ký chỉ bản ghi khác. Không cần làm gì thêm.",
        "It follows, but a signed checkpoint or a ruling names another record. Nothing more is to be done.",
    ),
    "beyond": (
        "Đứng sau điểm cuối của nhật ký: nhật ký không có sự kiện này. Không cần làm gì thêm.",
        "It stands after the end of the log, which has no such event. Nothing more is to be done.",
    ),
    "unroutable": (
        "Không nói được mình thuộc nhật ký nào, hoặc thuộc nhật ký khác: tìm xem ai ghi vào Kafka (clb set-aside show).",
        "It does not say of which log it is, or it is of another: find out who writes to Kafka (clb set-aside show).",
    ),
}
"""What each kind means and what to do, in both languages; the order in which they are shown."""

_LISTED: Final = """topic, partition, kafka_offset, kind, reason, source, lane, position, encode(hash, 'hex') as hash,
    encode(stands_hash, 'hex') as stands_hash, stands_offset, octet_length(value) as bytes, seen_at"""


def plain(text: str) -> str:
    """A text of a stranger's as one line that no terminal takes for an order and no page for a direction: what is not printable
    is written out."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


async def listed(connection: Connection, limit: int = 100, source: str | None = None) -> list[Any]:
    """The records, the newest first; of one source, by what they claim or by the topic on which they stand."""
    return await connection.fetch(
        f"""select {_LISTED} from projection.set_aside
        where $1::text is null or source = $1 or starts_with(topic, $1 || '.')
        order by seen_at desc, topic, partition, kafka_offset limit $2""",  # noqa: S608  no value in it
        source,
        limit,
    )


async def one(connection: Connection, topic: str, partition: int, offset: int) -> Any:
    """One record with its key, value and headers as they came; None if it was not set aside."""
    return await connection.fetchrow(
        f"""select {_LISTED}, key, value, header_names, header_values from projection.set_aside
        where topic = $1 and partition = $2 and kafka_offset = $3""",  # noqa: S608  no value in it
        topic,
        partition,
        offset,
    )


async def counted(connection: Connection) -> dict[str, int]:
    """How many there are of each kind, none left out."""
    rows = await connection.fetch("select kind, count(*) as records from projection.set_aside group by kind")
    found = {row["kind"]: row["records"] for row in rows}
    return {kind: found.get(kind, 0) for kind in KINDS}


async def since(connection: Connection, at: datetime) -> int:
    """How many were set aside since a time."""
    return int(await connection.fetchval("select count(*) from projection.set_aside where seen_at > $1", at))


async def holding(connection: Connection, view: str | None = None, build: int | None = None) -> list[str]:
    """The records that stand where the next event of a lane should: of one build, or of all live ones. In words."""
    rows: list[Any] = await connection.fetch(
        """select distinct on (s.source, s.lane) s.topic, s.partition, s.kafka_offset, s.source, s.lane, s.position, s.reason,
            s.kind, encode(s.hash, 'hex') as hash, encode(s.stands_hash, 'hex') as stands_hash
        from projection.set_aside s join projection.checkpoints c
            on c.source = s.source and c.lane = s.lane and c.position = s.position - 1
        left join projection.builds b on b.view = c.view and b.build = c.version
        where s.kind in ('unlinked', 'fork') and ($1::text is null and (b.state = 'live' or b.view is null)
            or c.view = $1 and c.version = $2)
        order by s.source, s.lane, s.position, s.seen_at limit 20""",
        view,
        build,
    )
    return [
        f"{row['topic']}/{row['partition']}@{row['kafka_offset']} (lane {row['lane']}, position {row['position']}): "
        f"{row['reason']}; it carries {(row['hash'] or '-')[:16]}, {'in its place' if row['kind'] == 'fork' else 'before it'} "
        f"stands {(row['stands_hash'] or '-')[:16]}"
        for row in rows
    ]
