"""A witnessed draw of a stored survey: the whole way, and every way to cheat that is refused."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sampling.canonical import json_digest
from sampling.witness import PublicNumber, new_part
from surveyapp import clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Account, AuditEntry, Frame, FrameRow, SampleDraw, SampleUnit, Survey
from surveyapp.samples import acts, service, supplement, witnessing
from surveyapp.samples.proposal import Choices
from surveyapp.surveys import service as surveys
from surveyapp.surveys import waves
from tests.app import sample_factory as make
from tests.app.sample_factory import RATERS_PLAN, SECRET

CHOICES = Choices(few_reason="thử")
MORE = Choices(quotas={"district": 26}, few_reason="thử", reason="tăng chỉ tiêu huyện")
TODAY = datetime(2024, 10, 1, 3, tzinfo=UTC)
LATER = datetime(2024, 10, 5, 12, tzinfo=UTC)
LOTTERY = PublicNumber("Xổ số miền Bắc, giải đặc biệt", date(2024, 10, 5), 5)


@dataclass
class Stage:
    """A survey with a frozen list and three parties with their parts."""

    db: Session
    survey: Survey
    frame: Frame
    actors: list[Actor]
    parts: list

    def open(self, public: PublicNumber | None = None, choices: Choices = CHOICES) -> SampleDraw:
        """Freeze list, plan and source of chance."""
        return witnessing.open_draw(self.db, self.actors[0], self.frame, choices, public)

    def commit(self, opened: SampleDraw, *numbers: int) -> None:
        """Send the commitments of some parties."""
        for i in numbers or (0, 1):
            part = self.parts[i]
            digest = part.commitment.sha256
            witnessing.commit(self.db, self.actors[i], opened, part.party, digest)

    def close(self, opened: SampleDraw) -> None:
        """Fix the commitments."""
        witnessing.close(self.db, self.actors[0], opened)

    def reveal(self, opened: SampleDraw, *numbers: int) -> None:
        """Reveal the parts of some parties."""
        for i in numbers or (0, 1):
            part = self.parts[i]
            witnessing.reveal(self.db, self.actors[i], opened, part.part, part.nonce)

    def closed(self, public: PublicNumber | None = None) -> SampleDraw:
        """Go on to where parties may reveal."""
        opened = self.open(public)
        self.commit(opened)
        self.close(opened)
        return opened

    def drawn(self) -> SampleDraw:
        """Go the whole way with two parties."""
        opened = self.closed()
        self.reveal(opened)
        return service.draw(self.db, self.actors[0], opened)


@pytest.fixture
def stage(db: Session):
    with clock.set_to(TODAY):
        actors = [make.official(db), _actor(db, "mat.tran"), _actor(db, "duyet")]
        survey, frame = make.survey_with(db, actors[0], RATERS_PLAN, make.raters())
        parts = [new_part("Sở Nội vụ"), new_part("MTTQ tỉnh"), new_part("Ủy ban nhân dân tỉnh")]
        yield Stage(db, survey, frame, actors, parts)


def _actor(db: Session, login: str) -> Actor:
    """Stand for an official who does not sign in here: no password has to be hashed."""
    facts = {"display_name": login, "password_hash": "-", "created_at": TODAY}
    account = Account(login=login, **facts)
    db.add(account)
    db.flush()
    return Actor(account.id, login, frozenset({"auditor"}))


def _drawn_n(db: Session) -> int:
    return db.scalar(select(func.count()).select_from(SampleUnit))


def test_two_parties_commit_then_reveal_and_the_draw_is_witnessed(stage: Stage) -> None:
    opened = stage.open()
    assert (opened.seed, opened.announcement, _drawn_n(stage.db)) == ("", None, 0)
    stage.commit(opened)
    stage.close(opened)
    stage.reveal(opened)

    drawn = service.draw(stage.db, stage.actors[0], opened)

    assert drawn.protocol["label"] == "có chứng kiến"
    assert drawn.seed == drawn.protocol["seed"] and len(drawn.seed) == 64
    assert drawn.protocol["witness"]["announcement"] == drawn.announcement
    assert drawn.announcement["frame"]["sha256"] == drawn.frame_sha256
    assert _drawn_n(stage.db) == 64
    assert service.verify(stage.db, drawn) is None


def test_a_public_number_of_a_later_day_is_a_source_of_chance_of_its_own(stage: Stage) -> None:
    opened = stage.open(LOTTERY)
    stage.close(opened)
    with pytest.raises(AppError, match="SAMPLE-163"):
        witnessing.take_number(stage.db, stage.actors[0], opened, "01234")
    with clock.set_to(LATER):
        witnessing.take_number(stage.db, stage.actors[0], opened, "01234")
        witnessing.take_number(stage.db, stage.actors[0], opened, "01234")  # again: no change
        with pytest.raises(AppError, match="SAMPLE-249"):  # two seeds for one draw
            witnessing.take_number(stage.db, stage.actors[0], opened, "01235")
        drawn = service.draw(stage.db, stage.actors[0], opened)
    assert drawn.protocol["witness"]["public_value"] == "01234"
    assert drawn.protocol["label"] == "có chứng kiến"
    assert service.verify(stage.db, drawn) is None


def test_parties_and_a_public_number_together_are_waited_for(stage: Stage) -> None:
    opened = stage.closed(LOTTERY)
    stage.reveal(opened, 0)
    named = f"con số công khai ({LOTTERY.source})"
    assert witnessing.waiting_for(stage.db, opened) == ("MTTQ tỉnh", named)
    with pytest.raises(AppError, match="MTTQ tỉnh"):
        service.draw(stage.db, stage.actors[0], opened)
    stage.reveal(opened, 1)
    with pytest.raises(AppError, match="Con số công khai thiếu"):
        service.draw(stage.db, stage.actors[0], opened)
    assert _drawn_n(stage.db) == 0


@pytest.mark.parametrize(
    ("on", "digits", "said"),
    [(date(2024, 10, 1), 5, "ngày sau ngày công bố"), (date(2024, 10, 5), 2, "quá ít")],
)
def test_a_number_that_may_be_known_or_guessed_is_refused(stage, on, digits, said) -> None:
    with pytest.raises(AppError, match=said):
        stage.open(PublicNumber("Xổ số", on, digits))


def test_one_party_alone_is_no_witness(stage: Stage) -> None:
    opened = stage.open()
    stage.commit(opened, 0)
    with pytest.raises(AppError, match="Chỉ có 1 bên"):
        stage.close(opened)
    assert opened.announcement is None


def test_nobody_reveals_before_all_commitments_are_fixed(stage: Stage) -> None:
    opened = stage.open()
    stage.commit(opened)
    with pytest.raises(AppError, match="SAMPLE-247"):
        stage.reveal(opened, 0)


def test_a_commitment_after_the_announcement_is_refused(stage: Stage) -> None:
    opened = stage.closed()
    with pytest.raises(AppError, match="SAMPLE-246"):
        stage.commit(opened, 2)
    with pytest.raises(AppError, match="cam kết muộn"):
        stage.reveal(opened, 2)


def test_a_second_commitment_is_refused_and_the_same_changes_nothing(stage: Stage) -> None:
    opened = stage.open()
    stage.commit(opened, 0)
    stage.commit(opened, 0)
    other = new_part("Sở Nội vụ").commitment.sha256
    with pytest.raises(AppError, match="SAMPLE-245"):
        witnessing.commit(stage.db, stage.actors[0], opened, "Sở Nội vụ", other)
    digest = stage.parts[0].commitment.sha256
    for party, sha256 in (("Sở Nội vụ", "0" * 64), ("Bên khác", digest)):
        with pytest.raises(AppError, match="đứng hai lần"):
            witnessing.commit(stage.db, stage.actors[1], opened, party, sha256)
    for party, sha256, code in (("", "0" * 64, "251"), ("MTTQ", "xyz", "252")):
        with pytest.raises(AppError, match=f"SAMPLE-{code}"):
            witnessing.commit(stage.db, stage.actors[1], opened, party, sha256)


def test_another_part_than_the_one_committed_is_refused(stage: Stage) -> None:
    opened = stage.closed()
    with pytest.raises(AppError, match="không khớp với cam kết"):
        witnessing.reveal(stage.db, stage.actors[1], opened, "đổi", stage.parts[1].nonce)
    stage.reveal(opened, 1)
    stage.reveal(opened, 1)  # again: no change
    actions = list(stage.db.scalars(select(AuditEntry.action)))
    assert (actions.count("sample.reveal"), actions.count("sample.commit")) == (1, 2)


def test_a_reveal_after_the_draw_is_refused(stage: Stage) -> None:
    drawn = stage.drawn()
    with pytest.raises(AppError, match="SAMPLE-213"):
        stage.reveal(drawn, 0)


@pytest.mark.parametrize("when", ["before the close", "after the reveal"])
def test_a_list_changed_in_between_stops_the_draw(stage: Stage, when: str) -> None:
    opened = stage.open()
    stage.commit(opened)
    if when == "after the reveal":
        stage.close(opened)
        stage.reveal(opened)
    row = stage.db.scalars(select(FrameRow).limit(1)).one()
    stage.db.add(
        FrameRow(
            frame_id=row.frame_id,
            unit_code="ban-toi",
            person_code="pban-toi",
            stratum=row.stratum,
            group_code=row.group_code,
            attributes={**row.attributes, "own_agencies": []},
        )
    )
    stage.db.flush()
    act = witnessing.close if when == "before the close" else service.draw
    with pytest.raises(AppError, match="SAMPLE-214"):
        act(stage.db, stage.actors[0], opened)
    assert _drawn_n(stage.db) == 0


def test_a_party_that_does_not_reveal_is_listed_for_ever(stage: Stage) -> None:
    opened = stage.closed()
    stage.reveal(opened, 0)
    with pytest.raises(AppError, match="SAMPLE-205"):  # two draws at once
        service.announce(stage.db, stage.actors[0], stage.frame, "a", CHOICES)
    with pytest.raises(AppError, match="SAMPLE-242"):
        service.abandon(stage.db, stage.actors[0], opened, "  ")
    service.abandon(stage.db, stage.actors[0], opened, "MTTQ không mở phần")
    with pytest.raises(AppError, match="SAMPLE-241"):
        stage.reveal(opened, 1)

    again = stage.open(choices=Choices(few_reason="thử", reason="mở lại"))
    stage.parts = [new_part(part.party) for part in stage.parts]
    stage.commit(again)
    stage.close(again)
    stage.reveal(again)
    drawn = service.draw(stage.db, stage.actors[0], again)

    (listed,) = drawn.protocol["previous"]
    assert listed["announcement_sha256"] == json_digest(opened.announcement)
    assert listed["reason"] == "MTTQ không mở phần"
    assert service.verify(stage.db, drawn) is None


def test_an_announced_seed_that_was_given_up_stays_in_every_protocol(stage: Stage) -> None:
    announced = service.announce(stage.db, stage.actors[0], stage.frame, "hạt một", CHOICES)
    service.abandon(stage.db, stage.actors[0], announced, "chuyển sang có chứng kiến")
    with pytest.raises(AppError, match="SAMPLE-204"):  # nobody tries seeds until one pleases
        service.announce(stage.db, stage.actors[0], stage.frame, "hạt hai", CHOICES)
    opened = stage.open(choices=Choices(few_reason="thử", reason="có chứng kiến"))
    stage.commit(opened)
    stage.close(opened)
    stage.reveal(opened)
    drawn = service.draw(stage.db, stage.actors[0], opened)
    assert [one["seed"] for one in drawn.protocol["previous"]] == ["hạt một"]


def test_a_supplementary_draw_of_a_witnessed_one_stays_witnessed(stage: Stage) -> None:
    first = stage.drawn()
    with pytest.raises(AppError, match="SAMPLE-244"):  # no second seed
        stage.open(choices=MORE)
    few = Choices(quotas={"district": 26}, few_reason="thử")
    with pytest.raises(AppError, match="SAMPLE-208"):
        service.announce(stage.db, stage.actors[0], stage.frame, first.seed, few)

    more = service.announce(stage.db, stage.actors[0], stage.frame, first.seed, MORE, SECRET)
    second = service.draw(stage.db, stage.actors[0], more)

    assert second.protocol["label"] == "có chứng kiến"
    assert second.protocol["witness"]["of_protocol_sha256"] == json_digest(first.protocol)
    assert second.protocol["previous"][0]["protocol_sha256"] == json_digest(first.protocol)
    changed = supplement.changes(acts.draws(stage.db, stage.survey))[second.id]
    assert (len(changed.added), changed.released) == (2, ())
    assert service.verify(stage.db, second) is None


def test_a_second_wave_is_not_opened_before_witnesses(stage: Stage) -> None:
    """Its seed is that of the first wave: another one would ask the same persons again."""
    sealed = service.announce(stage.db, stage.actors[0], stage.frame, None, CHOICES)
    service.draw(stage.db, stage.actors[0], sealed)
    later = RATERS_PLAN.replace("par-test", "par-later")
    survey = surveys.create_from_plan(stage.db, stage.actors[0], later)
    waves.follow(stage.db, stage.actors[0], survey, stage.survey, "1")
    frame = make.frame_of(stage.db, survey, make.raters())

    with pytest.raises(AppError, match="SAMPLE-269"):
        witnessing.open_draw(stage.db, stage.actors[0], frame, CHOICES)

    assert stage.db.scalars(select(SampleDraw)).all() == [sealed]


def test_a_lowered_quota_says_who_is_released(stage: Stage) -> None:
    first = stage.drawn()
    fewer = Choices(quotas={"district": 20}, few_reason="thử", reason="giảm")
    announced = service.announce(stage.db, stage.actors[0], stage.frame, first.seed, fewer)
    second = service.draw(stage.db, stage.actors[0], announced)
    changed = supplement.changes(acts.draws(stage.db, stage.survey))[second.id]
    before, after = (
        set(stage.db.scalars(select(SampleUnit.unit_code).where(SampleUnit.draw_id == one.id)))
        for one in (first, second)
    )
    assert set(changed.released) == before - after and len(changed.released) == 4
    assert changed.added == ()
    assert first.id not in supplement.changes([first, second])


@pytest.mark.parametrize("field", ["part", "public_value", "party"])
def test_verify_finds_what_a_hand_has_changed_in_the_witnessing(stage: Stage, field: str) -> None:
    drawn = stage.drawn()
    section = dict(drawn.protocol["witness"])
    if field == "public_value":
        section["public_value"] = "99999"
    else:
        revealed = [dict(one) for one in section["revealed"]]
        revealed[0][field] = "bạn tôi"
        section["revealed"] = revealed
    drawn.protocol = {**drawn.protocol, "witness": section}
    stage.db.flush()
    assert service.verify(stage.db, drawn).path.startswith("witness")
