"""Commands on totals that authorities exchange instead of answers."""

from pathlib import Path

import click

from surveyapp.results.moments_file import estimate_totals, make_file, merge_files

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
@_out
def make(data: Path, design: Path, method: str, survey: str, out: Path) -> None:
    """Ghi tổng và hiệp phương sai của một cuộc khảo sát, không kèm câu trả lời."""
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
    count = estimate_totals(file, out, level)
    click.echo(f"Đã ghi {count} ước lượng vào {out}.")


def _say(left_out: tuple[str, ...], out: Path) -> None:
    click.echo(f"Đã ghi {out}.")
    if left_out:
        click.echo(f"Không đưa vào (quá ít câu trả lời): {', '.join(left_out)}.")
