"""What is tried, one act after the other, and what the system must answer. Each act ends with figures that equal the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.kernel.services import SERVICES
from tests.prove import lies
from tests.prove.ledger import Ledger
from tests.prove.stand import Failed, Stand, eventually


@dataclass
class Scene:
    """What the acts share."""

    stand: Stand
    ledger: Ledger
    say: Callable[[str], None]
    backup: Path

    def tried(self, what: str) -> None:
        self.say(f"  tried     {what}")

    def answered(self, what: str) -> None:
        self.say(f"  answered  {what}")

    def equal(self) -> None:
        """The figures are those of the ledger."""
        eventually(f"the figures equal the client's ledger ({self.ledger.describe()})", self.ledger.equal)
        self.answered(f"the figures equal the client's ledger: {self.ledger.describe()}")

    def aside(self) -> list[dict[str, Any]]:
        """The records that reporting has set aside."""
        return self.stand.json("set-aside", "list", "--source", "clubs")

    def set_aside(self, offset: int, partition: int) -> dict[str, Any]:
        """The record at this place, once it is listed."""

        def listed() -> dict[str, Any] | None:
            return next((row for row in self.aside() if (row["partition"], row["kafka_offset"]) == (partition, offset)), None)

        return eventually(f"the record at offset {offset} of partition {partition} is set aside", listed)

    def why(self, service: str) -> str:
        """What a service says is the matter."""
        parts = self.stand.ready().get("services", {}).get(service, {}).get("parts", {})
        return "; ".join(str(part.get("why") or part.get("degraded") or "") for part in parts.values() if not part.get("ok"))


Act = Callable[[Scene], Coroutine[Any, Any, None]]


async def found_clubs(scene: Scene) -> None:
    """Clubs are founded, and an old backup is made"""
    scene.tried("20 clubs are founded and report their members, over HTTP, each command with its own Idempotency-Key")
    scene.ledger.found(20)
    scene.equal()
    scene.tried("clb backup: what will be old later")
    scene.stand.clb("backup", str(scene.backup))
    scene.answered("four databases, keys and a signed manifest")
    scene.ledger.found(10)
    scene.equal()


async def forge_with_a_bad_link(scene: Scene) -> None:
    """A stranger writes on Kafka"""
    true = lies.last_of_a_lane(scene.stand.kafka, scene.ledger.ids())
    lie = lies.next_in_lane(true, "CLB không có thật 1")
    scene.tried("a record for a club that nobody founded, at the next position of its lane, with a hash of zeros")
    row = scene.set_aside(lies.put(scene.stand.kafka, lie), lie.partition)
    scene.answered(f"set aside as {row['kind']}: {row['reason']}")
    scene.ledger.found(2)
    scene.equal()


async def copy_from_another_deployment(scene: Scene) -> None:
    """A record of another deployment, as a mirrored topic would bring it"""
    true = lies.last_of_a_lane(scene.stand.kafka, scene.ledger.ids())
    for name in ("vn", "38"):
        lie = lies.next_in_lane(true, "CLB của nơi khác")
        lie.headers["ce_source"] = f"/{name}/clubs".encode()
        lie.linked(uuid.uuid4().bytes * 2)
        scene.tried(f"the same place in the lane, a chain that holds in itself, named /{name}/clubs")
        row = scene.set_aside(lies.put(scene.stand.kafka, lie), lie.partition)
        scene.answered(f"set aside as {row['kind']}: {row['reason']}")
    scene.equal()


async def forge_with_a_good_link(scene: Scene) -> None:
    """A stranger who reads the topic computes a link that follows"""
    true = lies.last_of_a_lane(scene.stand.kafka, scene.ledger.ids())
    lie = lies.next_in_lane(true, "CLB không có thật 2").linked(bytes.fromhex(true.headers["ce_hash"].decode()))
    scene.tried("the hash has no key, so this record follows: nothing in it shows that it is false")
    offset = lies.put(scene.stand.kafka, lie)
    red = eventually("reporting says that something is wrong", lambda: scene.why("reporting"), 60)
    scene.answered(f"red: {red[:150]}")
    row = eventually(
        "the log has ruled the record out",
        lambda: next((r for r in scene.aside() if r["kafka_offset"] == offset and r["kind"] == "ruled-out"), None),
        60,
    )
    scene.answered(f"the log was asked and has ruled for ever: {row['reason'][:120]}")
    scene.stand.clb("views", "rebuild", "--spoiled")
    scene.answered("clb views rebuild --spoiled: the views that had taken it are built anew from the record")
    scene.ledger.found(2)
    scene.equal()
    eventually("everything is ready again", lambda: scene.stand.ready().get("ready"), 60)


async def edit_a_row(scene: Scene) -> None:
    """A superuser of the database edits a recorded event"""
    rows = await scene.stand.sql(
        "clubs",
        "select lane, position, data from log.events where type = 'clubs.members-reported' order by recorded_at limit 1",
    )
    lane, position, data = rows[0]
    changed = data.replace('"total":4', '"total":9', 1)
    where = "update log.events set data = $3 where lane = $1 and position = $2"
    await scene.stand.sql("clubs", where, lane, position, changed)
    scene.tried(f"lane {lane}, position {position}: the members of a club, with all triggers switched off")
    _, said = scene.stand.clb("verify", "--source", "clubs", ok=False)
    named = next((line.strip() for line in said.splitlines() if f"lane {lane}, position {position}" in line), None)
    if named is None:
        raise Failed(f"clb verify does not name lane {lane}, position {position}: {said}")
    scene.answered(f"clb verify: {named}")
    await scene.stand.sql("clubs", where, lane, position, data)
    scene.stand.clb("verify", "--source", "clubs")
    scene.answered("put back as it was: intact")
    scene.equal()


async def plant_a_row(scene: Scene) -> None:
    """A superuser plants a row in the view from which figures are summed"""
    live = await scene.stand.sql("reporting", "select build from projection.builds where view = 'figures' and state = 'live'")
    schema = f"figures_v{live[0]['build']}"
    await scene.stand.sql(
        "reporting",
        f"""insert into {schema}.entries select source, lane, position + 1000000, 'club-planted', place, province63, province34,
            cohort, valid_on, known_at, basis, measures, amounts from {schema}.entries limit 1""",
    )
    scene.tried("an entry that no event states")
    _, said = scene.stand.clb("views", "rebuild", "figures", ok=False)
    named = next((line.strip() for line in said.splitlines() if "club-planted" in line), None)
    if named is None:
        raise Failed(f"the rebuild does not name the planted row: {said}")
    scene.answered(f"the rebuild differs and names it: {named[:120]}")
    scene.stand.clb("views", "rebuild", "figures", "--accept")
    scene.answered("the rebuilt view is swapped in")
    scene.equal()


async def kill_everything(scene: Scene) -> None:
    """kill -9 of everything at once"""
    count = scene.stand.kill_everything()
    scene.tried(f"kill -9 of {count} processes: Kafka, PostgreSQL, the services, the supervisor")
    scene.stand.up()
    scene.answered("clb up: everything is back")
    last = scene.ledger.rows[-1]
    again = scene.stand.post(last.command, key=last.key)
    if [e["id"] for e in again.json().get("events", ())] != [e["id"] for e in last.answer["events"]]:
        raise Failed(f"a repeat was answered {again.status_code} {again.text[:300]}")
    scene.answered("the last command, sent again under its key, is answered as before")
    scene.equal()


async def restore_an_old_backup(scene: Scene) -> None:
    """The databases are lost, and the backup is old"""
    scene.stand.down()
    await scene.stand.lose_the_databases()
    scene.tried(f"all four databases are gone; clb restore brings back the backup of {20 * 2} commands")
    scene.stand.clb("restore", str(scene.backup))
    scene.stand.clb("up", "--detach", "--port", str(scene.stand.port))
    refused = scene.stand.post(scene.ledger.rows[0].command, key=str(uuid.uuid4()))
    if refused.status_code != 503 or refused.json().get("slug") != "log-behind":
        raise Failed(f"a log that went back took a command: {refused.status_code} {refused.text[:300]}")
    scene.answered(f"503 log-behind: {refused.json().get('detail_en', '')[:140]}")
    with ThreadPoolExecutor(len(SERVICES)) as threads:
        done = threads.map(lambda service: scene.stand.clb("recover", service), SERVICES)
        said = dict(zip(SERVICES, (words for _, words in done), strict=True))
    scene.answered(f"clb recover clubs, and the other three: {' '.join(said['clubs'].split())[:160]}")
    eventually("the log takes commands again", lambda: scene.stand.ready().get("ready"), 60)
    last = scene.ledger.rows[-1]
    again = scene.stand.post(last.command, key=last.key)
    if [e["id"] for e in again.json().get("events", ())] != [e["id"] for e in last.answer["events"]]:
        raise Failed(f"a repeat of a recovered command was answered {again.status_code} {again.text[:300]}")
    scene.answered("a command that the backup did not hold, sent again under its key, is answered as before")
    scene.ledger.found(2)
    scene.equal()


async def rebuild_and_ask_the_logs(scene: Scene) -> None:
    """Everything is built anew and held against the record"""
    proof = scene.stand.json("views", "rebuild", "figures")
    if proof["record"] != "equal" or not proof["compared"]["same"]:
        raise Failed(f"the certificate says {proof['record']} {proof['compared']}")
    scene.tried("clb views rebuild figures; clb verify")
    scene.answered(f"{proof['events']} events, sha256 {proof['sha256'][:16]}: equal to the live view and to all four logs")
    scene.stand.clb("verify")
    scene.answered("clb verify: all four logs are intact")
    scene.equal()


ACTS: tuple[Act, ...] = (
    found_clubs,
    forge_with_a_bad_link,
    copy_from_another_deployment,
    forge_with_a_good_link,
    edit_a_row,
    plant_a_row,
    kill_everything,
    restore_an_old_backup,
    rebuild_and_ask_the_logs,
)
