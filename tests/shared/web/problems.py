"""What a refusal looks like, and the command that tests spoil."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from shared.testing.apps import Running

VIETNAMESE = re.compile("[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)


FOUNDED = {"name": "CLB Thiệu Trung", "commune": {"code": "15835", "list": "34"}, "founded_on": "2024-03-01"}


def found(**changes: Any) -> dict[str, Any]:
    return {"type": "clubs.found-club", "data": {**FOUNDED, **changes}}


def is_problem(answer: httpx.Response, slug: str, field: str | None = None) -> None:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    is_problem_body(answer.json(), slug, field)
    assert answer.json()["status"] == answer.status_code


def is_problem_body(problem: dict[str, Any], slug: str, field: str | None = None) -> None:
    assert problem["slug"] == slug, problem
    assert problem["type"] == f"/problems/{slug}"
    assert 400 <= problem["status"] < 500
    assert problem["title"]
    assert VIETNAMESE.search(problem["detail"]), problem["detail"]
    assert problem["detail_en"].isascii()
    assert problem["detail_en"].endswith(".")
    assert problem.get("field") == field
    assert len(json.dumps(problem)) < 2000


async def send(clubs: Running, token: dict[str, str], body: bytes, **headers: str) -> httpx.Response:
    sent = {**token, "content-type": "application/json", **headers}
    return await clubs.client.post("/v1/commands", content=body, headers=sent)
