"""The signing key of a data directory, made on first use, and the settings by which services find it and its public half.

It lies in `keys/`, which only its owner may enter; PostgreSQL runs as another user where the stack is started by root. A key
that the environment names is used as it is. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from shared.eventlog.signing import make_key, public_path
from shared.local.reach import CHECKPOINTS, KEY


def signing_settings(data_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What services are told about signing checkpoints, and about whose signature to believe."""
    given = environ.get("CLB_SIGNING_KEY")
    key = Path(given).expanduser() if given else data_dir / KEY
    if not given and not key.exists():
        make_key(key)
    return {
        "CLB_SIGNING_KEY": str(key),
        "CLB_PUBLIC_KEY": environ.get("CLB_PUBLIC_KEY") or str(public_path(key)),
        "CLB_CHECKPOINTS": environ.get("CLB_CHECKPOINTS") or str(data_dir / CHECKPOINTS),
    }
