"""The metrics of whether what is kept and read is true: log, verification, records that nobody believed, lanes in dispute.
Pure data."""

from __future__ import annotations

from typing import Final

from shared.telemetry.metric import PROJECT, RELAY, SERVICE, Alert, Metric, Words

METRICS: Final = (
    Metric(
        "lienthe_verification_findings",
        "gauge",
        "findings",
        (),
        SERVICE,
        Words(
            "Số chỗ mà lần kiểm nhật ký gần nhất thấy sai: sự kiện bị sửa, bị xóa, bị thêm, hoặc thiếu trên Kafka.",
            "What the last verification of the log found: events that were changed, removed, put in, or that Kafka lacks.",
        ),
        Words(
            "Chạy clb verify: nó nêu hàng đầu tiên của mỗi làn và ai làm chứng. Thiếu trên Kafka thì clb republish; kho "
            "thiếu thì clb recover; bị sửa thì ngừng ghi, giữ nguyên máy chủ và khôi phục bản sao lưu trước đó.",
            "Run clb verify: it names the first row of each lane and the witness. If Kafka lacks it, clb republish; if "
            "the store does, clb recover; if it was changed, stop writing, keep the server as it is and restore a backup "
            "of before.",
        ),
        alerts=(Alert("LienTheLogAltered", "max by (job) (lienthe_verification_findings) > 0", "0m", "page"),),
    ),
    Metric(
        "lienthe_verified_age_seconds",
        "gauge",
        "seconds",
        (),
        SERVICE,
        Words(
            "Đã bao lâu từ lần kiểm nhật ký gần nhất không thấy gì sai; chưa có lần nào thì từ lúc tiến trình khởi động.",
            "Time since the last verification of the log that found nothing; without one, since the start of the process.",
        ),
        Words(
            "Tiến trình relay tự kiểm mỗi CLB_VERIFY_HOURS giờ: xem nhật ký của nó (Kafka, PostgreSQL, khóa ký), hoặc tự "
            "chạy clb verify.",
            "The relay's process verifies every CLB_VERIFY_HOURS hours: see its log (Kafka, PostgreSQL, the signing key), "
            "or run clb verify by hand.",
        ),
        alerts=(Alert("LienTheNotVerified", "min by (job) (lienthe_verified_age_seconds) > 93600", "10m", "ticket"),),
    ),
    Metric(
        "lienthe_signed_age_seconds",
        "gauge",
        "seconds",
        (),
        RELAY,
        Words(
            "Đã bao lâu từ lần tiến trình này ký nhật ký gần nhất; chưa ký lần nào thì từ lúc khởi động.",
            "Time since this process last signed the log; if it has not, since its start.",
        ),
        Words(
            "Mỗi giờ nhật ký phải được ký ít nhất một lần: /ready nói vì sao không (tệp điểm kiểm, khóa ký, Kafka, hoặc nhật "
            "ký không còn như đã ký: khi đó chạy clb verify).",
            "A log is signed once an hour at least: /ready says why it is not (the file of checkpoints, the key, Kafka, or a "
            "log that is not what was signed: then run clb verify).",
        ),
        alerts=(Alert("LienTheNotSigned", "min by (job) (lienthe_signed_age_seconds) > 7200", "10m", "ticket"),),
    ),
    Metric(
        "lienthe_set_aside_records",
        "gauge",
        "records",
        ("kind",),
        SERVICE,
        Words(
            "Số bản ghi trên Kafka mà dịch vụ này không tin: unlinked (không nối tiếp), fork (hai bản cùng nối tiếp), "
            "ruled-out (đã bị bác), beyond (sau điểm cuối của nhật ký), unroutable (của nơi khác).",
            "Records on Kafka that this service did not believe: unlinked (do not follow), fork (two follow), ruled-out "
            "(decided against), beyond (after the log's end), unroutable (of elsewhere).",
        ),
        Words(
            "Ai đó ngoài hệ thống ghi vào Kafka, hoặc một nhật ký đã lùi về quá khứ. Chạy clb set-aside list: nó nói từng "
            "loại là gì và cần làm gì; số liệu không nhận các bản ghi này. Xem quyền ghi của Kafka và KAFKA_BOOTSTRAP của "
            "các hệ thống khác.",
            "Somebody else writes to Kafka, or a log went back in time. Run clb set-aside list: it says what each kind is "
            "and what to do; no figure has taken these records. Look at who may write to Kafka, and at KAFKA_BOOTSTRAP of "
            "other systems.",
        ),
        alerts=(
            Alert(
                "LienTheRecordsSetAside",
                "max by (job, kind) (lienthe_set_aside_records) > min by (job, kind) "
                "(min_over_time(lienthe_set_aside_records[1h]))",
                "0m",
                "page",
            ),
        ),
    ),
    Metric(
        "lienthe_lanes_disputed",
        "gauge",
        "lanes",
        ("why",),
        PROJECT,
        Words(
            "Số làn dừng vì không ai ở đây nói được bản ghi nào là thật: contested (hai bản cùng nối tiếp), contradicted "
            "(điểm kiểm đã ký nói khác điều đã nhận).",
            "Lanes that stand still as nobody here can say which record is true: contested (two follow), contradicted (a "
            "signed checkpoint says otherwise than what was taken).",
        ),
        Words(
            "Nhật ký được hỏi và trả lời trong vài giây. Nếu còn: clb set-aside list cho thấy cả hai bản ghi, rồi clb "
            "recover với tên dịch vụ nguồn để quyết định; sau đó clb views rebuild nếu /ready yêu cầu.",
            "The log is asked and answers within seconds. If it stays: clb set-aside list shows both records, then decide "
            "by clb recover with the source's name; afterwards clb views rebuild where /ready asks for it.",
        ),
        alerts=(Alert("LienTheLaneDisputed", "sum by (job, why) (lienthe_lanes_disputed) > 0", "15s", "page"),),
    ),
)
