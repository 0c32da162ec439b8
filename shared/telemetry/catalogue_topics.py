"""The metrics of topics that lost records and are filled again. Pure data."""

from __future__ import annotations

from typing import Final

from shared.telemetry.metric import RELAY, Alert, Metric, Words

METRICS: Final = (
    Metric(
        "lienthe_topic_fills_total",
        "counter",
        "partitions",
        (),
        RELAY,
        Words(
            "Số lần một phân vùng của chủ đề Kafka bị mất sự kiện và được relay đưa lại từ đầu.",
            "How often a partition of the topic had lost events and the relay published them again from the first.",
        ),
        Words(
            "Sổ còn đủ, relay tự đưa lại, số liệu không cần gì. Tìm xem ai xoá chủ đề, đặt thời hạn giữ, hay đĩa nào hỏng: "
            "nhật ký của relay nói mất gì, ./clb topics check nói cài đặt nào sai.",
            "The log is whole and the relay fills the topic by itself: the figures need nothing. Find out who deleted the "
            "topic, set a retention, or which disk failed: the relay's log says what was lost, ./clb topics check what is set.",
        ),
        alerts=(
            Alert("LienTheTopicLostEvents", "sum by (job) (increase(lienthe_topic_fills_total[15m])) > 0", "0m", "ticket"),
        ),
    ),
    Metric(
        "lienthe_topic_filling",
        "gauge",
        "events",
        (),
        RELAY,
        Words(
            "Số sự kiện chủ đề Kafka từng có, đã mất, và chưa được đưa lại.",
            "Events that the topic had, lost, and has not been given again yet.",
        ),
        Words(
            "Chờ: nó về 0. Không giảm: xem phần relay và kafka của /ready.",
            "Wait: it goes to 0. If it does not fall, see the parts relay and kafka of /ready.",
        ),
    ),
)
