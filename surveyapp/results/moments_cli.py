"""Commands on totals that authorities exchange instead of answers."""

from pathlib import Path

import click

from analysis.errors import AnalysisError
from surveyapp.errors import AppError
from surveyapp.results.moments_file import estimate_totals, make_file, merge_files
from surveyapp.results.moments_rounds import fault, make_round

_FILE = click.Path(path_type=Path)
_out = click.option("--out", required=True, type=_FILE, help="Tệp kết quả (.json).")


@click.group(help="Gộp số liệu nhiều tỉnh mà không chuyển câu trả lời.")
def cli() -> None:
    """Group the commands on totals."""


@cli.command("make")
@click.option("--data", required=True, type=_FILE, help="Số liệu (.csv, .xlsx, .parquet).")
@click.option("--design", required=True, type=_FILE, help="Thiết kế mẫu và phép đo (.toml).")
@click.option("--method", required=True, help="Phiên bản phương pháp, ví dụ sipas_a 2023.")
@click.option("--survey", required=True, help="Tên cuộc khảo sát, khác nhau giữa các tỉnh.")
@click.option("--totals-only", is_flag=True, help="Vòng một của mẫu nhỏ: chỉ ghi tổng.")
@click.option("--gradients", type=_FILE, help="Vòng hai: tệp tổng đã gộp ở vòng một.")
@_out
def make(*, totals_only: bool, gradients: Path | None, out: Path, **source: Path | str) -> None:
    """Ghi tổng và hiệp phương sai của một cuộc khảo sát, không kèm câu trả lời."""
    data, design = Path(source["data"]), Path(source["design"])
    method, survey = _name("--method", source["method"]), _name("--survey", source["survey"])
    if totals_only and gradients is not None:
        raise AppError(
            "RESULTS-023",
            "Không dùng --totals-only cùng với --gradients.",
            "Vòng một dùng --totals-only; vòng hai dùng --gradients với tệp tổng đã gộp.",
        )
    if totals_only or gradients is not None:
        totals = make_round(data, design, out, (method, survey), gradients)
    else:
        totals = make_file(data, design, out, method=method, survey=survey)
    _say(totals.left_out, out)


@cli.command("merge")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--only", multiple=True, help="Chỉ giữ phép đo hoặc chỉ số này (lặp lại được).")
@_out
def merge(files: tuple[Path, ...], only: tuple[str, ...], out: Path) -> None:
    """Gộp các tệp tổng của nhiều cuộc khảo sát cùng phương pháp."""
    totals = merge_files(files, out, only)
    _say(totals.left_out, out)


@cli.command("estimate")
@click.argument("file", type=_FILE)
@click.option("--level", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True)
@_out
def estimate(file: Path, level: float, out: Path) -> None:
    """Ước lượng từ một tệp tổng."""
    try:
        count = estimate_totals(file, out, level)
    except AnalysisError as error:
        raise fault(error) from error
    click.echo(f"Đã ghi {count} ước lượng vào {out}.")


def _name(option: str, value: Path | str) -> str:
    text = " ".join(str(value).split())
    if not text:
        raise AppError("RESULTS-024", f"{option} đang để trống.", "Ghi tên vào rồi chạy lại.")
    return text


def _say(left_out: tuple[str, ...], out: Path) -> None:
    click.echo(f"Đã ghi {out}.")
    if left_out:
        click.echo(f"Không đưa vào (quá ít câu trả lời): {', '.join(left_out)}.")
