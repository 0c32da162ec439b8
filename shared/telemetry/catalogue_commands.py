"""The metrics of the way in: HTTP, refusals, commands, appends, sessions and listeners. Pure data."""

from __future__ import annotations

from typing import Final

from shared.telemetry.metric import SERVE, SERVICE, SIZES, WEB, Alert, Metric, Words

METRICS: Final = (
    Metric(
        "lienthe_http_requests_total",
        "counter",
        "requests",
        ("method", "route", "status"),
        WEB,
        Words(
            "Số yêu cầu HTTP đã trả lời, theo phương thức, mẫu đường dẫn và mã trạng thái.",
            "HTTP requests answered, by method, route template and status.",
        ),
        Words(
            "Mã 5xx tăng: xem nhật ký theo trace_id của câu trả lời, rồi xem /ready của dịch vụ đó.",
            "When 5xx rise: look up the answer's trace_id in the log, then look at /ready of that service.",
        ),
        counted=True,
        alerts=(
            Alert(
                "LienTheHttpFaults",
                'sum by (job, instance) (rate(lienthe_http_requests_total{status=~"5.."}[5m])) > 0.1',
                "5m",
                "page",
            ),
        ),
    ),
    Metric(
        "lienthe_http_seconds",
        "histogram",
        "seconds",
        ("method", "route"),
        WEB,
        Words(
            "Thời gian từ lúc nhận yêu cầu đến byte đầu tiên của câu trả lời.",
            "Time from taking a request to the first byte of its answer.",
        ),
        Words(
            "Xem lienthe_pool_connections và lienthe_loop_lag_seconds: hết kết nối hay nghẽn bộ xử lý; thêm tiến trình serve.",
            "Look at lienthe_pool_connections and lienthe_loop_lag_seconds for what is short; add serve processes.",
        ),
        counted=True,
        alerts=(
            Alert(
                "LienTheHttpSlow",
                "histogram_quantile(0.99, sum by (job, le) (rate(lienthe_http_seconds_bucket[5m]))) > 2",
                "10m",
                "ticket",
            ),
        ),
    ),
    Metric(
        "lienthe_refused_total",
        "counter",
        "answers",
        ("slug",),
        WEB,
        Words(
            "Số câu trả lời từ chối, theo mã từ chối; gồm cả đăng nhập sai (wrong-sign-in, too-many-attempts).",
            "Answers that refuse, by slug; wrong sign-ins (wrong-sign-in, too-many-attempts) among them.",
        ),
        Words(
            "token-unknown hay wrong-sign-in tăng nhanh: có người dò mã, xem địa chỉ gọi ở máy chủ phía trước. "
            "Mã khác: một phần mềm gửi sai, xem trường bị từ chối.",
            "When token-unknown or wrong-sign-in rise fast somebody is guessing: look at the caller in the proxy's log. "
            "Another slug: a program sends wrongly, look at the field that is refused.",
        ),
        counted=True,
        alerts=(
            Alert(
                "LienTheSignInGuessing",
                'sum(rate(lienthe_refused_total{slug=~"token-unknown|wrong-sign-in|too-many-attempts"}[10m])) > 0.5',
                "10m",
                "ticket",
            ),
        ),
    ),
    Metric(
        "lienthe_commands_total",
        "counter",
        "commands",
        ("type", "outcome"),
        SERVICE,
        Words(
            "Số lệnh đã xử lý, theo loại và kết quả: recorded, repeated, refused, conflict, unavailable.",
            "Commands handled, by type and outcome: recorded, repeated, refused, conflict, unavailable.",
        ),
        Words(
            "unavailable: cơ sở dữ liệu không trả lời, xem /ready. conflict: nhiều nơi cùng ghi một hồ sơ, hãy gửi lại.",
            "unavailable: the database does not answer, see /ready. conflict: several write one record, send again.",
        ),
        counted=True,
        alerts=(
            Alert(
                "LienTheCommandsUnavailable",
                'sum by (job) (rate(lienthe_commands_total{outcome="unavailable"}[5m])) > 0',
                "2m",
                "page",
            ),
        ),
    ),
    Metric(
        "lienthe_command_seconds",
        "histogram",
        "seconds",
        (),
        SERVICE,
        Words(
            "Thời gian xử lý một lần gọi lệnh, cả quyết định lẫn ghi.",
            "Time to handle a call of commands, decision and append.",
        ),
        Words(
            "So với lienthe_append_seconds: nếu cũng tăng thì do đĩa của PostgreSQL, nếu không thì do tải của tiến trình.",
            "Compare lienthe_append_seconds: if that rises too it is PostgreSQL's disk, else the load of the process.",
        ),
        counted=True,
    ),
    Metric(
        "lienthe_append_seconds",
        "histogram",
        "seconds",
        (),
        SERVICE,
        Words("Thời gian một lần ghi vào sổ (một lô, một commit).", "Time of one append to the log (one batch, one commit)."),
        Words(
            "Đĩa của PostgreSQL chậm hoặc có khóa giữ lâu: xem pg_stat_activity và độ trễ đĩa.",
            "PostgreSQL's disk is slow or a lock is held: look at pg_stat_activity and the disk's latency.",
        ),
        counted=True,
        alerts=(
            Alert(
                "LienTheAppendSlow",
                "histogram_quantile(0.99, sum by (job, le) (rate(lienthe_append_seconds_bucket[5m]))) > 1",
                "10m",
                "ticket",
            ),
        ),
    ),
    Metric(
        "lienthe_append_commands",
        "histogram",
        "commands",
        (),
        SERVICE,
        Words(
            "Số lệnh trong một lần ghi; số lần ghi là _count.", "Commands in one append; the number of appends is its _count."
        ),
        Words(
            "Không cần làm gì: lô lớn là cách hệ thống chịu tải. Luôn chạm 500 thì thêm tiến trình.",
            "Nothing to do: large batches are how load is carried. If it is always at 500, add processes.",
        ),
        counted=True,
        buckets=SIZES,
    ),
    Metric(
        "lienthe_append_events_total",
        "counter",
        "events",
        (),
        SERVICE,
        Words("Số sự kiện mà tiến trình này đã ghi.", "Events that this process has recorded."),
        Words("Không cần làm gì: đây là lượng việc.", "Nothing to do: this is the amount of work."),
        counted=True,
    ),
    Metric(
        "lienthe_append_failures_total",
        "counter",
        "calls",
        (),
        SERVICE,
        Words("Số lần ghi hỏng vì cơ sở dữ liệu.", "Appends that failed because of the database."),
        Words(
            "Xem /ready và nhật ký PostgreSQL; người gửi nhận 503 và gửi lại cùng mã lệnh là an toàn.",
            "See /ready and PostgreSQL's log; callers get 503, and sending again under the same ids is safe.",
        ),
        counted=True,
        alerts=(Alert("LienTheAppendFails", "sum by (job) (rate(lienthe_append_failures_total[5m])) > 0", "2m", "page"),),
    ),
    Metric(
        "lienthe_append_waiting",
        "gauge",
        "commands",
        (),
        SERVICE,
        Words("Số lệnh đang chờ lần ghi tới.", "Commands that wait for the next append."),
        Words(
            "Ghi chậm hơn nhận: xem lienthe_append_seconds; trên 1000 thì giảm tải các đợt nhập tệp.",
            "Appends are slower than what comes in: see lienthe_append_seconds; above 1000 slow the imports down.",
        ),
        alerts=(Alert("LienTheAppendWaiting", "max by (job) (lienthe_append_waiting) > 1000", "5m", "ticket"),),
    ),
    Metric(
        "lienthe_sessions",
        "gauge",
        "sessions",
        (),
        SERVE,
        Words("Số phiên đăng nhập còn hạn.", "Sessions of signed-in people that are not over."),
        Words(
            "Tăng đột ngột mà không có đợt tập huấn: kiểm tra các liên kết đăng nhập đã phát.",
            "A sudden rise without a training: check which sign-in links were handed out.",
        ),
    ),
    Metric(
        "lienthe_feed_listeners",
        "gauge",
        "listeners",
        (),
        SERVE,
        Words("Số trình duyệt đang nghe nguồn tin trực tiếp.", "Browsers that listen to the live feed."),
        Words(
            "Gần 400 thì thêm tiến trình serve: mỗi người nghe giữ một kết nối.",
            "Near 400 add serve processes.",
        ),
    ),
    Metric(
        "lienthe_feed_messages_total",
        "counter",
        "messages",
        (),
        SERVE,
        Words("Số tin đã gửi cho người nghe.", "Messages sent to listeners."),
        Words("Không cần làm gì: đây là lượng việc.", "Nothing to do: this is the amount of work."),
    ),
    Metric(
        "lienthe_feed_dropped_total",
        "counter",
        "listeners",
        (),
        SERVE,
        Words("Số người nghe bị ngắt vì 30 giây không nhận gì.", "Listeners dropped because they took nothing for 30 seconds."),
        Words(
            "Đường truyền của họ kém; họ tự nối lại không mất tin. Tăng ở mọi nơi: xem máy chủ phía trước.",
            "Their line is bad; they come back without loss. If it rises everywhere, look at the proxy in front.",
        ),
    ),
)
