"""The verbs of a witnessed draw: open, commit, close, reveal, take the public number."""

import re
from dataclasses import replace

from sqlalchemy.orm import Session

from sampling import witness
from sampling.canonical import canonical, json_digest
from sampling.draw import draw as draw_sample
from sampling.errors import WitnessError
from sampling.protocol import frozen
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Frame, SampleDraw, SampleParty, Survey
from surveyapp.samples import acts, service
from surveyapp.samples.proposal import Choices
from surveyapp.samples.refusals import translated
from surveyapp.samples.witness_files import public_number, refuse_early, refuse_second_wave

_SHA256 = re.compile(r"[0-9a-f]{64}")
PARTY_LENGTH = PART_LENGTH = 200


def open_draw(
    db: Session,
    actor: Actor,
    frame: Frame,
    choices: Choices,
    public: witness.PublicNumber | None = None,
) -> SampleDraw:
    """Freeze list, plan and source of chance of a draw whose seed nobody knows yet."""
    survey = db.get_one(Survey, frame.survey_id, with_for_update=True, populate_existing=True)
    refuse_second_wave(is_second=survey.first is not None)
    earlier = acts.draws(db, survey)
    if any(one.drawn_at is not None for one in earlier):
        raise AppError(
            "SAMPLE-244",
            "Cuộc khảo sát đã có mẫu và hạt giống của nó; không lập hạt giống thứ hai.",
            "Chọn bổ sung bằng chính hạt giống đó: ai đã được chọn vẫn được chọn.",
            status=409,
        )
    opened = service.prepare(db, survey, frame, choices)
    opened.is_witnessed = True
    opened.announced_by = actor.account_id
    if public is not None:
        opened.public_number = {
            "source": public.source,
            "date": public.date.isoformat(),
            "digits": public.digits,
        }
    db.add(opened)
    db.flush()
    listed, plan, act = acts.unseeded(db, survey, opened)
    with translated():
        draw_sample(
            listed, plan, replace(act, seed="thử")
        )  # a fault after the reveal would allow a retry
        if public is not None:
            witness.announcement(frozen(listed, plan, act), (), public, clock.today())
    service.record_fixed(db, actor, "sample.open", opened)
    return opened


def commit(db: Session, actor: Actor, opened: SampleDraw, party: str, sha256: str) -> SampleParty:
    """Take the commitment of a party, once; the same again changes nothing."""
    survey = _witnessed(db, opened)
    party, sha256 = canonical(party), sha256.strip().lower()
    listed = acts.parties(db, opened)
    own = next((one for one in listed if one.account_id == actor.account_id), None)
    if own is not None and (own.party, own.sha256) == (party, sha256):
        return own
    if own is not None:
        raise AppError(
            "SAMPLE-245",
            f"Tài khoản «{actor.login}» đã gửi cam kết với tên «{own.party}»; không đổi được.",
            "Giữ cam kết đã gửi. Nếu đã mất phần bí mật, bỏ lần chọn này kèm lý do và mở lại.",
            status=409,
        )
    if opened.announcement is not None:
        raise AppError(
            "SAMPLE-246",
            "Đã chốt cam kết; cam kết muộn không được nhận.",
            "Nếu cần thêm bên này: bỏ lần chọn kèm lý do, mở lại và nhận đủ cam kết.",
            status=409,
        )
    _check_commitment(party, sha256, listed)
    made = SampleParty(
        draw_id=opened.id,
        account_id=actor.account_id,
        party=party,
        sha256=sha256,
        committed_at=clock.now(),
    )
    db.add(made)
    db.flush()
    audit.record(db, actor, "sample.commit", survey.code, draw=opened.id, sha256=sha256)
    return made


def make_part(db: Session, actor: Actor, opened: SampleDraw, party: str) -> witness.Part:
    """Make the part of a party and take its commitment; the part itself is stored nowhere."""
    with translated():
        made = witness.new_part(party)
    commit(db, actor, opened, party, made.commitment.sha256)
    return made


def close(db: Session, actor: Actor, opened: SampleDraw) -> SampleDraw:
    """Fix the commitments together with list, plan and method; only now may a party reveal."""
    survey = _witnessed(db, opened)
    if opened.announcement is not None:
        return opened
    listed, plan, act = acts.unseeded(db, survey, opened)
    acts.check_unchanged(db, listed, opened)
    commitments = [witness.Commitment(one.party, one.sha256) for one in acts.parties(db, opened)]
    public = public_number(opened.public_number)
    with translated():
        opened.announcement = witness.announcement(
            frozen(listed, plan, act), commitments, public, clock.today()
        )
    db.flush()
    audit.record(
        db,
        actor,
        "sample.close",
        survey.code,
        draw=opened.id,
        announcement_sha256=json_digest(opened.announcement),
        parties=len(commitments),
    )
    return opened


def reveal(db: Session, actor: Actor, opened: SampleDraw, part: str, nonce: str) -> SampleParty:
    """Take the part of a party that has committed; only after all commitments are fixed."""
    survey = _witnessed(db, opened)
    if opened.announcement is None:
        raise AppError(
            "SAMPLE-247",
            "Chưa chốt cam kết: mở phần của mình lúc này thì bên sau có thể chọn theo.",
            "Chờ mọi bên gửi cam kết và chốt, rồi mới mở.",
            status=409,
        )
    own = db.get(SampleParty, (opened.id, actor.account_id))
    with translated():
        if own is None:
            raise WitnessError("late", "revealed", actor.login)
        shown = witness.Part(own.party, canonical(part), canonical(nonce))
        if shown.commitment.sha256 != own.sha256:
            place = f"revealed[{own.party}]"
            raise WitnessError("changed", place, shown.commitment.sha256, own.sha256)
    if own.revealed_at is None:
        own.part, own.nonce, own.revealed_at = shown.part, shown.nonce, clock.now()
        db.flush()
        audit.record(db, actor, "sample.reveal", survey.code, draw=opened.id, sha256=own.sha256)
    return own


def take_number(db: Session, actor: Actor, opened: SampleDraw, value: str) -> SampleDraw:
    """Take the public number on its day or later; a second, other one is refused."""
    survey = _witnessed(db, opened)
    value = value.strip()
    named = opened.public_number
    if named is None or opened.announcement is None:
        raise AppError(
            "SAMPLE-248",
            "Lần chọn này không chờ con số công khai nào."
            if named is None
            else "Chưa chốt cam kết; con số công khai chỉ được ghi sau đó.",
            "Xem các bước ở trang chọn mẫu có chứng kiến.",
            status=409,
        )
    refuse_early(opened.announcement)
    if opened.public_value is not None and opened.public_value != value:
        raise AppError(
            "SAMPLE-249",
            f"Đã ghi con số {opened.public_value}; không đổi được.",
            "Nếu ghi sai so với nguồn: bỏ lần chọn này kèm lý do và mở lại.",
            status=409,
        )
    if not re.fullmatch(rf"[0-9]{{{named['digits']}}}", value):
        with translated():
            raise WitnessError("public-value", "public_value", value, named["digits"])
    if opened.public_value is None:
        opened.public_value = value
        db.flush()
        audit.record(db, actor, "sample.public_number", survey.code, draw=opened.id, value=value)
    return opened


def waiting_for(db: Session, opened: SampleDraw) -> tuple[str, ...]:
    """Say what is still missing before a closed draw can be carried out."""
    lacking = [one.party for one in acts.parties(db, opened) if one.revealed_at is None]
    if opened.public_number is not None and opened.public_value is None:
        lacking.append(f"con số công khai ({opened.public_number['source']})")
    return tuple(lacking)


def _witnessed(db: Session, opened: SampleDraw) -> Survey:
    """Lock a witnessed draw that is still to be carried out."""
    survey = service.locked(db, opened)
    if not opened.is_witnessed:
        raise AppError(
            "SAMPLE-250",
            "Lần chọn mẫu này không phải lần chọn có chứng kiến.",
            "Mở lần chọn có chứng kiến ở trang chỉ tiêu.",
            status=409,
        )
    return survey


def _check_commitment(party: str, sha256: str, listed: list[SampleParty]) -> None:
    if not party or len(party) > PARTY_LENGTH:
        raise AppError(
            "SAMPLE-251",
            f"Tên bên phải có từ 1 đến {PARTY_LENGTH} ký tự.",
            "Ghi tên cơ quan, tổ chức và người đại diện.",
            status=422,
        )
    if not _SHA256.fullmatch(sha256):
        raise AppError(
            "SAMPLE-252",
            "Cam kết phải là mã SHA-256: 64 chữ số và chữ a đến f.",
            "Dán dòng sha256 của tệp commitment.json, hoặc để trống để chương trình tạo giúp.",
            status=422,
        )
    with translated():
        for one in listed:
            if one.party == party or one.sha256 == sha256:
                raise WitnessError("twice", "commitments", party, "every party once")
