"""Commands on the results of a survey in the database."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from surveyapp import audit, commands, config, roles
from surveyapp.collect.keys import Keyring
from surveyapp.collect.release import destroy_spent_keys
from surveyapp.db import Database
from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.pdf import write_pdf
from surveyapp.exports.xlsx import write_xlsx
from surveyapp.results import document, service
from surveyapp.results import review as reviews
from surveyapp.results.sealed import sealed_rows
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


@click.command("review")
@_survey
@click.option("--json", "as_json", is_flag=True, help="In ra JSON cho chương trình khác đọc.")
@commands.as_login
def review(code: str, as_json: bool, as_login: str) -> None:
    """Liệt kê phiếu mà quy tắc chất lượng chỉ ra, sau khi khóa số liệu."""
    with commands.opened(as_login, roles.COMMANDS["results review"]) as (db, _):
        forms = reviews.flagged_forms(db, surveys.find(db, code))
    if as_json:
        click.echo(json.dumps([asdict(form) for form in forms], ensure_ascii=False))
        return
    for form in forms:
        state = reviews.STATE_TITLES.get(form.state, "chưa xét, được tính")
        told = f"{state} ({form.reason})" if form.reason else state
        click.echo(f"{form.id}  {form.group}  {'; '.join(form.titles)}  {told}")
    click.echo(f"{len(forms)} phiếu có dấu hiệu.")


@click.command("decide")
@_survey
@click.option("--form", "forms", multiple=True, required=True, help="Mã phiếu; dùng nhiều lần.")
@click.option("--state", required=True, type=click.Choice(list(reviews.STATE_TITLES)))
@click.option("--reason", required=True, help="Lý do, hiện trong báo cáo.")
@commands.as_login
def decide(code: str, forms: tuple[str, ...], state: str, reason: str, as_login: str) -> None:
    """Giữ lại hoặc để ngoài kết quả những phiếu có dấu hiệu; không phiếu nào bị xóa."""
    with commands.opened(as_login, roles.COMMANDS["results decide"]) as (db, actor):
        changed = reviews.decide(db, actor, surveys.find(db, code), forms, (state, reason))
        db.commit()
    click.echo(f"Đã ghi quyết định cho {changed} phiếu.")


@click.command("sealed")
@_survey
@commands.as_login
def sealed(code: str, as_login: str) -> None:
    """Xem điểm không công bố (chỉ Hội đồng thẩm định); mỗi lần xem đều ghi nhật ký."""
    with commands.opened(as_login, roles.COMMANDS["results sealed"]) as (db, actor):
        survey = surveys.find(db, code)
        rows = sealed_rows(db, survey, NumberStyle(decimals=2))
        audit.record(db, actor, "results.look", survey.code)
        db.commit()
    for row in rows:
        click.echo(f"{row.agency}: {row.value}; {row.interval}; {row.n} câu trả lời; {row.note}")
    if not rows:
        click.echo("Mọi điểm đều được công bố.")
