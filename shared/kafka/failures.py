"""What goes wrong between us and a broker, by the name under which others may catch it without knowing a client."""

from __future__ import annotations

from confluent_kafka import KafkaException
from kafka.errors import KafkaError

BROKER_FAILURES = (KafkaError, KafkaException, TimeoutError)
"""Either client's failures; the broker may answer again later."""
