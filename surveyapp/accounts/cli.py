"""Commands on accounts."""

import click
from sqlalchemy import select

from surveyapp import commands, roles
from surveyapp.accounts import service
from surveyapp.accounts.labels import ROLE_TITLES
from surveyapp.models import Account

_ROLES = "; ".join(f"{role}: {title}" for role, title in ROLE_TITLES.items())


@click.group()
def cli() -> None:
    """Tài khoản của cán bộ: thêm, xem, cấp lại mật khẩu."""


@cli.command()
@click.argument("login")
@click.option("--name", "display_name", required=True, help="Họ và tên.")
@click.option(
    "--role", "wanted", multiple=True, required=True, help=f"Vai trò, lặp lại được: {_ROLES}."
)
@click.option("--unit", default="", help="Đơn vị của đầu mối hoặc cơ quan.")
@commands.as_login
def add(login: str, display_name: str, wanted: tuple[str, ...], unit: str, as_login: str) -> None:
    """Thêm tài khoản LOGIN; in mật khẩu dùng một lần."""
    with commands.opened(as_login, roles.COMMANDS["account add"]) as (db, actor):
        made = service.add(db, actor, login, display_name, wanted)
        if unit:
            service.set_unit(db, actor, made.login, unit)
        db.commit()
    click.echo(f"Tài khoản {made.login}, mật khẩu dùng một lần: {made.password}")


@cli.command("list")
def list_accounts() -> None:
    """Xem các tài khoản và vai trò."""
    with commands.reading() as db:
        for account in db.scalars(select(Account).order_by(Account.login)):
            state = "bị khóa" if account.locked_at else "đang dùng"
            click.echo(f"{account.login}\t{state}\t{', '.join(sorted(account.role_names))}")


@cli.command()
@click.argument("login")
def reset(login: str) -> None:
    """Cấp lại mật khẩu dùng một lần cho LOGIN và mở khóa tài khoản."""
    with commands.opened_by_system() as db:
        made = service.reset(db, None, login)
        db.commit()
    click.echo(f"Tài khoản {made.login}, mật khẩu dùng một lần: {made.password}")
