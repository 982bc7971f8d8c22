"""Differences, targets and tests that DESIGN.toml asks for, as rows of OUT.json."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from analysis.association import mean_difference
from analysis.contrasts import against_target, differences
from analysis.errors import AnalysisError
from analysis.estimate import Estimate, Moments
from analysis.measures import Plan
from analysis.quality import MINIMUM_PER_INTERVIEWER
from analysis.scores import scores
from surveyapp.errors import AppError
from surveyapp.results.design_file import DesignFile
from surveyapp.results.design_more import Comparison
from surveyapp.results.file_rows import FileRows, everything
from surveyapp.rules import in_vietnamese

#: Estimates by measure, column of the domain and label ("" twice is the whole).
Found = Mapping[tuple[str, str, str], Estimate]

FEW_INTERVIEWERS = (
    f"Cần ít nhất hai điều tra viên, mỗi người từ {MINIMUM_PER_INTERVIEWER} câu trả lời."
)


def compared(
    asked: DesignFile, layout: Plan, moments: Sequence[Moments], found: Found
) -> list[dict[str, Any]]:
    """Compare domains, with Holm's adjustment by measure and column, and targets."""
    rows: dict[Comparison, dict[str, Any]] = {}
    for (measure, domain, fpc), group in _grouped(asked.more.contrasts).items():
        with _in_vietnamese(f"contrasts «{measure}»"):
            table = scores(moments[asked.domains.index(domain)], layout, measure, fpc=fpc)
            pairs = [(one.first, one.second) for one in group]
            made = differences(table, pairs, asked.options.level)
        head = {"measure": measure, "domain": domain, "fpc": fpc}
        for one, difference in zip(group, made, strict=True):
            rows[one] = {**head, **asdict(difference)}
    for one in asked.more.contrasts:
        if one.target is not None:
            rows[one] = _against(one, one.target, found)
    return [rows[one] for one in asked.more.contrasts]


def tested(
    asked: DesignFile, layout: Plan, moments: Sequence[Moments], rows: FileRows | None
) -> list[dict[str, Any]]:
    """Test the difference of two means, and the association of two columns of the rows."""
    made = []
    level = asked.options.level
    for one in asked.more.means:
        part, cells = moments[asked.domains.index(one.domain)], (one.first, one.second)
        with _in_vietnamese(f"tests «{one.measure}»"):
            test = mean_difference(part, layout, one.measure, cells, level, fpc=one.fpc)
        head = {"kind": "mean", "measure": one.measure, "domain": one.domain, "fpc": one.fpc}
        made.append({**head, "first": one.first, "second": one.second, **asdict(test)})
    for pair in asked.more.associations:
        with _in_vietnamese(f"tests «{pair.rows}» × «{pair.columns}»"):
            result = everything(rows).association(pair.rows, pair.columns, fpc=pair.fpc)
        made.append({"kind": "association", **asdict(pair), **asdict(result)})
    for asked_of in asked.more.interviewers:
        with _in_vietnamese(f"tests «{asked_of.measure}»"):
            effect = everything(rows).interviewers(asked_of.measure, asked_of.column)
        found = {"reason": FEW_INTERVIEWERS} if effect is None else asdict(effect)
        made.append({"kind": "interviewer", **asdict(asked_of), **found})
    return made


def _grouped(
    contrasts: Sequence[Comparison],
) -> dict[tuple[str, str, bool], list[Comparison]]:
    groups: dict[tuple[str, str, bool], list[Comparison]] = {}
    for one in contrasts:
        if one.target is None:
            groups.setdefault((one.measure, one.domain, one.fpc), []).append(one)
    return groups


def _against(one: Comparison, target: float, found: Found) -> dict[str, Any]:
    with _in_vietnamese(f"contrasts «{one.measure}»"):
        estimate = found.get((one.measure, one.domain, one.first))
        if estimate is None:
            raise AnalysisError("first", one.first, "is not among the estimates")
    return {
        "measure": one.measure,
        "domain": one.domain,
        "first": one.first,
        "target": target,
        "value": estimate.value,
        "ci": estimate.ci,
        "level": estimate.level,
        "verdict": against_target(estimate, target),
    }


@contextmanager
def _in_vietnamese(where: str) -> Iterator[None]:
    """Say in Vietnamese what cannot be compared."""
    try:
        yield
    except AnalysisError as error:
        raise AppError(
            "RESULTS-037",
            f"{where}: {in_vietnamese(error.rule)} ({error.value}).",
            "Sửa first, second hoặc cột trong tệp thiết kế.",
        ) from error
