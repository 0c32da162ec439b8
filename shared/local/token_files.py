"""The tokens that a data directory holds for the people of this machine: one file a role, mode 0600.

The operator's is made here, before there is a database; the services know it by its hash. Refuses nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

from shared.web.tokens import new_token


def token_path(data_dir: Path, role: str) -> Path:
    """Where the token of a role is."""
    return data_dir / "tokens" / f"{role}.token"


def read_token(data_dir: Path, role: str) -> str | None:
    """The token of a role, if there is one."""
    try:
        return token_path(data_dir, role).read_text().strip()
    except OSError:
        return None


def write_token(data_dir: Path, role: str, token: str) -> Path:
    """Keep a token; readable by the owner alone from the first byte."""
    path = token_path(data_dir, role)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token + "\n")
    partial.replace(path)
    return path


def operator_token(data_dir: Path) -> str:
    """The operator's token, made on first use."""
    token = read_token(data_dir, "operator")
    if token is None:
        _, token = new_token()
        write_token(data_dir, "operator", token)
    return token
