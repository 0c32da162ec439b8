"""The script of the pages that is not ours: unpacked with its licence, once, or not at all."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from services.reporting.pages import assets

PACKAGE = "django-htmx==1.29.0"


def carried(folder: Path, script: bytes = b'var htmx=(()=>{this.version="4.9.1"})()') -> Path:
    path = folder / "htmx-2.min.js"
    path.write_bytes(script)
    return path


def test_beside_the_script_stands_its_name_version_licence_and_origin(tmp_path: Path):
    assets.place(carried(tmp_path), tmp_path / "vendor", PACKAGE)
    about = (tmp_path / "vendor" / "LICENCES.txt").read_text("utf-8")
    for words in ("htmx", "4.9.1", "0BSD", "https://htmx.org", PACKAGE, "MIT"):
        assert words in about
    assert hashlib.sha256((tmp_path / "vendor" / "htmx.min.js").read_bytes()).hexdigest() in about


def test_what_was_unpacked_is_left_alone_and_what_was_changed_or_is_of_another_package_is_not(tmp_path: Path):
    vendor = tmp_path / "vendor"
    assert not assets.made(vendor, PACKAGE)
    assets.place(carried(tmp_path), vendor, PACKAGE)
    assert assets.made(vendor, PACKAGE)
    assert not assets.made(vendor, "django-htmx==2.0.0")
    (vendor / "htmx.min.js").write_text("alert(1)")
    assert not assets.made(vendor, PACKAGE)


def test_a_package_without_the_script_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(assets.AssetsFailed, match=r"không có htmx-2\.min\.js[\s\S]*does not hold"):
        assets.place(tmp_path / "htmx-2.min.js", tmp_path / "vendor", PACKAGE)
    assert not (tmp_path / "vendor").exists()


def test_a_package_with_another_hash_is_refused_in_both_languages(tmp_path: Path):
    pins = tmp_path / "assets.txt"
    pins.write_text(f"{PACKAGE} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(assets.AssetsFailed) as failure:
        assets.fetch(pins, tmp_path / "unpacked")
    assert "pip không cài được" in str(failure.value)
    assert "HTTPS_PROXY" in str(failure.value)
    assert not list(tmp_path.glob("unpacked/django_htmx/*"))


def test_outside_of_the_source_tree_it_says_that_a_wheel_carries_the_script_already(tmp_path: Path):
    with pytest.raises(assets.AssetsFailed, match="installed wheel carries"):
        assets.pinned(tmp_path / "requirements" / "assets.txt")


def test_the_set_up_has_unpacked_it_and_a_second_run_fetches_nothing():
    done = subprocess.run([sys.executable, "-m", assets.__name__], cwd=assets.ROOT, capture_output=True, text=True, check=True)
    assert "there already" in done.stdout
    assert assets.made(assets.VENDOR, assets.pinned(assets.PINNED))
