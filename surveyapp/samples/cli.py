"""Commands on samples that need no database: size, draw, verify."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from sampling import recheck, size
from sampling.differences import Difference
from sampling.draw import draw
from sampling.listing import sample_rows
from sampling.plan import exact
from sampling.protocol import opening, protocol, protocol_digest, verify
from sampling.types import Act, Plan
from sampling.waves import has_seed, unsealed
from surveyapp.errors import AppError
from surveyapp.samples.file_acts import act_of, with_seed
from surveyapp.samples.file_or_survey import (
    DRAW_FROM_SURVEY,
    SIZE_SURVEY,
    SURVEY_COMMANDS,
    VERIFY_SURVEY,
    FileOrSurvey,
)
from surveyapp.samples.frame_files import (
    FrameFile,
    read_frame,
    read_plan,
    read_protocol,
)
from surveyapp.samples.intercept_cli import blocks_command, intercept_command
from surveyapp.samples.one_seed import only_one
from surveyapp.samples.refusals import translated
from surveyapp.samples.sample_files import PROTOCOL, SAMPLE, SECRET, SEED, write_folder
from surveyapp.samples.witness_cli import announce_command, commit_command, reveal_command

#: Files below this size (bytes) are read before a bar would be seen.
BAR_FROM = 5_000_000

Progress = Callable[[int], None] | None
_FILE = click.Path(path_type=Path)
_one = partial(click.option, multiple=True, callback=only_one)


class Number(click.ParamType[str]):
    """A number as people write it: "0,05" or "0.05"."""

    name = "số"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002  click's signature
    ) -> str:
        """Return the number as a text with a decimal point."""
        found = exact(str(value))
        if found is None:
            name = param.opts[0] if param else "giá trị"
            raise AppError("SAMPLE-150", f"{name}: «{value}» không phải số.", "Ví dụ: 0,05.")
        return str(found)


@click.group(help="Cỡ mẫu, chọn mẫu, kiểm tra biên bản chọn mẫu.")
def cli() -> None:
    """Group the commands on samples."""


for _command in (
    *(commit_command, announce_command, reveal_command),
    *(intercept_command, blocks_command, *SURVEY_COMMANDS),
):
    cli.add_command(_command)


@cli.command("size", cls=FileOrSurvey, epilog=SIZE_SURVEY)
@click.option(
    "--population", type=Number(), required=True, help="Số người (hồ sơ) trong danh sách."
)
@click.option("--margin", type=Number(), default="0.05", show_default=True, help="Sai số cho phép.")
@click.option("--formula", type=click.Choice(["yamane", "cochran"]), default="yamane")
@click.option("--level", type=Number(), default="0.95", help="Độ tin cậy.")
@click.option("--p", "p", type=Number(), default="0.5", help="Tỷ lệ dự kiến.")
@click.option("--deff", type=Number(), default="1", help="Hệ số thiết kế.")
@click.option("--response", type=Number(), default="1", help="Tỷ lệ trả lời dự kiến.")
@click.option("--explain", is_flag=True, help="Cả hai công thức và sai số thực có.")
@click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")
def size_command(
    population: str, formula: str, *, explain: bool, as_json: bool, **asked: str
) -> None:
    """Tính số phiếu cần phát."""
    with translated():
        precision = size.Precision(**asked)
        pop_size = _whole(population)
        chosen = size.sample_size(pop_size, precision, formula)
        report = _size_report(pop_size, precision) if explain or as_json else {}
    if as_json:
        click.echo(json.dumps({"n": chosen, "formula": formula, **report}, ensure_ascii=False))
        return
    click.echo(chosen)
    for name, row in report.get("formulas", {}).items():
        margins = "; ".join(f"p = {p}: ±{value:.1%}" for p, value in row["margins"].items())
        answers = f"{row['answers']} phiếu trả lời"
        click.echo(f"{name}: {row['n']} phiếu phát, {answers}; sai số {margins}".replace(".", ","))


@cli.command("draw", cls=FileOrSurvey, epilog=DRAW_FROM_SURVEY)
@click.option("--frame", "frame_path", type=_FILE, required=True, help=".csv, .xlsx hoặc .parquet")
@click.option("--sheet", help="Trang tính của tệp .xlsx.")
@click.option("--plan", "plan_path", type=_FILE, required=True, help="PLAN.toml")
@click.option("--seed", "seeds", multiple=True, help="Hạt giống tự chọn.")
@click.option("--seal", is_flag=True, help="Chương trình tạo hạt giống, niêm phong cho đợt sau.")
@click.option("--announcement", type=_FILE, help="Bản công bố của lần chọn có chứng kiến.")
@click.option("--reveal", "reveals", type=_FILE, multiple=True, help="Phần đã mở của một bên.")
@_one("--public-value", help="Con số công khai, đúng như đã công bố.")
@_one("--recheck-seed", help="Cố định bí mật phúc tra (chỉ để thử).")
@click.option("--first", type=_FILE, help="Biên bản đợt trước; dùng lại hạt giống của nó.")
@click.option("--shortfall", type=click.Choice(["lower", "census"]), help="Khi chỉ tiêu vượt.")
@click.option("--previous", type=_FILE, help="Biên bản của lần chọn trước.")
@click.option("--reason", default="", help="Lý do chọn lại, hoặc của --shortfall; biên bản ghi.")
@click.option("--out", type=_FILE, required=True, help="Thư mục kết quả.")
@click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")
def draw_command(
    frame_path: Path,
    plan_path: Path,
    out: Path,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401  click's options
) -> None:
    """Chọn mẫu từ danh sách theo kế hoạch."""
    plan = read_plan(plan_path)
    act = act_of(plan, {**options, "out": out})
    with _bar(
        "Đọc danh sách", frame_path, frame_path.is_file() and frame_path.stat().st_size
    ) as bar:
        read = read_frame(frame_path, plan, options["sheet"], bar)
    for warning in read.warnings:
        click.echo(f"Lưu ý: {warning}", err=True)
    if (out / PROTOCOL).exists():
        _keep_existing(read, plan, act, out)
        summary = _summary(read_protocol(out / PROTOCOL), out)
    else:
        summary = _draw_into(read, plan, act, (out, frame_path))
    click.echo(json.dumps(summary, ensure_ascii=False) if as_json else _told(summary))


@cli.command("verify", cls=FileOrSurvey, epilog=VERIFY_SURVEY)
@click.option("--frame", "frame_path", type=_FILE, required=True, help=".csv, .xlsx hoặc .parquet")
@click.option("--sheet", help="Trang tính của tệp .xlsx.")
@click.option("--plan", "plan_path", type=_FILE, required=True, help="PLAN.toml")
@click.option("--protocol", "protocol_path", type=_FILE, required=True, help="protocol.json")
@click.option("--first", type=_FILE, help="Biên bản đợt trước, nếu là đợt sau.")
@click.option("--seed", help="Hạt giống niêm phong, khi đã công bố.")
@click.option("--recheck-secret", type=_FILE, help="Bí mật phúc tra đã công bố (tệp).")
@click.option("--recheck-seed", help="Bí mật phúc tra đã cố định khi chọn.")
@click.option("--json", "as_json", is_flag=True, help="Kết quả cho chương trình khác.")
def verify_command(
    frame_path: Path,
    plan_path: Path,
    protocol_path: Path,
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401  click's options
) -> None:
    """Chọn lại từ đầu và so với biên bản."""
    stored = with_seed(read_protocol(protocol_path), options["seed"])
    plan = read_plan(plan_path)
    secret = _published_secret(options)
    first = options["first"] and read_protocol(options["first"])
    with _bar(
        "Đọc danh sách", frame_path, frame_path.is_file() and frame_path.stat().st_size
    ) as bar:
        read = read_frame(frame_path, plan, options["sheet"], bar)
    again = _bar("Chọn lại", frame_path, 2 * len(read.frame.ids))
    with translated(read.rows, read.sheet), again as bar:
        found = verify(read.frame, plan, stored, secret, bar, first)
    sealed = secret is None and isinstance(stored.get("recheck"), Mapping)
    if as_json:
        click.echo(json.dumps(_verdict(found, sealed=sealed), ensure_ascii=False))
    elif found is None:
        click.echo("khớp")
        if witness := stored.get("witness"):
            click.echo(f"SHA-256 bản công bố: {witness['announcement_sha256']}", err=True)
            click.echo("Lần chọn có chứng kiến: so mã này với mã các bên đang giữ.", err=True)
        if sealed:
            click.echo("Phúc tra: mới đối chiếu số lượng; bí mật chưa công bố.", err=True)
    if found is not None:
        raise AppError(
            "SAMPLE-151",
            f"Không khớp tại {found.path}: biên bản ghi {_shown(found.stored)}, "
            f"tính lại được {_shown(found.computed)}.",
            "Kiểm tra đúng danh sách, kế hoạch và biên bản của lần chọn này chưa.",
        )


def _whole(text: str) -> int:
    """Read a count."""
    if not text.isdigit():
        raise AppError("SAMPLE-152", f"Số người «{text}» phải là số nguyên.", "Ví dụ: 2000.")
    return int(text)


def _size_report(pop_size: int, precision: size.Precision) -> dict[str, Any]:
    """Put both formulas beside each other with the margins that each really gives."""
    formulas = {}
    deff = float(exact(str(precision.deff)) or 1)
    for name in ("yamane", "cochran"):
        n = size.sample_size(pop_size, precision, name)
        answers = max(1, round(size.expected_answers(n, precision.response)))
        given = size.margins(answers, pop_size, precision.level, deff)
        formulas[name] = {
            "n": n,
            "answers": answers,
            "margins": {str(p): m for p, m in given.items()},
        }
    return {"formulas": formulas}


def _draw_into(read: FrameFile, plan: Plan, act: Act, paths: tuple[Path, Path]) -> dict[str, Any]:
    """Draw, then write the folder."""
    out, frame_path = paths
    frame = read.frame
    drawing = _bar("Chọn mẫu", frame_path, 2 * len(frame.ids))
    with translated(read.rows, read.sheet), drawing as bar:
        opened = opening(frame, plan, act, bar)
        drawn = draw(frame, plan, act, bar)
    stored = protocol(opened, drawn)
    secrets = {SEED: act.seed} if act.is_sealed else {}
    if act.secret is not None and not act.secret_chosen:
        secrets[SECRET] = act.secret.hex()
    write_folder(out, sample_rows(drawn), stored, secrets)
    return _summary(stored, out)


def _keep_existing(read: FrameFile, plan: Plan, act: Act, out: Path) -> None:
    """Let the same draw stand; refuse to write another one over it."""
    stored = read_protocol(out / PROTOCOL)
    secret = act.secret if act.secret_chosen else None
    same = has_seed(stored, act.seed) and (out / SAMPLE).exists()
    with translated(read.rows, read.sheet):
        if same:
            opened = unsealed(stored, act.seed)
            if verify(read.frame, plan, opened, secret, first=act.first) is None:
                return
    raise AppError(
        "SAMPLE-157",
        f"Thư mục «{out}» đã có một lần chọn mẫu khác; không ghi đè.",
        "Chọn thư mục khác; nếu chọn lại, nêu --previous và --reason.",
        status=409,
    )


def _summary(stored: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Say what was drawn and where it is."""
    secret, seed = out / SECRET, out / SEED
    return {
        "label": stored["label"],
        "seed": stored["seed"],
        **stored["counts"],
        "strata": stored["strata"],
        "decisions": stored["decisions"],
        "frame_sha256": stored["frame"]["sha256"],
        "plan_sha256": stored["plan"]["sha256"],
        "announcement_sha256": (stored.get("witness") or {}).get("announcement_sha256"),
        "protocol_sha256": protocol_digest(stored),
        "sample": str(out / SAMPLE),
        "protocol": str(out / PROTOCOL),
        "recheck_secret": str(secret) if secret.exists() else None,
        "sealed_seed": str(seed) if seed.exists() else None,
    }


def _told(summary: Mapping[str, Any]) -> str:
    """Say the summary in sentences."""
    lines = [
        f"Đã chọn {summary['main']} phiếu chính, {summary['reserve']} dự phòng, "
        f"{summary['recheck']} phúc tra từ {summary['pop_size']} dòng ({summary['label']}).",
        f"SHA-256 danh sách: {summary['frame_sha256']}",
        f"SHA-256 kế hoạch:  {summary['plan_sha256']}",
        f"SHA-256 biên bản:  {summary['protocol_sha256']}",
        f"Mẫu: {summary['sample']}; biên bản: {summary['protocol']}",
    ]
    if summary["sealed_seed"]:
        lines.append(
            f"Hạt giống niêm phong: {summary['sealed_seed']} (chỉ chủ tệp đọc được; giữ kín đến "
            "hết đợt sau, biên bản chỉ ghi SHA-256 của nó)."
        )
    if summary["recheck_secret"]:
        lines.append(
            f"Bí mật phúc tra: {summary['recheck_secret']} (chỉ chủ tệp đọc được; giữ kín đến khi "
            "khóa số liệu, biên bản chỉ ghi SHA-256 của nó)."
        )
    return "\n".join(lines)


def _published_secret(options: Mapping[str, Any]) -> bytes | None:
    """Return the secret of the re-check, if it is given."""
    if options["recheck_seed"] is not None:
        return recheck.secret_from_text(options["recheck_seed"])
    path: Path | None = options["recheck_secret"]
    if path is None:
        return None
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise AppError(
            "SAMPLE-158",
            f"Không đọc được bí mật phúc tra từ «{path}».",
            f"Dùng tệp {SECRET} đã tạo khi chọn mẫu.",
        ) from error


def _verdict(found: Difference | None, *, sealed: bool) -> dict[str, Any]:
    """Give the result of a verification as values."""
    checked = "counts" if sealed else "secret"
    if found is None:
        return {"match": True, "recheck_checked_by": checked}
    difference = {"path": found.path, "stored": found.stored, "computed": found.computed}
    return {"match": False, "difference": difference}


def _shown(value: object) -> str:
    """Write a value of a protocol shortly."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"«{text[:100]}…»" if len(text) > 100 else f"«{text}»"


@contextmanager
def _bar(label: str, path: Path, length: int) -> Iterator[Progress]:
    """Show a bar on stderr while a large file is worked on."""
    if not path.is_file() or path.stat().st_size < BAR_FROM:
        yield None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
