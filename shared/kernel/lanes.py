"""Which of the 64 lanes (làn) of a log a stream lives in, and which partition of a topic a lane goes to. Fixed for ever."""

from __future__ import annotations

from zlib import crc32

LANES = 64


def lane_of(stream: str) -> int:
    """The lane of a stream: `crc32(utf-8 bytes) % 64`, the same in every language and for ever."""
    return crc32(stream.encode()) % LANES


def partition_of(lane: int, partitions: int) -> int:
    """The partition that carries a lane; all events of a lane share it, so their order survives."""
    return lane % partitions
