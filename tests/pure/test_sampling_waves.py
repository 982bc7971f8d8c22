"""Two waves: nobody asked again, or a panel kept, each still a simple random sample."""

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.draw import draw
from sampling.errors import ArgumentError, InfeasibleAllocationError, PlanError
from sampling.frame_checks import make_frame
from sampling.plan import load_plan
from sampling.protocol import opening, protocol, verify
from sampling.types import Act, Plan
from sampling.waves import seed_digest, unsealed

PLAN = Plan("ma", total=6, reserve_share=Fraction(1, 3))
AGAIN = replace(PLAN, keep=Fraction(0))
UNITS = [f"H{i:02d}" for i in range(30)]
FRAME = make_frame(UNITS)


def _first(seed="s", frame=FRAME, plan=PLAN):
    act = Act(seed)
    return json.loads(json.dumps(protocol(opening(frame, plan, act), draw(frame, plan, act))))


def _second(first, plan=AGAIN, frame=FRAME):
    return draw(frame, plan, Act(first["seed"], first=first))


def _asked(drawn):
    return {unit for part in drawn.strata for unit in (*part.main, *part.reserve)}


def _listed(first, *names):
    return [u for n in names for part in first["lists"][n] for u in part["ids"]]


frames = st.tuples(
    st.sets(st.integers(0, 79), min_size=24, max_size=60),
    st.sets(st.integers(0, 79), min_size=40, max_size=80),
)


@given(frames=frames, seed=st.text(min_size=1, max_size=5).filter(str.strip))
def test_nobody_is_asked_again_whatever_happens_to_the_lists(frames, seed):
    before, after = ([f"U{i}" for i in sorted(units)] for units in frames)
    groups = {unit: "AB"[hash_ % 2] for hash_, unit in enumerate(after)}  # many change their group
    plan = Plan("ma", ("g",), quotas={"A": 6, "B": 3}, reserve_share=Fraction(1, 3))
    first = _first(seed, make_frame(before, ["AB"[i % 2] for i in range(len(before))]), plan)
    frame = make_frame(after, list(groups.values()))
    second = _second(first, replace(plan, keep=Fraction(0)), frame)
    assert not _asked(second) & set(_listed(first, "main", "reserve"))
    assert [len(part.main) for part in second.strata] == [6, 3]


@given(
    seed=st.text(min_size=1, max_size=5).filter(str.strip),
    gone=st.sets(st.sampled_from(UNITS), max_size=9),
)
def test_a_panel_keeps_all_who_are_still_listed(seed, gone):
    first = _first(seed)
    frame = make_frame([unit for unit in UNITS if unit not in gone])
    second = _second(first, replace(PLAN, keep=Fraction(1)), frame)
    kept = set(_listed(first, "main")) - gone
    assert kept <= set(second.strata[0].main)
    assert second == draw(frame, PLAN, Act(first["seed"]))  # the rule of the first wave


@pytest.mark.parametrize(
    ("keep", "shared"), [("0", 0), ("1/3", 2), ("1/2", 3), ("3/4", 4), ("1", 6)]
)
def test_a_share_of_the_panel_is_kept_and_the_first_ones_leave(keep, shared):
    first = _first()
    second = _second(first, replace(PLAN, keep=Fraction(keep), reserve_share=Fraction(0)))
    main = _listed(first, "main")
    assert set(second.strata[0].main) & set(main) == set(main[6 - shared :])


@pytest.mark.parametrize("keep", [Fraction(0), Fraction(1, 2)])
@pytest.mark.parametrize("joined", [0, 12])
def test_the_second_wave_is_simple_random_also_when_units_join_and_leave(keep, joined):
    """Simulated chances of single units and of pairs, old and new, against n/N."""
    stay = UNITS if not joined else UNITS[5:]
    frame = make_frame([*stay, *(f"N{i}" for i in range(joined))])
    plan = replace(PLAN, keep=keep, reserve_share=Fraction(0))
    runs, n, pop = 2500, 6, len(frame.ids)
    single: Counter = Counter()
    pairs = {("H06", "H07"): 0, ("H06", frame.ids[-1]): 0}
    for i in range(runs):
        main = _second(_first(f"hạt {i}"), plan, frame).strata[0].main
        single.update(main)
        for pair in pairs:
            pairs[pair] += set(pair) <= set(main)
    pi, both = n / pop, n * (n - 1) / (pop * (pop - 1))
    spread = (runs * pi * (1 - pi)) ** 0.5
    assert max(abs(single[unit] - runs * pi) for unit in frame.ids) < 4 * spread
    new = sum(single[unit] for unit in frame.ids if unit.startswith("N"))
    assert abs(new - runs * pi * joined) <= 4 * spread * max(joined, 1) ** 0.5
    for count in pairs.values():
        assert abs(count - runs * both) < 4.5 * (runs * both) ** 0.5


def test_too_few_people_who_were_not_asked_stop_the_second_wave():
    plan = replace(PLAN, total=12)
    with pytest.raises(InfeasibleAllocationError) as caught:
        _second(_first(plan=plan), replace(plan, keep=Fraction(0)))
    (short,) = caught.value.shortfalls
    assert (short.wanted, short.available, short.constraint) == (16, 14, "wave")


def test_the_protocol_of_the_second_wave_names_the_first_and_verifies_with_it():
    first = _first()
    act = Act("s", first=first)
    stored = json.loads(json.dumps(protocol(opening(FRAME, AGAIN, act), draw(FRAME, AGAIN, act))))
    assert verify(FRAME, AGAIN, stored, first=first) is None
    assert verify(FRAME, AGAIN, stored).path == "wave.first_protocol_sha256"
    other = json.loads(json.dumps(first))
    other["lists"]["main"][0]["ids"][0] = "H-bạn"
    assert verify(FRAME, AGAIN, stored, first=other).path == "wave.first_protocol_sha256"
    stored["wave"]["keep"] = "1"
    assert verify(FRAME, AGAIN, stored, first=first).path == "wave.keep"


@pytest.mark.parametrize(
    "first",
    [
        None,
        {"seed": "khác"},
        {"seed": "s"},
        {"seed": "s", "method": {"selection": "pps"}},
        {"seed": "s", "method": {"selection": "srs"}, "lists": {"main": [3]}},
        {"seed": "s", "method": {"selection": "srs"}, "wave": {"keep": "0"}},
    ],
)
def test_a_first_wave_that_is_none_is_refused(first):
    with pytest.raises(ArgumentError, match="first"):
        draw(FRAME, AGAIN, Act("s", first=first))


HEAD = '[sample]\nunit_id = "ma"\ntotal = 5\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "[wave]\n", "cần khóa «keep»"),
        (HEAD + "[wave]\nkeep = 2\n", "từ 0 đến 1"),
        (HEAD + "[wave]\nkeeep = 0\n", "Có phải là «keep»"),
        (HEAD + 'method = "systematic"\n[wave]\nkeep = 0\n', "chỉ dùng với method"),
    ],
)
def test_a_plan_with_a_fault_in_its_wave_is_refused(text, said):
    with pytest.raises(PlanError) as caught:
        load_plan(text)
    assert any(said in f"{p.message} {p.fix}" for p in caught.value.problems)


def test_a_plan_reads_the_wave():
    assert load_plan(HEAD + '[wave]\nkeep = "0,75"\n').keep == Fraction(3, 4)


def _sealed(act, plan=PLAN, frame=FRAME):
    return json.loads(json.dumps(protocol(opening(frame, plan, act), draw(frame, plan, act))))


def test_a_sealed_seed_is_not_in_the_protocol_and_verifies_once_it_is_published():
    first = _sealed(Act("bí mật", is_sealed=True))
    assert first["seed"] is None and "bí mật" not in json.dumps(first, ensure_ascii=False)
    assert first["seed_sha256"] == seed_digest("bí mật")
    assert verify(FRAME, PLAN, unsealed(first, " bí mật ")) is None
    for opened in (first, unsealed(first, "khác")):
        assert verify(FRAME, PLAN, opened).path == "seed_sha256"
    act = Act("bí mật", first=first, is_sealed=True)
    second = _sealed(act, AGAIN)
    assert verify(FRAME, AGAIN, unsealed(second, "bí mật"), first=first) is None
    assert draw(FRAME, AGAIN, act) == _second(_first("bí mật"))
    with pytest.raises(ArgumentError, match="first"):
        draw(FRAME, AGAIN, Act("khác", first=first))


def test_other_units_of_persons_who_leave_are_not_drawn_and_stand_in_the_protocol():
    first = _first()
    free = set(UNITS) - set(_listed(first, "main", "reserve"))
    also = frozenset(sorted(free)[:9])
    act = Act("s", first=first, also=also)
    assert not _asked(draw(FRAME, AGAIN, act)) & also
    second = _sealed(act, AGAIN)
    assert second["wave"]["also"] == sorted(also)
    assert verify(FRAME, AGAIN, second, first=first) is None
    del second["wave"]["also"]
    assert verify(FRAME, AGAIN, second, first=first).path.startswith("lists")
