"""Multi-stage plans: chances multiplied, numbers of each stage its own, plans read and refused."""

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.canonical import json_digest
from sampling.draw import draw
from sampling.errors import FrameError, InfeasibleAllocationError, PlanError
from sampling.frame_checks import make_frame
from sampling.plan import load_plan
from sampling.protocol import opening, protocol, verify
from sampling.types import Act, Plan, Stage

#: households per village of the communes of two districts
VILLAGES = {
    "Bắc": {"Xã A": [3, 5, 9], "Xã B": [4, 4], "Xã C": [6, 3, 3, 8], "Xã D": [5, 7]},
    "Nam": {"Xã E": [10, 3], "Xã G": [4, 6, 5], "Xã H": [3, 3]},
}
ROWS = [
    (f"H{d[0]}{c[-1]}{v}{i:02d}", d, c, f"Thôn {v}")
    for d, communes in VILLAGES.items()
    for c, villages in communes.items()
    for v, size in enumerate(villages, 1)
    for i in range(size)
]
STAGES = (Stage("xa", "srs", 2), Stage("thon", "srs", 2), Stage("ho", "srs", 3))
PLAN = Plan("ho", ("huyen",), stages=STAGES)


def _frame(rows=ROWS, **columns):
    ids, strata, communes, villages = zip(*rows, strict=True)
    return make_frame(ids, strata, {"xa": communes, "thon": villages, **columns})


def _seeds(n):
    return [f"hạt {i}" for i in range(n)]


def test_chances_are_the_products_over_the_stages():
    rows = {row[0]: row[1:] for row in ROWS}
    drawn = draw(_frame(), PLAN, Act("s"))
    for part in drawn.strata:
        assert len(part.main) == 2 * 2 * 3
        for unit, pi in zip(part.main, part.main_probability, strict=True):
            district, commune, village = rows[unit]
            villages = VILLAGES[district][commune]
            households = villages[int(village[-1]) - 1]
            expected = 2 / len(VILLAGES[district]) * 2 / len(villages) * 3 / households
            assert pi == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "methods", [("srs", "srs"), ("pps", "srs"), ("pps-exact", "pps"), ("pps", "pps-exact")]
)
def test_simulated_inclusion_is_the_stated_chance(methods):
    stages = tuple(replace(s, method=m) for s, m in zip(STAGES[:2], methods, strict=True))
    plan = replace(PLAN, stages=(*stages, STAGES[2]))
    frame, runs = _frame(), 1500
    hits: Counter = Counter()
    stated: dict = {}
    for seed in _seeds(runs):
        for part in draw(frame, plan, Act(seed)).strata:
            hits.update(part.main)
            stated |= dict(zip(part.main, part.main_probability, strict=True))
    assert set(stated) == set(frame.ids)
    deviations = [
        (hits[unit] - runs * pi) / (runs * pi * (1 - pi) or 1) ** 0.5 for unit, pi in stated.items()
    ]
    assert max(map(abs, deviations)) < 4.5
    assert np.mean(np.square(deviations)) < 1.6
    assert sum(stated.values()) == pytest.approx(24, abs=1e-9)  # the sample's size is fixed


def test_equal_numbers_after_pps_by_counts_give_everybody_the_same_chance():
    rows = [row for row in ROWS if row[1] == "Bắc"]
    plan = replace(
        PLAN,
        stages=(Stage("xa", "pps", 1), Stage("thon", "pps", 1), Stage("ho", "srs", 3)),
    )
    for seed in _seeds(20):
        (part,) = draw(_frame(rows), plan, Act(seed)).strata
        assert part.main_probability == pytest.approx([3 / len(rows)] * 3, rel=1e-12)


def test_an_independent_recomputation_with_hashlib_alone():
    seed = "hạt giống"

    def number(label, name):
        start = len(seed.encode()).to_bytes(4, "big") + seed.encode() + b"\0"
        return hashlib.sha256(start + label.encode() + b"\0" + name.encode()).digest()

    expected = defaultdict(list)
    for district in sorted(VILLAGES):
        own = [row for row in ROWS if row[1] == district]
        for commune in sorted({r[2] for r in own}, key=lambda c: number("stage-1", c))[:2]:
            villages = {r[3] for r in own if r[2] == commune}
            path = lambda v, c=commune: number("stage-2", f"{c} | {v}")  # noqa: E731  short
            for village in sorted(villages, key=path)[:2]:
                homes = [r[0] for r in own if r[2:] == (commune, village)]
                expected[district] += sorted(homes, key=lambda h: number("stage-3", h))[:3]
    got = {part.stratum: list(part.main) for part in draw(_frame(), PLAN, Act(seed)).strata}
    assert got == expected


@given(order=st.permutations(ROWS))
def test_the_order_of_the_rows_changes_nothing(order):
    for method in ("srs", "pps", "pps-exact"):
        plan = replace(PLAN, stages=(replace(STAGES[0], method=method), *STAGES[1:]))
        assert draw(_frame(order), plan, Act("s")) == draw(_frame(), plan, Act("s"))


def test_a_household_added_to_a_village_changes_no_other_village():
    drawn = draw(_frame(), PLAN, Act("s"))
    parent = drawn.stages[2][0].parent
    commune, village = parent.split(" | ")
    again = draw(_frame([*ROWS, ("Hmới", "Bắc", commune, village)]), PLAN, Act("s"))
    assert again.stages[:2] == drawn.stages[:2]
    assert again.stages[2][1:] == drawn.stages[2][1:]
    assert len(set(again.stages[2][0].chosen) - set(drawn.stages[2][0].chosen)) <= 1


def test_quotas_say_the_first_stage_and_recheck_follows_the_strata():
    plan = load_plan("""
        [sample]
        unit_id = "ho"
        stratum = "huyen"
        recheck_share = 0.1
        [quotas]
        "Bắc" = 3
        Nam = 1
        [[stages]]
        unit = "xa"
        method = "pps"
        [[stages]]
        unit = "thon"
        n = 1
        [[stages]]
        n = 3
    """)
    drawn = draw(_frame(), plan, Act("s", secret=b"x" * 32))
    assert [len(part.chosen) for part in drawn.stages[0]] == [3, 1]
    assert (drawn.main_n, drawn.recheck_n) == (12, 1)


def test_a_protocol_of_stages_agrees_and_every_change_is_found():
    act = Act("s")
    made = protocol(opening(_frame(), PLAN, act), draw(_frame(), PLAN, act))
    stored = json.loads(json.dumps(made))
    assert verify(_frame(), PLAN, stored) is None
    for path, change in [
        ("lists.stages[0][0].ids[0]", lambda s: s["lists"]["stages"][0][0]["ids"].reverse()),
        ("lists.stages[1][2].pop_size", lambda s: s["lists"]["stages"][1][2].update(pop_size=9)),
        ("lists.stages", lambda s: s["lists"].pop("stages")),
        ("plan.content.stages[1].n", lambda s: s["plan"]["content"]["stages"][1].update(n=1)),
    ]:
        spoilt = json.loads(json.dumps(made))
        change(spoilt)
        assert verify(_frame(), PLAN, spoilt).path == path


def test_a_plan_without_stages_keeps_the_digest_that_it_had():
    plan = load_plan('[sample]\nunit_id="id"\ntotal=20\n')
    assert "stages" not in plan.canonical()
    assert json_digest(plan.canonical()) != json_digest(replace(plan, stages=STAGES).canonical())


def test_too_few_units_anywhere_are_named_before_anything_is_drawn():
    plan = replace(PLAN, stages=(*STAGES[:2], Stage("ho", "srs", 4)))
    with pytest.raises(InfeasibleAllocationError) as caught:
        draw(_frame(), plan, Act("s"))
    short = {s.stratum: s.available for s in caught.value.shortfalls}
    small = {
        f"{c} | Thôn {v}": size
        for communes in VILLAGES.values()
        for c, villages in communes.items()
        for v, size in enumerate(villages, 1)
        if size < 4
    }
    assert short == small
    drawn = draw(_frame(), plan, Act("s", shortfall="census"))
    assert {s.stratum for s in drawn.decisions} == set(small)
    taken = [part for part in drawn.stages[2] if part.pop_size < 4]
    assert all(part.probability == (1.0,) * part.pop_size for part in taken)


def test_a_list_that_contradicts_itself_is_refused_by_row():
    with pytest.raises(FrameError) as caught:
        draw(_frame([*ROWS, ("x", "Nam", "Xã A", "Thôn 1")]), PLAN, Act("s"))
    assert caught.value.problems[0].code == "SAMPLE-109"
    assert caught.value.problems[0].row == len(ROWS)
    with pytest.raises(FrameError) as caught:
        draw(_frame([*ROWS, ("x", "Nam", "Xã E", " ")]), PLAN, Act("s"))
    assert caught.value.problems[0].code == "SAMPLE-108"
    size = np.arange(1.0, len(ROWS) + 1)
    plan = replace(PLAN, stages=(Stage("xa", "pps", 1, "dan_so"), *STAGES[1:]))
    with pytest.raises(FrameError) as caught:
        draw(_frame(dan_so=size), plan, Act("s"))
    assert {p.code for p in caught.value.problems} == {"SAMPLE-121"}


HEAD = '[sample]\nunit_id = "ho"\n'
FIRST = '[[stages]]\nunit = "xa"\nn = 2\n'
LAST = "[[stages]]\nn = 3\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + LAST, "ít nhất hai giai đoạn"),
        (HEAD + "total = 5\n" + FIRST + LAST, "«total» không dùng cùng"),
        (HEAD + "reserve_share = 0.1\n" + FIRST + LAST, "«reserve_share» không dùng cùng"),
        (HEAD + "[[stages]]\nn = 2\n" + LAST, "Giai đoạn 1: thiếu «unit»"),
        (HEAD + '[[stages]]\nunit = "xa"\n' + LAST, "Giai đoạn 1: thiếu «n»"),
        (HEAD + FIRST + "[[stages]]\nn = 0\n", "Giai đoạn 2: thiếu «n»"),
        (HEAD + FIRST + FIRST + LAST, "Giai đoạn 2: cột «xa» đã dùng"),
        (HEAD + FIRST + '[[stages]]\nunit = "thon"\nn = 1\n', "giai đoạn cuối chọn «ho»"),
        (HEAD + FIRST + '[[stages]]\nn = 1\nmethod = "pps"\n', "giai đoạn cuối cần khóa «size»"),
        (HEAD + FIRST + '[[stages]]\nn = 1\nsize = "x"\n', "«size» chỉ dùng với"),
        (HEAD + FIRST + "[[stages]]\nn = 1\nmetod = 1\n", "Có phải là «method»"),
        (HEAD + FIRST + LAST + "[quotas]\na = 1\n", "có cả «n» và bảng [quotas]"),
        (HEAD + "[stages]\nn = 1\n", "các bảng [[stages]]"),
    ],
)
def test_a_plan_with_a_fault_in_its_stages_is_refused(text, said):
    with pytest.raises(PlanError) as caught:
        load_plan(text)
    assert any(said in f"{p.message} {p.fix}" for p in caught.value.problems)
