"""Numbers of published files: plain decimals with a point, no thousands separators, nothing below zero.

`6.521` is refused: a Vietnamese text means six thousand by it, an English one six and a half.
"""

from __future__ import annotations

import re
from decimal import Decimal

from shared.reference.points.metrics import Metric
from shared.reference.points.problem import BadCell

_NUMBER = re.compile(r"\d{1,16}(\.\d{1,4})?")
_LARGEST = Decimal(10) ** 15


def value_of(printed: str, metric: Metric) -> Decimal:
    """The value of a cell, checked against what the metric can be. May raise `BadCell`."""
    text = printed.strip()
    if re.fullmatch(r"\d{1,3}(\.\d{3})+", text):
        raise BadCell(
            "ambiguous-number",
            f"{text!r} có thể là hàng nghìn hoặc số lẻ; viết liền, ví dụ {text.replace('.', '')}",
            f"{text!r} may be thousands or a fraction; write it without separators, such as {text.replace('.', '')}",
        )
    if _NUMBER.fullmatch(text) is None:
        raise BadCell(
            "not-a-number",
            f"{text[:40]!r} không phải là số từ 0 trở lên; viết như 456470 hoặc 71.9",
            f"{text[:40]!r} is not a number from 0 up; write it as 456470 or 71.9",
        )
    value = Decimal(text)
    if value > _LARGEST:
        raise BadCell("number-too-large", f"{text} lớn hơn 10^15", f"{text} is greater than 10^15")
    if metric.whole and value != value.to_integral_value():
        raise BadCell("not-whole", f"{metric.name} phải là số nguyên", f"{metric.name} must be a whole number")
    if metric.share and value > 100:
        raise BadCell(
            "share-over-100",
            f"tỷ lệ {text} % vượt 100 %; nếu nguồn in như vậy, thêm đuôi _as_printed vào tên chỉ số",
            f"a share of {text} % exceeds 100 %; if the source prints it so, end the metric's name in _as_printed",
        )
    return value
