"""The JSON Schema of every event version and the AsyncAPI 3 document, generated from the classes, and the gate that
keeps published schemas compatible.

A published schema never breaks: a field may not vanish, change its meaning or become required, a value may not be taken
out of an enumeration. What would break needs a new version of the event and an upcast. `python -m shared.events.contracts`
writes both; `--check` refuses to differ from the committed ones, and names the broken rule.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.events.language import UNIONS, events_of, topic_of
from shared.kernel.envelope import FORMAT
from shared.kernel.event import Event

FOLDER = Path(__file__).parent / "schemas"
ASYNCAPI = FOLDER / "asyncapi.json"

Json = dict[str, Any]


def schema_of(event: type[Event]) -> Json:
    """The JSON Schema (2020-12) of one event version, as it is read: unknown fields are allowed."""
    schema = event.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"/schemas/{event.TYPE}/{event.VERSION}",
        **schema,
    }


def file_name(event: type[Event]) -> str:
    """`clubs.club-founded.v1.json`."""
    return f"{event.TYPE}.v{event.VERSION}.json"


def documents() -> Iterator[tuple[Path, Json]]:
    """Every generated file with its content."""
    for source in UNIONS:
        for event in events_of(source):
            yield FOLDER / file_name(event), schema_of(event)
    yield ASYNCAPI, asyncapi()


def asyncapi() -> Json:
    """The AsyncAPI 3.0 document of all topics: key, CloudEvents headers and payload of every message."""
    messages: Json = {}
    channels: Json = {}
    operations: Json = {}
    for source in UNIONS:
        names: list[str] = []
        for event in events_of(source):
            name = f"{event.TYPE}.v{event.VERSION}"
            names.append(name)
            messages[name] = {
                "name": event.TYPE,
                "title": event.__name__,
                "summary": (event.__doc__ or "").strip().splitlines()[0],
                "contentType": "application/json",
                "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
                "payload": {"$ref": f"./{file_name(event)}"},
                "bindings": {"kafka": {"key": {"type": "string", "description": "the stream, as in ce_subject"}}},
            }
        channels[source] = {
            "address": topic_of(source),
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": {"kafka": {"partitions": 6, "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1}}},
        }
        operations[f"publish-{source}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{source}"},
            "summary": f"The {source} service publishes its events; all events of a stream are in one partition, in order.",
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Liên Thế events",
            "version": "1.0.0",
            "description": "Events of the programme of intergenerational self-help clubs, as CloudEvents 1.0 in binary mode.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"CloudEventHeaders": _headers()}},
    }


def _headers() -> Json:
    text = {"type": "string"}
    number = {"type": "string", "pattern": r"^\d+$"}
    required = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": text,
        "ce_format": {**text, "const": FORMAT},
        "ce_source": {**text, "description": "the deployment and the service, e.g. /vn/clubs"},
        "ce_type": {**text, "description": "e.g. clubs.club-founded"},
        "ce_time": {**text, "format": "date-time"},
        "ce_subject": {**text, "description": "the stream"},
        "ce_lane": number,
        "ce_position": {**number, "description": "1, 2, 3, ... in the lane, without gap"},
        "ce_streamversion": {**number, "description": "1, 2, 3, ... in the stream, without gap"},
        "ce_schemaversion": number,
    }
    return {"type": "object", "required": sorted(required), "properties": required}


def breaches(old: Json, new: Json, path: str = "") -> list[str]:
    """The rules that a new schema of the same event version breaks against the published one; empty if compatible."""
    found: list[str] = []
    old_properties, new_properties = old.get("properties", {}), new.get("properties", {})
    for name, schema in old_properties.items():
        if name not in new_properties:
            found.append(f"{path}{name}: a published field has vanished")
            continue
        if _shape(schema) != _shape(new_properties[name]):
            found.append(f"{path}{name}: a published field has changed from {_shape(schema)} to {_shape(new_properties[name])}")
        found += _enumeration(schema, new_properties[name], f"{path}{name}")
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        found.append(f"{path}{name}: a field has become required")
    for name, definition in old.get("$defs", {}).items():
        if name in new.get("$defs", {}):
            found += _enumeration(definition, new["$defs"][name], f"{path}{name}")
            found += breaches(definition, new["$defs"][name], f"{path}{name}.")
        else:
            found.append(f"{path}{name}: a published part has vanished")
    return found


def _shape(schema: Json) -> str:
    kept = {
        key: value for key, value in schema.items() if key in ("type", "$ref", "items", "anyOf", "format", "const", "pattern")
    }
    return json.dumps(kept, sort_keys=True)


def _enumeration(old: Json, new: Json, path: str) -> list[str]:
    gone = set(old.get("enum", [])) - set(new.get("enum", []))
    return [f"{path}: the published value {value!r} has vanished" for value in sorted(gone)]


def rendered(document: Json) -> str:
    """The text of a generated file."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def check() -> list[str]:
    """What is wrong with the committed files, in sentences; empty if nothing is."""
    problems: list[str] = []
    wanted = dict(documents())
    for path, document in wanted.items():
        if not path.exists():
            problems.append(f"{path.name} is missing: run `make schemas`")
            continue
        committed = json.loads(path.read_text())
        if path != ASYNCAPI:
            problems += [
                f"{path.name}: {breach}: give the event a new version and an upcast" for breach in breaches(committed, document)
            ]
        if path.read_text() != rendered(document):
            problems.append(f"{path.name} is not what the classes say: run `make schemas`")
    for path in sorted(FOLDER.glob("*.json")):
        if path not in wanted:
            problems.append(f"{path.name}: a published event version has vanished from the code (I13)")
    return problems


def write() -> None:
    """Write all generated files; never over a published schema that the new one would break."""
    FOLDER.mkdir(exist_ok=True)
    for path, document in documents():
        if path.exists() and path != ASYNCAPI:
            broken = breaches(json.loads(path.read_text()), document)
            if broken:
                raise SystemExit(f"{path.name}: {broken[0]}: give the event a new version and an upcast")
        path.write_text(rendered(document))


def main() -> int:
    """`--check` or write."""
    if "--check" not in sys.argv:
        write()
        return 0
    problems = check()
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
