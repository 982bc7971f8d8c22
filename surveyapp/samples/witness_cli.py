"""Commands of a witnessed draw before the draw itself: commit, announce, reveal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sampling import witness
from sampling.canonical import json_digest
from sampling.draw import draw
from sampling.protocol import frozen
from sampling.types import Act
from surveyapp import clock
from surveyapp.samples.file_or_survey import WITNESS_SURVEY, FileOrSurvey
from surveyapp.samples.frame_files import earlier_draws, read_frame, read_object, read_plan
from surveyapp.samples.refusals import translated
from surveyapp.samples.witness_files import (
    COMMITMENT,
    SECRET_PART,
    read_commitments,
    read_public,
    refuse_second_wave,
    reveal,
    write_new,
    write_part,
)

_FILE = click.Path(path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")


@click.command("commit", cls=FileOrSurvey, epilog=WITNESS_SURVEY)
@click.option("--party", required=True, help="Tên bên góp hạt giống.")
@click.option("--part", help="Phần tự chọn; không ghi thì lấy 32 byte ngẫu nhiên.")
@click.option("--out", type=_FILE, required=True, help="Thư mục kết quả.")
@_json
def commit_command(party: str, part: str | None, out: Path, *, as_json: bool) -> None:
    """Góp một phần hạt giống: tạo phần bí mật và cam kết."""
    with translated():
        made = witness.new_part(party, part)
    write_part(out, made)
    digest = made.commitment.sha256
    if as_json:
        click.echo(json.dumps({"party": made.party, "sha256": digest}, ensure_ascii=False))
        return
    click.echo(f"Cam kết của «{made.party}»: {digest}")
    click.echo(f"Gửi tệp {out / COMMITMENT}; giữ kín {out / SECRET_PART} đến khi có bản công bố.")


@click.command("announce", cls=FileOrSurvey, epilog=WITNESS_SURVEY)
@click.option("--frame", "frame_path", type=_FILE, required=True, help=".csv, .xlsx hoặc .parquet")
@click.option("--sheet", help="Trang tính của tệp .xlsx.")
@click.option("--plan", "plan_path", type=_FILE, required=True, help="PLAN.toml")
@click.option("--commitment", "commitments", type=_FILE, multiple=True, help="Cam kết của một bên.")
@click.option("--public", help='Con số công khai đã hẹn: "nguồn, ngày".')
@click.option("--public-digits", type=int, help="Số chữ số của con số đó.")
@click.option("--shortfall", type=click.Choice(["lower", "census"]), help="Khi chỉ tiêu vượt.")
@click.option("--previous", type=_FILE, help="Biên bản (bản công bố) của lần trước.")
@click.option("--reason", default="", help="Lý do chọn lại.")
@click.option("--out", type=_FILE, required=True, help="Tệp bản công bố.")
@_json
def announce_command(
    frame_path: Path,
    plan_path: Path,
    out: Path,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401  click's options
) -> None:
    """Công bố danh sách, kế hoạch và nguồn ngẫu nhiên, trước khi ai biết hạt giống."""
    plan = read_plan(plan_path)
    refuse_second_wave(is_second=plan.keep is not None)
    earlier = earlier_draws(options["previous"], options["reason"])
    commitments = read_commitments(options["commitments"])
    public = read_public(options["public"], options["public_digits"])
    read = read_frame(frame_path, plan, options["sheet"])
    act = Act(seed="", shortfall=options["shortfall"], previous=earlier)
    with translated(read.rows, read.sheet):
        # a fault that came out only after the reveal would allow a retry
        draw(read.frame, plan, replace(act, seed="thử"))
        fixed = frozen(read.frame, plan, act)
        announced = witness.announcement(fixed, commitments, public, clock.today())
    write_new(out, announced)
    digest = json_digest(announced)
    if as_json:
        click.echo(json.dumps({"announcement_sha256": digest, **announced}, ensure_ascii=False))
        return
    click.echo(f"SHA-256 danh sách:   {announced['frame']['sha256']}")
    click.echo(f"SHA-256 kế hoạch:    {announced['plan']['sha256']}")
    click.echo(f"SHA-256 bản công bố: {digest}")
    click.echo("Gửi bản công bố cho mọi bên; ghi lại mã của nó trước khi bên nào mở phần của mình.")


@click.command("reveal", cls=FileOrSurvey, epilog=WITNESS_SURVEY)
@click.option("--announcement", type=_FILE, required=True, help="Bản công bố.")
@click.option("--secret", type=_FILE, required=True, help=f"Tệp {SECRET_PART} của mình.")
@click.option("--out", type=_FILE, required=True, help="Tệp kết quả.")
def reveal_command(announcement: Path, secret: Path, out: Path) -> None:
    """Mở phần của mình cho một bản công bố có ghi cam kết của mình."""
    opened = reveal(read_object(announcement), read_object(secret))
    write_new(out, opened)
    click.echo(f"Đã mở phần của «{opened['party']}»: {out}")
    click.echo(f"SHA-256 bản công bố: {opened['announcement_sha256']}")
