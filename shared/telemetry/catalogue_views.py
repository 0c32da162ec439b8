"""The metrics of the way from the store to the views: log, relay, Kafka, views, policies. Pure data."""

from __future__ import annotations

from typing import Final

from shared.telemetry.metric import PROJECT, RELAY, SERVICE, SLOW, Alert, Metric, Words

METRICS: Final = (
    Metric(
        "lienthe_log_events",
        "gauge",
        "events",
        (),
        SERVICE,
        Words("Số sự kiện trong sổ của dịch vụ.", "Events in the log of the service."),
        Words(
            "Tăng là có việc. Nó không bao giờ được giảm: giảm là kho đã mất sự kiện, chạy clb recover.",
            "It rises with the work. It never falls: if it does the store has lost events, run clb recover.",
        ),
    ),
    Metric(
        "lienthe_relay_backlog",
        "gauge",
        "events",
        (),
        SERVICE,
        Words("Số sự kiện đã ghi mà Kafka chưa xác nhận.", "Events that are recorded and not yet acknowledged by Kafka."),
        Words(
            "Xem phần relay và kafka của /ready: Kafka mất, hoặc không tiến trình relay nào chạy. Không mất gì, chỉ trễ.",
            "See the parts relay and kafka of /ready: Kafka is away or no relay runs. Nothing is lost, it is only late.",
        ),
        alerts=(Alert("LienTheRelayBehind", "min by (job) (lienthe_relay_backlog) > 1000", "2m", "page"),),
    ),
    Metric(
        "lienthe_relay_lanes",
        "gauge",
        "lanes",
        (),
        RELAY,
        Words("Số làn mà tiến trình relay này giữ; 0 là đang đứng chờ.", "Lanes that this relay holds; 0 is standing by."),
        Words(
            "Tổng các tiến trình của một dịch vụ phải là 64; ít hơn: khởi động lại một relay.",
            "All relays of a service together hold 64; if less, restart a relay.",
        ),
        alerts=(Alert("LienTheLanesUnheld", "sum by (job) (lienthe_relay_lanes) < 64", "2m", "page"),),
    ),
    Metric(
        "lienthe_relay_published_total",
        "counter",
        "events",
        (),
        RELAY,
        Words("Số sự kiện đã đưa lên Kafka và được xác nhận.", "Events published to Kafka and acknowledged."),
        Words("Không cần làm gì: đây là lượng việc.", "Nothing to do: this is the amount of work."),
    ),
    Metric(
        "lienthe_relay_publish_seconds",
        "histogram",
        "seconds",
        (),
        RELAY,
        Words(
            "Thời gian một lô từ lúc gửi đến lúc mọi bản sao xác nhận.",
            "Time of a batch from sending to the acknowledgement of all replicas.",
        ),
        Words("Kafka chậm: xem đĩa và số bản sao đồng bộ của nó.", "Kafka is slow: look at its disk and in-sync replicas."),
        counted=True,
    ),
    Metric(
        "lienthe_relay_failures_total",
        "counter",
        "failures",
        ("cause",),
        RELAY,
        Words(
            "Số lần relay phải thử lại, theo nguyên nhân: broker, database, lost-lanes.",
            "How often the relay had to try again, by cause: broker, database, lost-lanes.",
        ),
        Words(
            "broker: xem Kafka. database: xem PostgreSQL. lost-lanes: hai relay giành nhau, xem lịch khởi động lại.",
            "broker: look at Kafka. database: look at PostgreSQL. lost-lanes: two relays take turns, look at restarts.",
        ),
        alerts=(
            Alert("LienTheRelayFails", "sum by (job, cause) (increase(lienthe_relay_failures_total[10m])) > 5", "0m", "ticket"),
        ),
    ),
    Metric(
        "lienthe_view_events_total",
        "counter",
        "events",
        ("view", "outcome"),
        PROJECT,
        Words(
            "Số sự kiện bảng tổng hợp đã gặp: applied, skipped (đã có), unknown (loại lạ), parked (để riêng), "
            "set-aside (không tin).",
            "Events that a view has met: applied, skipped (had already), unknown (type), parked, set-aside (not believed).",
        ),
        Words(
            "parked: mở trang Nguồn số liệu, xem lý do, sửa mã rồi cho đọc lại. set-aside: clb set-aside list. "
            "unknown: nâng cấp tiến trình project.",
            "parked: open the page of sources, read the reason, correct the code, replay. set-aside: clb "
            "set-aside list. unknown: upgrade the project processes.",
        ),
        alerts=(
            Alert(
                "LienTheEventsParked",
                'sum by (job, view) (increase(lienthe_view_events_total{outcome="parked"}[15m])) > 0',
                "0m",
                "ticket",
            ),
        ),
    ),
    Metric(
        "lienthe_view_batch_seconds",
        "histogram",
        "seconds",
        ("view",),
        PROJECT,
        Words("Thời gian một lô vào một bảng tổng hợp, một giao dịch.", "Time of one batch into one view, one transaction."),
        Words("Xem số sự kiện một lô và đĩa của PostgreSQL.", "Look at the events a batch and PostgreSQL's disk."),
        counted=True,
    ),
    Metric(
        "lienthe_view_delay_seconds",
        "histogram",
        "seconds",
        ("view",),
        PROJECT,
        Words(
            "Từ lúc sự kiện được ghi đến lúc thấy trong bảng tổng hợp, đo ở sự kiện cuối của mỗi lô.",
            "From recording an event to seeing it in the view, taken at the last event of each batch.",
        ),
        Words(
            "Xem lienthe_relay_backlog (chậm trước Kafka) và lienthe_view_lag_events (chậm sau Kafka). "
            "Sau một lần dựng lại hay với dữ liệu mô phỏng, giá trị lớn là đúng.",
            "See lienthe_relay_backlog (late before Kafka) and lienthe_view_lag_events (late after it). "
            "After a rebuild, or with simulated data, large values are right.",
        ),
        counted=True,
        buckets=SLOW,
    ),
    Metric(
        "lienthe_view_lag_events",
        "gauge",
        "events",
        ("view", "source"),
        PROJECT,
        Words(
            "Số bản ghi trên Kafka mà bảng tổng hợp chưa qua, trong các phân vùng mà tiến trình này đọc.",
            "Records on Kafka that the view has not passed, in the partitions that this process reads.",
        ),
        Words(
            "Tăng đều: thêm tiến trình project (tối đa 6). Đứng yên: xem lienthe_view_red và lienthe_view_gaps.",
            "Rising steadily: add project processes (up to 6). Standing still: see lienthe_view_red and lienthe_view_gaps.",
        ),
        alerts=(Alert("LienTheViewBehind", "sum by (job, view, source) (lienthe_view_lag_events) > 10000", "10m", "ticket"),),
    ),
    Metric(
        "lienthe_view_lag_seconds",
        "gauge",
        "seconds",
        ("view", "source"),
        PROJECT,
        Words(
            "Bảng tổng hợp đã chậm bao lâu: từ lúc tiến trình này thấy còn bản ghi chưa qua; 0 khi đã qua hết.",
            "For how long the view has been behind: since this process saw records not passed; 0 when all are.",
        ),
        Words(
            "Quá 60 giây: xem phần projections của /ready; nó nói bằng lời điều đang giữ lại.",
            "Above 60 seconds: see the part projections of /ready; it says in words what holds it up.",
        ),
        alerts=(Alert("LienTheViewLate", "max by (job, view, source) (lienthe_view_lag_seconds) > 60", "2m", "page"),),
    ),
    Metric(
        "lienthe_view_gaps",
        "gauge",
        "lanes",
        ("view",),
        PROJECT,
        Words("Số làn dừng vì thiếu sự kiện kế tiếp.", "Lanes that have stopped because their next event is missing."),
        Words(
            "Còn sau một phút: đưa làn đó lên Kafka lần nữa từ sổ của nguồn, /ready nói làn nào.",
            "If it stays for a minute: publish the lane again from the source's log; /ready says which.",
        ),
        alerts=(Alert("LienTheLaneStopped", "max by (job, view) (lienthe_view_gaps) > 0", "1m", "page"),),
    ),
    Metric(
        "lienthe_view_red",
        "gauge",
        "0 or 1",
        ("view",),
        PROJECT,
        Words("1 khi bảng tổng hợp cần người xem.", "1 when a view needs a person."),
        Words(
            "Đọc lý do ở /ready (red): sửa mã của bảng hoặc bù làn thiếu, rồi khởi động lại tiến trình project.",
            "Read the reason in /ready (red): correct the view's code or fill the missing lane, then restart project.",
        ),
        alerts=(Alert("LienTheViewRed", "max by (job, view) (lienthe_view_red) > 0", "0m", "page"),),
    ),
    Metric(
        "lienthe_parked_events",
        "gauge",
        "events",
        (),
        SERVICE,
        Words("Số sự kiện đang để riêng trong cơ sở dữ liệu.", "Events that are parked in the database now."),
        Words(
            "Mở trang Nguồn số liệu, xem lý do, sửa mã rồi cho đọc lại.",
            "Open the page of sources, read the reason, correct the code, replay.",
        ),
    ),
    Metric(
        "lienthe_consumer_partitions",
        "gauge",
        "partitions",
        (),
        PROJECT,
        Words("Số phân vùng mà tiến trình này đọc.", "Partitions that this process reads."),
        Words(
            "Chia lại là bình thường. 0 lâu: có nhiều tiến trình hơn phân vùng.",
            "Sharing anew is normal. 0 for long: more processes than partitions.",
        ),
    ),
    Metric(
        "lienthe_consumer_assignments_total",
        "counter",
        "assignments",
        (),
        PROJECT,
        Words("Số lần nhóm đọc được chia lại.", "How often the group shared out its partitions anew."),
        Words(
            "Tăng liên tục: một tiến trình chết đi sống lại hoặc xử lý một lô quá lâu.",
            "If it keeps rising, a process dies again and again or takes too long over a batch.",
        ),
        alerts=(
            Alert(
                "LienTheGroupUnstable", "sum by (job) (increase(lienthe_consumer_assignments_total[30m])) > 10", "0m", "ticket"
            ),
        ),
    ),
    Metric(
        "lienthe_consumer_failures_total",
        "counter",
        "batches",
        (),
        PROJECT,
        Words("Số lô hỏng và được đọc lại.", "Batches that failed and are read again."),
        Words(
            "Xem failure ở /ready: thường là cơ sở dữ liệu vắng mặt.", "See failure in /ready: usually the database is away."
        ),
        alerts=(
            Alert("LienTheBatchesFail", "sum by (job) (increase(lienthe_consumer_failures_total[10m])) > 5", "0m", "ticket"),
        ),
    ),
    Metric(
        "lienthe_policy_commands_total",
        "counter",
        "commands",
        ("policy", "outcome"),
        PROJECT,
        Words(
            "Số lệnh mà các chính sách tự động đã gửi: handled, hoặc mã từ chối.",
            "Commands that policies have asked for: handled, or the slug of the refusal.",
        ),
        Words(
            "Một mã từ chối tăng: chính sách và quy tắc của dịch vụ không khớp, xem nhật ký.",
            "If a slug rises, the policy and the service's rules do not fit: see the log.",
        ),
    ),
)
