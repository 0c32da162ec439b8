"""PostgreSQL keeps its data across restarts and never runs as root."""

import os
import subprocess
from pathlib import Path

import asyncpg
import pytest

from shared.kernel.errors import Refused
from shared.local.folders import data_for, reachable, unprivileged
from shared.local.postgres import Postgres, bundled_binaries, new_password
from shared.local.process import Account, free_port

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")


async def test_a_second_start_keeps_the_data_even_on_another_port_and_after_a_kill(server_dir):
    password = new_password()
    first = Postgres(server_dir / "twice", port=free_port(), password=password)
    child = await first.start()
    connection = await asyncpg.connect(first.admin_url)
    await connection.execute("create table kept as select 42 as x")
    await connection.close()
    subprocess.run(["kill", "-9", str(child.pid)], check=True)
    child.stop_now()
    second = Postgres(server_dir / "twice", port=free_port(), password=password)
    await second.start()
    try:
        connection = await asyncpg.connect(second.admin_url)
        assert await connection.fetchval("select x from kept") == 42
        await connection.close()
    finally:
        await second.stop()


async def test_a_lock_file_that_names_another_program_is_no_obstacle(server_dir):
    server = Postgres(server_dir / "stale", port=free_port(), password=new_password())
    await server.start()
    await server.stop()
    (server.folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/x\n")
    await server.start()
    await server.stop()


async def test_no_connection_is_possible_without_the_password(server_dir):
    server = Postgres(server_dir / "closed", port=free_port(), password=new_password())
    await server.start()
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.admin_url.replace("postgres:", "postgres:x", 1))
    finally:
        await server.stop()


@as_root
async def test_started_by_root_the_server_and_its_data_belong_to_an_unprivileged_user(server_dir):
    server = Postgres(server_dir / "dropped", port=free_port(), password=new_password())
    child = await server.start()
    try:
        assert server.account is not None
        uids = next(line for line in Path(f"/proc/{child.pid}/status").read_text().splitlines() if line.startswith("Uid:"))
        assert set(uids.split()[1:]) == {str(server.account.uid)}
        assert server.account.uid != 0
        assert (server.folder / "data").stat().st_uid == server.account.uid
        assert (server.folder / "data").stat().st_mode & 0o777 == 0o700
    finally:
        await server.stop()


@as_root
def test_the_unprivileged_user_can_run_the_binaries_wherever_the_environment_is():
    account = unprivileged()
    binary = bundled_binaries(account) / "postgres"
    said = subprocess.run(
        [binary, "--version"], user=account.uid, group=account.gid, capture_output=True, text=True, check=True
    )
    assert "PostgreSQL) 18" in said.stdout


@as_root
def test_binaries_that_the_user_cannot_reach_are_copied_to_where_it_can(monkeypatch, server_dir):
    monkeypatch.setenv("CLB_CACHE", str(server_dir / "cache"))
    account = unprivileged()
    monkeypatch.setattr("shared.local.postgres.reachable", lambda *_: False)
    binary = bundled_binaries(account) / "postgres"
    assert binary.is_relative_to(server_dir / "cache")
    said = subprocess.run(
        [binary, "--version"], user=account.uid, group=account.gid, capture_output=True, text=True, check=True
    )
    assert "PostgreSQL) 18" in said.stdout


def test_a_data_directory_that_the_user_cannot_reach_is_replaced_by_one_of_its_own(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    stranger = Account("stranger", uid=54_321, gid=54_321)
    assert not reachable(closed / "data", stranger)
    chosen = data_for(closed / "data", stranger)
    assert not chosen.is_relative_to(tmp_path)
    assert chosen == data_for(closed / "data", stranger)
    assert data_for(closed / "data", None) == closed / "data"


@as_root
@pytest.mark.parametrize("name", ["root", "no-such-user-here"])
def test_an_unprivileged_user_that_is_root_or_missing_is_refused(monkeypatch, name):
    monkeypatch.setenv("CLB_UNPRIVILEGED_USER", name)
    with pytest.raises(Refused, match="no-unprivileged-user"):
        unprivileged()
