"""Run the server: gunicorn on the application, with what a first start needs."""

import os
import sys

import click
from flask import Flask

from surveyapp import config, logs, maintenance
from surveyapp.accounts import service as accounts
from surveyapp.app import create_app
from surveyapp.config import Settings
from surveyapp.db import Database, check_current
from surveyapp.errors import AppError

ADDRESS = "127.0.0.1:8000"


def application() -> Flask:
    """Build the application from the environment (gunicorn calls this in each worker)."""
    logs.configure()
    return create_app(config.load())


@click.command()
@click.option("--bind", default=ADDRESS, show_default=True, metavar="HOST:PORT", help="Địa chỉ.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
def serve(bind: str, workers: int) -> None:
    """Chạy máy chủ bằng gunicorn; cơ sở dữ liệu phải đúng phiên bản (sipas upgrade)."""
    settings = config.load()
    with Database(settings.database_url) as database:
        check_current(database)
    click.echo(f"Dữ liệu: {settings.home}")
    _run(bind, workers)


@click.command()
@click.option("--bind", default=ADDRESS, show_default=True, metavar="HOST:PORT", help="Địa chỉ.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
def start(bind: str, workers: int) -> None:
    """Chuẩn bị mọi thứ còn thiếu rồi chạy; chạy lần nữa không thay đổi gì."""
    settings = config.load()
    made = maintenance.upgrade(settings)
    if made:
        click.echo(f"Đã sao lưu trước khi nâng cấp: {made}")
    click.echo(f"Dữ liệu: {settings.home}")
    click.echo(f"Trang dành cho cán bộ: http://{bind}/")
    _first_administrator(settings)
    _run(bind, workers)


def _first_administrator(settings: Settings) -> None:
    with Database(settings.database_url) as database, database.session() as db:
        if accounts.count(db):
            click.echo("Quên mật khẩu: sipas account reset TÊN-ĐĂNG-NHẬP")
            return
        made = accounts.add(db, None, "admin", "Quản trị hệ thống", ["admin", "manager"])
        db.commit()
    click.echo(f"Tài khoản đầu tiên: {made.login}, mật khẩu dùng một lần: {made.password}")


def _run(bind: str, workers: int) -> None:
    """Become gunicorn; its access log is off, as it would hold addresses and times of citizens."""
    try:
        os.execv(  # noqa: S606  our own interpreter
            sys.executable,
            [
                sys.executable,
                "-m",
                "gunicorn",
                f"--bind={bind}",
                f"--workers={workers}",
                "--worker-class=gthread",
                "--threads=4",
                "--log-level=warning",
                "surveyapp.serving:application()",
            ],
        )
    except OSError as error:
        raise AppError("APP-008", f"Không chạy được máy chủ: {error.strerror}.") from error
