"""Where the local stack keeps things: a cache for what is downloaded, a data directory for what must survive.

Guarantees that an unprivileged user of a child process can reach the folder it is given; refuses a folder that is full
or cannot be written, in a sentence.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
from pathlib import Path

from shared.kernel.errors import Refused
from shared.local.process import Account

SYSTEM_CACHE = Path("/var/cache/lien-the")
SYSTEM_DATA = Path("/var/lib/lien-the")
NEEDED_BYTES = 1_500_000_000


def cache_dir() -> Path:
    """`CLB_CACHE`, else `lien-the` below the user's cache directory (`XDG_CACHE_HOME` honoured)."""
    if chosen := os.environ.get("CLB_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "lien-the"


def unprivileged() -> Account | None:
    """The user a server drops to when we are root; None when we are not."""
    if os.geteuid() != 0:
        return None
    name = os.environ.get("CLB_UNPRIVILEGED_USER", "nobody")
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Refused(
            "no-unprivileged-user",
            f"Không có người dùng '{name}' để chạy PostgreSQL thay cho root: đặt CLB_UNPRIVILEGED_USER.",
            f"There is no user '{name}' to run PostgreSQL as instead of root: set CLB_UNPRIVILEGED_USER.",
        ) from None
    if entry.pw_uid == 0:
        raise Refused(
            "no-unprivileged-user",
            "PostgreSQL không chạy bằng root: đặt CLB_UNPRIVILEGED_USER là một người dùng thường.",
            "PostgreSQL does not run as root: set CLB_UNPRIVILEGED_USER to an ordinary user.",
        )
    return Account(name, entry.pw_uid, entry.pw_gid)


def reachable(path: Path, account: Account | None) -> bool:
    """Whether the account can pass through every existing folder on the way to `path`."""
    if account is None:
        return True
    for folder in [path, *path.parents]:
        if not folder.exists():
            continue
        stat = folder.stat()
        if stat.st_uid == account.uid:
            passes = stat.st_mode & 0o100
        elif stat.st_gid == account.gid:
            passes = stat.st_mode & 0o010
        else:
            passes = stat.st_mode & 0o001
        if not passes:
            return False
    return True


def cache_for(account: Account | None) -> Path:
    """The cache, or the system's one when the account cannot reach ours (below /root, for instance)."""
    own = cache_dir()
    return own if reachable(own, account) else SYSTEM_CACHE


def data_for(data_dir: Path, account: Account | None) -> Path:
    """`data_dir`, or a folder of its own below /var/lib when the account cannot reach it."""
    if reachable(data_dir, account):
        return data_dir
    name = hashlib.sha256(str(data_dir.absolute()).encode()).hexdigest()[:16]
    return SYSTEM_DATA / name


def make_private(path: Path, account: Account | None = None) -> Path:
    """Create a folder of mode 0700 that belongs to the account."""
    path.mkdir(parents=True, exist_ok=True)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def require_space(path: Path, needed: int = NEEDED_BYTES) -> None:
    """Refuse when the disk that holds `path` has less than `needed` bytes left."""
    probe = next(folder for folder in [path, *path.parents] if folder.exists())
    free = shutil.disk_usage(probe).free
    if free < needed:
        raise Refused(
            "disk-full",
            f"Ổ đĩa chứa {path} chỉ còn {free // 1_000_000} MB, cần {needed // 1_000_000} MB: "
            "dọn bớt hoặc chọn --data-dir khác.",
            f"The disk of {path} has {free // 1_000_000} MB left and {needed // 1_000_000} MB are needed: "
            "free some, or choose another --data-dir.",
        )
