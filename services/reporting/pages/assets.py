"""Unpacks the one script that the pages did not write themselves: `python -m services.reporting.pages.assets`.

It installs one wheel, pinned by hash and without its dependencies, into `build/assets`, and copies htmx out of it to
`static/vendor` with a file that says what it is, of which version, under which licence and from where. The package is never
imported, and Node is never used: what is copied is what its makers published. Guarantees that the script and its licence are
there together or not at all; leaves alone what was unpacked from the same pinned package.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
PINNED: Final = ROOT / "requirements" / "assets.txt"
UNPACKED: Final = ROOT / "build" / "assets"
CARRIED: Final = Path("django_htmx", "static", "django_htmx", "htmx-2.min.js")
VENDOR: Final = Path(__file__).parent / "static" / "vendor"
SCRIPT: Final = "htmx.min.js"
LICENCES: Final = "LICENCES.txt"

_ABOUT = """\
Liên Thế does not write these files, it carries them as their makers published them. / Các tệp này do người khác viết.

{script}
  name:     htmx
  version:  {version}
  licence:  0BSD (Zero-Clause BSD): free to use, change and pass on for any purpose, without conditions
  origin:   https://htmx.org, Big Sky Software
  taken from the Python package {package} (MIT licence, Adam Johnson, https://github.com/adamchainz/django-htmx);
            only this file of it is used, and its own code is not carried
  sha256:   {digest}
"""


class AssetsFailed(Exception):
    """The script could not be unpacked; the sentences say what to do."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi}\nassets: {en}")


def main() -> int:
    """Unpack the script unless it is there. The exit code is 1, with a sentence in both languages, if that failed."""
    try:
        package = pinned(PINNED)
        if made(VENDOR, package):
            print("assets: the scripts of the pages are there already")
            return 0
        print(f"assets: fetching htmx 4, carried by {package}", flush=True)
        fetch(PINNED, UNPACKED)
        place(UNPACKED / CARRIED, VENDOR, package)
        print(f"assets: {SCRIPT} and {LICENCES} are in {VENDOR.relative_to(ROOT)}")
    except AssetsFailed as failure:
        print(f"assets: {failure}", file=sys.stderr)
        return 1
    return 0


def pinned(requirements: Path) -> str:
    """The pinned package, such as `django-htmx==1.29.0`. May raise `AssetsFailed`."""
    try:
        found = re.search(r"^[a-z-]+==[0-9.]+", requirements.read_text("utf-8"), re.MULTILINE)
    except OSError:
        found = None
    if found is None:
        raise AssetsFailed(
            f"Thiếu {requirements}: chỉ tạo được trong cây mã nguồn; bản đã đóng gói có sẵn tệp này.",
            f"{requirements} is missing: this works in the source tree only; an installed wheel carries the script already.",
        )
    return found.group()


def made(vendor: Path, package: str) -> bool:
    """Whether the script is there, whole, as it came from the pinned package."""
    try:
        about = (vendor / LICENCES).read_text("utf-8")
        digest = _digest((vendor / SCRIPT).read_bytes())
    except OSError:
        return False
    return package in about and digest in about


def fetch(requirements: Path, unpacked: Path) -> None:
    """Install the pinned wheel into a folder of its own. May raise `AssetsFailed`."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"]
    command += ["--no-compile", "--require-hashes", "--target", str(unpacked), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["-"])[-1]
        raise AssetsFailed(
            "pip không cài được gói mang htmx; kiểm tra mạng, proxy (HTTPS_PROXY) và kho gói của pip, rồi chạy lại "
            f"./clb setup. pip nói: {last}",
            "pip could not install the package that carries htmx; check the network, the proxy (HTTPS_PROXY) and pip's "
            f"index settings, then run ./clb setup again. pip said: {last}",
        )


def place(carried: Path, vendor: Path, package: str) -> None:
    """Copy the script and say what it is; the licence last, since it is what `made` looks for. May raise `AssetsFailed`."""
    try:
        script = carried.read_bytes()
    except OSError as error:
        raise AssetsFailed(
            f"Gói {package} không có {carried.name}: xem lại requirements/assets.txt.",
            f"{package} does not hold {carried.name}: look at requirements/assets.txt.",
        ) from error
    version = re.search(rb'this\.version="([0-9][0-9a-z.-]*)"', script)
    about = _ABOUT.format(
        script=SCRIPT,
        version=version.group(1).decode() if version else "4",
        package=package,
        digest=_digest(script),
    )
    shutil.rmtree(vendor, ignore_errors=True)
    try:
        vendor.mkdir(parents=True)
        (vendor / SCRIPT).write_bytes(script)
        (vendor / LICENCES).write_text(about, "utf-8")
    except OSError as error:
        raise AssetsFailed(
            f"Không ghi được vào {vendor}: {error}; kiểm tra quyền ghi và chỗ trống.",
            f"{vendor} could not be written: {error}; check that the folder is writable and the disk not full.",
        ) from error


def _digest(script: bytes) -> str:
    return hashlib.sha256(script).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())
