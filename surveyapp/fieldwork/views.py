"""Pages of field work: forms, codes with their letters, what has come in."""

from collections.abc import Sequence
from ipaddress import ip_address
from itertools import groupby
from urllib.parse import urlsplit

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp import clock, roles, web
from surveyapp.errors import AppError
from surveyapp.exports.numbers import NumberStyle
from surveyapp.fieldwork import (
    lost_letters,
    office_lists,
    outlook,
    people,
    reports,
    reserve,
    service,
)
from surveyapp.fieldwork.forms import IssueForm, ReissueForm, ReplaceForm, SearchForm
from surveyapp.fieldwork.letters import (
    AGAIN,
    FIRST,
    REPLACEMENT,
    SUPPLEMENT,
    entry,
    file_name,
    letters_pdf,
)
from surveyapp.fieldwork.reports import Report
from surveyapp.models import SampleDraw, Survey
from surveyapp.samples.proposal import stratum_title
from surveyapp.surveys import service as surveys

_count = NumberStyle().count
#: Persons on a page; a search finds the others.
SHOWN = 200

bp = Blueprint("fieldwork", __name__, url_prefix="/surveys/<code>/fieldwork")


@bp.get("/")
def index(code: str) -> ResponseReturnValue:
    """Show what has come in, and the next step."""
    db = web.reading()
    survey = surveys.find(db, code)
    draw = service.latest_draw(db, survey)
    last = (
        survey.deadline_on if survey.deadline_on and survey.deadline_on >= clock.today() else None
    )
    if draw is not None and draw.issued_at:
        revoked = lost_letters.revoked(db, draw)
        return _page(db, survey, ReissueForm(data={"expires_on": last, "revoked": revoked}))
    return _page(db, survey, IssueForm(data={"expires_on": last}))


def _page(db: Session, survey: Survey, form: IssueForm) -> str:
    draw = service.latest_draw(db, survey)
    counted = service.progress(db, survey)
    groups = [
        (title, [(stratum_title(survey, row.stratum), row) for row in rows])
        for title, rows in groupby(counted, key=lambda row: row.group_title)
    ]
    return render_template(
        "fieldwork/index.html",
        survey=survey,
        practice=survey.is_practice,
        draw=draw,
        is_assigned=draw is not None and service.is_assigned(db, draw),
        **_outlook(db, survey, draw),
        groups=groups,
        total={
            "planned": sum(row.planned for row in counted),
            "issued": sum(row.issued for row in counted),
            "received": sum(row.received for row in counted),
        },
        form=form,
        **_address_told(survey),
        may={name: web.actor().has_any(roles.ENDPOINTS[f"fieldwork.{name}"]) for name in _ACTS},
    )


def _outlook(db: Session, survey: Survey, draw: SampleDraw | None) -> dict[str, object]:
    """Say what giving the forms will do, or why it cannot be done; afterwards what was given."""
    if draw is None or survey.is_locked:
        return {"outlook": None, "refusal": None}
    if service.is_assigned(db, draw):
        return {"outlook": outlook.given(db, survey, draw), "refusal": None}
    try:
        return {"outlook": outlook.expected(db, survey, draw), "refusal": None}
    except AppError as refusal:
        return {"outlook": None, "refusal": refusal}


_ACTS = ("assign", "issue", "reissue", "people")


@bp.post("/assign")
def assign(code: str) -> ResponseReturnValue:
    """Give every drawn person her form."""
    db = web.session()
    assigned = service.assign(db, web.actor(), service.drawn(db, surveys.find(db, code)))
    db.commit()
    forms, cells = _count(assigned.forms), _count(assigned.cells)
    flash(f"Đã giao {forms} phiếu thành {cells} nhóm, mỗi nhóm ít nhất 5 người.")
    return redirect(url_for("fieldwork.index", code=code))


@bp.post("/issue")
def issue(code: str) -> ResponseReturnValue:
    """Make the codes and give the letters, this once; nothing is stored before they are made."""
    db = web.session()
    survey = surveys.find(db, code)
    form = IssueForm()
    if not form.validate_on_submit() or form.expires_on.data is None:
        return _page(db, survey, form), 422
    draw = service.drawn(db, survey)
    letters = service.issue(
        db, web.actor(), draw, expires_on=form.expires_on.data, keys=web.settings().keys
    )
    what = FIRST if draw.id == service.first_given(db, survey) else SUPPLEMENT
    return _letters(db, survey, what, letters)


@bp.post("/reissue")
def reissue(code: str) -> ResponseReturnValue:
    """Revoke the codes whose letters were lost, and give the letters with new ones."""
    db = web.session()
    survey = surveys.find(db, code)
    form = ReissueForm()
    if not form.validate_on_submit() or form.expires_on.data is None:
        return _page(db, survey, form), 422
    draw = service.drawn(db, survey)
    lost_letters.check_unchanged(db, draw, form.revoked.data)
    letters = lost_letters.reissue(
        db,
        web.actor(),
        draw,
        expires_on=form.expires_on.data,
        reason=form.reason.data or "",
        keys=web.settings().keys,
    )
    return _letters(db, survey, AGAIN, letters)


@bp.route("/people", methods=["GET", "POST"], endpoint="people")
def people_page(code: str) -> ResponseReturnValue:
    """List who was given a form, by office; a search comes by POST, as names stay out of URLs."""
    return _people(code, SearchForm(), _fresh())


@bp.post("/people.<any('pdf', 'xlsx', 'csv'):kind>")
def office_list(code: str, kind: str) -> ResponseReturnValue:
    """Give the persons with forms by office as a file; the look at names is recorded."""
    db = web.session()
    survey = surveys.find(db, code)
    found = people.listed(db, web.actor(), service.draw_of_reserve(db, survey), web.settings().keys)
    content = office_lists.office_file(survey, found, kind)
    db.commit()
    name = f"{code}-nguoi-duoc-giao-phieu.{kind}"
    return _download(content, name, office_lists.KINDS[kind])


@bp.post("/replace")
def replace(code: str) -> ResponseReturnValue:
    """Report a form as nobody's and release the next reserve unit; give her letter, if any."""
    db = web.session()
    survey = surveys.find(db, code)
    draw = service.draw_of_reserve(db, survey)
    form = ReplaceForm()
    if not form.validate_on_submit():
        return _people(code, SearchForm(formdata=None), form), 422
    report = Report(form.unit.data or "", form.reason.data or "", form.token.data or "")
    done = reserve.replace(db, web.actor(), draw, report, web.settings().keys)
    if done.letter is None:
        db.commit()
        flash(_said(done))
        return redirect(url_for("fieldwork.people", code=code))
    response = _letters(db, survey, REPLACEMENT, [done.letter])
    flash(_said(done))  # after the commit: only what is stored is said
    return response


def _fresh() -> ReplaceForm:
    """Return an empty form that counts each person once, however often it is sent."""
    return ReplaceForm(formdata=None, data={"token": reports.new_token()})


def _people(code: str, search: SearchForm, form: ReplaceForm) -> str:
    db = web.session()
    survey = surveys.find(db, code)
    draw = service.draw_of_reserve(db, survey)
    keys = web.settings().keys
    found = people.listed(db, web.actor(), draw, keys, search.words.data or "")
    tallies = [(stratum_title(survey, one.stratum), one) for one in reports.tallies(db, survey)]
    db.commit()  # looking at names is an act of the audit trail
    return render_template(
        "fieldwork/people.html",
        survey=survey,
        practice=survey.is_practice,
        found=found[:SHOWN],
        total=len(found),
        hides=any(one.is_hidden for one in found),
        replaces=any(one.has_reserve for one in found),
        tallies=tallies,
        reasons=reserve.REASON_TITLES,
        search=search,
        form=form,
    )


def _said(done: reserve.Replaced) -> str:
    """Say what a report did."""
    left = f"Danh sách dự phòng của nhóm còn {done.left} người."
    if not done.is_new and not done.is_named:
        return f"Báo cáo về người này từ trang này đã được đếm, không đếm lần nữa. {left}"
    if not done.is_new:
        return f"Đã ghi nhận từ trước, không thay thêm ai. {left}"
    kept = "Đã ghi nhận." if done.is_named else _COUNTED
    if done.released is None:
        return f"{kept} Không còn ai trong dự phòng thay được; có thể chọn bổ sung."
    return f"{kept} Đã lấy người kế tiếp trong danh sách dự phòng. {left}"


_COUNTED = (
    "Đã đếm báo cáo theo nhóm và lý do, không ghi tên: phiếu này chỉ còn vừa đủ người có thể đã "
    "trả lời; ghi tên thì đoán được câu trả lời của những người còn lại. Người này vẫn ở trong "
    "danh sách; đừng báo lại."
)


def _letters(db: Session, survey: Survey, what: str, letters: Sequence[service.Letter]) -> Response:
    content = letters_pdf(letters, _entry(survey), simulated=survey.is_practice)
    db.commit()
    return _download(content, f"{file_name(survey.code, what, letters)}.pdf", "application/pdf")


def _download(content: bytes, name: str, kind: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _entry(survey: Survey) -> str:
    """Return the address in the letters: the configured one, else as this page was asked for.

    Raises
    ------
    AppError : it leads to the server's own machine, where nobody with a letter sits.
    """
    public = web.settings().public_address
    if public:
        return entry(public, survey.code)
    own = url_for("collect.start", survey_code=survey.code, _external=True)
    if not survey.is_practice and is_this_machine(urlsplit(own).hostname or ""):
        raise AppError(
            "FIELD-027",
            f"Địa chỉ {own} chỉ mở được trên chính máy chủ, không in vào thư mời được.",
            "Báo quản trị hệ thống đặt địa chỉ công khai (SURVEY_ADDRESS), rồi mở lại trang này.",
            status=409,
        )
    return own


def is_this_machine(host: str) -> bool:
    """Whether a name or number in an address leads to whoever opens it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _address_told(survey: Survey) -> dict[str, object]:
    """Return the address for the page, or why there is none yet."""
    try:
        return {"entry": _entry(survey), "no_address": None}
    except AppError as refusal:
        return {"entry": None, "no_address": refusal}
