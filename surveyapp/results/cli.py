"""Commands on results: on files, without a database; and on a survey of the database."""

from pathlib import Path

import click

from surveyapp.results.agree_file import agree_file
from surveyapp.results.estimate_file import estimate_file
from surveyapp.results.mapping import Workers
from surveyapp.results.survey_cli import decide, lock, report, review, run, sealed

_FILE = click.Path(path_type=Path)


@click.group(help="Tính kết quả, độ thống nhất phúc tra, báo cáo.")
def cli() -> None:
    """Group the commands on results."""


@cli.command("estimate")
@click.option("--data", required=True, type=_FILE, help="Số liệu (.csv, .xlsx, .parquet).")
@click.option("--design", required=True, type=_FILE, help="Thiết kế mẫu và phép đo (.toml).")
@click.option("--out", required=True, type=_FILE, help="Tệp kết quả (.json).")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Số luồng cùng đọc một tệp .parquet.",
)
@click.option("--processes", is_flag=True, help="Dùng tiến trình riêng thay cho luồng.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Cụm máy Dask: tcp://máy:8786, hoặc local (số tiến trình theo --workers).",
)
def estimate(
    data: Path, design: Path, out: Path, workers: int, processes: bool, cluster: str | None
) -> None:
    """Ước lượng tỷ lệ, điểm trung bình, chỉ số kèm khoảng tin cậy từ một tệp số liệu."""
    count = estimate_file(data, design, out, Workers(workers, processes, cluster))
    click.echo(f"Đã ghi {count} ước lượng vào {out}.")


@cli.command("agree")
@click.option(
    "--pairs", required=True, type=_FILE, help="Cặp câu trả lời: item, original, recheck."
)
@click.option("--categories", required=True, help="Mọi mức của câu hỏi, ví dụ 1,2,3,4,5.")
@click.option("--out", required=True, type=_FILE, help="Tệp kết quả (.json).")
def agree(pairs: Path, categories: str, out: Path) -> None:
    """Đo độ thống nhất giữa câu trả lời lần đầu và phúc tra."""
    count = agree_file(pairs, categories, out)
    click.echo(f"Đã ghi kết quả của {count} câu hỏi vào {out}.")


for command in (lock, review, decide, run, report, sealed):
    cli.add_command(command)
