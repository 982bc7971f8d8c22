"""The command of the demonstration."""

import sys
import time
from pathlib import Path

import click

from surveyapp.exports.numbers import NumberStyle
from surveyapp.exports.wording import STAMP
from surveyapp.practice import demo as demonstration
from surveyapp.practice.outputs import README


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Thư mục mới hoặc còn trống; của lần tập dượt trước thì làm lại.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Số ngẫu nhiên.")
def demo(out: Path, seed: int) -> None:
    """Chạy trọn hai cuộc khảo sát với số liệu mô phỏng, từ kế hoạch đến báo cáo."""
    started = time.monotonic()
    if demonstration.prepare(out):
        click.echo(f"Đã xóa kết quả tập dượt trước trong «{out}».", err=True)
    wanted = demonstration.shipped(str(seed))
    with click.progressbar(length=wanted.work, label="Tập dượt", file=sys.stderr) as bar:
        done = demonstration.run(wanted, out, bar.update)
    click.echo(STAMP)
    for title, steps in done:
        click.echo(f"\n{title}")
        for step in steps:
            click.echo(f"  {step.title}: {step.figures}")
    seconds = NumberStyle(decimals=1).number(time.monotonic() - started)
    click.echo(f"\nXong sau {seconds} giây. Đọc trước: {out / README}")
