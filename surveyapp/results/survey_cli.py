"""Commands on the results of a survey in the database."""

from pathlib import Path

import click

from surveyapp import audit, commands, config, roles
from surveyapp.collect.keys import Keyring
from surveyapp.collect.release import destroy_spent_keys
from surveyapp.db import Database
from surveyapp.exports.pdf import write_pdf
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.results import document, service
from surveyapp.surveys import service as surveys

_survey = click.option("--survey", "code", required=True, help="Mã cuộc khảo sát.")


@click.command("lock")
@_survey
@click.confirmation_option("--yes", prompt="Khóa số liệu? Việc này không lùi lại được.")
@commands.as_login
def lock(code: str, as_login: str) -> None:
    """Khóa số liệu: không nhận thêm phiếu, hủy mọi mã nối với người trả lời."""
    settings = config.load()
    keyring = Keyring(settings.keys)
    with commands.opened(as_login, roles.COMMANDS["results lock"]) as (db, actor):
        released = service.lock(db, actor, surveys.find(db, code), keyring)
        db.commit()
    with Database(settings.database_url) as database:
        destroy_spent_keys(database, keyring)
    click.echo(f"Đã khóa số liệu; mở niêm phong {released.released} phiếu cuối.")


@click.command("run")
@_survey
@commands.as_login
def run(code: str, as_login: str) -> None:
    """Tính kết quả từ số liệu đã khóa."""
    with commands.opened(as_login, roles.COMMANDS["results run"]) as (db, actor):
        survey = surveys.find(db, code)
        made = service.run(db, actor, survey)
        surveys.advance(db, actor, survey, "analysed")
        db.commit()
        click.echo(f"Đã tính kết quả lần {made.id} từ số liệu {made.answers_sha256[:16]}.")


@click.command("report")
@_survey
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@commands.as_login
def report(code: str, out: Path, as_login: str) -> None:
    """Ghi báo cáo PDF và bảng tính vào thư mục --out."""
    with commands.opened(as_login, roles.COMMANDS["results report"]) as (db, actor):
        survey = surveys.find(db, code)
        content = document.build(db, survey, service.latest(db, survey))
        audit.record(db, actor, "results.look", survey.code)
        db.commit()
    out.mkdir(parents=True, exist_ok=True)
    for name, write in (("pdf", write_pdf), ("xlsx", write_xlsx)):
        path = out / f"{content.code}.{name}"
        with path.open("wb") as file:
            write(content, file)
        click.echo(str(path))
