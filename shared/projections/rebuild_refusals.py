"""Why a view is not rebuilt, not compared or not swapped: each a sentence in both languages that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.kernel.errors import Refused
from shared.projections.builds import Built
from shared.projections.view import View


def differ(new: Built, live: Built) -> Refused:
    """The rows are not the same."""
    return Refused(
        "builds-differ",
        f"Bản dựng {new.version} khác bản đang dùng {live.version}: chưa đổi. Xem các dòng trên; thêm --accept để dùng nó.",
        f"Build {new.version} differs from the live {live.version}: not swapped. See the rows above; --accept takes it.",
        status=409,
    )


def not_the_record(new: Built, logs: Mapping[str, Mapping[str, Any]]) -> Refused:
    """A log says otherwise than the topic that was read."""
    differing = [(source, said["why"]) for source, said in logs.items() if said["state"] == "differs"]
    vi, en = ("; ".join(f"{source}: {why[language]}" for source, why in differing) for language in ("vi", "en"))
    do = f"clb verify --source {differing[0][0]}, clb recover {differing[0][0]}"
    return Refused(
        "record-differs",
        f"Bản dựng {new.version} của {new.name} khác nhật ký ({vi}): chưa đổi. Chạy {do}.",
        f"Build {new.version} of {new.name} is not what the log says ({en}): not swapped. Run {do}.",
        status=409,
    )


def another_version(view: View, code: int) -> Refused:
    """The live build was made by another version of the fold."""
    return Refused(
        "another-version",
        f"Bản đang dùng của {view.name} do mã phiên bản {code} làm, mã này là {view.version}: chạy migrate trước.",
        f"The live build of {view.name} is of version {code}, this code has {view.version}: migrate first.",
    )


def no_other_build(view: View) -> Refused:
    """There is nothing to compare with or to go back to."""
    return Refused(
        "no-other-build",
        f"Ngoài bản đang dùng không có bản {view.name} nào dùng được ở đây; dựng một bản: clb views rebuild {view.name}.",
        f"Beside the live one there is no build of {view.name} for this; make one: clb views rebuild {view.name}.",
    )


def running(view: View) -> Refused:
    """Somebody is at it."""
    return Refused(
        "rebuild-running",
        f"Đang có một lần dựng lại {view.name}; đợi nó xong, hoặc dừng tiến trình đó.",
        f"A rebuild of {view.name} is running already; wait for it, or stop that process.",
        status=409,
    )


def stopped(new: Built, reason: str) -> Refused:
    """The fold does not get on."""
    return Refused(
        "rebuild-stopped",
        f"Việc dựng lại {new.name} dừng: {reason}. Bản đang dùng không đổi; sửa xong chạy lại, nó sẽ đi tiếp.",
        f"The rebuild of {new.name} stopped: {reason}. The live build is unchanged; mend it and run again, it will go on.",
        status=409,
    )
