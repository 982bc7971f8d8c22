"""Commands on the samples of stored surveys; `sample draw` and `sample verify` hand over here."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from sampling.protocol import protocol_digest
from surveyapp import commands, roles
from surveyapp.errors import AppError
from surveyapp.models import Frame, SampleDraw, Survey
from surveyapp.samples import (
    contacts,
    papers,
    service,
    size_decisions,
    supplement,
    waves,
    witnessing,
)
from surveyapp.samples.one_seed import only_one
from surveyapp.samples.proposal import Choices
from surveyapp.samples.sample_files import write_bytes
from surveyapp.surveys import service as surveys

_survey = click.option("--survey", "survey_code", required=True, metavar="MÃ", help="Mã khảo sát.")
_one = partial(click.option, multiple=True, callback=only_one)
_json = click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")


def draw_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what an official decides about a draw."""
    for option in (
        click.option("--few-reason", default="", help="Lý do vẫn đo lường cơ quan dưới 10 phiếu."),
        click.option("--reason", default="", help="Lý do đổi chỉ tiêu, lấy toàn bộ, chọn bổ sung."),
        click.option(
            "--reserve-share", default="0", show_default=True, help="Dự phòng trên phiếu chính."
        ),
        click.option(
            "--shortfall", type=click.Choice(["lower", "census"]), help="Khi chỉ tiêu vượt."
        ),
        click.option(
            "--quota", "quotas", multiple=True, metavar="NHÓM=SỐ", help="Chỉ tiêu khác kế hoạch."
        ),
    ):
        command = option(command)
    return command


@click.command("draw")
@_survey
@_one("--seed", help="Hạt giống tự chọn; chọn bổ sung dùng hạt giống đã công bố.")
@click.option("--preview", is_flag=True, help="Chỉ xem sẽ thêm, thôi bao nhiêu; không lưu gì.")
@click.option("--seal", is_flag=True, help="Chương trình tạo hạt giống, niêm phong cho đợt sau.")
@_one("--public-value", help="Con số công khai của lần chọn có chứng kiến.")
@draw_options
@commands.as_login
@_json
def draw_command(  # noqa: PLR0913  one per option
    survey_code: str,
    seed: str | None,
    public_value: str | None,
    as_login: str,
    *,
    preview: bool,
    seal: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401  click's options
) -> None:
    """Công bố hạt giống, rồi chọn mẫu; hoặc thực hiện lần chọn có chứng kiến đang mở."""
    with commands.opened(as_login, roles.PREPARERS) as (db, actor):
        survey = surveys.find(db, survey_code)
        announced = pending(db, survey)
        if announced is not None and announced.is_witnessed:
            _refuse_decisions({"seed": seed, "seal": seal, **options})
            if public_value is not None:
                witnessing.take_number(db, actor, announced, public_value)
        else:
            asked = waves.SeedAsked(seed, seal=seal)
            seed = waves.seed_asked(survey, service.draws(db, survey), asked)
            frame = frozen_frame(db, survey)
            choices = size_decisions.chosen(db, survey, frame, choices_of(options))
            announced = service.announce(db, actor, frame, seed, choices)
        if preview:
            _foretell(supplement.foreseen(db, service.draws(db, survey)))
            return
        db.commit()  # seed and digests are durable before anything is drawn
        drawn = service.draw(db, actor, announced)
        db.commit()
        summary = _summary(drawn, supplement.changes(service.draws(db, survey)).get(drawn.id))
    click.echo(json.dumps(summary, ensure_ascii=False) if as_json else _told(summary))


def _foretell(foreseen: supplement.Changes | None) -> None:
    """Say what a supplementary draw will change: numbers only, as nothing is stored yet."""
    moved = foreseen.strata if foreseen else ()
    counts = {one.stratum: [len(one.added), len(one.released)] for one in moved}
    told = {"supplementary": foreseen is not None, "added_and_released": counts}
    click.echo(json.dumps(told, ensure_ascii=False))


def _refuse_decisions(options: Mapping[str, Any]) -> None:
    """Refuse to decide again what was frozen when the witnessed draw was opened."""
    if any(value and value != "0" for value in options.values()) or options["seed"] is not None:
        raise AppError(
            "SAMPLE-254",
            "Lần chọn có chứng kiến đang mở đã chốt chỉ tiêu và nguồn ngẫu nhiên.",
            "Chạy không có --seed, --seal, --quota, --shortfall, --reserve-share, --reason; "
            "hoặc bỏ lần chọn đó kèm lý do: sipas sample abandon.",
            status=409,
        )


def choices_of(options: Mapping[str, Any]) -> Choices:
    """Return what was decided."""
    return Choices(
        quotas=commands.once("quota", map(_quota, options["quotas"])),
        shortfall=options["shortfall"],
        reserve_share=options["reserve_share"],
        reason=options["reason"],
        few_reason=options["few_reason"],
    )


def _quota(text: str) -> tuple[str, int]:
    """Read "district=600"."""
    group, _, number = text.partition("=")
    if not number.strip().isdecimal():
        raise AppError("SAMPLE-223", f"--quota «{text}» không đọc được.", "Ví dụ: district=600.")
    return group.strip(), int(number)


def frozen_frame(db: Session, survey: Survey) -> Frame:
    """Return the latest list of a survey."""
    frame = surveys.latest_frame(db, survey)
    if frame is None:
        raise AppError(
            "SAMPLE-224", "Chưa có danh sách chọn mẫu.", "Nhập bằng: sipas frame import."
        )
    return frame


def pending(db: Session, survey: Survey) -> SampleDraw | None:
    """Return the draw that is announced and neither carried out nor given up."""
    return next((one for one in service.draws(db, survey) if one.is_pending), None)


def _summary(drawn: SampleDraw, changes: supplement.Changes | None) -> dict[str, Any]:
    protocol = drawn.protocol or {}
    return {
        "draw": drawn.id,
        "label": protocol["label"],
        "seed": drawn.told_seed,
        **protocol["counts"],
        "frame_sha256": drawn.frame_sha256,
        "plan_sha256": drawn.plan_sha256,
        "recheck_secret_sha256": drawn.recheck_secret_sha256,
        "protocol_sha256": protocol_digest(protocol),
        "previous": protocol["previous"],
        "changes": None if changes is None else changes.plain(),
    }


def _told(summary: dict[str, Any]) -> str:
    lines = [
        f"Đã chọn {summary['main']} phiếu chính, {summary['reserve']} dự phòng, "
        f"{summary['recheck']} phúc tra (niêm phong) từ {summary['pop_size']} dòng "
        f"({summary['label']}).",
        f"SHA-256 danh sách: {summary['frame_sha256']}",
        f"SHA-256 kế hoạch:  {summary['plan_sha256']}",
        f"SHA-256 biên bản:  {summary['protocol_sha256']}",
    ]
    if changes := summary["changes"]:
        added, released = changes["added"], changes["released"]
        lines.append(f"Thêm {len(added)}: {', '.join(added) or '-'}")
        lines.append(f"Thôi {len(released)}: {', '.join(released) or '-'}")
    return "\n".join(lines)


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


@click.command("protocol")
@_survey
@click.option("--draw", "draw_id", type=int, help="Số của lần chọn; không ghi thì lần cuối.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Tệp PDF.")
def protocol_command(survey_code: str, draw_id: int | None, out: Path) -> None:
    """Viết biên bản chọn mẫu một trang (PDF) để ký."""
    with commands.reading() as db:
        survey = surveys.find(db, survey_code)
        last = [one.id for one in service.draws(db, survey) if one.protocol][-1:]
        wanted = draw_id if draw_id is not None else (last or [0])[0]
        paper = papers.paper(db, survey, service.find_draw(db, survey, wanted), "protocol.pdf")
        write_bytes(out, paper.content)
    click.echo(f"Biên bản: {out}")


@click.command("forget")
@_survey
@commands.as_login
@_json
def forget_command(survey_code: str, as_login: str, *, as_json: bool) -> None:
    """Xóa họ tên, liên hệ của những người không được chọn; sau đó không chọn bổ sung được."""
    with commands.opened(as_login, roles.PREPARERS) as (db, actor):
        n = contacts.forget_undrawn(db, actor, surveys.find(db, survey_code))
        db.commit()
    told = f"Đã xóa họ tên, liên hệ của {n} người không được chọn."
    click.echo(json.dumps({"deleted": n}) if as_json else told)
