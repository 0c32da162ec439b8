"""Adds to a service's OpenAPI document what its routes take as raw bodies: every command, batches, answers and problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from shared.kernel.command import Command

_REF = "#/components/schemas/{model}"


def describe_commands(app: FastAPI, types: Mapping[str, type[Command]]) -> None:
    """Make `app.openapi()` answer the completed document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in _schemas(types).items():
                schemas.setdefault(name, schema)
            _add_problems(document)
            _add_bearer(document)
        return plain()

    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue]  FastAPI's documented way to extend its document


def _schemas(types: Mapping[str, type[Command]]) -> dict[str, Any]:
    classes = list(types.values())
    refs, definitions = models_json_schema([(cls, "validation") for cls in classes], ref_template=_REF)
    single = [_single(name, refs[(cls, "validation")]) for name, cls in types.items()]
    return {
        **definitions.get("$defs", {}),
        "Command": {"oneOf": single},
        "CommandBatch": _object(
            {
                "commands": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 500,
                    "items": {"oneOf": [_batched(command) for command in single]},
                },
                "atomic": {"type": "boolean", "default": False, "description": "Store all or none"},
            },
            ["commands"],
        ),
        "Recorded": _RECORDED,
        "BatchAnswers": _object({"answers": {"type": "array", "items": _ANSWER}}, ["answers"]),
        "Problem": _PROBLEM,
    }


def _single(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return _object({"type": {"const": name}, "data": dict(data)}, ["type", "data"])


def _batched(command: dict[str, Any]) -> dict[str, Any]:
    more = {
        "id": {"type": "string", "maxLength": 200, "description": "A UUID, or any text: the command's idempotency key"},
        "recorded_at": {"type": "string", "format": "date-time", "description": "Only for databases marked as simulated"},
    }
    return {**command, "properties": {**command["properties"], **more}}


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _add_problems(document: dict[str, Any]) -> None:
    """Every operation may answer with a problem."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            responses.pop("422", None)
            responses["default"] = {"description": "A problem (RFC 9457)", "content": content}


def _add_bearer(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"bearer": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "title_en": _TEXT,
        "status": _NUMBER,
        "detail": _TEXT,
        "detail_en": _TEXT,
        "slug": _TEXT,
        "field": _TEXT,
    },
    "required": ["type", "title", "status", "detail", "detail_en", "slug"],
}
_RECORDED = {
    "type": "object",
    "properties": {
        "command_id": {"type": "string", "format": "uuid"},
        "source": _TEXT,
        "stream": _TEXT,
        "version": _NUMBER,
        "lane": _NUMBER,
        "position": _NUMBER,
        "recorded_at": {"type": "string", "format": "date-time"},
        "events": {"type": "array", "items": {"type": "object"}},
        "repeated": {"type": "boolean"},
        "dry_run": {"type": "boolean"},
        "notices": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["command_id", "source", "stream", "events", "notices"],
}
_ANSWER = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "status": _NUMBER,
        "result": {"$ref": "#/components/schemas/Recorded"},
        "problem": {"$ref": "#/components/schemas/Problem"},
    },
    "required": ["id", "status"],
}
