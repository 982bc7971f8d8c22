"""Commands on the samples of stored surveys; `sample draw` and `sample verify` hand over here."""

import json
from typing import Any

import click
from sqlalchemy.orm import Session

from sampling.protocol import protocol_digest
from surveyapp import commands, roles
from surveyapp.errors import AppError
from surveyapp.models import Frame, SampleDraw, Survey
from surveyapp.samples import service
from surveyapp.samples.proposal import Choices
from surveyapp.surveys import service as surveys

_survey = click.option("--survey", "survey_code", required=True, metavar="MÃ", help="Mã khảo sát.")
_json = click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")


@click.command("draw")
@_survey
@click.option("--seed", required=True, help="Hạt giống; lưu trước khi chọn.")
@click.option("--quota", "quotas", multiple=True, metavar="NHÓM=SỐ", help="Chỉ tiêu khác kế hoạch.")
@click.option("--shortfall", type=click.Choice(["lower", "census"]), help="Khi chỉ tiêu vượt.")
@click.option("--reserve-share", default="0", show_default=True, help="Dự phòng trên phiếu chính.")
@click.option("--reason", default="", help="Lý do đổi chỉ tiêu, lấy toàn bộ, chọn bổ sung.")
@click.option("--few-reason", default="", help="Lý do vẫn đo lường cơ quan dưới 10 phiếu.")
@commands.as_login
@_json
def draw_command(
    survey_code: str,
    seed: str,
    as_login: str,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401  click's options
) -> None:
    """Công bố hạt giống, rồi chọn mẫu của một cuộc khảo sát."""
    choices = Choices(
        quotas=dict(map(_quota, options["quotas"])),
        shortfall=options["shortfall"],
        reserve_share=options["reserve_share"],
        reason=options["reason"],
        few_reason=options["few_reason"],
    )
    with commands.opened(as_login, roles.PREPARERS) as (db, actor):
        survey = surveys.find(db, survey_code)
        announced = service.announce(db, actor, _frame(db, survey), seed, choices)
        db.commit()  # seed and digests are durable before anything is drawn
        drawn = service.draw(db, actor, announced)
        db.commit()
        summary = _summary(drawn)
    click.echo(json.dumps(summary, ensure_ascii=False) if as_json else _told(summary))


def _quota(text: str) -> tuple[str, int]:
    """Read "district=600"."""
    group, _, number = text.partition("=")
    if not number.strip().isdecimal():
        raise AppError("SAMPLE-223", f"--quota «{text}» không đọc được.", "Ví dụ: district=600.")
    return group.strip(), int(number)


def _frame(db: Session, survey: Survey) -> Frame:
    frame = surveys.latest_frame(db, survey)
    if frame is None:
        raise AppError(
            "SAMPLE-224", "Chưa có danh sách chọn mẫu.", "Nhập bằng: sipas frame import."
        )
    return frame


def _summary(drawn: SampleDraw) -> dict[str, Any]:
    protocol = drawn.protocol or {}
    return {
        "draw": drawn.id,
        "label": protocol["label"],
        "seed": drawn.seed,
        **protocol["counts"],
        "frame_sha256": drawn.frame_sha256,
        "plan_sha256": drawn.plan_sha256,
        "recheck_secret_sha256": drawn.recheck_secret_sha256,
        "protocol_sha256": protocol_digest(protocol),
    }


def _told(summary: dict[str, Any]) -> str:
    return "\n".join(
        (
            f"Đã chọn {summary['main']} phiếu chính, {summary['reserve']} dự phòng từ "
            f"{summary['pop_size']} dòng ({summary['label']}).",
            f"SHA-256 danh sách: {summary['frame_sha256']}",
            f"SHA-256 kế hoạch:  {summary['plan_sha256']}",
            f"SHA-256 biên bản:  {summary['protocol_sha256']}",
        )
    )


@click.command("verify")
@_survey
@_json
def verify_command(survey_code: str, *, as_json: bool) -> None:
    """Chọn lại mọi lần của một cuộc khảo sát và so với kết quả đã lưu."""
    with commands.reading() as db:
        draws = [d for d in service.draws(db, surveys.find(db, survey_code)) if d.protocol]
        if not draws:
            raise AppError("SAMPLE-225", "Cuộc khảo sát chưa chọn mẫu.", "Chọn mẫu trước.")
        found = {draw.id: service.verify(db, draw) for draw in draws}
    if as_json:
        paths = [{"draw": i, "difference": f and f.path} for i, f in found.items()]
        click.echo(json.dumps({"match": not any(found.values()), "draws": paths}))
    for number, difference in found.items():
        if difference is not None:
            raise AppError(
                "SAMPLE-226",
                f"Lần chọn {number} không khớp tại {difference.path}.",
                "Kiểm tra nhật ký và bản sao lưu.",
            )
    if not as_json:
        click.echo("khớp")
