"""The command on the sizes of a stored survey; `sample size --survey` hands over here."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click

from surveyapp import commands, roles
from surveyapp.errors import AppError
from surveyapp.models import Frame, Survey
from surveyapp.samples import size_decisions
from surveyapp.samples.size_decisions import Worked
from surveyapp.samples.size_margins import SizeRow
from surveyapp.samples.sizes import BASES, RULES, SCOPES, SizeRequest, plan_request
from surveyapp.surveys import service as surveys

#: options that hold pairs, for one group of agencies or one stratum each
_PAIRS = {"quota": "quotas", "n": "strata", "share": "shares", "cost": "costs"}


@click.command("size")
@click.option("--survey", "survey_code", required=True, metavar="MÃ", help="Mã khảo sát.")
@click.option("--basis", type=click.Choice(BASES), help="Chỉ tiêu, Yamane hay Cochran.")
@click.option("--scope", type=click.Choice(SCOPES), help="Công thức cho cả nhóm hay từng dòng.")
@click.option("--rule", type=click.Choice(RULES), help="Cách phân bổ.")
@click.option("--margin", help="Sai số cho phép.")
@click.option("--level", help="Độ tin cậy.")
@click.option("--p", "p", help="Tỷ lệ dự kiến.")
@click.option("--deff", help="Hệ số thiết kế.")
@click.option("--response", help="Tỷ lệ trả lời dự kiến.")
@click.option("--power", help="Số mũ của phân bổ lũy thừa.")
@click.option("--minimum", type=int, help="Tối thiểu mỗi dòng.")
@click.option("--maximum", type=int, help="Tối đa mỗi dòng.")
@click.option("--inflate", is_flag=True, default=None, help="Phát thêm để bù không trả lời.")
@click.option("--quota", multiple=True, metavar="NHÓM=SỐ", help="Chỉ tiêu khác kế hoạch.")
@click.option("--n", multiple=True, metavar="DÒNG=SỐ", help="Số phiếu, khi --rule fixed.")
@click.option("--share", multiple=True, metavar="DÒNG=SỐ", help="Tỷ lệ dự kiến của dòng.")
@click.option("--cost", multiple=True, metavar="DÒNG=SỐ", help="Chi phí một phiếu của dòng.")
@click.option("--shortfall", type=click.Choice(["lower", "census"]), help="Khi vượt danh sách.")
@click.option("--reserve-share", help="Dự phòng trên phiếu chính.")
@click.option("--reason", help="Lý do đổi chỉ tiêu, hạ hoặc lấy toàn bộ.")
@click.option("--few-reason", help="Lý do vẫn đo lường cơ quan dưới 10 phiếu.")
@click.option("--adopt", is_flag=True, help="Dùng phương án này; cần --as.")
@click.option("--as", "as_login", metavar="LOGIN", help="Tài khoản thực hiện, khi --adopt.")
@click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")
def size_command(
    survey_code: str,
    as_login: str | None,
    *,
    adopt: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401  click's options
) -> None:
    """Tính cỡ mẫu, phân bổ và sai số của một cuộc khảo sát; chọn phương án bằng --adopt."""
    if adopt:
        worked, digest = _adopted(survey_code, as_login, options)
    else:
        with commands.reading() as db:
            survey = surveys.find(db, survey_code)
            listed = size_decisions.listed(db, survey, _frame(surveys.latest_frame(db, survey)))
            worked, digest = size_decisions.work_out(listed, _request(survey, options)), None
    click.echo(
        json.dumps(_values(worked, digest), ensure_ascii=False) if as_json else _told(worked)
    )
    for text in size_decisions.sentences(worked.unmet):
        click.echo(f"Lưu ý: {text}", err=True)
    for title in worked.proposal.nobody:
        click.echo(f"Lưu ý: {title}: không có ai để chọn, cần lý do.", err=True)


def _adopted(code: str, login: str | None, options: dict[str, Any]) -> tuple[Worked, str]:
    if login is None:
        raise AppError("SAMPLE-237", "--adopt cần tài khoản thực hiện.", "Thêm --as TÀI-KHOẢN.")
    with commands.opened(login, roles.PREPARERS) as (db, actor):
        survey = surveys.find(db, code)
        frame = _frame(surveys.latest_frame(db, survey))
        request = _request(survey, options)
        digest = size_decisions.adopt(db, actor, survey, frame, request).sha256
        db.commit()
        return size_decisions.work_out(size_decisions.listed(db, survey, frame), request), digest


def _frame(frame: Frame | None) -> Frame:
    if frame is None:
        raise AppError(
            "SAMPLE-238", "Chưa có danh sách chọn mẫu.", "Nhập bằng: sipas frame import."
        )
    return frame


def _request(survey: Survey, options: dict[str, Any]) -> SizeRequest:
    """Return what the plan asks, changed by the options that are given."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for option, name in _PAIRS.items():
        if option in given:
            given[name] = commands.once(option, _pairs(option, given.pop(option)))
    numbers = ("margin", "level", "p", "deff", "response", "power", "reserve_share")
    given |= {name: given[name].replace(",", ".") for name in numbers if name in given}
    return replace(plan_request(survey), **given)


def _pairs(option: str, texts: Iterable[str]) -> Iterable[tuple[str, int | str]]:
    """Read "so-y-te=60"; quotas and forms are whole numbers."""
    for text in texts:
        key, _, number = text.rpartition("=")
        whole = option in ("quota", "n")
        fine = number.isdecimal() if whole else number.replace(",", ".", 1).replace(".", "", 1)
        if not key or not (fine if whole else str(fine).isdecimal()):
            raise AppError("SAMPLE-239", f"--{option} «{text}» không đọc được.", "Ghi DÒNG=SỐ.")
        yield key.strip(), int(number) if whole else number.replace(",", ".")


def _rows(worked: Worked) -> Iterable[tuple[str, SizeRow]]:
    for group in worked.table.groups:
        yield from group.rows
        yield group.code, group.total
    yield "", worked.table.whole


def _values(worked: Worked, digest: str | None) -> dict[str, Any]:
    rows = [
        {
            "key": key,
            "title": row.title,
            "pop_size": row.pop_size,
            "wanted": row.wanted,
            "n": row.n,
            "expected": row.expected,
            "margins": row.margins,
            "formulas": {f.formula: {"n": f.n, "margins": f.margins} for f in row.formulas},
            "flags": row.flags,
        }
        for key, row in _rows(worked)
    ]
    unmet = size_decisions.sentences(worked.unmet)
    return {
        "main": worked.proposal.main_n,
        "rows": rows,
        "unmet": unmet,
        "nobody": worked.proposal.nobody,
        "decision": digest,
    }


def _told(worked: Worked) -> str:
    lines = []
    for _, row in _rows(worked):
        formulas = ", ".join(f"{f.formula} {f.n}" for f in row.formulas)
        margins = " / ".join(f"{m:.1%}" for m in row.margins or ()) or "không rõ"
        flags = f" [{'; '.join(row.flags)}]" if row.flags else ""
        lines.append(
            f"{row.title}: danh sách {row.pop_size}, {row.n} phiếu, thu về {row.expected}; "
            f"sai số ± {margins}; {formulas}".replace(".", ",")
            + flags
        )
    return "\n".join(lines)
