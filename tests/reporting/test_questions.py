"""Number ids, wording, worked examples: the pure parts of questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.indicators import ALL, indicator
from services.reporting.indicators.definition import evaluate
from services.reporting.ledger.measures import NAMES, measure
from services.reporting.questions import number_id, wording
from services.reporting.questions.area import REGIONS, WHOLE_COUNTRY, Area
from services.reporting.questions.ask import Asked, understand
from services.reporting.questions.declared import Declared, Target
from services.reporting.questions.question import Clocks, Question
from shared.kernel.errors import Refused
from shared.reference.book import load

PLACES = load()
NOW = datetime(2026, 11, 25, 5, 30, 12, 400_000, tzinfo=UTC)
CLAIM = Declared(
    "figure-x", "members_total", "members", "VN", None, Decimal(456470), "people", "exact", "estimated", "70 x 6521",
    date(2023, 12, 31), date(2023, 12, 31), "2023-12-31", date(2024, 8, 29), "seed", NOW, "e",
)  # fmt: skip


@pytest.mark.parametrize("definition", ALL, ids=lambda definition: definition.slug)
def test_the_worked_example_of_every_indicator_is_what_its_formula_gives(definition):
    assert evaluate(definition.formula, definition.example.sums).value == definition.example.value


@pytest.mark.parametrize("definition", ALL, ids=lambda definition: definition.slug)
def test_every_measure_that_a_formula_reads_exists(definition):
    assert all(NAMES[measure(name)] == name for name in definition.measures())


def test_every_indicator_has_its_own_slug_and_number():
    assert len({each.slug for each in ALL}) == len(ALL) == len({(each.number, each.version) for each in ALL})


def test_a_share_of_which_nobody_stated_the_whole_is_unknown():
    assert evaluate(indicator("share-women").formula, {"women": 0}).value is None


AREAS = st.one_of(
    st.just(WHOLE_COUNTRY),
    st.sampled_from([Area("province", each.key) for map_ in ("63", "34") for each in PLACES.provinces(map_)]),
    st.sampled_from([Area("commune", each.key) for each in PLACES.communes(PLACES.provinces("34")[0])]),
    st.sampled_from([Area("region", slug) for slug in REGIONS]),
    st.uuids().map(lambda uuid: Area("club", f"club-{uuid}")),
)
QUESTIONS = st.builds(
    Question,
    st.sampled_from(ALL),
    AREAS,
    st.builds(
        Clocks,
        st.dates(date(1990, 1, 1), date(2099, 12, 31)),
        st.integers(0, 3_000_000_000).map(lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
        st.sampled_from(["63", "34"]),
        st.sampled_from(["any", "counted", "declared", "estimated"]),
    ),
    st.sampled_from(["own", "month", "year", "ever"]),
)


@given(QUESTIONS)
def test_a_number_id_decodes_to_exactly_its_question(question):
    assert number_id.decode(number_id.encode(question)) == question


@given(QUESTIONS)
def test_a_number_id_may_be_typed_in_small_letters_without_dashes(question):
    typed = number_id.encode(question).lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert number_id.decode(typed) == question


@given(QUESTIONS, st.data())
def test_a_number_id_with_one_wrong_character_is_refused(question, data):
    letters = number_id.encode(question).replace("-", "")
    place = data.draw(st.integers(0, len(letters) - 1))
    wrong = data.draw(st.sampled_from([letter for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if letter != letters[place]]))
    with pytest.raises(Refused):
        number_id.decode(letters[:place] + wrong + letters[place + 1 :])


@pytest.mark.parametrize("text", ["", "x", "ÄÖÜ" * 9, "0" * 200, "0000-0000-0000", "🂡" * 20])
def test_what_is_no_number_id_is_refused(text):
    with pytest.raises(Refused, match="number-id-mistyped"):
        number_id.decode(text)


def test_a_number_id_of_the_nation_fits_on_one_line_of_a_letter():
    question = Question(
        indicator("members"), WHOLE_COUNTRY, Clocks(date(2024, 8, 29), datetime(2024, 8, 29, 16, 59, 59, tzinfo=UTC), "34")
    )
    assert len(number_id.encode(question)) <= 24


def target(low, high=None, **other) -> Target:
    fields = {
        "scheme": "1336",
        "indicator": "x",
        "area": "VN",
        "period_from": date(2020, 8, 31),
        "period_to": date(2025, 12, 31),
    }
    return Target(
        **(fields | other),
        low=Decimal(low),
        high=None if high is None else Decimal(high),
        measure=other.get("measure", "level"),
        source="s",
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "vi"),
    [
        ("6600", "3000", None, "clubs", "đạt 220% (vượt 120%)"),
        ("3000", "3000", None, "clubs", "đạt 100%"),
        ("2208", "3000", None, "clubs", "đạt 73,6%, còn thiếu 792"),
        ("2999", "3000", None, "clubs", "đạt 99,9%, còn thiếu 1"),
        ("100", "95", None, "percent", "đạt 105,3% (vượt 5,3%)"),
        ("231000", "100000", None, "people", "đạt 231% (vượt 131%)"),
        ("4", "5", "7", "rounds", "4/5-7 đợt: chưa đạt, thiếu 1"),
        ("5", "5", "7", "rounds", "5/5-7 đợt: trong khoảng"),
        ("6", "5", "7", "rounds", "6/5-7 đợt: trong khoảng"),
        ("8", "5", "7", "rounds", "8/5-7 đợt: vượt khoảng, nhiều hơn 1"),
        ("0", "5", "7", "rounds", "0/5-7 đợt: chưa đạt, thiếu 5"),
        (None, "5", "7", "rounds", "chưa có số liệu"),
    ],
)
def test_a_value_held_against_a_target_is_worded_by_computation(value, low, high, unit, vi):
    said = wording.verdict(None if value is None else Decimal(value), target(low, high), unit, date(2026, 1, 1))
    assert said.words.vi == vi


def test_a_target_grows_evenly_over_its_period():
    aim = target("100", period_from=date(2025, 1, 1), period_to=date(2025, 12, 31))
    assert wording.verdict(Decimal(40), aim, "clubs", date(2025, 7, 2)).expected == Decimal("50.1")
    assert wording.verdict(Decimal(40), aim, "clubs", date(2026, 7, 2)).expected is None


@pytest.mark.parametrize(
    ("value", "unit", "vi", "en"),
    [
        ("1461.3", "clubs", "1.461", "1,461"),
        ("4.5", "rounds", "5", "5"),
        ("0.4", "people", "0", "0"),
        ("61.3", "percent", "61,3%", "61.3%"),
    ],
)
def test_what_is_only_computed_is_said_in_wholes_and_a_share_with_its_decimal(value, unit, vi, en):
    assert wording.about(Decimal(value), unit) == wording.Words(vi, en)


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ("456470", "456.470", "456,470"),
        ("73.6", "73,6", "73.6"),
        ("0", "0", "0"),
        ("1250000000", "1.250.000.000", "1,250,000,000"),
    ],
)
def test_numbers_are_written_as_each_language_writes_them(value, vi, en):
    words = wording.number(Decimal(value))
    assert (words.vi, words.en) == (vi, en)


def test_a_mix_says_what_was_counted_and_what_was_declared():
    words = wording.mix(Decimal(6521), {"declared": Decimal(1164), "counted": Decimal(5357)}, "clubs")
    assert words is not None
    assert words.vi == "6.521 = 5.357 đếm được + 1.164 kê khai"
    assert words.en == "6,521 = 5,357 counted + 1,164 declared"


def test_an_estimate_is_shown_as_what_it_is():
    assert wording.declared(CLAIM).vi == "456.470 = 70 x 6.521, ước tính (31/12/2023)"


def test_a_question_without_parameters_is_of_today_as_known_now_on_the_map_of_today():
    ask = understand(Asked(), PLACES, NOW)
    assert (ask.area, ask.clocks.as_of, ask.clocks.map) == (WHOLE_COUNTRY, date(2026, 11, 25), "34")
    assert timedelta(0) < ask.clocks.known_at - NOW <= timedelta(seconds=1)


def test_a_day_of_knowledge_means_its_end_in_vietnam():
    ask = understand(Asked(known_at="29/08/2024", as_of="2023-12-31"), PLACES, NOW)
    assert ask.clocks.known_at == datetime(2024, 8, 29, 16, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        (Asked(as_of="03-04-2024"), "bad-date"),
        (Asked(as_of="2024-02-30"), "bad-date"),
        (Asked(as_of="2026-11-26"), "as-of-out-of-range"),
        (Asked(as_of="1650-01-01"), "as-of-out-of-range"),
        (Asked(known_at="2027-01-01"), "known-at-out-of-range"),
        (Asked(known_at="2024-08-29Tnonsense"), "bad-date"),
        (Asked(map="65"), "bad-parameter"),
        (Asked(basis="guessed"), "bad-parameter"),
        (Asked(group_by="district"), "bad-parameter"),
        (Asked(area="34:99"), "unknown-place"),
        (Asked(area="38"), "unknown-place"),
        (Asked(area="34:38'; drop table entries; --"), "unknown-place"),
        (Asked(area="region:atlantis"), "unknown-place"),
        (Asked(area="club:x y"), "unknown-place"),
        (Asked(area="63:38", map="34"), "area-not-on-map"),
        (Asked(indicator="happiness"), "unknown-indicator"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(asked, slug):
    with pytest.raises(Refused) as refusal:
        understand(asked, PLACES, NOW)
    assert refusal.value.slug == slug


def test_the_numbers_of_a_formula_have_points_and_its_days_do_not():
    grouped = [
        ("516; 1164; 0", "516; 1.164; 0"),
        ("70 x 6521", "70 x 6.521"),
        ("(10000+25)", "(10.000+25)"),
        ("31/12/2024", "31/12/2024"),
        ("2024-12-31", "2024-12-31"),
        ("1.164, 0,5", "1.164, 0,5"),
    ]
    for formula, written in grouped:
        claim = replace(CLAIM, formula=formula)
        assert f"= {written}, " in wording.declared(claim).vi
