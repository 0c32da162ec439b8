"""The gate that keeps published schemas compatible refuses what would break a reader, and lets the rest through."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest

from shared.events.clubs import ClubFounded, MembersReported
from shared.events.contracts import asyncapi, breaches, schema_of
from shared.events.language import UNIONS, events_of

FOUNDED = schema_of(ClubFounded)


def changed(**edits: object) -> dict[str, object]:
    schema = copy.deepcopy(FOUNDED)
    for name, value in edits.items():
        if value is None:
            del schema["properties"][name]
        else:
            schema["properties"][name] = value
    return schema


def test_the_same_schema_breaks_nothing() -> None:
    assert breaches(FOUNDED, copy.deepcopy(FOUNDED)) == []


def test_a_new_optional_field_breaks_nothing() -> None:
    assert breaches(FOUNDED, changed(motto={"type": "string"})) == []


def test_a_field_that_vanished_is_a_breach() -> None:
    assert breaches(FOUNDED, changed(founded_on=None)) == ["founded_on: a published field has vanished"]


def test_a_field_that_changed_its_type_is_a_breach() -> None:
    assert "founded_on" in breaches(FOUNDED, changed(founded_on={"type": "integer"}))[0]


def test_a_field_that_became_required_is_a_breach() -> None:
    schema = copy.deepcopy(FOUNDED)
    schema["required"].append("village")
    assert breaches(FOUNDED, schema) == ["village: a field has become required"]


def test_a_value_taken_out_of_an_enumeration_is_a_breach() -> None:
    schema = copy.deepcopy(FOUNDED)
    schema["properties"]["managing_body"]["enum"].remove("womens-union")
    assert breaches(FOUNDED, schema) == ["managing_body: the published value 'womens-union' has vanished"]


def test_a_part_that_lost_a_field_is_a_breach() -> None:
    schema = copy.deepcopy(FOUNDED)
    del schema["$defs"]["PlaceRef"]["properties"]["list"]
    assert breaches(FOUNDED, schema) == ["PlaceRef.list: a published field has vanished"]


@pytest.mark.parametrize("source", UNIONS)
def test_every_schema_is_valid_json_schema(source: str) -> None:
    for event in events_of(source):
        jsonschema.Draft202012Validator.check_schema(schema_of(event))


def test_what_an_event_writes_is_valid_by_its_published_schema() -> None:
    event = MembersReported.model_validate({"as_of": "2025-01-31", "basis": "counted", "total": 52, "women": 38})
    jsonschema.validate(json.loads(event.to_json()), schema_of(MembersReported))


def test_the_asyncapi_document_names_every_event_once_and_every_topic() -> None:
    document = asyncapi()
    names = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(names) == sorted(document["components"]["messages"])
    assert len(names) == sum(len(events_of(source)) for source in UNIONS)
    assert {channel["address"] for channel in document["channels"].values()} == {f"{source}.events" for source in UNIONS}
    assert document["asyncapi"] == "3.0.0"
