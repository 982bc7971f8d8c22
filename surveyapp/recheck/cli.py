"""Commands of the re-check."""

import json

import click

from surveyapp import commands
from surveyapp.recheck import service
from surveyapp.surveys import service as surveys


@click.group()
def cli() -> None:
    """Phúc tra độc lập: xem tiến độ."""


@cli.command()
@click.option("--survey", "code", required=True, help="Mã cuộc khảo sát.")
@click.option("--json", "as_json", is_flag=True, help="In cho chương trình đọc.")
def progress(code: str, *, as_json: bool) -> None:
    """Đếm số phiếu phúc tra; không nêu tên ai."""
    with commands.reading() as db:
        found = service.progress(db, surveys.find(db, code))
    if as_json:
        told = {"drawn": found.drawn, "withheld": found.withheld, "answered": found.answered}
        click.echo(json.dumps(told | dict(found.by_outcome)))
        return
    click.echo(f"Chọn phúc tra: {found.drawn}; đã trả lời lần đầu: {found.answered}")
    if found.withheld:
        click.echo(f"{service.NOT_ASKED.capitalize()}: {found.withheld}")
    for outcome, n in found.by_outcome.items():
        click.echo(f"{service.OUTCOMES[outcome]}: {n}")
