"""Commands on surveys."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from surveyapp import commands, config, roles
from surveyapp.errors import AppError
from surveyapp.models import Survey
from surveyapp.models.survey import EXCLUSIONS, STATES
from surveyapp.surveys import definitions, keys, service, waves
from surveyapp.surveys.labels import EXCLUSION_TITLES, STATE_TITLES

as_json = click.option("--json", "as_json", is_flag=True, help="In cho chương trình đọc.")


@click.group()
def cli() -> None:
    """Cuộc khảo sát: tạo từ kế hoạch, xem, loại cơ quan, chuyển bước."""


@cli.command()
@click.option(
    "--plan",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Tệp kế hoạch (TOML).",
)
@click.option("--shipped", metavar="TÊN", help="Kế hoạch có sẵn: binh-dinh-par-2024, ...")
@click.option("--practice", is_flag=True, help="Tập dượt: mọi nơi có dấu SỐ LIỆU MÔ PHỎNG.")
@click.option("--follows", metavar="MÃ", help="Là đợt sau của cuộc khảo sát này.")
@click.option("--keep", default=waves.NOBODY, show_default=True, help="Tỷ lệ đợt trước hỏi lại.")
@commands.as_login
@as_json
def create(  # noqa: PLR0913  one per option
    path: Path | None,
    shipped: str | None,
    follows: str | None,
    keep: str,
    as_login: str,
    *,
    practice: bool,
    as_json: bool,
) -> None:
    """Tạo cuộc khảo sát từ kế hoạch."""
    text = _plan_text(path, shipped)
    with commands.opened(as_login, roles.COMMANDS["survey create"]) as (db, actor):
        survey = service.create_from_plan(db, actor, text, is_practice=practice)
        if follows:
            waves.follow(db, actor, survey, service.find(db, follows), keep)
        db.commit()
        facts = _facts(survey)
    for note in service.read_plan(text).notes:
        click.echo(note, err=True)
    _print(facts, as_json=as_json)


@cli.command("follow")
@click.argument("code")
@click.option("--first", required=True, metavar="MÃ", help="Cuộc khảo sát đợt trước.")
@click.option("--keep", default=waves.NOBODY, show_default=True, help="Tỷ lệ đợt trước hỏi lại.")
@commands.as_login
def follow(code: str, first: str, keep: str, as_login: str) -> None:
    """Nối cuộc khảo sát CODE vào đợt trước; làm trước khi nhập danh sách."""
    with commands.opened(as_login, roles.COMMANDS["survey follow"]) as (db, actor):
        survey = waves.follow(db, actor, service.find(db, code), service.find(db, first), keep)
        db.commit()
        click.echo(f"«{code}» là đợt sau của «{first}», tỷ lệ hỏi lại {survey.wave_keep}.")


@cli.command("open-seed")
@click.argument("code")
@commands.as_login
def open_seed(code: str, as_login: str) -> None:
    """Công bố hạt giống niêm phong của CODE: không có đợt nối tiếp nào nữa."""
    with commands.opened(as_login, roles.COMMANDS["survey open-seed"]) as (db, actor):
        waves.open_seed(db, actor, service.find(db, code))
        db.commit()
    click.echo("Đã mở hạt giống; xem tệp seed.txt của lần chọn mẫu.")


def _plan_text(path: Path | None, shipped: str | None) -> str:
    if (path is None) == (shipped is None):
        raise AppError(
            "SURVEY-052",
            "Cần đúng một trong hai: --plan TỆP hoặc --shipped TÊN.",
            f"Kế hoạch có sẵn: {', '.join(definitions.plan_names())}.",
        )
    if shipped is not None:
        return definitions.plan_text(shipped)
    try:
        return Path(path or "").read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise AppError(
            "SURVEY-053",
            f"Tệp «{path}» không phải văn bản UTF-8.",
            "Mở bằng Notepad, lưu lại với mã hóa UTF-8.",
        ) from error


def _facts(survey: Survey) -> dict[str, Any]:
    return {
        "code": survey.code,
        "title": survey.title,
        "kind": survey.kind,
        "year": survey.year,
        "state": survey.state,
        "is_practice": survey.is_practice,
        "deadline_on": survey.deadline_on.isoformat() if survey.deadline_on else None,
        "plan_sha256": survey.plan_sha256,
        "quotas": {group.code: group.quota for group in survey.groups},
    }


def _print(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    stamp = "\tSỐ LIỆU MÔ PHỎNG" if facts["is_practice"] else ""
    click.echo(f"{facts['code']}\t{STATE_TITLES[facts['state']]}\t{facts['title']}{stamp}")


@cli.command("list")
@as_json
def list_surveys(*, as_json: bool) -> None:
    """Xem các cuộc khảo sát."""
    with commands.reading() as db:
        found = [_facts(survey) for survey in service.surveys(db)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for facts in found:
        _print(facts, as_json=False)


@cli.command()
@click.argument("code")
@as_json
def show(code: str, *, as_json: bool) -> None:
    """Xem cuộc khảo sát CODE: các bước, tiến độ, việc cần làm tiếp."""
    with commands.reading() as db:
        survey = service.find(db, code)
        facts = _facts(survey)
        steps, step = service.path(db, survey), service.next_step(db, survey)
        progress = service.progress(db, survey)
        agencies = [(a.code, a.title, a.exclusion) for a in survey.agencies]
    if as_json:
        facts["agencies"] = [{"code": c, "title": t, "exclusion": e} for c, t, e in agencies]
        facts["progress"] = [
            {"title": p.title, "received": p.received, "planned": p.planned} for p in progress
        ]
        facts["next"] = {"title": step.title, "sentence": step.sentence}
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    _print(facts, as_json=False)
    marks = {"done": "xong", "now": "đang làm", "later": "chưa"}
    for item in steps:
        click.echo(f"  {item.number}. {item.title} [{marks[item.status]}] {item.facts}")
    for line in progress:
        planned = f"/{line.planned}" if line.planned else ""
        click.echo(f"  {line.title}: {line.received}{planned} phiếu")
    for agency_code, title, reason in agencies:
        if reason:
            click.echo(
                f"  Ngoài diện đo lường: {title} ({agency_code}), {EXCLUSION_TITLES[reason]}"
            )
    click.echo(f"Việc cần làm tiếp: {step.title}. {step.sentence}")


@cli.command()
@click.argument("code")
@click.argument("agency")
@click.option("--reason", type=click.Choice(EXCLUSIONS), required=True, help="Lý do.")
@click.option("--count", type=int, help="Số giao dịch (khi có quá ít giao dịch).")
@click.option("--threshold", type=int, help="Ngưỡng tối thiểu (khi có quá ít giao dịch).")
@commands.as_login
def exclude(
    code: str, agency: str, reason: str, count: int | None, threshold: int | None, as_login: str
) -> None:
    """Đưa cơ quan AGENCY ra ngoài diện đo lường của cuộc khảo sát CODE."""
    with commands.opened(as_login, roles.COMMANDS["survey exclude"]) as (db, actor):
        exclusion = service.Exclusion(reason, count, threshold)
        left = service.exclude_agency(db, actor, service.find(db, code), agency, exclusion)
        db.commit()
        click.echo(f"Đã đưa «{left.title}» ra ngoài diện đo lường: {EXCLUSION_TITLES[reason]}.")


@cli.command()
@click.argument("code")
@click.argument("agency")
@commands.as_login
def include(code: str, agency: str, as_login: str) -> None:
    """Đưa cơ quan AGENCY trở lại diện đo lường."""
    with commands.opened(as_login, roles.COMMANDS["survey include"]) as (db, actor):
        back = service.include_agency(db, actor, service.find(db, code), agency)
        db.commit()
        click.echo(f"Đã đưa «{back.title}» trở lại diện đo lường.")


@cli.command()
@click.argument("code")
@click.argument("to", type=click.Choice(STATES[1:]))
@click.option("--decision", "number", help="Số quyết định phê duyệt (bước approved).")
@click.option("--signed-on", metavar="NGÀY", help="Ngày ký, dạng 31/01/2025.")
@commands.as_login
def advance(code: str, to: str, number: str | None, signed_on: str | None, as_login: str) -> None:
    """Chuyển cuộc khảo sát CODE sang bước TO; nêu rõ việc còn thiếu."""
    decision = service.Decision(number, _day(signed_on)) if number and signed_on else None
    with commands.opened(as_login, roles.COMMANDS["survey advance"]) as (db, actor):
        for text in service.advance(db, actor, service.find(db, code), to, decision=decision):
            click.echo(f"Lưu ý: {text}", err=True)
        db.commit()
    if to == "locked":
        keys.destroy_spare(config.load().keys, code)
    click.echo(f"{code}: {STATE_TITLES[to]}")


def _day(text: str) -> date:
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise AppError("SURVEY-054", f"«{text}» không phải ngày.", "Viết dạng 31/01/2025.")


@cli.command("remove-practice")
@click.argument("code")
@click.confirmation_option("--yes", prompt="Xóa cuộc tập dượt này cùng mọi số liệu của nó?")
@commands.as_login
def remove_practice(code: str, as_login: str) -> None:
    """Xóa cuộc khảo sát tập dượt CODE cùng mọi số liệu của nó."""
    with commands.opened(as_login, roles.COMMANDS["survey remove-practice"]) as (db, actor):
        removed = service.remove_practice(db, actor, service.find(db, code))
        db.commit()
    keys.remove(config.load().keys, removed)
    click.echo(f"Đã xóa cuộc khảo sát tập dượt «{code}».")


@cli.command("import-figures")
@click.argument(
    "path", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@commands.as_login
def import_figures(path: Path | None, as_login: str) -> None:
    """Nhập số liệu đã công bố từ PATH (.csv, UTF-8); không nêu PATH: bộ kèm chương trình."""
    text = (path or definitions.FIGURES).read_text(encoding="utf-8-sig")
    with commands.opened(as_login, roles.COMMANDS["survey import-figures"]) as (db, actor):
        rows = service.import_published_figures(db, actor, text)
        db.commit()
    click.echo(f"Đã nhập {rows} số liệu mới.")
