"""Which source wins, as a table of cases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from services.reporting.questions import sources
from services.reporting.questions.declared import Declared
from services.reporting.questions.sources import Choice, Claims, Counted, choose, province, total

DAY = date(2024, 6, 30)


def claim(area, value, indicator="clubs-founded", **other) -> Declared:
    fields = {
        "stream": f"figure-{area}-{value}", "metric": "m", "indicator": indicator, "area": area, "scope": None,
        "value": Decimal(value),
        "unit": "clubs", "qualifier": "exact", "basis": "declared", "formula": None, "valid_from": date(2023, 12, 31),
        "valid_to": date(2023, 12, 31), "date_as_printed": "2023-12-31", "published_on": None, "source": "s",
        "recorded_at": datetime(2026, 1, 1, tzinfo=UTC), "event_id": "e",
    }  # fmt: skip
    return Declared(**(fields | other))


def counted(clubs, amount=None) -> Counted:
    return Counted({"counted": clubs if amount is None else amount}, clubs)


def test_a_count_that_holds_the_declared_total_wins():
    assert choose("34:38", counted(1164), claim("34:38", 1164), claim("34:38", 1164)).source == "counted"


def test_a_count_below_the_declared_total_yields_to_the_declaration_and_is_shown_beside_it():
    choice = choose("34:38", counted(700), claim("34:38", 1164), claim("34:38", 1164))
    assert (choice.value, choice.source, choice.counted) == (1164, "declared", 700)


def test_an_incomplete_count_stands_when_nothing_is_declared_of_the_indicator_and_says_so():
    choice = choose("34:38", counted(700, 40_000), None, claim("34:38", 1164))
    assert (choice.value, choice.source, choice.complete) == (40_000, "counted", False)


def test_an_area_of_which_nothing_is_known_has_no_value():
    assert choose("34:38", Counted()).value is None


def test_clubs_that_did_not_state_a_figure_make_it_unknown_and_a_declaration_stands():
    silent = Counted({}, 1164, stated=False)
    assert choose("34:38", silent).value is None
    assert choose("34:38", silent, claim("34:38", 62_000, "members"), claim("34:38", 1164)).value == 62_000


def test_the_nation_is_the_sum_of_its_provinces_and_a_mix_says_so():
    thanh_hoa = choose("34:38", Counted(), claim("34:38", 1164), claim("34:38", 1164))
    rest = [choose(f"34:{index:02d}", counted(clubs)) for index, clubs in enumerate((5000, 357))]
    nation = total([thanh_hoa, *rest], own=claim("VN", 6500))
    assert (nation.value, nation.source) == (6521, "mixed")
    assert nation.parts == {"counted": 5357, "declared": 1164}
    assert nation.areas == ("34:00", "34:01")


def test_with_a_province_of_which_nothing_is_known_the_nations_own_declaration_stands():
    nation = total([choose("34:38", counted(1164)), Choice(None, {}, complete=False)], own=claim("VN", 6521))
    assert (nation.value, nation.source, nation.counted) == (6521, "declared", 1164)


def test_without_any_declaration_of_the_nation_what_was_counted_is_shown_as_incomplete():
    nation = total([choose("34:38", counted(1164)), Choice(None, {}, complete=False)])
    assert (nation.value, nation.complete) == (1164, False)


def test_a_new_province_is_the_sum_of_its_old_ones_when_only_those_were_declared():
    # Khánh Hòa took in Ninh Thuận, whose 41 clubs were declared under the old map.
    claims = Claims.by(DAY, "clubs-founded", [claim("63:58", 41)])
    choice = province("34:56", ("63:56", "63:58"), {"34:56": counted(20), "63:56": counted(20)}, claims)
    assert (choice.value, choice.source) == (61, "mixed")
    assert choice.areas == ("63:56",)


def test_what_is_counted_in_a_new_province_and_in_no_old_one_is_not_lost():
    claims = Claims.by(DAY, "clubs-founded", [claim("63:58", 41)])
    choice = province("34:56", ("63:56", "63:58"), {"34:56": counted(23), "63:56": counted(20)}, claims)
    assert choice.value == 64
    assert choice.areas == ("63:56", "34:56/63:")


def test_a_declaration_of_the_new_province_itself_stands_before_those_of_its_old_ones():
    claims = Claims.by(DAY, "clubs-founded", [claim("63:58", 41), claim("34:56", 90)])
    assert province("34:56", ("63:56", "63:58"), {"34:56": counted(20)}, claims).value == 90


def test_both_codes_of_a_province_that_never_merged_are_one_place():
    claims = Claims.by(DAY, "clubs-founded", [claim("63:38", 1164)])
    assert province("34:38", ("63:38",), {"34:38": counted(3)}, claims).value == 1164


def test_of_two_declarations_the_later_validity_wins_then_the_later_publication():
    older, newer = claim("34:66", 225, valid_to=date(2024, 3, 31)), claim("34:66", 220, valid_to=date(2024, 4, 30))
    assert Claims.by(DAY, "clubs-founded", [newer, older]).values["34:66"] is newer
    first, second = claim("34:66", 225, published_on=date(2024, 5, 1)), claim("34:66", 220, published_on=date(2024, 5, 2))
    assert Claims.by(DAY, "clubs-founded", [second, first]).values["34:66"] is second


def test_what_never_stands_for_an_area():
    never = [
        claim("34:38", 8, scope="huyện Bá Thước"),
        claim("34:38", 9, basis="as-printed"),
        claim("34:38", 10, valid_from=None, valid_to=None),
        claim("34:38", 11, valid_to=date(2024, 7, 1)),
        claim(None, 12),
        claim("34:38", 13, indicator="members"),
    ]
    assert Claims.by(DAY, "clubs-founded", never).values == {}


def test_a_national_figure_beside_all_provinces_counts_too():
    nation = total([choose("34:38", counted(0, 2))], beside=Counted({"counted": 3}))
    assert (nation.value, nation.areas) == (5, ("34:38", "34:"))


def test_the_declarations_in_a_value_and_what_was_counted_add_up_to_it():
    parts = [choose("34:38", counted(9), claim("34:38", 1164), claim("34:38", 1164)), choose("34:40", counted(341))]
    nation = sources.total(parts)
    assert nation.value == sum(each.value for each in nation.used) + 341


def claims_of(indicator, *declared) -> Claims:
    return Claims.by(date(2026, 11, 25), indicator, declared)


def test_a_new_total_of_clubs_does_not_bring_back_old_figures_that_the_count_has_outgrown():
    """Seen to fail with every older declaration standing again as soon as a newer total exceeds the count."""
    old_total, old_fund = claim("34:40", 341), claim("34:40", 21, "income-fund")
    newer = claim("34:40", 420, valid_to=date(2026, 6, 30))
    before = province("34:40", (), {"34:40": counted(345, 33)}, claims_of("income-fund", old_total, old_fund))
    after = province("34:40", (), {"34:40": counted(345, 33)}, claims_of("income-fund", old_total, old_fund, newer))
    assert (before.value, before.complete) == (33, True)
    assert (after.value, after.source, after.complete) == (33, "counted", False)


def test_the_new_total_itself_stands_against_a_count_below_it():
    old, newer = claim("34:40", 341), claim("34:40", 420, valid_to=date(2026, 6, 30))
    choice = province("34:40", (), {"34:40": counted(345)}, claims_of("clubs-founded", old, newer))
    assert (choice.value, choice.source, choice.counted) == (420, "declared", 345)


def test_a_figure_declared_before_any_total_yields_only_to_a_count_that_is_complete_now():
    members, later = claim("34:38", 62_000, "members"), claim("34:38", 1164, valid_to=date(2024, 12, 31))
    few = province("34:38", (), {"34:38": counted(3, 150)}, claims_of("members", members, later))
    all_ = province("34:38", (), {"34:38": counted(1164, 62_130)}, claims_of("members", members, later))
    assert (few.value, all_.value) == (62_000, 62_130)


def test_both_names_of_a_province_that_never_merged_speak_of_one_total():
    total_of_its_day, fund = claim("63:38", 1164), claim("34:38", 50, "income-fund")
    newer = claim("34:38", 1200, valid_to=date(2026, 6, 30))
    counts = {"34:38": counted(1164, 58)}
    choice = province("34:38", ("63:38",), counts, claims_of("income-fund", total_of_its_day, fund, newer))
    assert choice.value == 58
