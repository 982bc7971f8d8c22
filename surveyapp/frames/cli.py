"""Commands on frames."""

import json
from pathlib import Path

import click

from surveyapp import commands, config, roles
from surveyapp.frames import drafts, service
from surveyapp.frames.headings import KINDS
from surveyapp.frames.list_cli import COMMANDS, table_of
from surveyapp.frames.lists import kind_of, read_all
from surveyapp.frames.problem_files import problem_file
from surveyapp.frames.template import template
from surveyapp.importers.table import refusal
from surveyapp.surveys import service as surveys
from surveyapp.surveys.keys import pseudonym_key

survey_option = click.option("--survey", "code", required=True, metavar="MÃ", help="Cuộc khảo sát.")
_out = click.Path(dir_okay=False, path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="In cho chương trình đọc.")


@click.group()
def cli() -> None:
    """Danh sách chọn mẫu: tệp mẫu, nhập (mọi dòng hoặc không dòng nào), chốt."""


@cli.command("preset")
@survey_option
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="Tên của cách ghép cột.")
@click.option(
    "--column", "columns", multiple=True, metavar="MỤC=CỘT", help="Ghép khác đề xuất; lặp lại được."
)
@commands.as_login
def save_preset(code: str, path: Path, name: str, columns: tuple[str, ...], as_login: str) -> None:
    """Lưu cách ghép cột của tệp PATH: như đề xuất, trừ các cột nêu ra."""
    with commands.opened(as_login, roles.COMMANDS["frame preset"]) as (db, actor):
        kind = kind_of(surveys.find(db, code))
        names = list(read_all(path, kind).columns)
        mapping = drafts.chosen(kind, names, commands.once("column", map(_pair, columns)))
        drafts.save_preset(db, actor, kind, name, mapping)
        db.commit()
    click.echo(json.dumps(mapping, ensure_ascii=False))


def _pair(text: str) -> tuple[str, str]:
    name, _, heading = text.partition("=")
    return name.strip(), heading.strip()


@cli.command("template")
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="Loại danh sách.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Tệp .xlsx."
)
def write_template(kind: str, out: Path) -> None:
    """Ghi tệp mẫu để điền danh sách."""
    out.write_bytes(template(kind))
    click.echo(f"Đã ghi {out}")


@cli.command("import")
@survey_option
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--preset", default="", help="Cách ghép cột đã lưu.")
@click.option("--dry-run", is_flag=True, help="Chỉ kiểm tra, chưa lưu.")
@click.option("--problems", type=_out, help="Ghi mọi lỗi vào tệp .xlsx này.")
@commands.as_login
@as_json
def import_list(  # noqa: PLR0913  one per option
    code: str,
    path: Path,
    preset: str,
    problems: Path | None,
    as_login: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Nhập danh sách PATH (.xlsx, .csv, .parquet): mọi dòng hoặc không dòng nào."""
    with commands.opened(as_login, roles.COMMANDS["frame import"]) as (db, actor):
        survey = surveys.find(db, code)
        table = table_of(db, survey, path, preset)
        key = pseudonym_key(config.load().keys, survey)
        report = service.import_rows(db, actor, survey, table, key=key, dry_run=dry_run)
        if not report.is_good:
            if problems is not None:
                problems.write_bytes(problem_file(report.problems))
            raise refusal(path.name, report.problems, report.problem_count)
        db.commit()
    _tell(report, as_json=as_json)


def _tell(report: service.FrameReport, *, as_json: bool) -> None:
    for text in report.warnings:
        click.echo(f"Lưu ý: {text}", err=True)
    for note in report.notes:
        click.echo(f"Cần xác nhận khi chốt: [{note.rule}] {note.text}", err=True)
    for agency in report.few:
        click.echo(
            f"Lưu ý: «{agency.title}» ({agency.agency_code}) có {agency.count} hồ sơ, dưới ngưỡng "
            f"{agency.threshold}: cân nhắc đưa ra ngoài diện đo lường.",
            err=True,
        )
    if as_json:
        facts = {
            "rows": report.rows,
            "persons": report.persons,
            "version": report.frame.version if report.frame else None,
            "strata": report.strata,
            "notes": {note.rule.value: note.number for note in report.notes},
            "few": [{"agency": a.agency_code, "count": a.count} for a in report.few],
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    done = f"Đã nhập bản {report.frame.version}" if report.frame else "Danh sách không có lỗi"
    click.echo(f"{done}: {report.rows} dòng, {report.persons} người.")


@cli.command()
@survey_option
@click.option("--version", type=int, help="Bản danh sách; không nêu: bản mới nhất.")
@click.option("--confirm", multiple=True, metavar="MÃ", help="Lưu ý được xác nhận; lặp lại được.")
@commands.as_login
@as_json
def freeze(
    code: str, version: int | None, confirm: tuple[str, ...], as_login: str, *, as_json: bool
) -> None:
    """Chốt danh sách: ghi mã băm SHA-256, sau đó mới chọn mẫu."""
    with commands.opened(as_login, roles.COMMANDS["frame freeze"]) as (db, actor):
        survey = surveys.find(db, code)
        newest = surveys.latest_frame(db, survey)
        number = version or (newest.version if newest else 1)
        frame = service.freeze(db, actor, service.find(db, survey, number), confirmed=confirm)
        db.commit()
    facts = {"version": frame.version, "rows": frame.pop_size, "sha256": frame.sha256}
    click.echo(
        json.dumps(facts)
        if as_json
        else f"Đã chốt bản {frame.version}: {frame.pop_size} dòng, SHA-256 {frame.sha256}"
    )


for command in COMMANDS:
    cli.add_command(command)
