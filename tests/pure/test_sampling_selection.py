"""The draw: permanent random numbers, inclusion probabilities, reserve, re-check."""

import hashlib
import hmac
import math
import unicodedata
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling import recheck
from sampling.canonical import canonical_column, frame_digest, id_order
from sampling.errors import ArgumentError, FrameError
from sampling.frame_checks import join_keys, make_frame
from sampling.random_numbers import permanent_number, permanent_numbers, smallest
from sampling.selection import reserve_size, simple_random

IDS = [f"HS-{i:03d}" for i in range(60)]
KEYS = ["Sở Nội vụ" if i % 3 else "Đảng ủy" for i in range(60)]
N = {"Sở Nội vụ": 8, "Đảng ủy": 5}

ids_ = st.lists(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6).map(
        lambda text: unicodedata.normalize("NFC", text)
    ),
    min_size=1,
    max_size=40,
    unique=True,
)


def test_the_permanent_number_is_the_hash_that_the_method_defines():
    seed = "Hạt giống".encode()
    expected = hashlib.sha256(
        len(seed).to_bytes(4, "big") + seed + b"\0main\0" + "Hồ-1".encode()
    ).digest()
    assert (
        permanent_number("  Hạt giống ", "main", unicodedata.normalize("NFD", "Hồ-1 ")) == expected
    )
    assert permanent_numbers(["Hồ-1"], "Hạt giống", "main")[0].tobytes() == expected


def test_the_n_smallest_numbers_of_a_stratum_are_its_sample_and_the_next_its_reserve():
    drawn = simple_random(make_frame(IDS, KEYS), N, "seed", "0.5")
    for part in drawn:
        mine = [unit for unit, key in zip(IDS, KEYS, strict=True) if key == part.stratum]
        ordered = sorted(mine, key=lambda unit: permanent_number("seed", "main", unit))
        n, r = N[part.stratum], math.ceil(N[part.stratum] / 2)
        assert list(part.main) == ordered[:n]
        assert list(part.reserve) == ordered[n : n + r]
        assert set(part.main_probability) == {n / len(mine)}
        assert set(part.reserve_probability) == {(n + r) / len(mine)}


@given(ids=ids_, data=st.data())
def test_neither_row_order_nor_unicode_form_nor_spaces_change_a_draw(ids, data):
    keys = [data.draw(st.sampled_from(["Sở A", "Huyện B"])) for _ in ids]
    frame = make_frame(ids, keys)
    n = {key: data.draw(st.integers(0, size)) for key, size in frame.pop_size.items()}
    order = data.draw(st.permutations(range(len(ids))))
    form = data.draw(st.sampled_from(["NFC", "NFD"]))
    other = make_frame(
        [" " + unicodedata.normalize(form, ids[i]) for i in order],
        [unicodedata.normalize(form, keys[i]) + "  " for i in order],
    )

    assert simple_random(other, n, "s", 1) == simple_random(frame, n, "s", 1)
    assert frame_digest(other) == frame_digest(frame)


@given(ids=ids_, data=st.data())
def test_a_draw_has_no_unit_twice_and_the_sizes_that_were_asked(ids, data):
    frame = make_frame(ids)
    n = data.draw(st.integers(0, len(ids)))
    part = simple_random(frame, {"toàn bộ": n}, data.draw(st.text(min_size=1)), "0.3")[0]

    assert len(part.main) == n
    assert len(part.reserve) == min(math.ceil(Fraction("0.3") * n), len(ids) - n)
    assert len({*part.main, *part.reserve}) == len(part.main) + len(part.reserve)
    assert sum(1 / pi for pi in part.main_probability) == pytest.approx(len(ids) if n else 0)


@given(
    ids=st.lists(st.text(max_size=12), min_size=1, max_size=30, unique=True),
    begin=st.sampled_from(["", "HS-", "Hồ sơ ", "x" * 80]),
    end=st.sampled_from(["", "\0", "0"]),
)
def test_ids_are_sorted_by_code_point_whatever_they_hold(ids, begin, end):
    units = [begin + unit + end for unit in ids]
    assert [units[i] for i in id_order(units).order] == sorted(units)


def test_ids_that_agree_in_their_first_bytes_are_sorted_to_the_end():
    units = [f"HS{i * 7919 % 100_003:08d}" for i in range(200)]
    units += [f"{units[i]}{end}" for i in (3, 50, 51, 199) for end in ("b", "a", "ab")]
    assert [units[i] for i in id_order(units).order] == sorted(units)


def test_a_column_of_few_values_is_brought_to_the_same_form_as_any_other():
    values = [" Sở A", unicodedata.normalize("NFD", "Sở A"), "b "] * 2000
    assert canonical_column(values) == ["Sở A", "Sở A", "b"] * 2000


def test_an_added_unit_changes_nobody_elses_place():
    before = simple_random(make_frame(IDS), {"toàn bộ": 60}, "s")[0].main
    after = simple_random(make_frame([*IDS, "mới"]), {"toàn bộ": 61}, "s")[0].main
    assert [unit for unit in after if unit != "mới"] == list(before)


def test_inclusion_probabilities_and_pairs_are_those_of_simple_random_sampling():
    """3 of 7: every unit 3/7, every pair 1/7 (Cochran 1977, sect. 2.1), over 6,000 seeds."""
    frame = make_frame(list("abcdefg"))
    trials, single, pairs = 6000, Counter(), Counter()
    for seed in range(trials):
        main = simple_random(frame, {"toàn bộ": 3}, str(seed))[0].main
        single.update(main)
        pairs.update(frozenset((x, y)) for x in main for y in main if x < y)
    for count in single.values():
        assert abs(count / trials - 3 / 7) < 4.5 * math.sqrt(3 / 7 * 4 / 7 / trials)
    for count in pairs.values():
        assert abs(count / trials - 1 / 7) < 4.5 * math.sqrt(1 / 7 * 6 / 7 / trials)
    assert len(single) == 7
    assert len(pairs) == 21


def test_equal_numbers_are_ordered_by_id():
    numbers = np.zeros((3, 32), dtype=np.uint8)
    assert smallest(numbers, ["b", "c", "a"], np.arange(3), 2) == [2, 0]


def test_numbers_that_agree_in_the_first_bytes_are_compared_to_the_end():
    numbers = np.zeros((3, 32), dtype=np.uint8)
    numbers[0, 31], numbers[1, 31], numbers[2, 8] = 2, 1, 1
    assert smallest(numbers, ["x", "y", "z"], np.arange(3), 2) == [1, 0]


def test_the_reserve_is_the_exact_share_rounded_up_within_the_stratum():
    assert reserve_size(10, 100, 0.1) == 1
    assert reserve_size(10, 100, "0.11") == 2
    assert reserve_size(90, 100, 1) == 10
    with pytest.raises(ArgumentError, match="reserve_share"):
        reserve_size(1, 2, -1)


def test_a_size_that_does_not_fit_is_refused_by_name():
    with pytest.raises(ArgumentError, match="3 units"):
        simple_random(make_frame(["a", "b", "c"]), {"toàn bộ": 4}, "s")
    with pytest.raises(ArgumentError, match="strata"):
        simple_random(make_frame(["a"]), {"x": 1}, "s")


def test_every_fault_of_a_frame_is_collected_with_its_row():
    with pytest.raises(FrameError) as caught:
        make_frame(
            ["a", " ", "a ", "b"], ["x", "x", "x", " "], {"size": np.array([1, 1, np.nan, 1])}
        )
    found = {(p.code, p.row) for p in caught.value.problems}
    assert found == {("SAMPLE-102", 1), ("SAMPLE-103", 2), ("SAMPLE-105", 2), ("SAMPLE-104", 3)}
    with pytest.raises(FrameError, match="không có dòng nào"):
        make_frame([])


def test_many_faults_are_counted_and_the_first_shown():
    with pytest.raises(FrameError) as caught:
        make_frame(["a"] * 1000)
    assert caught.value.total == 999
    assert len(caught.value.problems) == 200


@given(ids=st.lists(st.sampled_from(["", "a", "b", "c", "x" * 200]), min_size=1, max_size=12))
def test_rows_without_an_id_and_later_rows_of_a_known_one_are_named(ids):
    faulty = [row for row, unit in enumerate(ids) if not unit or unit in ids[:row]]
    if not faulty:
        make_frame(ids)
        return
    with pytest.raises(FrameError) as refused:
        make_frame(ids)
    assert [problem.row for problem in refused.value.problems] == faulty


def test_several_stratum_columns_are_joined_and_a_missing_part_is_missing():
    assert join_keys([[" A", "A"], ["B ", ""]]) == ["A | B", ""]


MAIN = {"A": [f"a{i}" for i in range(40)], "B": [f"b{i}" for i in range(7)], "C": ["c"]}


def test_the_recheck_is_the_floor_of_its_share_with_one_in_each_cell():
    cells = {cell.cell: cell for cell in recheck.select(MAIN, b"secret", "0.1")}
    assert {key: len(cell.chosen) for key, cell in cells.items()} == {"A": 2, "B": 1, "C": 1}
    for key, cell in cells.items():
        by_v = sorted(
            MAIN[key], key=lambda unit: hmac.digest(b"secret", unit.encode(), hashlib.sha256)
        )
        assert [*cell.chosen, *cell.replacements] == by_v


@given(
    sizes=st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 60), min_size=1),
    pct=st.integers(0, 100),
)
def test_the_recheck_never_exceeds_its_share_and_reaches_every_cell_if_it_can(sizes, pct):
    total = recheck.recheck_size(Fraction(pct, 100), sum(sizes.values()))
    planned = recheck.allocate_cells(sizes, total)
    busy = [key for key, size in sizes.items() if size]

    assert sum(planned.values()) == total == sum(sizes.values()) * pct // 100
    assert all(planned[key] <= sizes[key] for key in sizes)
    if total >= len(busy):
        assert all(planned[key] >= 1 for key in busy)


def test_every_interviewer_is_rechecked_before_anybody_twice():
    sizes = {"x1": 30, "x2": 30, "y1": 2, "z1": 1}
    whose = {"x1": "x", "x2": "x", "y1": "y", "z1": "z"}
    assert recheck.allocate_cells(sizes, 4, whose) == {"x1": 1, "x2": 1, "y1": 1, "z1": 1}
    assert recheck.allocate_cells(sizes, 2, whose) == {"x1": 1, "x2": 1, "y1": 0, "z1": 0}


def test_another_secret_chooses_others_and_the_share_is_exact():
    chosen = [recheck.select(MAIN, secret, "0.5")[0].chosen for secret in (b"one", b"two")]
    assert chosen[0] != chosen[1]
    assert recheck.recheck_size(0.1, 1100) == 110
    assert recheck.recheck_size("0.29", 100) == 29
    assert len(recheck.new_secret()) == 32
    assert recheck.new_secret() != recheck.new_secret()
    with pytest.raises(ArgumentError, match="recheck_share"):
        recheck.recheck_size("1.1", 10)
    with pytest.raises(ArgumentError, match="secret"):
        recheck.select(MAIN, b"", "0.1")
