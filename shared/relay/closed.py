"""Why a log takes no commands, in words: what a person reads in `/ready`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.relay.compared import Compared
from shared.relay.looks import Look


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing is written. `kind`: `unheld` (what this process was answered), `unstored` (the relay published more than is
    stored), `behind`, `forked`, `signed`."""

    kind: str
    vi: str
    en: str
    lanes: tuple[int, ...] = ()


def unheld(missing: Mapping[int, int], held: Mapping[int, int]) -> Closed:
    """The log lacks what the process itself has seen. `missing`: by lane the last position that it knows; `held`: the log's."""
    events = sum(max(1, position - held[lane]) for lane, position in missing.items())
    return Closed(
        "unheld",
        f"nhật ký lùi về quá khứ: thiếu {events} sự kiện trong {len(missing)} làn mà tiến trình này đã thấy",
        f"the log went back in time: it lacks {events} events in {len(missing)} lanes that this process has seen",
        tuple(sorted(missing)),
    )


def unstored(found: Look) -> Closed | None:
    """The relay published more than is stored: the two were not restored together."""
    if not found.unstored:
        return None
    events = sum(found.unstored.values())
    return Closed(
        "unstored",
        f"đã phát nhiều hơn {events} sự kiện so với số đang lưu, trong {len(found.unstored)} làn",
        f"{events} events more were published than are stored, in {len(found.unstored)} lanes",
        tuple(sorted(found.unstored)),
    )


def why_closed(found: Compared) -> Closed | None:
    """Why the log is closed by what was published or signed, if it is."""
    if found.tails:
        lane, tail = min(found.tails.items())
        first = tail.nodes[0]
        where = f"{first.partition}/{first.offset}"
        if found.forked:
            return Closed(
                "forked",
                f"Kafka ({where}) có sự kiện khác ở làn {lane}, vị trí {first.position}: hai nhánh",
                f"Kafka ({where}) has another event in lane {lane} at position {first.position}: the log is forked",
                tuple(sorted(found.tails)),
            )
        return Closed(
            "behind",
            f"Kafka ({where}) có sự kiện tiếp theo của làn {lane}, vị trí {first.position}, mà nhật ký không có",
            f"Kafka ({where}) has an event that follows in lane {lane} at position {first.position}, and the log does not",
            tuple(sorted(found.tails)),
        )
    if found.signed is not None:
        at = found.signed.time.isoformat(timespec="seconds")
        return Closed(
            "signed",
            f"điểm kiểm ký lúc {at} có sự kiện mà nhật ký không có",
            f"the checkpoint signed at {at} has events that the log does not have",
        )
    return None
