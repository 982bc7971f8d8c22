"""Pages on the tablets of a survey: list, pair with a code that is shown once, revoke."""

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp import roles, web
from surveyapp.collect import devices, pairing, tablet_ledger
from surveyapp.collect.forms import DeviceForm
from surveyapp.errors import AppError
from surveyapp.models import Device, Survey
from surveyapp.surveys import service as surveys

bp = Blueprint("devices", __name__, url_prefix="/surveys/<code>/devices")


@bp.get("/")
def index(code: str) -> ResponseReturnValue:
    """List the tablets of the survey."""
    db = web.reading()
    survey = surveys.find(db, code)
    return _page(db, survey, DeviceForm(survey))


@bp.post("/pair")
def pair(code: str) -> ResponseReturnValue:
    """Pair a tablet and show its code, this once."""
    db = web.session()
    survey = surveys.find(db, code)
    form = DeviceForm(survey)
    if form.validate_on_submit():
        try:
            token = pairing.pair(db, web.actor(), code, form.agency.data, form.counter.data or "")
            db.commit()
        except AppError as error:
            form.form_errors.append(f"{error.message} {error.fix}")
        else:
            return _token_page(survey, token, form.counter.data or "")
    return _page(db, survey, form), 422


def _token_page(survey: Survey, token: str, counter: str) -> str:
    """Show the code as text and as an address whose part after "#" never leaves the tablet."""
    address = web.settings().public_address or request.host_url
    tablet = f"{address.rstrip('/')}{url_for('tablet.page')}"
    qr = segno.make(f"{tablet}#{token}", error="m", boost_error=False)
    return render_template(
        "collect/token.html",
        survey=survey,
        practice=survey.is_practice,
        token=devices.readable(token),
        tablet=tablet,
        qr=qr.svg_data_uri(border=4),
        counter=counter,
    )


@bp.route("/<int:device_id>/revoke", methods=["GET", "POST"])
def revoke(code: str, device_id: int) -> ResponseReturnValue:
    """Ask, then refuse what a tablet sends from now on."""
    db = web.session_by_method()
    survey = surveys.find(db, code)
    device = next((one for one in _of(db, survey) if one.id == device_id), None)
    if device is None:
        abort(404)
    if request.method == "GET":
        return render_template(
            "collect/revoke.html", survey=survey, practice=survey.is_practice, device=device
        )
    devices.revoke(db, web.actor(), device_id)
    db.commit()
    flash("Đã thu hồi máy; phiếu máy đã gửi vẫn giữ.")
    return redirect(url_for("devices.index", code=code))


def _page(db: Session, survey: Survey, form: DeviceForm) -> str:
    listed = _of(db, survey)
    return render_template(
        "collect/devices.html",
        survey=survey,
        practice=survey.is_practice,
        devices=listed,
        ledgers=tablet_ledger.ledgers(db, listed),
        accepted=tablet_ledger.accepted(db, survey.id),
        titles={agency.code: agency.title for agency in survey.agencies},
        may_pair=not survey.is_locked and web.actor().has_any(roles.ENDPOINTS["devices.pair"]),
        form=form,
    )


def _of(db: Session, survey: Survey) -> list[Device]:
    return [device for device, owner in devices.listed(db) if owner.id == survey.id]
