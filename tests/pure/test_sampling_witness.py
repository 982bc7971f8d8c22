"""Witnessed draws: what nobody can choose, and every way to cheat that is refused."""

import copy
import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.canonical import json_digest
from sampling.draw import draw
from sampling.errors import WitnessError
from sampling.frame_checks import make_frame
from sampling.protocol import frozen, opening, protocol, verify
from sampling.types import Act, Plan
from sampling.witness import (
    Part,
    PublicNumber,
    announcement,
    inherited,
    new_part,
    recompute,
    witnessed,
)

FRAME = make_frame([f"HS{i:03d}" for i in range(60)])
PLAN = Plan(total=7)
TODAY = date(2026, 11, 20)
LOTTERY = PublicNumber("Xổ số miền Bắc, giải đặc biệt", date(2026, 11, 25), 5)
PARTS = [
    Part("Sở Nội vụ", "một câu", "0a" * 32),
    Part("MTTQ tỉnh", "hai", "0b" * 32),
    Part("Báo tỉnh", "ba", "0c" * 32),
]


def _announced(parts=PARTS, public=LOTTERY, plan=PLAN, frame=FRAME):
    fixed = frozen(frame, plan, Act(""))
    return announcement(fixed, [part.commitment for part in parts], public, TODAY)


def _stored(value="01234"):
    seed, section = witnessed(_announced(), PARTS, value)
    act = Act(seed, witness=section)
    return json.loads(json.dumps(protocol(opening(FRAME, PLAN, act), draw(FRAME, PLAN, act))))


def _framed(*texts):
    return b"".join(len(t.encode()).to_bytes(4, "big") + t.encode() for t in texts)


def test_the_seed_can_be_recomputed_with_hashlib_alone():
    stored = _stored()
    witness = stored["witness"]
    content = json.dumps(
        witness["announcement"], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert witness["announcement_sha256"] == digest
    fields = ["sipas-seed", digest]
    listed = {one["party"]: one["sha256"] for one in witness["announcement"]["commitments"]}
    for one in sorted(witness["revealed"], key=lambda one: one["party"]):
        opened = _framed("sipas-commitment", one["party"], one["part"], one["nonce"])
        assert listed.pop(one["party"]) == hashlib.sha256(opened).hexdigest()
        fields += [one["part"], one["nonce"]]
    assert listed == {}
    seed = hashlib.sha256(_framed(*fields, witness["public_value"])).hexdigest()
    assert stored["seed"] == seed
    numbers = {
        unit: hashlib.sha256(_framed(seed) + b"\0main\0" + unit.encode()).digest()
        for unit in FRAME.ids
    }
    chosen = sorted(FRAME.ids, key=numbers.__getitem__)[:7]
    assert stored["lists"]["main"][0]["ids"] == chosen


def test_a_witnessed_draw_is_labelled_so_and_verifies():
    stored = _stored()
    assert stored["label"] == "có chứng kiến"
    assert verify(FRAME, PLAN, stored) is None


def test_the_announcement_holds_no_part_of_the_seed():
    text = json.dumps(_announced(), ensure_ascii=False)
    assert not any(part.part in text or part.nonce in text for part in PARTS[:1])
    assert not any(part.nonce in text for part in PARTS)


@given(order=st.permutations(PARTS))
def test_the_order_in_which_parts_are_revealed_changes_nothing(order):
    assert witnessed(_announced(), order, "01234") == witnessed(_announced(), PARTS, "01234")


@given(place=st.integers(0, 2), text=st.text(min_size=1, max_size=8))
def test_a_changed_part_or_nonce_is_refused(place, text):
    for change in ({"part": PARTS[place].part + "x" + text}, {"nonce": text + "x"}):
        parts = list(PARTS)
        parts[place] = replace(parts[place], **change)
        with pytest.raises(WitnessError) as caught:
            witnessed(_announced(), parts, "01234")
        assert caught.value.rule == "changed"


def test_every_part_and_the_public_number_change_the_seed():
    seeds = {witnessed(_announced(), PARTS, "01234")[0], witnessed(_announced(), PARTS, "01235")[0]}
    for i, part in enumerate(PARTS):
        parts = [*PARTS[:i], replace(part, part=part.part + "!"), *PARTS[i + 1 :]]
        seeds.add(witnessed(_announced(parts), parts, "01234")[0])
    seeds.add(witnessed(_announced(plan=Plan(total=8)), PARTS, "01234")[0])
    assert len(seeds) == 6


LATE = Part("Ủy ban đến sau", "x", "0d" * 32)


@pytest.mark.parametrize(
    ("parts", "value", "rule"),
    [
        (PARTS[:2], "01234", "missing"),
        ([], "01234", "missing"),
        ([*PARTS, LATE], "01234", "late"),
        ([*PARTS[:2], LATE], "01234", "late"),
        ([*PARTS, PARTS[0]], "01234", "twice"),
        (PARTS, None, "public-value"),
        (PARTS, "1234", "public-value"),
        (PARTS, "001234", "public-value"),
        (PARTS, " 1234", "public-value"),
        (PARTS, "٠١٢٣٤", "public-value"),
    ],
)
def test_what_was_not_promised_gives_no_seed(parts, value, rule):
    with pytest.raises(WitnessError) as caught:
        witnessed(_announced(), parts, value)
    assert caught.value.rule == rule


def test_a_number_that_nobody_named_gives_no_seed():
    with pytest.raises(WitnessError) as caught:
        witnessed(_announced(public=None), PARTS, "01234")
    assert caught.value.rule == "not-named"


def test_a_party_cannot_hand_in_the_commitment_of_another():
    copied = replace(PARTS[0].commitment, party="MTTQ tỉnh")
    with pytest.raises(WitnessError) as caught:
        announcement(frozen(FRAME, PLAN, Act("")), [PARTS[0].commitment, copied], None, TODAY)
    assert caught.value.rule == "twice"
    with pytest.raises(WitnessError) as caught:  # the name is bound: opened by another, it fails
        witnessed(
            announcement(frozen(FRAME, PLAN, Act("")), [copied], LOTTERY, TODAY),
            [replace(PARTS[0], party="MTTQ tỉnh")],
            "01234",
        )
    assert caught.value.rule == "changed"


@pytest.mark.parametrize(
    ("parts", "public", "rule"),
    [
        (PARTS[:1], None, "chance"),
        ([], None, "chance"),
        ([PARTS[0], replace(PARTS[1], party="Sở Nội vụ")], None, "twice"),
        ([], replace(LOTTERY, date=TODAY), "public-date"),
        ([], replace(LOTTERY, date=date(2026, 11, 1)), "public-date"),
        ([], replace(LOTTERY, source=" "), "public-date"),
        (PARTS, replace(LOTTERY, digits=4), "public-digits"),
    ],
)
def test_a_source_of_chance_that_somebody_could_steer_is_not_announced(parts, public, rule):
    with pytest.raises(WitnessError) as caught:
        _announced(parts, public)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("parts", "public", "value"), [(PARTS, None, None), ([], LOTTERY, "98765")]
)
def test_parties_alone_or_a_public_number_alone_are_enough(parts, public, value):
    seed, section = witnessed(_announced(parts, public), parts, value)
    assert recompute(json.loads(json.dumps(section))) == (seed, section)


def test_nobody_can_change_frame_or_plan_after_the_announcement():
    seed, section = witnessed(_announced(), PARTS, "01234")
    other = make_frame([*FRAME.ids[:-1], "HS999"])
    with pytest.raises(WitnessError) as caught:
        opening(other, PLAN, Act(seed, witness=section))
    assert (caught.value.rule, caught.value.place) == ("frozen", "announcement.frame.sha256")
    with pytest.raises(WitnessError, match="total"):
        opening(FRAME, Plan(total=8), Act(seed, witness=section))
    with pytest.raises(WitnessError, match="shortfall"):
        opening(FRAME, PLAN, Act(seed, witness=section, shortfall="lower"))
    with pytest.raises(WitnessError, match="previous"):
        opening(FRAME, PLAN, Act(seed, witness=section, previous=({"seed": "cũ"},)))


def test_another_seed_is_never_called_witnessed():
    _, section = witnessed(_announced(), PARTS, "01234")
    with pytest.raises(WitnessError, match="seed"):
        opening(FRAME, PLAN, Act("tự chọn", witness=section))


def _add_a_late_party(stored):
    witness = stored["witness"]
    commitment = {"party": LATE.party, "sha256": LATE.commitment.sha256}
    witness["announcement"]["commitments"].append(commitment)
    witness["revealed"].append({"party": LATE.party, "part": LATE.part, "nonce": LATE.nonce})
    witness["announcement_sha256"] = json_digest(witness["announcement"])


CHANGES = [
    (lambda s: s.update(seed="0" * 64), "witness.seed"),
    (lambda s: s.update(witness=None), "label"),
    (lambda s: s.update(label="hạt giống tự chọn"), "label"),
    (lambda s: s["witness"].update(public_value="01235"), "witness.seed"),
    (lambda s: s["witness"].update(announcement_sha256="0" * 64), "witness.announcement_sha256"),
    (lambda s: s["witness"]["revealed"].pop(), "witness.revealed"),
    (lambda s: s["witness"]["revealed"][0].update(part="x"), "witness.revealed[Báo tỉnh]"),
    (lambda s: s["witness"]["announcement"]["public"].update(date="2026-11-20"), "witness.public.date"),
    (lambda s: s["witness"].update(extra=1), "witness.extra"),
    (lambda s: s.update(previous=[{"seed": "giấu"}]), "witness.announcement.previous.length"),
    (_add_a_late_party, "witness.seed"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path"), CHANGES)
def test_every_change_of_a_witnessed_protocol_is_found(change, path):
    stored = _stored()
    change(stored)
    found = verify(FRAME, PLAN, stored)
    assert found is not None
    assert found.path == path


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


def test_whatever_a_hand_puts_into_the_witness_gives_a_difference_and_no_crash():
    whole = _stored()
    for path in list(_paths(whole["witness"])):
        for junk in (None, 5, True, "x", [], {}, [{"ids": 3}]):
            stored = copy.deepcopy(whole)
            place, keys = stored, ("witness", *path)
            for key in keys[:-1]:
                place = place[key]
            if place[keys[-1]] == junk:
                continue
            place[keys[-1]] = junk
            assert verify(FRAME, PLAN, stored) is not None, (path, junk)


def test_parts_are_random_unless_somebody_says_one():
    one, two = new_part(" A "), new_part("A")
    assert one.party == "A"
    assert one.part != two.part
    assert one.nonce != two.nonce
    chosen = new_part("A", "số của tôi")
    assert chosen.part == "số của tôi"
    assert len(bytes.fromhex(chosen.nonce)) == 32
    with pytest.raises(WitnessError):
        new_part("  ")


def test_two_parties_of_whom_one_is_honest_cannot_bring_a_friend_in():
    """The dishonest one sees the honest nonces too late: her friend comes as often as anybody."""
    mine = Part("A", "chọn sao cho HS001 trúng", "00" * 32)
    hits = 0
    for i in range(400):
        honest = Part("B", "", hashlib.sha256(bytes([i % 256, i // 256])).hexdigest())
        seed, _ = witnessed(_announced([mine, honest], None), [mine, honest])
        hits += "HS001" in draw(FRAME, PLAN, Act(seed)).strata[0].main
    assert abs(hits - 400 * 7 / 60) < 4 * (400 * 7 / 60 * 53 / 60) ** 0.5


def _supplement(first, **changed):
    earlier = {"protocol_sha256": json_digest(first), "reason": "tăng chỉ tiêu"}
    facts = {"seed": first["seed"], "witness": inherited(first), "previous": (earlier,)}
    act, plan = Act(**(facts | changed)), Plan(total=9)
    return json.loads(json.dumps(protocol(opening(FRAME, plan, act), draw(FRAME, plan, act))))


def test_a_supplementary_draw_with_a_witnessed_seed_stays_witnessed_and_names_the_first():
    first = _stored()
    second = _supplement(first)
    assert second["label"] == "có chứng kiến"
    assert second["witness"]["of_protocol_sha256"] == json_digest(first)
    assert set(first["lists"]["main"][0]["ids"]) < set(second["lists"]["main"][0]["ids"])
    assert verify(FRAME, Plan(total=9), second) is None
    third = inherited(second)
    assert third["of_protocol_sha256"] == json_digest(first)  # always the witnessed draw itself


def test_a_seed_is_inherited_only_from_a_draw_that_the_protocol_names():
    first = _stored()
    with pytest.raises(WitnessError) as refused:
        _supplement(first, previous=())
    assert refused.value.rule == "inherited"
    second = _supplement(first)
    second["previous"] = []
    found = verify(FRAME, Plan(total=9), second)
    assert found.path == "witness.of_protocol_sha256"


def test_another_seed_is_never_called_inherited():
    with pytest.raises(WitnessError) as refused:
        _supplement(_stored(), seed="chọn cho bạn tôi")
    assert (refused.value.rule, refused.value.place) == ("changed", "seed")


def test_nothing_is_inherited_from_a_seed_that_somebody_chose():
    act = Act("s")
    assert inherited(protocol(opening(FRAME, PLAN, act), draw(FRAME, PLAN, act))) is None
