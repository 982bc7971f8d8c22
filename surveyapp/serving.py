"""Run the server: gunicorn on the application, with what a first start needs."""

import os
import socket
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from flask import Flask

from surveyapp import config, logs, maintenance, running
from surveyapp.accounts import service as accounts
from surveyapp.app import create_app
from surveyapp.config import Settings
from surveyapp.db import Database, check_current
from surveyapp.errors import AppError
from surveyapp.frames import drafts
from surveyapp.practice import service as practice_surveys

ADDRESS = "127.0.0.1:8000"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
#: Requests of one worker at a time: answers that come together share one wait for the disk.
THREADS = 16
#: One person runs a small office; more accounts split the roles.
FIRST_ROLES = ("admin", "manager", "approver", "analyst")


def application() -> Flask:
    """Build the application from the environment (gunicorn calls this in each worker)."""
    logs.configure()
    settings = config.load()
    running.hold(settings.home)
    return create_app(settings)


@click.command()
@click.option("--bind", default=ADDRESS, show_default=True, metavar="HOST:PORT", help="Địa chỉ.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--certfile", type=FILE, help="Chứng thư HTTPS (PEM, kèm chứng thư trung gian).")
@click.option("--keyfile", type=FILE, help="Khóa riêng của chứng thư (PEM, không mật khẩu).")
def serve(bind: str, workers: int, certfile: Path | None, keyfile: Path | None) -> None:
    """Chạy máy chủ bằng gunicorn; cơ sở dữ liệu phải đúng phiên bản (sipas upgrade)."""
    _refuse_taken(bind)
    tls = _tls(certfile, keyfile)
    settings = config.load()
    tidy(settings)
    click.echo(f"Dữ liệu: {settings.home}")
    _run(bind, workers, tls)


@click.command()
@click.option("--bind", default=ADDRESS, show_default=True, metavar="HOST:PORT", help="Địa chỉ.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--practice", is_flag=True, help="Lập cuộc khảo sát tập dượt nếu chưa có.")
def start(bind: str, workers: int, *, practice: bool) -> None:
    """Chuẩn bị mọi thứ còn thiếu rồi chạy; chạy lần nữa không thay đổi gì."""
    _refuse_taken(bind)
    settings = config.load()
    made = maintenance.upgrade(settings)
    if made:
        click.echo(f"Đã sao lưu trước khi nâng cấp: {made}")
    click.echo(f"Dữ liệu: {settings.home}")
    tidy(settings)
    first = _first_administrator(settings)
    if practice:
        _practice(settings, bind)
    click.echo(f"Trang dành cho cán bộ: http://{bind}/")
    click.echo(first)
    _run(bind, workers)


def tidy(settings: Settings) -> None:
    """Remove lists that nobody needs any more, as at every upload and every draw."""
    with Database(settings.database_url) as database:
        check_current(database)
        with database.session() as db:
            drafts.tidy(db)
            db.commit()


def _first_administrator(settings: Settings) -> str:
    """Make the first account if there is none; return what to tell about it."""
    with Database(settings.database_url) as database, database.session() as db:
        if accounts.count(db):
            return "Quên mật khẩu: sipas account reset TÊN-ĐĂNG-NHẬP"
        made = accounts.add(db, None, "admin", "Quản trị hệ thống", FIRST_ROLES)
        db.commit()
    return f"Tài khoản đầu tiên: {made.login}, mật khẩu dùng một lần: {made.password}"


def _practice(settings: Settings, bind: str) -> None:
    """Make the practice surveys where there are none, and say how to answer one."""
    ready = None if practice_surveys.are_there(settings) else _made(settings)
    if ready is None:
        _tell_again(settings, bind)
        return
    click.echo(f"Phiếu để trả lời thử: http://{bind}/s/{ready.collecting}")
    click.echo(f"Mã phiếu (mỗi mã dùng một lần): {', '.join(ready.codes)}")
    if ready.tablet is not None:
        _tell_tablets(bind)
        click.echo(f"Mã ghép máy (chỉ hiện một lần): {ready.tablet.token}")


def _made(settings: Settings) -> practice_surveys.Ready | None:
    wanted = practice_surveys.shipped()
    with click.progressbar(
        length=wanted.work, label="Lập số liệu tập dượt", file=sys.stderr
    ) as bar:
        return practice_surveys.create(settings, wanted, bar.update)


def _tell_again(settings: Settings, bind: str) -> None:
    """Say where to answer, and what gives new codes: those that were shown are not stored."""
    for place in practice_surveys.open_places(settings):
        if place.counter_agency is None:
            click.echo(f"Phiếu để trả lời thử: http://{bind}/s/{place.survey}")
            click.echo(
                "Mã phiếu chỉ hiện ở lần chạy đầu. Hết mã thì tập dượt ở thư mục khác: "
                "SURVEY_HOME=THƯ-MỤC-MỚI make run "
                "(hoặc SURVEY_HOME=THƯ-MỤC-MỚI sipas start --practice)"
            )
        else:
            _tell_tablets(bind)
            click.echo(
                f"Mã ghép máy mới: sipas device pair --survey {place.survey} --agency "
                f'{place.counter_agency} --counter "Quầy thử" --as TÊN-ĐĂNG-NHẬP'
            )


def _tell_tablets(bind: str) -> None:
    click.echo(f"Máy tại quầy, chạy cả khi mất mạng: http://{bind}/tablet/")
    click.echo(f"Máy tại quầy luôn có mạng: http://{bind}/device")


def _refuse_taken(bind: str) -> None:
    """Refuse an address that another program uses, before anything is prepared."""
    host, _, port = bind.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise AppError("APP-010", f"Địa chỉ «{bind}» không đúng.", "Ví dụ: --bind 127.0.0.1:8020")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            raise AppError(
                "APP-011",
                f"Không mở được địa chỉ {bind}: {error.strerror}.",
                "Cổng có thể đang được dùng; chọn cổng khác, ví dụ --bind 127.0.0.1:8020 "
                "(make run BIND=127.0.0.1:8020).",
            ) from error


def _tls(certfile: Path | None, keyfile: Path | None) -> list[str]:
    """Return gunicorn's words for HTTPS; a pair that does not work is refused before it starts."""
    if certfile is None and keyfile is None:
        return []
    if certfile is None or keyfile is None:
        raise AppError("APP-013", "HTTPS cần cả --certfile và --keyfile.", "Xem docs/https.md.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, _no_password)
    except (OSError, ssl.SSLError) as error:
        raise AppError(
            "APP-014",
            f"Chứng thư {certfile} và khóa {keyfile} không dùng được: {error}.",
            "Kiểm tra hai tệp cùng một cặp, dạng PEM, khóa không đặt mật khẩu; xem docs/https.md.",
        ) from error
    os.environ["SURVEY_SECURE_COOKIES"] = "1"  # for the workers, which read the settings again
    return [f"--certfile={certfile}", f"--keyfile={keyfile}"]


def _no_password() -> str:
    """Answer where OpenSSL would stop and ask at the terminal."""
    return ""


def _run(bind: str, workers: int, tls: Sequence[str] = ()) -> None:
    """Become gunicorn; what it would log of requests holds addresses and times of citizens.

    So there is no access log, and of what is no request at all (a warning there) nothing either.
    """
    try:
        os.execv(  # noqa: S606  our own interpreter
            sys.executable,
            [
                sys.executable,
                "-m",
                "gunicorn",
                f"--bind={bind}",
                f"--workers={workers}",
                "--worker-class=surveyapp.serving_worker.Worker",
                f"--threads={THREADS}",
                "--log-level=error",
                *tls,
                "surveyapp.serving:application()",
            ],
        )
    except OSError as error:
        raise AppError("APP-008", f"Không chạy được máy chủ: {error.strerror}.") from error
