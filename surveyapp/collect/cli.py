"""Commands on tablets, and on answers that wait on this server."""

import json
from pathlib import Path

import click

from surveyapp import commands, config, roles
from surveyapp.collect import devices, pairing, release, tablet_rescue
from surveyapp.collect.keys import Keyring
from surveyapp.db import Database, check_current


@click.group()
def cli() -> None:
    """Máy tại quầy: ghép, xem, thu hồi."""


@cli.command()
@click.option("--survey", required=True, metavar="CODE", help="Mã cuộc khảo sát.")
@click.option("--agency", required=True, metavar="CODE", help="Mã cơ quan có quầy.")
@click.option("--counter", required=True, metavar="TEXT", help="Tên quầy, nơi đặt máy.")
@click.option("--json", "as_json", is_flag=True, help="In kết quả cho chương trình khác.")
@commands.as_login
def pair(survey: str, agency: str, counter: str, as_json: bool, as_login: str) -> None:
    """Ghép một máy; in mã ghép máy, chỉ một lần, để nhập ở trang /tablet/ của máy."""
    with commands.opened(as_login, roles.COMMANDS["device pair"]) as (db, actor):
        token = pairing.pair(db, actor, survey, agency, counter)
        db.commit()
    if as_json:
        click.echo(json.dumps({"token": token}))
    else:
        click.echo(f"Mã ghép máy (chỉ hiện một lần): {devices.readable(token)}")


@cli.command("list")
def list_devices() -> None:
    """Xem các máy đã ghép."""
    with commands.reading() as db:
        for device, survey in devices.listed(db):
            state = "đã thu hồi" if device.revoked_at else "đang dùng"
            seen = f"{device.seen_on:%d/%m/%Y}" if device.seen_on else "chưa gửi phiếu nào"
            columns = (str(device.id), state, survey.code, device.agency_code, device.counter, seen)
            click.echo("\t".join(columns))


@cli.command()
@click.argument("device_id", type=int)
@commands.as_login
def revoke(device_id: int, as_login: str) -> None:
    """Thu hồi máy số DEVICE_ID: từ nay không nhận phiếu của máy này."""
    with commands.opened(as_login, roles.COMMANDS["device revoke"]) as (db, actor):
        devices.revoke(db, actor, device_id)
        db.commit()
    click.echo(f"Đã thu hồi máy số {device_id}.")


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@commands.as_login
def rescue(file: Path, as_login: str) -> None:
    """Nạp tệp cứu phiếu FILE tải từ máy tại quầy; nạp lại lần nữa không thêm gì."""
    sealed = tablet_rescue.read(file)
    settings = config.load()
    with commands.opened(as_login, roles.COMMANDS["device rescue"]) as (db, actor):
        tablet = tablet_rescue.device_of(db, actor, sealed)
        db.commit()
    with Database(settings.database_url) as database:
        size = settings.release_size
        done = tablet_rescue.feed(database, Keyring(settings.keys), size, tablet, sealed)
    click.echo(f"Đã nhận {done.stored} phiếu mới; {done.repeated} phiếu đã có từ trước.")
    for place, error in done.refused:
        click.echo(f"Phiếu thứ {place} không nhận: [{error.code}] {error.message}", err=True)
    if done.refused:
        raise SystemExit(1)


@click.group()
def waiting() -> None:
    """Phiếu đang chờ mở trên máy chủ này."""


@waiting.command("release")
@click.option("--survey", required=True, metavar="CODE", help="Mã cuộc khảo sát.")
def release_command(survey: str) -> None:
    """Mở hết phiếu đang chờ trên máy chủ này, trước khi khóa số liệu từ máy chủ khác."""
    settings = config.load()
    keyring = Keyring(settings.keys)
    with Database(settings.database_url) as database:
        check_current(database)
        with database.session() as db:
            survey_id = release.survey_id_of(db, survey)
            done = release.release_all(db, keyring, survey_id, leave_behind=True)
            db.commit()
        release.destroy_spent_keys(database, keyring)
    click.echo(f"Đã mở {done.released} phiếu.")
    if done.elsewhere:
        click.echo(f"Còn {sum(done.elsewhere.values())} phiếu chờ ở máy chủ khác.", err=True)
    if done.unreadable:
        click.echo(f"{done.unreadable} phiếu mất khóa, không mở được.", err=True)
