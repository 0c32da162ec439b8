"""`clb token issue|list|revoke`: tokens of all services, by the operator's own token.

A token is shown once, or written into a file that only its owner can read. Refuses to write over a file that is there.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.client import open_front
from shared.cli.speech import out, print_json, word
from shared.kernel.errors import Refused
from shared.kernel.place import PlaceRef

app = typer.Typer(no_args_is_help=True, help="Mã truy cập / tokens.")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


class RoleName(StrEnum):
    """Who a token may be for."""

    COMMUNE = "commune"
    PROVINCE = "province"
    CENTRE = "centre"
    OPERATOR = "operator"
    READER = "reader"


class SideName(StrEnum):
    """For whom it acts."""

    STATE = "state"
    ASSOCIATION = "association"


@app.command()
def issue(
    *,
    role: Annotated[RoleName, typer.Option(help="What it may do.")],
    area: Annotated[str, typer.Option(help="VN, or list and code: 34:38 (province), 34:15835 (commune).")] = "VN",
    side: Annotated[SideName, typer.Option(help="For whom it acts.")] = SideName.ASSOCIATION,
    label: Annotated[str | None, typer.Option(help="What it is for; no names of people.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="Valid for so many days.")] = None,
    file: Annotated[Path | None, typer.Option(help="Write the token there (mode 0600) instead of showing it.")] = None,
    json: Json = False,
) -> None:
    """Cấp mã / issue a token in all services."""
    wish: dict[str, Any] = {"role": role.value, "area": _area(area).model_dump(), "side": side.value}
    if label is not None:
        wish["label"] = label
    if days is not None:
        wish["expires_at"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    if file is not None and file.exists():
        raise _in_the_way(file)
    with open_front("operator") as front:
        issued = front.post("/v1/tokens", wish)
    if file is not None:
        _write(file, issued.pop("token"))
    if json:
        print_json(issued)
        return
    out.print(f"{issued['id']}  {_who(issued)}", markup=False)
    out.print(str(file) if file is not None else issued["token"], markup=False)


@app.command("list")
def listing(json: Json = False) -> None:
    """Liệt kê / every token ever issued."""
    with open_front("operator") as front:
        tokens = front.get("/v1/tokens")["tokens"]
    if json:
        print_json(tokens)
        return
    for token in tokens:
        out.print(f"{token['id']:<18} {_state(token):<12} {_who(token):<40} {token['label']}", markup=False)


@app.command()
def revoke(identity: Annotated[str, typer.Argument(metavar="ID", help="t-..., see `clb token list`")]) -> None:
    """Thu hồi / revoke at once and for ever, in all services."""
    with open_front("operator") as front:
        revoked = front.delete(f"/v1/tokens/{identity}")
    out.print(f"{revoked['id']}  {_state(revoked)}", markup=False)


def _area(text: str) -> PlaceRef:
    try:
        return PlaceRef.parse(text)
    except ValueError:
        raise Refused(
            "unknown-place",
            "Hãy ghi VN, hoặc danh mục và mã: 34:38 (tỉnh), 34:15835 (xã).",
            "Write VN, or the list and the code: 34:38 (province), 34:15835 (commune).",
        ) from None


def _who(token: dict[str, Any]) -> str:
    return f"{token['role']}/{token['side']}/{token['area']}"


def _state(token: dict[str, Any]) -> str:
    if token["revoked_at"]:
        return word("đã thu hồi", "revoked")
    expires = token["expires_at"]
    if expires and datetime.fromisoformat(expires) <= datetime.now(UTC):
        return word("hết hạn", "expired")
    return word("còn hiệu lực", "valid")


def _write(path: Path, token: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _in_the_way(path) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")


def _in_the_way(path: Path) -> Refused:
    return Refused(
        "file-exists",
        f"Tệp {path} đã có; hãy chọn tên khác hoặc xoá tệp đó.",
        f"The file {path} exists; choose another name or remove it.",
    )
