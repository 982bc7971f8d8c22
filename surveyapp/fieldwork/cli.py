"""Commands on invitations: codes with their letters, and what has come in."""

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from surveyapp import commands, config, key_files, roles
from surveyapp.errors import AppError
from surveyapp.fieldwork import lost_letters, outlook, people, reserve, service
from surveyapp.fieldwork.letters import (
    AGAIN,
    FIRST,
    REPLACEMENT,
    SUPPLEMENT,
    entry,
    file_name,
    letters_pdf,
)
from surveyapp.fieldwork.reports import Report
from surveyapp.models import Survey
from surveyapp.surveys import service as surveys

_survey = click.option("--survey", "survey_code", required=True, metavar="MÃ", help="Mã khảo sát.")
#: Practice surveys are tried on the machine that serves them.
PRACTICE_ADDRESS = "http://127.0.0.1:8000"
_json = click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")


@click.group()
def cli() -> None:
    """Giao phiếu, mã phiếu, thư mời, tiến độ."""


@cli.command()
@_survey
@click.option("--preview", is_flag=True, help="Chỉ xem sẽ giao thế nào, chưa giao.")
@commands.as_login
@_json
def assign(survey_code: str, as_login: str, *, preview: bool, as_json: bool) -> None:
    """Giao phiếu: mỗi người được chọn có các cơ quan của mình; in số phiếu của từng nhóm."""
    with commands.opened(as_login, roles.COMMANDS["invitation assign"]) as (db, actor):
        survey = surveys.find(db, survey_code)
        draw = service.drawn(db, survey)
        if preview:
            found = outlook.expected(db, survey, draw)
        else:
            service.assign(db, actor, draw)
            found = outlook.given(db, survey, draw)
            db.commit()
    if as_json:
        click.echo(json.dumps(_plain(found), ensure_ascii=False))
        return
    click.echo(f"{found.forms} phiếu, bộ cơ quan ít nhất {found.smallest} người dùng chung")
    for group in found.groups:
        click.echo(
            f"{group.forms}\t{_span(group.fewest, group.most)} cơ quan một phiếu\t"
            f"{_span(group.fewest_ratings, group.most_ratings)} phiếu một cơ quan\t{group.title}"
        )


def _span(fewest: int, most: int) -> str:
    return str(most) if fewest == most else f"{fewest}-{most}"


def _plain(found: outlook.Outlook) -> dict[str, object]:
    return {"forms": found.forms, "smallest_set": found.smallest} | asdict(found)


@cli.command()
@_survey
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Thư mục thư mời.")
@click.option("--expires", required=True, metavar="NGÀY", help="Ngày cuối dùng được mã.")
@click.option(
    "--address",
    default="",
    help="Địa chỉ trang trả lời, in trong thư; mặc định là SURVEY_ADDRESS.",
)
@click.option("--again", is_flag=True, help="Mất thư mời: thu hồi mã cũ, phát hành lại.")
@click.option("--reason", default="", metavar="LÝ DO", help="Lý do phát hành lại.")
@commands.as_login
@_json
def issue(
    survey_code: str,
    out: Path,
    expires: str,
    as_login: str,
    *,
    again: bool,
    as_json: bool,
    **texts: str,
) -> None:
    """Giao phiếu nếu chưa giao, phát hành mã và ghi thư mời; mã không lưu ở đâu khác."""
    expires_on = _day(expires)
    with commands.opened(as_login, roles.COMMANDS["invitation issue"]) as (db, actor):
        survey = surveys.find(db, survey_code)
        pages = entry(_address(survey, texts["address"]), survey.code)
        draw, keys = service.drawn(db, survey), config.load().keys
        if again:
            reason = texts["reason"]
            letters = lost_letters.reissue(
                db, actor, draw, expires_on=expires_on, reason=reason, keys=keys
            )
            what = AGAIN
        else:
            if not service.is_assigned(db, draw):
                service.assign(db, actor, draw)
            letters = service.issue(db, actor, draw, expires_on=expires_on, keys=keys)
            what = FIRST if draw.id == service.first_given(db, survey) else SUPPLEMENT
        path = _fresh(out, file_name(survey.code, what, letters))
        _write(path, letters_pdf(letters, pages, simulated=survey.is_practice))
        db.commit()  # after the letters are on the disk: a code that nobody has is worth nothing
    if as_json:
        done = {"letters": len(letters), "file": str(path), "address": pages}
        click.echo(json.dumps(done, ensure_ascii=False))
    else:
        click.echo(f"Đã phát hành {len(letters)} mã phiếu cho trang {pages}; thư mời: {path}")


@cli.command("people")
@_survey
@commands.as_login
@_json
def people_command(survey_code: str, as_login: str, *, as_json: bool) -> None:
    """Xem ai được giao phiếu, theo nơi nhận, với mã đơn vị để báo thay; không có mã phiếu."""
    with commands.opened(as_login, roles.COMMANDS["invitation people"]) as (db, actor):
        survey = surveys.find(db, survey_code)
        found = people.listed(db, actor, service.draw_of_reserve(db, survey), config.load().keys)
        db.commit()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        told = (one.state, "báo cáo sẽ không ghi tên" if one.is_hidden else "")
        shown = (one.unit, one.office, one.name, one.group_title, "; ".join(filter(None, told)))
        click.echo("\t".join(shown))


@cli.command()
@_survey
@click.option("--unit", required=True, metavar="MÃ", help="Mã đơn vị, xem: invitation people.")
@click.option("--reason", required=True, type=click.Choice(list(reserve.REASON_TITLES)))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Thư mục thư mời.")
@click.option("--token", default="", help="Cho báo cáo không ghi tên: gửi lại không đếm hai lần.")
@commands.as_login
@_json
def replace(survey_code: str, out: Path, as_login: str, *, as_json: bool, **report: str) -> None:
    """Báo một người không trả lời, lấy người kế tiếp của danh sách dự phòng, ghi thư mời."""
    settings = config.load()
    with commands.opened(as_login, roles.COMMANDS["invitation replace"]) as (db, actor):
        survey = surveys.find(db, survey_code)
        pages = entry(_address(survey), survey.code)
        draw = service.draw_of_reserve(db, survey)
        done = reserve.replace(db, actor, draw, Report(**report), settings.keys)
        path = None
        if done.letter is not None:
            path = _fresh(out, file_name(survey.code, REPLACEMENT, [done.letter]))
            _write(path, letters_pdf([done.letter], pages, simulated=survey.is_practice))
        db.commit()
    told = {
        "is_new": done.is_new,
        "is_named": done.is_named,
        "released": done.released,
        "left": done.left,
    }
    if as_json:
        file = str(path) if path else None
        click.echo(json.dumps(told | {"file": file}, ensure_ascii=False))
    else:
        kept = "Đã ghi nhận" if done.is_named else "Đã đếm, không ghi tên"
        taken = done.released or "không còn ai thay được"
        click.echo(f"{kept}. Người thay: {taken}; còn {done.left} dự phòng")


def _day(text: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no time zone
        except ValueError:
            continue
    raise AppError("FIELD-012", f"--expires «{text}» không phải ngày.", "Ví dụ: 2024-11-15.")


def _address(survey: Survey, given: str = "") -> str:
    """Return the address for the letters."""
    address = given or config.load().public_address
    if not address and not survey.is_practice:
        raise AppError(
            "FIELD-025",
            "Chưa biết địa chỉ công khai để in trong thư mời.",
            "Đặt SURVEY_ADDRESS hoặc thêm --address, ví dụ https://khaosat.example.vn.",
        )
    return address or PRACTICE_ADDRESS


def _fresh(folder: Path, name: str) -> Path:
    """Name a file that is not there yet: letters are never written over earlier ones."""
    names = (f"{name}{suffix}.pdf" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(path for one in names if not (path := folder / one).exists())


def _write(path: Path, content: bytes) -> None:
    """Write the letters durably, readable by their owner only; never over earlier ones."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        key_files.write_durably(path, content)
    except OSError as error:
        raise AppError(
            "FIELD-013",
            f"Không ghi được «{path}»: {error.strerror}; chưa phát hành mã nào.",
            "Chọn thư mục khác bằng --out.",
        ) from error


@cli.command("progress")
@_survey
@_json
def progress_command(survey_code: str, *, as_json: bool) -> None:
    """Xem số phiếu được giao, có mã, đã nhận theo nhóm."""
    with commands.reading() as db:
        counted = service.progress(db, surveys.find(db, survey_code))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in counted], ensure_ascii=False))
        return
    for row in counted:
        click.echo(f"{row.received}/{row.planned}\t{row.issued} mã\t{row.stratum}")
