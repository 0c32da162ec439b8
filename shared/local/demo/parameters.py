"""Which history a data directory holds: written down before the first command, so that an interrupted load goes on with it.

A month later the same directory still has the same history; another scale needs another directory.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

from shared.kernel.errors import Refused
from shared.local.demo.entries import Parameters
from shared.local.demo.generator import last_month_end

FILE = "demo.json"


def parameters_of(data_dir: Path, today: date, *, scale: float | None = None) -> Parameters:
    """The directory's parameters, or new ones, kept from now on. May raise `Refused` for another scale."""
    path = data_dir / FILE
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        chosen = Parameters(until=last_month_end(today), scale=1.0 if scale is None else scale)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**asdict(chosen), "until": chosen.until.isoformat()}))
        return chosen
    found = Parameters(until=date.fromisoformat(kept["until"]), seed=int(kept["seed"]), scale=float(kept["scale"]))
    if scale is not None and scale != found.scale:
        raise Refused(
            "another-scale",
            f"Thư mục này giữ bản trình diễn cỡ {found.scale:g}, không phải {scale:g}: chọn --data-dir khác.",
            f"This directory holds a demo of scale {found.scale:g}, not {scale:g}: choose another --data-dir.",
        )
    return found
