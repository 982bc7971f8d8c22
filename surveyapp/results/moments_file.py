"""`sipas moments`: totals of a survey for another authority, merged and estimated from files."""

import json
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError
from analysis.federated import FederatedTotals, as_plain, federated_totals, from_plain
from analysis.measures import Composite, Measure, plan
from surveyapp.errors import AppError
from surveyapp.results.design_file import read_totals_design
from surveyapp.results.estimate_file import (
    estimate_row,
    file_digest,
    refused,
    write_json,
)
from surveyapp.results.mapping import Workers
from surveyapp.results.parts import reduced
from surveyapp.rules import in_vietnamese

FORMAT = "sipas-moments-1"


def make_file(data: Path, design: Path, out: Path, *, method: str, survey: str) -> FederatedTotals:
    """Write the totals of a survey: no answers, no moments of a stratum."""
    asked = read_totals_design(design)
    layout = plan([item.measure for item in asked.measures], asked.composites, joint=True)
    try:
        part = reduced(data, asked, layout, Workers())
    except AnalysisError as error:
        raise refused(error, asked) from error
    try:
        totals = federated_totals(
            part.moments[0], layout, method=method, survey=survey, digest=file_digest(data)
        )
    except AnalysisError as error:
        raise _refused_totals(error) from error
    _write(out, totals)
    return totals


def merge_files(files: Sequence[Path], out: Path, codes: tuple[str, ...] = ()) -> FederatedTotals:
    """Merge files of one method version; `codes` keeps only those measures and composites."""
    parts = [read_totals(file) for file in files]
    try:
        if codes:
            parts = [part.only(codes) for part in parts]
        _check_same(parts)
        totals = reduce(FederatedTotals.merge, parts)
    except AnalysisError as error:
        raise _refused_totals(error) from error
    _write(out, totals)
    return totals


def estimate_totals(file: Path, out: Path, level: float = 0.95) -> int:
    """Estimate every measure of a file of totals; return the number of estimates."""
    totals = read_totals(file)
    rows = [estimate_row(code, "", "", one) for _, code, one in totals.estimates(level)]
    described: dict[str, Any] = {
        "method": totals.method,
        "surveys": list(totals.surveys),
        "digests": list(totals.digests),
        "left_out": list(totals.left_out),
        "finite_population_correction": totals.fpc,
    }
    write_json(out, {"design": described, "estimates": rows})
    return len(rows)


def read_totals(file: Path) -> FederatedTotals:
    """Read a file of totals."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise AnalysisError("format", file.name, "is no file of totals")
        return from_plain(content)
    except FileNotFoundError as error:
        raise AppError(
            "RESULTS-040", f"Không có tệp «{file}».", "Kiểm tra đường dẫn và tên tệp."
        ) from error
    except (OSError, ValueError) as error:
        raise AppError(
            "RESULTS-020",
            f"«{file}» không phải tệp tổng đọc được.",
            "Dùng tệp do «sipas moments make» hoặc «sipas moments merge» ghi.",
        ) from error


def _write(out: Path, totals: FederatedTotals) -> None:
    write_json(out, {"format": FORMAT, **as_plain(totals)})


def _check_same(parts: Sequence[FederatedTotals]) -> None:
    """Name the measures and composites that not every file holds, and how to merge the others."""
    held = [_by_code(part) for part in parts]
    codes = dict.fromkeys(code for file in held for code in file)
    common = [c for c in codes if all(file.get(c) == held[0].get(c) for file in held)]
    differing = [code for code in codes if code not in common]
    if not differing:
        return
    fix = "Ghi lại các tệp với cùng một tệp thiết kế."
    if any(not isinstance(held[0][code], Composite) for code in common):
        fix = f"Chỉ gộp phần chung: thêm {' '.join(f'--only {code}' for code in common)}."
    raise AppError(
        "RESULTS-039",
        "Các tệp không ghi cùng phép đo và chỉ số: "
        f"{', '.join(differing)} thiếu ở một tệp (vì quá ít câu trả lời) hoặc khác cách tính.",
        fix,
    )


def _by_code(part: FederatedTotals) -> dict[str, Measure | Composite]:
    measures: dict[str, Measure | Composite] = {item.code: item for item in part.measures}
    return measures | {item.code: item for item in part.composites}


def _refused_totals(error: AnalysisError) -> AppError:
    """Say in Vietnamese what keeps totals from being written or merged."""
    if error.argument == "respondents":
        rule = "cần ít nhất 10 người trả lời cho mỗi đại lượng ghi vào tệp"
        fix = (
            "Mỗi phép đo là hai đại lượng (số câu trả lời, số hài lòng): giảm số phép đo, hoặc "
            "làm hai vòng (--totals-only, rồi --gradients)."
        )
    elif error.argument == "lonely_psu":
        rule, fix = "không cộng được chính xác", "Dùng lonely_psu fail, certainty hoặc remove."
    else:
        rule = in_vietnamese(error.rule)
        fix = "Chỉ gộp các tệp cùng phiên bản phương pháp, mỗi cuộc khảo sát một lần."
    return AppError("RESULTS-021", f"{error.argument}: {rule} ({error.value}).", fix)
