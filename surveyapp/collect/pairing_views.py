"""Pages on which a tablet is paired: an official types the code that another page showed."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from surveyapp import codes, web
from surveyapp.collect import devices, look, rate_limits, showing
from surveyapp.collect.api_views import buckets, count_try, sender
from surveyapp.collect.journey import bp
from surveyapp.collect.visits import COOKIE_PATH, DEVICE_COOKIE, DEVICE_SECONDS, page, set_cookie
from surveyapp.errors import AppError
from surveyapp.models import Survey


@bp.get("/device")
def device() -> Response:
    """Ask an official for the pairing code of this tablet."""
    return page("device", look.from_cookie(request.cookies.get(look.COOKIE)), error=None)


@bp.post("/device")
def pair_device() -> Response:
    """Pair this tablet: from now on it needs no code in its survey."""
    chosen = look.from_cookie(request.cookies.get(look.COOKIE))
    buckets().require(rate_limits.CODES, sender())
    try:
        paired = devices.recognise(web.connection(), request.form.get("token", "")[:200])
    except AppError as error:
        count_try(error)
        text = showing.refusal_line(error, chosen.language)
        return page("device", chosen, status=error.status, error=text)
    survey = web.reading().get_one(Survey, paired.survey_id)
    response = redirect(url_for("collect.start", survey_code=survey.code), 303)
    token = codes.normalise(request.form["token"])
    set_cookie(response, DEVICE_COOKIE, token, path=COOKIE_PATH, seconds=DEVICE_SECONDS)
    return response
