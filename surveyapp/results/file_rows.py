"""All rows of a data file in the memory: for final weights, quantiles, replicates, crossings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.association import Association, rao_scott
from analysis.calibrated import calibrated_moments
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimate import Estimate, Moments, Options
from analysis.labels import Bools, Floats, Labels
from analysis.measures import Plan
from analysis.quality import InterviewerEffect, interviewer_effect
from analysis.quantiles import quantiles
from analysis.reduction import moments_of
from analysis.replicates import Replicates, bootstrap, jackknife, replicate_covariance
from analysis.weights import (
    Margins,
    calibrated,
    margins,
    nonresponse_adjusted,
    poststratified,
    trimmed,
    unequal_weighting_effect,
)
from surveyapp.errors import AppError
from surveyapp.importers.table import SHOWN, TableProblem, refusal
from surveyapp.results.design_file import DesignFile
from surveyapp.results.design_more import Replication, WeightRules
from surveyapp.results.parts import (
    Columns,
    Part,
    all_columns,
    checked,
    design_of,
    joined_labels,
    values_of,
)
from surveyapp.rules import in_vietnamese

#: Replicate weights held at once: rows x replicates.
_MOST_REPLICATES = 20_000_000


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows that responded, under their final weights.

    `labels` holds every column of labels that is used; `base` the weights before they were fitted
    to `known`; `told` what was done to the weights, for the output.
    """

    design: SurveyDesign
    values: Mapping[str, Floats]
    labels: Mapping[str, Labels]
    base: Floats
    known: Margins | None
    seen: tuple[frozenset[str], ...]
    told: Mapping[str, Any]

    def moments(
        self, layout: Plan, values: Mapping[str, Floats], cells: Labels | None = None
    ) -> Moments:
        """Reduce the rows."""
        if self.known is None:
            return moments_of(self.design, layout, values, cells)
        return calibrated_moments(self.design, layout, values, self.known.aux, self.base, cells)

    def part(self, asked: DesignFile, layout: Plan) -> Part:
        """Reduce the rows by every domain, as a file that is read by parts."""
        cells: list[Labels | None] = [self.labels[name] for name in asked.domains] or [None]
        part = Part(
            tuple(self.moments(layout, self.values, cell) for cell in cells),
            self.design.n,
            float(self.design.weight.sum()),
            int((self.design.weight == 0).sum()),
            tuple(int((cell.code < 0).sum()) for cell in cells if cell is not None),
            self.design.notes,
            self.seen,
        )
        return checked(part, asked)

    def quantile(self, code: str, p: float, options: Options, where: tuple[str, str]) -> Estimate:
        """Estimate a quantile in a domain (its column and label), or in the whole ("", "")."""
        return quantiles(
            self.design, self.values[code], [p], options, self._inside(where), self.moments
        )[0]

    def association(self, rows: str, columns: str, *, fpc: bool) -> Association:
        """Test two columns of labels."""
        return rao_scott(self.design, self.labels[rows], self.labels[columns], fpc=fpc)

    def interviewers(self, code: str, column: str) -> InterviewerEffect | None:
        """Estimate how much of a measure's variance lies between interviewers, unweighted."""
        if code not in self.values:
            raise AnalysisError("measure", code, "has no value in every row")
        return interviewer_effect(self.labels[column], self.values[code])

    def replicate_errors(
        self, asked: Replication, layout: Plan, domain: str | None
    ) -> tuple[tuple[str, ...], Floats]:
        """Return standard errors from replicate weights: names of the cells, and (C, E) errors."""
        replicates = self._replicates(asked)
        cells = None if domain is None else self.labels[domain]
        value, covariance = replicate_covariance(replicates, layout, self.values, cells)
        errors = np.sqrt(np.maximum(np.diag(covariance), 0.0)).reshape(value.shape)
        return ("",) if cells is None else cells.names, errors

    def _replicates(self, asked: Replication) -> Replicates:
        is_jackknife, units = asked.method == "jackknife", self.design.n
        if self.design.stages:
            units = int(self.design.unit_keys()[1].max()) + 1
        number = units if is_jackknife else asked.draws
        if self.design.n * number > _MOST_REPLICATES:
            raise AppError(
                "RESULTS-036",
                f"{number} bộ quyền số lặp cho {self.design.n} dòng là quá nhiều.",
                'Dùng method = "bootstrap" với draws nhỏ hơn, hoặc bỏ [replicates].',
            )
        if is_jackknife:
            return jackknife(self.design)
        return bootstrap(self.design, np.random.default_rng(asked.seed), asked.draws)

    def _inside(self, where: tuple[str, str]) -> Bools | None:
        if not where[0]:
            return None
        label = self.labels[where[0]]
        return np.asarray(label.code == label.names.index(where[1]), dtype=np.bool_)


def everything(rows: FileRows | None) -> FileRows:
    """Return the rows where something needs them: `DesignFile.needs_rows` had them read."""
    if rows is None:
        raise RuntimeError("the rows were not read")
    return rows


def file_rows(data: Path, asked: DesignFile) -> FileRows:
    """Read a data file and apply the rules for its weights.

    Raises
    ------
    AppError : cells that cannot be read; weights that cannot be changed as asked.
    """
    columns = all_columns(data, asked)
    values, problems, seen = values_of(asked, columns)
    design, found = design_of(asked, columns)
    rules = asked.more.weights
    came, faults = _came(columns, rules)
    problems += [*found, *faults]
    if problems or design is None:
        raise refusal(data.name, problems[:SHOWN], len(problems))
    crossed = [name for one in asked.more.associations for name in (one.rows, one.columns)]
    crossed += [one.column for one in asked.more.interviewers]
    fitted = () if rules is None else (*rules.margins,)
    labels = {name: columns.labels(name) for name in {*asked.domains, *crossed, *fitted}}
    rows = FileRows(design, values, labels, design.weight, None, seen, {})
    if rules is None:
        return rows
    try:
        return _weighted(rows, rules, came, joined_labels(columns, rules.classes))
    except AnalysisError as error:
        raise refused_weights(error) from error


def _came(columns: Columns, rules: WeightRules | None) -> tuple[Bools | None, list[TableProblem]]:
    """Read who responded, and the cells that are neither 1 nor 0."""
    if rules is None or rules.responded is None:
        return None, []
    name = rules.responded
    value, problems = columns.numbers(name)[0], []
    rule = "Phải là 1 (đã trả lời) hoặc 0."
    for place in np.flatnonzero((value != 0) & (value != 1)).tolist():
        sheet, row = columns.row(place)
        problems.append(TableProblem("RESULTS-034", rule, "Sửa ô này.", sheet, row, name))
    return np.asarray(value == 1, dtype=np.bool_), problems


def _weighted(
    rows: FileRows, rules: WeightRules, came: Bools | None, classes: Labels | None
) -> FileRows:
    """Adjust for non-response, trim, then fit to the margins, so that these hold at the end."""
    told: dict[str, Any] = {}
    if came is not None and classes is not None:
        weight, rates = nonresponse_adjusted(rows.design.weight, came, classes)
        told["response_rates"] = rates
        told["asked"] = rows.design.n
        rows = replace(
            rows,
            design=replace(rows.design, weight=weight).only(came),
            values={code: column[came] for code, column in rows.values.items()},
            labels={name: label.only(came) for name, label in rows.labels.items()},
        )
    base, notes = rows.design.weight, rows.design.notes
    if rules.trim is not None:
        base = trimmed(base, *rules.trim)
        told["trimmed_to"] = list(rules.trim)
        notes = (*notes, *_outside(base, rules.trim))
    known, weight = None, base
    if rules.margins:
        known = margins({name: rows.labels[name] for name in rules.margins}, rules.margins)
        if len(rules.margins) == 1 and rules.bounds is None:
            ((name, counts),) = rules.margins.items()
            weight = poststratified(base, rows.labels[name], counts)
        else:
            weight = calibrated(base, known, "raking", rules.bounds)
        told["margins"] = list(known.names)
        told["bounds"] = None if rules.bounds is None else list(rules.bounds)
    told.update(
        lowest=float(weight.min()),
        highest=float(weight.max()),
        effect=unequal_weighting_effect(weight),
    )
    return replace(
        rows,
        design=replace(rows.design, weight=weight, notes=notes),
        base=base,
        known=known,
        told=told,
    )


def _outside(weight: Floats, trim: tuple[float, float]) -> list[str]:
    """Say that sharing what was cut pushed weights beyond the bounds (R: strict=FALSE)."""
    slack = 1e-9 * trim[1]
    count = int(((weight < trim[0] - slack) | (weight > trim[1] + slack)).sum())
    if not count:
        return []
    return [
        f"{count} quyền số ra ngoài giới hạn trim vì phần cắt chia cho chúng "
        f"(từ {weight.min():.6g} đến {weight.max():.6g}): trim chỉ làm một lượt."
    ]


def refused_weights(error: AnalysisError) -> AppError:
    """Say in Vietnamese why the weights cannot be changed as asked."""
    argument = {"category": "classes", "totals": "margins", "bounds": "trim"}.get(
        error.argument, error.argument
    )
    # of a fit that failed: the label, what it misses, its count
    found = re.sub(r"^(.*): ([+-]\S+) of (\S+)$", r"nhãn \1 lệch \2, cần \3", str(error.value))
    return AppError(
        "RESULTS-035",
        f"Không tính được quyền số: {argument}: {in_vietnamese(error.rule)} ({found}).",
        "Sửa phần [weights] của tệp thiết kế, hoặc gộp các nhãn ít người.",
    )
