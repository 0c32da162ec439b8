"""The metrics of a process: is it ready, its database connections, its event loop, CPU, memory, build. Pure data."""

from __future__ import annotations

from typing import Final

from shared.telemetry.metric import EVERY, SERVICE, Alert, Metric, Words

_NOTHING: Final = Words("Không cần làm gì.", "Nothing to do.")

METRICS: Final = (
    Metric(
        "lienthe_ready",
        "gauge",
        "0 or 1",
        ("part",),
        SERVICE,
        Words(
            "1 khi phần đó của tiến trình làm được việc, như /ready nói.",
            "1 when that part of the process can do its work, as /ready says.",
        ),
        Words(
            "Khi nó là 0: đọc why của phần đó ở /ready; nó tự hết khi nguyên nhân hết.",
            "When it is 0: read why of that part in /ready; it heals when the cause does.",
        ),
        alerts=(Alert("LienTheNotReady", "min by (job, instance, part) (lienthe_ready) < 1", "2m", "page"),),
    ),
    Metric(
        "lienthe_log_closed",
        "gauge",
        "0 or 1",
        (),
        SERVICE,
        Words(
            "1 khi nhật ký lùi về quá khứ (khôi phục từ bản sao, máy dự phòng chậm) nên không ghi lệnh nào.",
            "1 when the log went back in time (a restored backup, a standby that lagged), so that no command is written.",
        ),
        Words(
            "Đọc why của phần log ở /ready, rồi chạy ./clb recover DỊCH-VỤ; docs/operate/recover.md. Tự mở lại sau đó.",
            "Read why of the part log in /ready, run ./clb recover SERVICE (docs/operate/recover.md); then it opens by itself.",
        ),
        alerts=(Alert("LienTheLogClosed", "max by (job, instance) (lienthe_log_closed) > 0", "0m", "page"),),
    ),
    Metric(
        "lienthe_log_readers_ahead",
        "gauge",
        "lanes",
        (),
        SERVICE,
        Words(
            "Số làn mà một bảng tổng hợp đã đọc xa hơn nhật ký của chính dịch vụ.",
            "Lanes in which a view has read further than its own service's log goes.",
        ),
        Words(
            "Chạy ./clb recover DỊCH-VỤ; nếu không thiếu gì thì Kafka có bản ghi giả: xem trang Nguồn số liệu.",
            "Run ./clb recover SERVICE; if nothing is missing, Kafka holds a forged record: see the page of sources.",
        ),
        alerts=(Alert("LienTheReaderAhead", "max by (job, instance) (lienthe_log_readers_ahead) > 0", "1m", "page"),),
    ),
    Metric(
        "lienthe_degraded",
        "gauge",
        "parts",
        (),
        SERVICE,
        Words(
            "Số điều mà /ready nói là kém đi dù vẫn làm việc.", "How many things /ready calls degraded although work goes on."
        ),
        Words("Đọc degraded ở /ready.", "Read degraded in /ready."),
        alerts=(Alert("LienTheDegraded", "max by (job, instance) (lienthe_degraded) > 0", "10m", "ticket"),),
    ),
    Metric(
        "lienthe_pool_connections",
        "gauge",
        "connections",
        ("state",),
        SERVICE,
        Words("Kết nối PostgreSQL của tiến trình: used, idle.", "PostgreSQL connections of the process: used, idle."),
        Words(
            "used chạm lienthe_pool_limit: câu hỏi chậm hoặc quá nhiều, xem pg_stat_activity; thêm tiến trình.",
            "When used reaches lienthe_pool_limit questions are slow or too many: see pg_stat_activity; add processes.",
        ),
        alerts=(
            Alert(
                "LienThePoolExhausted",
                'lienthe_pool_connections{state="used"} >= on (job, instance) lienthe_pool_limit',
                "5m",
                "ticket",
            ),
        ),
    ),
    Metric(
        "lienthe_pool_limit",
        "gauge",
        "connections",
        (),
        SERVICE,
        Words("Số kết nối nhiều nhất mà tiến trình mở.", "The most connections that the process opens."),
        _NOTHING,
    ),
    Metric(
        "lienthe_loop_lag_seconds",
        "gauge",
        "seconds",
        (),
        EVERY,
        Words(
            "Vòng lặp sự kiện đã trễ nhiều nhất bao lâu trong mười lần đo gần nhất.",
            "By how much the event loop was late at most, in its last ten measurements.",
        ),
        Words(
            "Bộ xử lý thiếu hoặc một việc giữ vòng lặp: xem CPU của tiến trình, thêm tiến trình.",
            "CPU is short or something holds the loop: look at the CPU of the process, add processes.",
        ),
        alerts=(Alert("LienTheLoopLate", "max by (job, instance) (lienthe_loop_lag_seconds) > 1", "5m", "ticket"),),
    ),
    Metric(
        "lienthe_build_info",
        "gauge",
        "1",
        ("service", "roles", "version", "python"),
        EVERY,
        Words("Phiên bản đang chạy; giá trị luôn là 1.", "What runs; the value is always 1."),
        Words(
            "Hai phiên bản cùng lúc lâu hơn một lần nâng cấp: một tiến trình chưa được thay.",
            "Two versions for longer than an upgrade: a process was not replaced.",
        ),
        alerts=(Alert("LienTheTwoVersions", "count(count by (version) (lienthe_build_info)) > 1", "1h", "ticket"),),
    ),
    Metric(
        "process_cpu_seconds_total",
        "counter",
        "seconds",
        (),
        EVERY,
        Words("Thời gian CPU đã dùng.", "CPU time used."),
        Words(
            "Gần 1 giây mỗi giây là hết một lõi: thêm tiến trình.", "Near one second a second a core is used up: add processes."
        ),
    ),
    Metric(
        "process_resident_memory_bytes",
        "gauge",
        "bytes",
        (),
        EVERY,
        Words("Bộ nhớ đang dùng.", "Memory in use."),
        Words(
            "Reporting giữ sổ cái trong bộ nhớ nên tăng theo dữ liệu; gần giới hạn thì nâng giới hạn.",
            "Reporting holds the ledger in memory, so it grows with the data; near the limit raise the limit.",
        ),
        alerts=(Alert("LienTheMemoryHigh", "process_resident_memory_bytes > 900e6", "15m", "ticket"),),
    ),
    Metric("process_virtual_memory_bytes", "gauge", "bytes", (), EVERY, Words("Bộ nhớ ảo.", "Virtual memory."), _NOTHING),
    Metric(
        "process_start_time_seconds",
        "gauge",
        "seconds",
        (),
        EVERY,
        Words("Khởi động lúc nào (Unix).", "When it was started (Unix time)."),
        Words(
            "Đổi nhiều lần trong một giờ hay không còn: tiến trình chết liên tục hay đã chết, xem dòng cuối của nhật ký.",
            "If it changes often, or is gone, the process keeps dying or is dead: read the last lines of its log.",
        ),
        alerts=(
            Alert("LienTheRestarts", "changes(process_start_time_seconds[1h]) > 3", "0m", "page"),
            Alert(
                "LienTheGone",
                "count by (job) (process_start_time_seconds offset 5m) unless count by (job) (process_start_time_seconds)",
                "1m",
                "page",
            ),
        ),
    ),
    Metric(
        "process_open_fds",
        "gauge",
        "descriptors",
        (),
        EVERY,
        Words("Số tệp và kết nối đang mở.", "Open files and connections."),
        Words(
            "Gần process_max_fds: nâng giới hạn (ulimit -n) và xem số người nghe.",
            "Near process_max_fds: raise the limit (ulimit -n) and look at the listeners.",
        ),
    ),
    Metric(
        "process_max_fds", "gauge", "descriptors", (), EVERY, Words("Giới hạn tệp mở.", "The limit of open files."), _NOTHING
    ),
)
