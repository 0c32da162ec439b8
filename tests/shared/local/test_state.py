"""A data directory keeps its secrets to itself and has one owner at a time."""

import errno
import os
import shutil
import socket
import subprocess
import sys

import pytest

from shared.kernel.errors import Refused
from shared.local.failures import of_os
from shared.local.folders import require_space
from shared.local.layout import choose_front_port, choose_ports
from shared.local.process import port_taken
from shared.local.state import DataDir, Member, Remembered, Snapshot
from shared.local.token_files import operator_token, token_path


def snapshot(pid):
    return Snapshot(pid, "ready", "http://127.0.0.1:8080", "127.0.0.1:9092", [Member("clubs", "all", "-", pid, "running")])


def test_what_is_remembered_comes_back_and_only_the_owner_may_read_it(tmp_path):
    data = DataDir(tmp_path)
    remembered = Remembered(ports={"front": 8080}, kind="real")
    password = remembered.password("clubs")
    data.remember(remembered)
    assert data.remembered() == remembered
    assert data.remembered().password("clubs") == password
    assert (tmp_path / "remembered.json").stat().st_mode & 0o777 == 0o600


def test_a_second_owner_is_refused_by_the_process_id_of_the_first(tmp_path):
    first = DataDir(tmp_path)
    first.own()
    with pytest.raises(Refused) as refused:
        DataDir(tmp_path).own()
    assert refused.value.slug == "already-running"
    assert str(os.getpid()) in refused.value.vi
    first.disown()
    DataDir(tmp_path).own()


def test_a_refused_second_owner_leaves_what_the_first_published(tmp_path):
    first, second = DataDir(tmp_path), DataDir(tmp_path)
    first.own()
    first.publish(snapshot(os.getpid()))
    with pytest.raises(Refused):
        second.own()
    second.disown()
    assert second.snapshot() == snapshot(os.getpid())


def test_the_lock_of_a_killed_owner_is_free(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from shared.local.state import DataDir, Member, Snapshot
from shared.local.token_files import operator_token, token_path
data = DataDir(Path({str(tmp_path)!r}))
data.own()
data.publish(Snapshot(os.getpid(), "ready", "", "", []))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    data = DataDir(tmp_path)
    assert data.snapshot() is None
    data.own()
    data.disown()


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "remembered.json").write_text("{")
    with pytest.raises(Refused, match=r"remembered\.json"):
        DataDir(tmp_path).remembered()


def test_ports_stay_the_same_while_they_are_free():
    remembered = Remembered()
    remembered.ports = choose_ports(remembered)
    remembered.ports["front"] = choose_front_port(remembered, None)
    assert choose_ports(remembered) == {name: port for name, port in remembered.ports.items() if name != "front"}
    assert choose_front_port(remembered, None) == remembered.ports["front"]
    assert len(set(remembered.ports.values())) == len(remembered.ports)


def test_a_port_that_was_asked_for_and_is_taken_is_refused_by_its_number(listener):
    assert port_taken(listener)
    with pytest.raises(Refused) as refused:
        choose_front_port(Remembered(), listener)
    assert refused.value.slug == "port-taken"
    assert str(listener) in refused.value.vi


def test_without_a_wish_the_front_takes_another_port_when_its_own_is_taken(listener):
    assert choose_front_port(Remembered(ports={"front": listener}), None) != listener


def test_a_remembered_port_that_is_taken_gives_way_to_a_free_one(listener):
    assert choose_ports(Remembered(ports={"clubs": listener}))["clubs"] != listener


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_too_little_space_is_refused_before_anything_starts(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(Refused) as refused:
        require_space(tmp_path / "not" / "yet", free * 2)
    assert refused.value.slug == "disk-full"


def test_a_full_disk_gives_a_sentence_with_the_file():
    refused = of_os(OSError(errno.ENOSPC, "No space left on device", "/data/x"))
    assert refused.slug == "disk-full"
    assert "/data/x" in refused.vi


def test_the_operators_token_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    token = operator_token(tmp_path)
    assert operator_token(tmp_path) == token
    assert token_path(tmp_path, "operator").stat().st_mode & 0o777 == 0o600
    assert token_path(tmp_path, "operator").parent.stat().st_mode & 0o777 == 0o700
