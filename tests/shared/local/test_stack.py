"""`clb up`, `status` and `down` on the real stack: what is killed comes back and is named, a second start keeps the data."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from shared.local.process import alive
from shared.local.token_files import read_token

pytestmark = pytest.mark.timeout(400)
SERVICES = {"clubs", "trainings", "monitoring", "reporting"}
FOUNDING = {
    "type": "clubs.found-club",
    "data": {
        "name": "CLB liên thế hệ tự giúp nhau Thiệu Trung",
        "commune": {"code": "15835", "list": "34"},
        "founded_on": "2026-01-05",
    },
}


class Stack:
    """The command line on a data directory of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {**os.environ, "CLB_DATA": str(folder), "CLB_LANG": "en"}
        for name in ("KAFKA_BOOTSTRAP", "CLB_PORT", "CLB_URL", "CLB_TOKEN"):
            self.env.pop(name, None)

    def clb(self, *arguments, check=True):
        command = [sys.executable, "-m", "shared.cli.main", *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False, timeout=300)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def status(self):
        return json.loads(self.clb("status", "--json", check=False).stdout)

    def until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition(found := self.status()):
            assert time.monotonic() < deadline, found
            time.sleep(0.3)
        return found


def process(status, name):
    (found,) = (entry for entry in status["processes"] if entry["name"] == name)
    return found


@pytest.fixture(scope="module")
def stack():
    folder = Path(tempfile.mkdtemp(prefix="lien-the-stack-"))
    folder.chmod(0o755)
    stack = Stack(folder)
    try:
        stack.clb("up", "--detach")
        yield stack
    finally:
        stack.clb("down", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def found_a_club(stack, key):
    headers = {"Authorization": f"Bearer {read_token(stack.folder, 'centre')}", "Idempotency-Key": key}
    return httpx.post(f"{stack.status()['front']}/v1/commands", json=FOUNDING, headers=headers, trust_env=False)


def give_a_token(stack):
    headers = {"Authorization": f"Bearer {read_token(stack.folder, 'operator')}"}
    wish = {"role": "centre", "area": {"code": "VN", "list": "34"}, "side": "association"}
    answer = httpx.post(f"{stack.status()['front']}/v1/tokens", json=wish, headers=headers, trust_env=False)
    assert answer.status_code in (200, 201), answer.text
    path = stack.folder / "tokens" / "centre.token"
    path.write_text(answer.json()["token"])


def test_status_gives_every_process_its_address_id_role_position_and_lag(stack):
    status = stack.status()
    assert status["healthy"], status
    assert {entry["name"] for entry in status["processes"]} == SERVICES | {"kafka", "postgres", "front"}
    assert {entry["role"] for entry in status["processes"]} == {"all", "broker", "database", "front"}
    assert all(entry["address"] and alive(entry["pid"]) for entry in status["processes"])
    assert all(process(status, name)["position"] == 0 and process(status, name)["lag"] == 0 for name in SERVICES)


def test_a_second_up_is_refused_by_the_process_id_of_the_first(stack):
    done = stack.clb("up", check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"already running (process {stack.status()['supervisor']})" in done.stderr


def test_a_killed_service_is_restarted_and_named_and_what_was_accepted_is_there_after_a_second_start(stack):
    give_a_token(stack)
    first = found_a_club(stack, "one")
    assert first.status_code == 201, first.text
    killed = process(stack.status(), "clubs")["pid"]
    os.kill(killed, signal.SIGKILL)
    status = stack.until(lambda found: found["healthy"] and process(found, "clubs")["restarts"] == 1)
    assert process(status, "clubs")["pid"] != killed
    assert process(status, "clubs")["last_exit"] == "SIGKILL"
    said = (stack.folder / "supervisor.log").read_text()
    assert f"clubs (all, pid {killed})" in said

    pids = [entry["pid"] for entry in status["processes"]]
    stack.clb("down")
    assert not any(alive(pid) for pid in [*pids, status["supervisor"]])
    assert not stack.status()["running"]
    stack.clb("up", "--detach")

    again = found_a_club(stack, "one")
    assert again.status_code == 200, again.text
    assert again.json()["events"] == first.json()["events"]
    status = stack.until(lambda found: found["healthy"] and process(found, "clubs")["lag"] == 0)
    assert process(status, "clubs")["position"] == 1


def test_topics_are_as_the_code_says(stack):
    assert json.loads(stack.clb("topics", "check", "--json").stdout) == []


def test_the_state_directory_is_readable_by_its_owner_alone(stack):
    for name in ("remembered.json", "running.json", "lock"):
        assert (stack.folder / name).stat().st_mode & 0o077 == 0


def test_a_token_is_issued_into_a_file_of_its_owner_alone_listed_and_revoked(stack, tmp_path):
    path = tmp_path / "province.token"
    wish = ("--role", "province", "--area", "34:38", "--side", "state", "--label", "thử", "--file", str(path), "--json")
    issued = json.loads(stack.clb("token", "issue", *wish).stdout)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "token" not in issued
    bearer = {"Authorization": f"Bearer {path.read_text().strip()}"}
    me = httpx.get(f"{stack.status()['front']}/v1/me", headers=bearer, trust_env=False)
    assert me.json() == {"token": issued["id"], "role": "province", "area": "34:38", "side": "state"}

    again = stack.clb("token", "issue", *wish, check=False)
    assert (again.returncode, "exists" in again.stderr) == (1, True)
    assert path.read_text().strip() not in stack.clb("token", "list").stdout
    stack.clb("token", "revoke", issued["id"])
    states = {token["id"]: token["services"] for token in json.loads(stack.clb("token", "list", "--json").stdout)}
    assert states[issued["id"]] == []
    assert httpx.get(f"{stack.status()['front']}/v1/me", headers=bearer, trust_env=False).status_code == 401


def test_every_hop_of_an_event_is_shown_from_its_command_to_the_figures(stack):
    give_a_token(stack)
    answer = found_a_club(stack, "followed").json()
    event, deadline = answer["events"][0]["id"], time.monotonic() + 60
    while not (hops := json.loads(stack.clb("event", "follow", event, "--json").stdout))["view"]["folded"]:
        assert time.monotonic() < deadline, hops
        time.sleep(0.3)
    assert (hops["store"]["command_id"], hops["store"]["position"]) == (answer["command_id"], answer["position"])
    assert (hops["kafka"]["topic"], hops["kafka"]["hash"]) == ("clubs.events", hops["store"]["hash"])
    assert [entry["amounts"]["clubs_founded"] for entry in hops["view"]["entries"]] == [1]
    assert "clubs-founded" in {figure["indicator"] for figure in hops["view"]["figures"]}
    said = stack.clb("event", "follow", event).stdout
    assert all(
        word in said
        for word in ("command", "store", "relay", "kafka", "hash equals the store's", "ledger", "Clubs founded: +1")
    )
