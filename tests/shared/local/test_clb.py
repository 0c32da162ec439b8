"""The command line finds its environment, or says in a sentence what is missing."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def place(tmp_path):
    """A copy of the script with its locks and no environment, and a PATH with nothing but what it needs."""
    shutil.copy(ROOT / "clb", tmp_path / "clb")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "readlink", "dirname", "cksum", "cat", "rm", "mkdir", "sleep"):
        (tools / name).symlink_to(shutil.which(name))
    return tmp_path


def pretend_python(place, body):
    program = place / "bin" / "python3"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def run(place):
    return subprocess.run(
        [place / "clb", "status"], env={"PATH": str(place / "bin")}, capture_output=True, text=True, check=False
    )


def test_the_script_is_plain_sh():
    subprocess.run(["sh", "-n", ROOT / "clb"], check=True)
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_without_python_it_says_so(place):
    done = run(place)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 2
    assert "Python 3.11" in done.stderr


def test_with_an_old_python_it_says_so(place):
    pretend_python(place, "exit 1")
    assert "Python 3.11 or newer" in run(place).stderr


def test_without_the_venv_module_it_names_the_package(place):
    pretend_python(place, 'case "$2" in *venv*) exit 1;; esac; exit 0')
    done = run(place)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_when_packages_cannot_be_fetched_it_names_the_proxy_variables(place):
    python = 'case "$*" in *"-m venv"*) mkdir -p "$4/bin"; cp "$0" "$4/bin/python";; *"-m pip"*) exit 1;; esac'
    for name in ("cp",):
        (place / "bin" / name).symlink_to(shutil.which(name))
    pretend_python(place, python)
    done = run(place)
    assert done.returncode == 1
    assert "HTTPS_PROXY" in done.stderr
    assert not any((place / ".venv").glob(".locked-*"))


def test_both_scripts_may_be_run_as_they_are():
    assert os.access(ROOT / "clb", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_a_second_command_waits_for_the_one_that_is_setting_up(place):
    """Seen to fail without the lock: the second one begins an environment of its own in the same folder."""
    pretend_python(place, 'case "$2" in *venv) sleep 3; exit 1;; esac; exit 0')
    first = subprocess.Popen([place / "clb", "status"], env={"PATH": str(place / "bin")}, stderr=subprocess.PIPE, text=True)
    while not (place / ".venv.setup" / "pid").exists():
        time.sleep(0.02)
    second = run(place)
    assert "another command is setting up" in second.stderr
    assert "making the environment" in first.communicate()[1]
    assert second.stderr.index("another command") < second.stderr.index("making the environment")
    assert not (place / ".venv.setup").exists()


def test_a_set_up_that_was_killed_blocks_nobody(place):
    pretend_python(place, 'case "$2" in *venv) exit 1;; esac; exit 0')
    gone = subprocess.Popen(["true"])
    gone.wait()
    (place / ".venv.setup").mkdir()
    (place / ".venv.setup" / "pid").write_text(str(gone.pid))
    assert "making the environment" in run(place).stderr
