"""How the command line reaches the system: the front address and a token, found by themselves.

Address: `CLB_URL`, else the running stack of the data directory. Token: `CLB_TOKEN`, else `tokens/<role>.token` there. It
guarantees that every failure, of the network too, is a `Refused` with a sentence. Refuses to guess an address.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import httpx

from shared.kernel.errors import Refused
from shared.local.batches import refusal
from shared.local.state import DataDir, default_data_dir
from shared.local.token_files import read_token


def front_address() -> str:
    """Where the front is, or refuse (`not-running`)."""
    if given := os.environ.get("CLB_URL"):
        return given.rstrip("/")
    snapshot = DataDir(default_data_dir()).snapshot()
    if snapshot is None:
        raise _not_running()
    return snapshot.front


def kafka_address(given: str | None = None) -> str:
    """Where the broker is: as given, `KAFKA_BOOTSTRAP`, or the running stack's."""
    if address := given or os.environ.get("KAFKA_BOOTSTRAP"):
        return address
    snapshot = DataDir(default_data_dir()).snapshot()
    if snapshot is None or not snapshot.kafka:
        raise _not_running()
    return snapshot.kafka


def token_of(role: str) -> str | None:
    """`CLB_TOKEN`, else the token file of a role, else None."""
    return os.environ.get("CLB_TOKEN") or read_token(default_data_dir(), role)


class Front:
    """The front address as a client sees it: JSON in, JSON out, `Refused` for everything else."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """GET; parameters that are None are left out."""
        return self.ask("GET", path, params={name: str(value) for name, value in query.items() if value is not None})

    def post(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """POST JSON."""
        return self.ask("POST", path, json=body, headers=dict(headers or {}))

    def delete(self, path: str) -> dict[str, Any]:
        """DELETE."""
        return self.ask("DELETE", path)

    def ask(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        """Any request. Raises `Refused` with the server's own sentence."""
        try:
            answer = self.client.request(method, path, **how)
        except httpx.TransportError as failure:
            raise no_answer(str(self.client.base_url), failure) from failure
        return read(answer)


@contextmanager
def open_front(role: str | None = None, *, token: str | None = None, seconds: float = 30.0) -> Generator[Front]:
    """The front, with this token, or that of a role if one is named and there is one."""
    if token is None:
        token = token_of(role) if role is not None else os.environ.get("CLB_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=front_address(), headers=headers, timeout=seconds, trust_env=False) as client:
        yield Front(client)


def read(answer: httpx.Response) -> dict[str, Any]:
    """The JSON of an answer, or its problem as `Refused`."""
    try:
        body: Any = answer.json() if answer.content else {}
    except ValueError:
        body = None
    if answer.is_success and isinstance(body, dict):
        return cast("dict[str, Any]", body)
    raise refusal(answer)


def no_answer(address: str, failure: Exception) -> Refused:
    """Nobody answers at an address."""
    reason = type(failure).__name__
    return Refused(
        "no-answer",
        f"{address} không trả lời ({reason}): xem ./clb status, khởi động bằng ./clb up.",
        f"{address} does not answer ({reason}): see ./clb status, start with ./clb up.",
        status=503,
    )


def _not_running() -> Refused:
    return Refused(
        "not-running",
        "Hệ thống chưa chạy: ./clb up hoặc ./clb demo; hoặc đặt CLB_URL tới một hệ thống khác.",
        "The system is not running: ./clb up or ./clb demo; or set CLB_URL to another one.",
        status=503,
    )
