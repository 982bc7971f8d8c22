"""Pages of sign-in and accounts."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user
from sqlalchemy import select

from surveyapp import web
from surveyapp.accounts import service
from surveyapp.accounts.forms import AccountForm, PasswordForm, SignInForm
from surveyapp.accounts.labels import ROLE_TITLES
from surveyapp.errors import AppError
from surveyapp.forms import Form
from surveyapp.models import Account

bp = Blueprint("accounts", __name__, url_prefix="/accounts")
REFUSED = (
    "Tên đăng nhập hoặc mật khẩu chưa đúng, hoặc tài khoản đang bị khóa sau 5 lần nhập sai. "
    "Nếu bị khóa, liên hệ quản trị hệ thống để được cấp lại mật khẩu."
)


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Open a session; one message for every refusal, so that logins cannot be guessed."""
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form), 422 if form.errors else 200
    tried = service.try_password(web.reading(), form.login.data or "", form.password.data or "")
    db = web.session()
    signed_in = service.sign_in(db, tried)
    db.commit()
    if signed_in is None:
        form.form_errors.append(REFUSED)
        return render_template("accounts/sign_in.html", form=form), 401
    _enter(signed_in)
    return redirect(_own_page(request.args.get("next")))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    official = web.official()
    if official is not None:
        db = web.session()
        service.end_session(db, official.actor, service.session_id(official.id))
        db.commit()
    logout_user()
    return redirect(url_for("accounts.sign_in"))


@bp.get("/me")
def me() -> ResponseReturnValue:
    """Show the official's own account and open sessions."""
    official = web.official()
    return render_template(
        "accounts/me.html",
        sessions=service.sessions(web.reading(), web.actor()),
        current=service.session_id(official.id) if official else "",
        role_titles=ROLE_TITLES,
        form=Form(),
    )


@bp.post("/me/sessions/<token_sha256>/end")
def end_session(token_sha256: str) -> ResponseReturnValue:
    """End one of the official's own sessions."""
    db = web.session()
    service.end_session(db, web.actor(), token_sha256)
    db.commit()
    return redirect(url_for("accounts.me"))


@bp.route("/me/password", methods=["GET", "POST"])
def change_password() -> ResponseReturnValue:
    """Replace the password; a one-time password must be replaced first of all."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            db = web.session()
            signed_in = service.change_password(
                db, web.actor(), form.old.data or "", form.new.data or ""
            )
            db.commit()
        except AppError as error:
            form.form_errors.append(f"{error.message} {error.fix}")
        else:
            _enter(signed_in)
            flash("Đã đổi mật khẩu.")
            return redirect(url_for("home"))
    return render_template("accounts/password.html", form=form), 422 if form.errors else 200


@bp.get("/")
def index() -> ResponseReturnValue:
    """List the accounts."""
    accounts = web.reading().scalars(select(Account).order_by(Account.login)).all()
    return render_template(
        "accounts/index.html", accounts=accounts, role_titles=ROLE_TITLES, form=Form()
    )


@bp.route("/add", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Make an account and show its one-time password once."""
    form = AccountForm()
    if form.validate_on_submit():
        try:
            db = web.session()
            made = service.add(
                db,
                web.actor(),
                form.login.data or "",
                form.display_name.data or "",
                form.roles.data or [],
            )
            if form.unit.data:
                service.set_unit(db, web.actor(), made.login, form.unit.data)
            db.commit()
        except AppError as error:
            form.form_errors.append(f"{error.message} {error.fix}")
        else:
            return render_template("accounts/new_password.html", made=made)
    return render_template("accounts/add.html", form=form), 422 if form.errors else 200


@bp.post("/<login>/reset")
def reset(login: str) -> ResponseReturnValue:
    """Give a new one-time password and show it once."""
    db = web.session()
    made = service.reset(db, web.actor(), login)
    db.commit()
    return render_template("accounts/new_password.html", made=made)


def _enter(signed_in: service.SignedIn) -> None:
    login_user(web.Official.of(signed_in.token, signed_in.account))


def _own_page(target: str | None) -> str:
    """Return `target` if it is a page of this program, otherwise the first page."""
    parts = urlsplit(target or "")
    if not target or parts.scheme or parts.netloc or not target.startswith("/"):
        return url_for("home")
    return url_for("home") if target.startswith(("//", "/\\")) else target
