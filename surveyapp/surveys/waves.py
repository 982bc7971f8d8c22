"""Two waves: a survey follows an earlier one and asks nobody again, or keeps a share as a panel."""

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from sampling.canonical import share
from sampling.errors import ArgumentError
from surveyapp import audit, clock
from surveyapp.actor import Actor
from surveyapp.errors import AppError
from surveyapp.models import Frame, ListDraft, SampleDraw, Survey, UnitList

#: The share of the first main sample that may be asked again, where nobody may.
NOBODY = "0"


def follow(db: Session, actor: Actor, survey: Survey, first: Survey, keep: str = NOBODY) -> Survey:
    """Make a survey the second wave of another, before it has a list; the same again is no change.

    `keep` is the share of the first main sample that may be asked again: 0 asks nobody again,
    more keeps a panel.
    """
    db.flush()
    for one in sorted((survey, first), key=lambda s: s.id):
        db.refresh(one, with_for_update=True)
    kept = _share(keep)
    if (survey.follows_id, survey.wave_keep) == (first.id, kept):
        return survey
    _check_pair(db, survey, first)
    _check_empty(db, survey)
    survey.follows_id, survey.wave_keep = first.id, kept
    db.flush()
    db.expire(survey, ["first"])
    db.expire(first, ["second"])
    audit.record(db, actor, "survey.follow", survey.code, first=first.code, keep=kept)
    return survey


def candidates(db: Session, survey: Survey) -> list[Survey]:
    """Return the surveys that this one may follow, the newest year first."""
    found = db.scalars(
        select(Survey)
        .where(
            Survey.id != survey.id,
            Survey.kind == survey.kind,
            Survey.is_practice == survey.is_practice,
            Survey.follows_id.is_(None),
            Survey.seed_opened_at.is_(None),
            _has_sealed(),
        )
        .order_by(Survey.year.desc(), Survey.code)
    )
    return [one for one in found if one.second is None or one.second is survey]


def open_seed(db: Session, actor: Actor, survey: Survey) -> Survey:
    """Give a sealed seed free, as no second wave will come; from then on none may follow."""
    db.flush()
    db.refresh(survey, with_for_update=True)
    if survey.opens_seeds:
        return survey
    if not survey.is_locked or survey.first is not None or survey.second is not None:
        raise AppError(
            "SURVEY-068",
            f"Chưa công bố được hạt giống của «{survey.code}».",
            "Khóa số liệu trước; nếu có đợt nối tiếp thì hạt giống mở khi cả hai đợt đã khóa.",
            status=409,
        )
    survey.seed_opened_at = clock.now()
    db.flush()
    audit.record(db, actor, "survey.open_seed", survey.code)
    return survey


def _share(keep: str) -> str:
    """Return the share as a fraction; refuse what is none from 0 to 1."""
    try:
        exact = share(keep.strip().replace(",", "."))
    except (ArgumentError, ValueError, ZeroDivisionError):
        exact = None
    if exact is None or not 0 <= exact <= 1:
        raise AppError(
            "SURVEY-060",
            f"Tỷ lệ được hỏi lại «{keep}» phải từ 0 đến 1.",
            "Ghi 0 để không hỏi lại ai, ví dụ 0,5 để giữ một nửa mẫu.",
            status=422,
        )
    return str(exact)


def _check_pair(db: Session, survey: Survey, first: Survey) -> None:
    """Refuse two surveys that cannot be two waves."""
    if first is survey or first.kind != survey.kind or first.kind == "counter":
        raise AppError(
            "SURVEY-061",
            f"«{survey.code}» không nối tiếp «{first.code}» được.",
            "Chọn một cuộc khảo sát khác, cùng loại và có danh sách chọn mẫu.",
            status=409,
        )
    if first.is_practice != survey.is_practice:
        raise AppError(
            "SURVEY-062",
            "Cuộc khảo sát tập dượt không nối với cuộc khảo sát thật.",
            "Nối hai cuộc khảo sát cùng loại.",
            status=409,
        )
    taken = first.second is not None and first.second is not survey
    if first.follows_id is not None or taken or survey.second is not None:
        raise AppError(
            "SURVEY-063",
            "Chỉ nối được hai đợt: mỗi đợt đầu có một đợt sau, đợt sau không có đợt sau nữa.",
            "Chọn đợt đầu chưa có đợt nối tiếp.",
            status=409,
        )
    sealed = db.scalar(select(_has_sealed()).where(Survey.id == first.id))
    if not sealed or first.seed_opened_at is not None:
        raise AppError(
            "SURVEY-064",
            f"«{first.code}» chưa chọn mẫu bằng hạt giống niêm phong, hoặc hạt giống đã công bố.",
            "Khi công bố mẫu đợt đầu, chọn «Niêm phong hạt giống để nối tiếp đợt sau».",
            status=409,
        )


def _check_empty(db: Session, survey: Survey) -> None:
    """Refuse a survey that has a list: its persons have other pseudonyms than in the first."""
    holds = [
        exists().where(Frame.survey_id == survey.id),
        exists().where(ListDraft.survey_id == survey.id),
        exists().where(UnitList.survey_id == survey.id, UnitList.sealed.is_not(None)),
    ]
    if any(db.scalar(select(one)) for one in holds):
        raise AppError(
            "SURVEY-065",
            f"«{survey.code}» đã có danh sách; chỉ nối được trước khi nhập danh sách.",
            "Tạo cuộc khảo sát mới, nối với đợt trước, rồi nhập danh sách.",
            status=409,
        )


def _has_sealed() -> ColumnElement[bool]:
    return (
        exists()
        .where(
            SampleDraw.survey_id == Survey.id,
            SampleDraw.drawn_at.is_not(None),
            SampleDraw.sealed_seed.is_not(None),
        )
        .correlate(Survey)
    )
