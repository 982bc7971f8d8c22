"""The protocol: what it holds, that it can be recomputed, and that every change is found."""

import copy
import hashlib
import json
from dataclasses import replace
from fractions import Fraction

import pytest

from sampling.canonical import frame_digest, json_digest
from sampling.draw import allocate, draw
from sampling.errors import ArgumentError, PlanError
from sampling.frame_checks import make_frame
from sampling.listing import sample_rows
from sampling.plan import load_plan
from sampling.protocol import opening, protocol, verify
from sampling.types import Act, Frame, Plan

IDS = [f"HS{i:03d}" for i in range(50)]
KEYS = [["Sở Nội vụ", "Sở Y tế", "Cục Thuế"][i % 3] for i in range(50)]
PLAN = Plan(
    stratum=("agency",), allocation="proportional", total=20,
    reserve_share=Fraction(1, 2), recheck_share=Fraction(1, 5),
)  # fmt: skip
SECRET = b"\x07" * 32
ACT = Act("hạt giống 2024", secret=SECRET)


def _frame() -> Frame:
    return make_frame(IDS, KEYS)


def _stored(frame: Frame, plan: Plan = PLAN, act: Act = ACT) -> dict:
    made = protocol(opening(frame, plan, act), draw(frame, plan, act))
    return json.loads(json.dumps(made))


def test_the_frame_digest_is_the_sha256_of_sorted_lines():
    lines = sorted(f"{unit}\x1f{key}" for unit, key in zip(IDS, KEYS, strict=True))
    text = "\n".join(["id\x1fstratum", *lines]) + "\n"
    assert frame_digest(_frame()) == hashlib.sha256(text.encode()).hexdigest()


def test_a_protocol_agrees_with_its_recomputation_with_and_without_the_secret():
    stored = _stored(_frame())
    assert verify(_frame(), PLAN, stored) is None
    assert verify(_frame(), PLAN, stored, SECRET) is None


def test_a_protocol_says_that_its_seed_was_chosen_and_keeps_the_secret_sealed():
    stored = _stored(_frame())
    assert stored["label"] == "hạt giống tự chọn"
    assert stored["recheck"]["secret_sha256"] == hashlib.sha256(SECRET).hexdigest()
    assert SECRET.hex() not in json.dumps(stored)
    assert stored["counts"] == {"pop_size": 50, "main": 20, "reserve": 11, "recheck": 4}


def test_the_same_draw_gives_the_same_bytes():
    assert json.dumps(_stored(_frame())) == json.dumps(_stored(make_frame(IDS[::-1], KEYS[::-1])))


def _swap_main(stored):
    ids = stored["lists"]["main"][0]["ids"]
    ids[0], ids[1] = ids[1], ids[0]


def _put_a_friend_in(stored):
    stored["lists"]["main"][1]["ids"][2] = "HS999"


def _drop_recheck(stored):
    stored["lists"]["recheck"][0]["ids"] = []


def _move_recheck(stored):
    chosen = stored["lists"]["recheck"]
    rest = stored["lists"]["recheck_replacements"]
    full = next(i for i, cell in enumerate(chosen) if cell["ids"])
    chosen[full]["ids"][0] = "HS999"
    assert rest


def _add_an_id(stored):
    stored["lists"]["reserve"][2]["ids"].append("HS999")


CHANGES = [
    (lambda s: s.update(seed="khác"), "lists.main[0].ids[0]"),
    (lambda s: s.update(label="có chứng kiến"), "label"),
    (lambda s: s.update(format="x"), "format"),
    (lambda s: s["frame"].update(rows=51), "frame.rows"),
    (lambda s: s["frame"].update(sha256="0" * 64), "frame.sha256"),
    (lambda s: s["plan"]["content"].update(total=21), "plan.content.total"),
    (lambda s: s["counts"].update(main=21), "counts.main"),
    (lambda s: s["strata"][1].update(pop_size=3), "strata[1].pop_size"),
    (lambda s: s.update(recheck=None), "recheck"),
    (lambda s: s["recheck"].update(share="1/3"), "recheck.share"),
    (lambda s: s["lists"].pop("reserve"), "lists.reserve"),
    (lambda s: s.update(extra=1), None),
    (_swap_main, "lists.main[0].ids[0]"),
    (_put_a_friend_in, "lists.main[1].ids[2]"),
    (_drop_recheck, "lists.recheck[Cục Thuế].length"),
    (_move_recheck, "lists.recheck[Cục Thuế]"),
    (_add_an_id, "lists.reserve[2].ids.length"),
]


@pytest.mark.parametrize(("change", "path"), CHANGES)
def test_every_change_of_a_protocol_is_found_at_its_place(change, path):
    stored = copy.deepcopy(_stored(_frame()))
    change(stored)
    found = verify(_frame(), PLAN, stored)
    assert (found.path if found else None) == path


def _paths(tree, path=()):
    yield path
    children = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, child in children:
        yield from _paths(child, (*path, key))


def test_whatever_a_hand_puts_into_a_protocol_gives_a_difference_and_no_crash():
    whole = _stored(_frame())
    told = {"notes", "previous", "versions"}
    for path in list(_paths(whole))[1:]:
        for junk in (None, 5, "x", [], {}, [{"ids": 3}]):
            stored = copy.deepcopy(whole)
            place = stored
            for key in path[:-1]:
                place = place[key]
            if place[path[-1]] == junk:
                continue
            place[path[-1]] = junk
            found = verify(_frame(), PLAN, stored)
            assert found is not None or path[0] in told or path[0] == "recheck" or path[1] in (
                "recheck", "recheck_replacements",
            ), (path, junk)  # fmt: skip


def test_a_frame_that_was_changed_after_the_draw_is_found():
    stored = _stored(_frame())
    other = make_frame([*IDS[:-1], "HS777"], KEYS)
    assert verify(other, PLAN, stored).path == "frame.sha256"
    assert verify(make_frame([*IDS, "x"], [*KEYS, "Sở Y tế"]), PLAN, stored).path == "frame.rows"


def test_another_secret_or_a_hand_picked_recheck_is_found_with_the_secret():
    stored = _stored(_frame())
    assert verify(_frame(), PLAN, stored, b"other").path == "recheck.secret_sha256"
    cell, rest = stored["lists"]["recheck"][0], stored["lists"]["recheck_replacements"][0]
    cell["ids"][0], rest["ids"][0] = rest["ids"][0], cell["ids"][0]
    assert verify(_frame(), PLAN, stored) is None  # the rule holds; only the secret tells
    assert verify(_frame(), PLAN, stored, SECRET).path == "lists.recheck[0].ids[0]"


@pytest.mark.parametrize("broken", [{}, {"format": "sipas-sample-protocol", "format_version": 1}])
def test_something_else_than_a_protocol_is_said_to_be_none(broken):
    assert verify(_frame(), PLAN, broken).path == "format"


def test_a_recheck_that_waits_for_the_assignment_is_sealed_but_empty():
    act = Act("s", secret=SECRET, recheck_lists="later")
    stored = _stored(_frame(), act=act)
    assert stored["lists"]["recheck"] == []
    assert stored["recheck"]["by"] == "assignment"
    assert verify(_frame(), PLAN, stored) is None


SEALED = Act("s", secret=SECRET, recheck_lists="sealed")


def test_a_sealed_recheck_is_counted_and_not_listed():
    stored, drawn = _stored(_frame(), act=SEALED), draw(_frame(), PLAN, SEALED)
    assert stored["counts"]["recheck"] == drawn.recheck_n == 4  # floor(0.2 x 20)
    assert stored["lists"]["recheck"] == stored["lists"]["recheck_replacements"] == []
    hidden = {unit for cell in drawn.recheck for unit in cell.chosen}
    assert hidden and not hidden & set(json.dumps(stored["recheck"]).split('"'))
    assert verify(_frame(), PLAN, stored) is None
    assert verify(_frame(), PLAN, stored, SECRET) is None
    assert verify(_frame(), PLAN, stored, b"other").path == "recheck.secret_sha256"


@pytest.mark.parametrize("secret", [None, SECRET])
@pytest.mark.parametrize("said", [0, 3, 5])
def test_another_number_of_sealed_rechecks_is_found(said, secret):
    stored = _stored(_frame(), act=SEALED)
    stored["counts"]["recheck"] = said
    assert verify(_frame(), PLAN, stored, secret).path == "counts.recheck"


def test_a_list_in_a_sealed_protocol_is_found():
    stored = _stored(_frame(), act=SEALED)
    stored["lists"]["recheck"] = [{"cell": "Sở Y tế", "ids": [IDS[0]]}]
    assert verify(_frame(), PLAN, stored).path == "lists.recheck"


def test_a_supplementary_draw_rechecks_only_among_whom_it_adds():
    first = draw(_frame(), PLAN, SEALED)
    known = frozenset(unit for part in first.strata for unit in part.main[:5])
    act = replace(SEALED, known=known)
    stored, drawn = _stored(_frame(), act=act), draw(_frame(), PLAN, act)
    assert not known & {unit for cell in drawn.recheck for unit in cell.chosen}
    assert stored["counts"]["recheck"] == (first.main_n - len(known)) // 5
    assert verify(_frame(), PLAN, stored) is None
    assert verify(_frame(), PLAN, stored, SECRET) is None


def test_previous_draws_and_lowered_quotas_stand_in_the_protocol():
    plan = Plan(stratum=("a",), quotas={"Sở Nội vụ": 99, "Sở Y tế": 1, "Cục Thuế": 0})
    act = Act("s", shortfall="lower", previous=({"seed": "cũ", "reason": "thêm danh sách"},))
    stored = _stored(_frame(), plan, act)
    assert stored["previous"][0]["reason"] == "thêm danh sách"
    assert stored["decisions"] == [
        {"stratum": "Sở Nội vụ", "constraint": "pop_size", "wanted": 99, "available": 17}
    ]
    assert verify(_frame(), plan, stored) is None


def test_rows_repeat_main_units_as_recheck_and_weights_add_to_the_list():
    rows = list(sample_rows(draw(_frame(), PLAN, ACT)))
    main = {row.unit_id: row for row in rows if row.role == "main"}
    again = [row for row in rows if row.role == "recheck"]
    assert sum(row.design_weight for row in main.values()) == pytest.approx(50)
    assert [row.role for row in rows] == ["main"] * 20 + ["reserve"] * 11 + ["recheck"] * 4
    assert all(row.design_weight is None for row in rows if row.role == "reserve")
    for row in again:
        n = sum(1 for other in main.values() if other.stratum == row.stratum)
        share = sum(1 for other in again if other.stratum == row.stratum) / n
        pi = main[row.unit_id].inclusion_probability
        assert row.inclusion_probability == pytest.approx(pi * share)


def test_quotas_for_other_strata_than_the_frame_are_all_named_with_the_nearest():
    plan = Plan(stratum=("a",), quotas={"Sở Nội Vụ": 1, "Sở Y tế": 1})
    with pytest.raises(PlanError) as caught:
        allocate(plan, _frame())
    texts = [f"{p.message} {p.fix}" for p in caught.value.problems]
    assert len(texts) == 3
    assert any("«Sở Nội Vụ»" in text and "Có phải là «Sở Nội vụ»" in text for text in texts)


def test_a_quota_of_none_for_a_group_that_is_not_listed_is_no_fault():
    plan = Plan(
        stratum=("a",), quotas={"Sở Nội vụ": 1, "Sở Y tế": 1, "Cục Thuế": 0, "Đã giải thể": 0}
    )
    assert allocate(plan, _frame()) == {"Cục Thuế": 0, "Sở Nội vụ": 1, "Sở Y tế": 1}


@pytest.mark.parametrize("text", ["1e999999999", "nan", "-inf"])
def test_a_number_that_is_none_is_refused_at_once(text):
    with pytest.raises(PlanError):
        load_plan(f'[sample]\nunit_id = "id"\ntotal = 5\nreserve_share = {text}\n')


def test_an_empty_seed_is_refused():
    with pytest.raises(ArgumentError, match="seed"):
        draw(_frame(), PLAN, Act("  "))


def test_the_plan_digest_depends_on_the_plan_and_not_on_how_it_is_written():
    one = load_plan('[sample]\nunit_id="id"\ntotal=20\nreserve_share="0,5"\n')
    two = load_plan('# plan\n[sample]\nreserve_share = 0.50\ntotal = 20\nunit_id = " id "\n')
    three = load_plan('[sample]\nunit_id="id"\ntotal=21\nreserve_share=0.5\n')
    digests = [json_digest(plan.canonical()) for plan in (one, two, three)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sample\n", "Dòng 1"),
        ("[sample]\nreserve_share = 0,05\n", "Dòng 2"),
        ("", "thiếu bảng [sample]"),
        ('[sample]\nunit_id="id"\ntotal=5\nrecheck_shar=0.1\n', "Có phải là «recheck_share»"),
        ('[sampel]\nunit_id="id"\n', "Có phải là «sample»"),
        ('[sample]\ntotal=5\n', "thiếu «unit_id»"),
        ('[sample]\nunit_id="id"\n', "thiếu «total»"),
        ('[sample]\nunit_id="id"\ntotal=2.5\n', "số nguyên"),
        ('[sample]\nunit_id="id"\ntotal=true\n', "số không âm"),
        ('[sample]\nunit_id="id"\ntotal=5\nrecheck_share=1.5\n', "từ 0 đến 1, đang ghi 1.5"),
        ('[sample]\nunit_id="id"\ntotal=5\nmethod="snowball"\n', "một trong srs"),
        ('[sample]\nunit_id=7\ntotal=5\n', "tên một cột"),
        ('[sample]\nunit_id="id"\nstratum="a"\n', "cần bảng [quotas]"),
        ('[sample]\nunit_id="id"\ntotal=5\n[quotas]\na=5\n', "chỉ dùng với"),
        ('[sample]\nunit_id="id"\nstratum="a"\ntotal=5\n[quotas]\na=4\n', "khác tổng"),
        ('[sample]\nunit_id="id"\nstratum="a"\n[quotas]\na=-4\n', "quotas.a"),
        ('[sample]\nunit_id="id"\nstratum="a"\n[quotas]\na=4\n"a "=4\n', "hai lần"),
        ('[sample]\nunit_id="i"\nstratum="a"\nallocation="equal"\ntotal=9\nminimum=5\nmaximum=3\n', "minimum = 5"),
    ],
)  # fmt: skip
def test_a_plan_with_a_fault_is_refused_with_the_place_and_the_rule(text, said):
    with pytest.raises(PlanError) as caught:
        load_plan(text)
    assert any(said in f"{p.message} {p.fix}" for p in caught.value.problems)
