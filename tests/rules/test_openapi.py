"""The committed OpenAPI documents are what the services answer, describe every command, and are valid."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from shared.kernel.command import command_types
from shared.runtime.service import Service, openapi

ROOT = Path(__file__).parents[2]
SERVICES = ("clubs", "trainings", "monitoring", "reporting")


def service(name: str) -> Service:
    return importlib.import_module(f"services.{name}.app").SERVICE


def committed(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "docs/openapi" / f"{name}.json").read_text())


@pytest.mark.parametrize("name", SERVICES)
async def test_the_committed_document_is_what_the_service_answers(name: str) -> None:
    assert json.loads(openapi(service(name))) == committed(name), "run `make schemas`"


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_that_anybody_may_send_is_described(name: str) -> None:
    text = json.dumps(committed(name))
    for command in command_types(service(name).commands):
        assert f'"const": "{command}"' in text, command


@pytest.mark.parametrize("name", SERVICES)
def test_every_reference_of_the_document_leads_somewhere(name: str) -> None:
    document = committed(name)
    schemas = document["components"]["schemas"]
    references = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}
    assert references <= set(schemas)
    assert document["openapi"].startswith("3.1")
