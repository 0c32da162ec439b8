"""Why a lane or a view stands still, and what to do, for people: one sentence in Vietnamese and one in English."""

from __future__ import annotations

from shared.projections.checkpoints import Lane


def unknown(source: str) -> str:
    """Nobody has said which log a source is."""
    return (
        f"chưa biết {source} là nhật ký nào: chưa có điểm kiểm đã ký nào của nó / "
        f"which log {source} is, is not known yet: no signed checkpoint of it has come"
    )


def taking_back(lane: Lane, position: int) -> str:
    """What was taken was ruled out a moment ago."""
    source, number = lane
    return (
        f"vị trí {position} của làn {number} của {source} đã bị bác: đang rút lại / "
        f"position {position} of lane {number} of {source} was ruled out: it is taken back"
    )


def contested(lane: Lane, position: int) -> str:
    """Two records follow."""
    source, number = lane
    return (
        f"hai bản ghi cùng nối tiếp ở vị trí {position} của làn {number} của {source}: đang hỏi nhật ký bản nào là của "
        f"mình; nếu "
        f"không có trả lời, chạy clb recover {source} / "
        f"two records follow at position {position} of lane {number} of {source}: the log is asked which is its own; if "
        f"it does "
        f"not answer, run clb recover {source}"
    )


def contradicted(lane: Lane, position: int, taken: bytes, signed: bytes) -> str:
    """A signed head is another than what was taken."""
    source, number = lane
    return (
        f"điểm kiểm đã ký nói khác về làn {number} của {source} ở vị trí {position}: đã nhận {taken.hex()[:16]}, đã ký "
        f"{signed.hex()[:16]}; chạy clb recover {source} / "
        f"a signed checkpoint contradicts lane {number} of {source} at position {position}: taken was "
        f"{taken.hex()[:16]}, signed "
        f"is {signed.hex()[:16]}; run clb recover {source}"
    )


def ahead(lane: Lane, taken: int, signed: int) -> str:
    """More was taken than the log has signed since."""
    source, number = lane
    return (
        f"làn {number} của {source} đã đọc đến vị trí {taken}, nhưng sau đó nhật ký ký rằng nó kết thúc ở {signed}: đã "
        f"nhận bản "
        f"ghi giả, hoặc nhật ký đã lùi về quá khứ; chạy clb recover {source} / "
        f"lane {number} of {source} was read up to position {taken}, but its log signed later that it ends at {signed}: "
        f"a forged "
        f"record was taken, or the log went back in time; run clb recover {source}"
    )


def missing(lane: Lane, position: int, seen: int) -> str:
    """A position did not come although a later one has."""
    source, number = lane
    return (
        f"làn {number} của {source} đã dừng: thiếu vị trí {position} dù vị trí {seen} đã đến; đã xin lại từ kho của "
        f"{source}; nếu "
        f"không có, chạy clb republish {source} --lane {number} / "
        f"lane {number} of {source} has stopped: position {position} is missing although {seen} has come; it was asked "
        f"for from "
        f"the store of {source}; if it does not come, run clb republish {source} --lane {number}"
    )


def spoiled(lane: Lane, position: int, view: str) -> str:
    """A view holds what was ruled out."""
    source, number = lane
    return (
        f"đã nhận bản ghi ở vị trí {position} của làn {number} của {source}, nay đã bị bác: chạy clb views rebuild {view} / "
        f"it had taken a record at position {position} of lane {number} of {source} that was ruled out since: run clb views "
        f"rebuild {view}"
    )


def other_version(build: int, version: int, mine: int) -> str:
    """The live build was made by another version of the fold than this process has."""
    return (
        f"bản dựng đang dùng ({build}) theo phiên bản {version} của cách tổng hợp, tiến trình này có phiên bản {mine}: "
        f"cập nhật "
        f"tiến trình / "
        f"the live build {build} is of version {version} of the fold, this process has {mine}: update the process"
    )


def too_many_bad(failure: object) -> str:
    """So many events fail that the view must be at fault."""
    return (
        f"quá nhiều sự kiện lỗi, nên lỗi nằm ở chính bảng tổng hợp; chưa để riêng sự kiện nào: {failure} / "
        f"too many bad events, so the view itself must be at fault; nothing of it was parked: {failure}"
    )


def another_log(source: str, signs: str, known: str) -> str:
    """A source signs as another log than the one that was read."""
    return (
        f"{source} ký với tư cách nhật ký khác ({signs}), không phải nhật ký đã đọc ở đây ({known}) / "
        f"{source} signs as another log ({signs}) than the one that was read here ({known})"
    )
