"""Commands on the lists of units: ask, see, send, accept, return, decide, put together."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from surveyapp import commands, config, roles
from surveyapp.actor import Actor
from surveyapp.frames import collecting, drafts, posts, service
from surveyapp.frames.headings import KINDS, mapped
from surveyapp.frames.lists import kind_of, read_all, read_list
from surveyapp.frames.persons import Pair
from surveyapp.frames.unit_template import unit_template
from surveyapp.importers.table import Table, refusal
from surveyapp.models import Survey
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key

survey_option = click.option("--survey", "code", required=True, metavar="MÃ", help="Cuộc khảo sát.")
unit_option = click.option("--unit", "unit_code", required=True, metavar="MÃ", help="Mã đơn vị.")
a_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def of_file(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that look into one file instead of the lists that units have sent."""
    file = click.option("--file", "path", type=a_file, help="Một tệp danh sách, chưa nhập.")
    preset = click.option("--preset", default="", help="Cách ghép cột đã lưu, cho --file.")
    return file(preset(command))


def _key(survey: Survey) -> bytes:
    return pseudonym_key(config.load().keys, survey)


@click.command()
@survey_option
@click.argument("path", type=a_file)
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="Hạn gửi, dạng 2024-10-15.")
@commands.as_login
def ask(code: str, path: Path, due: datetime | None, as_login: str) -> None:
    """Ghi các đơn vị phải gửi danh sách; PATH có mỗi dòng: đơn vị; nhóm; số người."""
    with commands.opened(as_login, roles.COMMANDS["frame ask"]) as (db, actor):
        text = path.read_text(encoding="utf-8-sig")
        day = due.date() if due else None
        asked = collecting.ask(db, actor, surveys.find(db, code), text, day)
        db.commit()
    click.echo(f"Đã ghi {len(asked)} đơn vị.")


@click.command("lists")
@survey_option
def show_lists(code: str) -> None:
    """Xem đơn vị nào đã gửi danh sách (JSON)."""
    with commands.reading() as db:
        facts = [
            {
                "unit": line.unit.code,
                "state": line.unit_list.state,
                "rows": line.unit_list.rows,
                "expected": line.expected,
                "reminders": line.unit_list.reminders,
            }
            for line in collecting.lines(db, surveys.find(db, code))
        ]
    click.echo(json.dumps(facts, ensure_ascii=False))


@click.command("unit-template")
@survey_option
@unit_option
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Tệp .xlsx."
)
@commands.as_login
def write_template(code: str, unit_code: str, out: Path, as_login: str) -> None:
    """Ghi tệp mẫu đã điền sẵn của một đơn vị."""
    with commands.opened(as_login, roles.COMMANDS["frame unit-template"]) as (db, actor):
        survey = surveys.find(db, code)
        line = collecting.find(db, actor, survey, unit_code)
        out.write_bytes(unit_template(survey, line.unit, line.unit_list))
    click.echo(f"Đã ghi {out}")


@click.command()
@survey_option
@unit_option
@click.argument("path", type=a_file)
@commands.as_login
def send(code: str, unit_code: str, path: Path, as_login: str) -> None:
    """Gửi danh sách PATH của một đơn vị: mọi dòng hoặc không dòng nào."""
    with commands.opened(as_login, roles.COMMANDS["frame send"]) as (db, actor):
        survey = surveys.find(db, code)
        line = collecting.find(db, actor, survey, unit_code)
        upload = drafts.Upload(path.name, path.read_bytes(), _key(survey))
        draft = drafts.begin(db, actor, survey, upload, line.unit_list)
        report = collecting.send(db, actor, survey, draft, upload.key)
        if not report.is_good:
            raise refusal(path.name, report.problems, report.problem_count)
        db.commit()
        rows = line.unit_list.rows
    click.echo(f"Đã gửi {rows} dòng.")


@click.command()
@survey_option
@unit_option
@commands.as_login
def accept(code: str, unit_code: str, as_login: str) -> None:
    """Chấp nhận danh sách của một đơn vị."""
    _decide(("frame accept", code, unit_code, as_login), None)
    click.echo("Đã chấp nhận.")


@click.command("return")
@survey_option
@unit_option
@click.option("--reason", required=True, help="Điều cần sửa.")
@commands.as_login
def send_back(code: str, unit_code: str, reason: str, as_login: str) -> None:
    """Trả lại danh sách của một đơn vị, có lý do."""
    _decide(("frame return", code, unit_code, as_login), reason)
    click.echo("Đã trả lại.")


def _decide(names: tuple[str, str, str, str], reason: str | None) -> None:
    command, code, unit_code, as_login = names
    with commands.opened(as_login, roles.COMMANDS[command]) as (db, actor):
        survey = surveys.find(db, code)
        line = collecting.find(db, actor, survey, unit_code)
        collecting.decide(db, actor, survey, line, reason)
        db.commit()


@click.command()
@survey_option
@commands.as_login
def remind(code: str, as_login: str) -> None:
    """Ghi một lần đôn đốc các đơn vị chưa gửi."""
    with commands.opened(as_login, roles.COMMANDS["frame remind"]) as (db, actor):
        units = collecting.remind(db, actor, surveys.find(db, code))
        db.commit()
    click.echo(f"Đã ghi lần đôn đốc {units} đơn vị.")


def table_of(db: Session, survey: Survey, path: Path, preset: str) -> Table:
    """Return a list as a file has it, its columns by a preset or by their own headings."""
    kind = kind_of(survey)
    if not preset:
        return read_list(path, kind)
    mapping = drafts.preset_of(db, kind, preset).mapping
    return mapped(read_all(path, kind), KINDS[kind], mapping)


def _doubts(
    db: Session, actor: Actor, survey: Survey, path: Path | None, preset: str
) -> tuple[Pair, ...]:
    """Return the pairs of rows of one file, or of all accepted lists put together."""
    if path is None:
        return collecting.build(db, actor, survey, _key(survey), dry_run=True).pairs
    table = table_of(db, survey, path, preset)
    return service.import_rows(db, actor, survey, table, key=_key(survey), dry_run=True).pairs


@click.command()
@survey_option
@of_file
@commands.as_login
def pairs(code: str, path: Path | None, preset: str, as_login: str) -> None:
    """Xem các cặp dòng có thể là một người, không kèm tên (JSON)."""
    with commands.opened(as_login, roles.COMMANDS["frame pairs"]) as (db, actor):
        found = _doubts(db, actor, surveys.find(db, code), path, preset)
    facts = [
        {
            "pair": pair.code,
            "shared": sorted(pair.shared),
            "lists": [pair.first.source, pair.second.source],
            "rows": [pair.first.row, pair.second.row],
            "verdict": pair.verdict,
            "merged": pair.is_merged,
        }
        for pair in found
    ]
    click.echo(json.dumps(facts, ensure_ascii=False))


@click.command()
@survey_option
@click.option("--pair", required=True, metavar="MÃ", help="Mã cặp dòng, xem: frame pairs.")
@click.option("--verdict", type=click.Choice(["same", "different"]), required=True)
@click.option("--reason", default="", help="Lý do; bắt buộc nếu là hai người.")
@of_file
@commands.as_login
def decide(  # noqa: PLR0913  one per option
    code: str, pair: str, verdict: str, reason: str, path: Path | None, preset: str, as_login: str
) -> None:
    """Quyết định hai dòng là một người (same) hay hai người (different)."""
    with commands.opened(as_login, roles.COMMANDS["frame decide"]) as (db, actor):
        survey = surveys.find(db, code)
        found = _doubts(db, actor, survey, path, preset)
        posts.decide(db, actor, survey, found, (pair, verdict, reason))
        db.commit()
    click.echo("Đã ghi quyết định.")


@click.command()
@survey_option
@commands.as_login
def build(code: str, as_login: str) -> None:
    """Ghép các danh sách đã chấp nhận thành danh sách chọn mẫu."""
    with commands.opened(as_login, roles.COMMANDS["frame build"]) as (db, actor):
        survey = surveys.find(db, code)
        report = collecting.build(db, actor, survey, _key(survey))
        if not report.is_good:
            raise refusal("các đơn vị", report.problems, report.problem_count)
        db.commit()
    for note in report.notes:
        click.echo(f"Cần xác nhận khi chốt: [{note.rule}] {note.text}", err=True)
    click.echo(f"Đã ghép: {report.rows} dòng, {report.persons} người.")


@click.command()
def tidy() -> None:
    """Xóa tệp xem trước quá một ngày và danh sách đơn vị của cuộc khảo sát đã chọn mẫu."""
    with commands.opened_by_system() as db:
        count = drafts.tidy(db)
        db.commit()
    click.echo(f"Đã xóa {count}.")


COMMANDS = (
    *(ask, show_lists, write_template, send, accept, send_back, remind),
    *(pairs, decide, build, tidy),
)
