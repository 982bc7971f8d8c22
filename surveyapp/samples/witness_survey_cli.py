"""Commands of a witnessed draw of a stored survey: open, commit, announce, reveal, abandon."""

import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from sampling import witness
from sampling.canonical import json_digest
from surveyapp import commands, roles
from surveyapp.errors import AppError
from surveyapp.models import SampleDraw
from surveyapp.samples import service, size_decisions, witnessing
from surveyapp.samples.frame_files import read_object
from surveyapp.samples.refusals import translated
from surveyapp.samples.survey_cli import choices_of, draw_options, frozen_frame, pending
from surveyapp.samples.witness_files import COMMITMENT, SECRET_PART, read_commitments, read_public
from surveyapp.surveys import service as surveys

_survey = click.option("--survey", "survey_code", required=True, metavar="MÃ", help="Mã khảo sát.")
_json = click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")
_FILE = click.Path(path_type=Path)


@click.command("open")
@_survey
@draw_options
@click.option("--public", help='Con số công khai đã hẹn: "nguồn, ngày".')
@click.option("--public-digits", type=int, help="Số chữ số của con số đó.")
@commands.as_login
@_json
def open_command(
    survey_code: str,
    as_login: str,
    public: str | None,
    public_digits: int | None,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401  click's options
) -> None:
    """Chốt danh sách, chỉ tiêu và nguồn ngẫu nhiên của lần chọn có chứng kiến."""
    number = read_public(public, public_digits)
    with commands.opened(as_login, roles.PREPARERS) as (db, actor):
        survey = surveys.find(db, survey_code)
        frame = frozen_frame(db, survey)
        choices = size_decisions.chosen(db, survey, frame, choices_of(options))
        opened = witnessing.open_draw(db, actor, frame, choices, number)
        db.commit()
        facts = _facts(opened)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(f"SHA-256 danh sách: {facts['frame_sha256']}")
    click.echo(f"SHA-256 chỉ tiêu:  {facts['plan_sha256']}")
    click.echo("Đọc hai mã cho mọi bên ghi lại; sau đó từng bên gửi cam kết.")


@click.command("commit")
@_survey
@click.option("--commitment", type=_FILE, required=True, help=f"Tệp {COMMITMENT} của mình.")
@commands.as_login
def commit_command(survey_code: str, commitment: Path, as_login: str) -> None:
    """Gửi cam kết của mình cho lần chọn đang mở."""
    (given,) = read_commitments([commitment])
    with commands.opened(as_login, roles.PARTIES) as (db, actor):
        made = witnessing.commit(db, actor, _open(db, survey_code), given.party, given.sha256)
        db.commit()
        click.echo(f"Đã nhận cam kết của «{made.party}»: {made.sha256}")


@click.command("announce")
@_survey
@commands.as_login
@_json
def announce_command(survey_code: str, as_login: str, *, as_json: bool) -> None:
    """Chốt cam kết của các bên; sau đó mới được mở."""
    with commands.opened(as_login, roles.PREPARERS) as (db, actor):
        opened = witnessing.close(db, actor, _open(db, survey_code))
        db.commit()
        facts = _facts(opened)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(f"SHA-256 bản công bố: {facts['announcement_sha256']}")
    click.echo("Mọi bên ghi lại mã này, rồi từng bên mở phần của mình.")


@click.command("reveal")
@_survey
@click.option("--secret", type=_FILE, required=True, help=f"Tệp {SECRET_PART} của mình.")
@commands.as_login
def reveal_command(survey_code: str, secret: Path, as_login: str) -> None:
    """Mở phần của mình, khi mọi cam kết đã chốt."""
    with translated():
        part = witness.read_part(read_object(secret), secret.name)
    with commands.opened(as_login, roles.PARTIES) as (db, actor):
        own = witnessing.reveal(db, actor, _open(db, survey_code), part.part, part.nonce)
        db.commit()
        click.echo(f"Đã mở phần của «{own.party}».")


@click.command("abandon")
@_survey
@click.option("--reason", required=True, help="Lý do; mọi biên bản sau sẽ nêu.")
@commands.as_login
def abandon_command(survey_code: str, reason: str, as_login: str) -> None:
    """Bỏ lần chọn mẫu đã công bố mà chưa thực hiện."""
    with commands.opened(as_login, roles.PREPARERS) as (db, actor):
        given_up = service.abandon(db, actor, _open(db, survey_code), reason)
        db.commit()
        click.echo(f"Đã bỏ lần chọn mẫu số {given_up.id}; mọi biên bản sau sẽ nêu lý do.")


def _open(db: Session, survey_code: str) -> SampleDraw:
    """Return the draw that is announced and waits."""
    found = pending(db, surveys.find(db, survey_code))
    if found is None:
        raise AppError(
            "SAMPLE-253",
            f"Cuộc khảo sát «{survey_code}» không có lần chọn mẫu nào đang mở.",
            "Mở bằng: sipas sample open --survey MÃ --as TÀI-KHOẢN.",
            status=409,
        )
    return found


def _facts(opened: SampleDraw) -> dict[str, Any]:
    announced = opened.announcement
    return {
        "draw": opened.id,
        "frame_sha256": opened.frame_sha256,
        "plan_sha256": opened.plan_sha256,
        "recheck_secret_sha256": opened.recheck_secret_sha256,
        "announcement_sha256": None if announced is None else json_digest(announced),
        "announcement": announced,
    }
