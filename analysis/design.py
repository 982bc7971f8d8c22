"""How the respondents were drawn: weights, strata, sampling units, population sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import DesignError, LonelyPsuError
from analysis.labels import Bools, Floats, Ints, Labels, as_labels, ranked

LonelyPsu = Literal["fail", "certainty", "adjust", "average", "remove"]
LONELY_PSU: tuple[LonelyPsu, ...] = ("fail", "certainty", "adjust", "average", "remove")

#: A sampling fraction this near to 1 means the stratum was taken whole.
TAKEN_WHOLE = 1e-7


@dataclass(frozen=True, slots=True)
class SurveyDesign:
    """The design of the rows of one data set, checked.

    Attributes
    ----------
    weight : (n,) analysis weight of each row, finite and at least 0.
    strata : stratum of each row.
    stages : sampling unit of each row per stage; empty in an element design (each row is its
        own unit). A unit's name needs to be unique within its parent only.
    pop_size : per stage the (n,) number of units in the row's parent (stratum, then PSU ...);
        empty = no finite population correction.
    lonely_psu : what a stratum with a single unit adds to the variance.
    notes : warnings, Vietnamese sentences for the reader of the output.
    stage_left_out : units were drawn inside those of the last of `stages`, out of an unknown
        number: then nothing counts as taken whole.
    """

    weight: Floats
    strata: Labels
    stages: tuple[Labels, ...]
    pop_size: tuple[Floats, ...]
    lonely_psu: LonelyPsu
    notes: tuple[str, ...] = ()
    stage_left_out: bool = False

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.weight.size)

    def rows(self, part: slice) -> "SurveyDesign":
        """Return the design of some rows (a part to be merged with the others)."""
        return SurveyDesign(
            self.weight[part],
            self.strata.rows(part),
            tuple(stage.rows(part) for stage in self.stages),
            tuple(size[part] for size in self.pop_size),
            self.lonely_psu,
            self.notes,
            self.stage_left_out,
        )

    def only(self, keep: Bools) -> "SurveyDesign":
        """Return the design of the rows to `keep`: the others are no part of the survey."""
        return replace(
            self,
            weight=self.weight[keep],
            strata=self.strata.only(keep),
            stages=tuple(stage.only(keep) for stage in self.stages),
            pop_size=tuple(size[keep] for size in self.pop_size),
        )

    def unit_keys(self) -> list[Ints]:
        """Return per stage one integer per row that names its unit within all parents."""
        keys = [self.strata.code]
        for stage in self.stages:
            width = len(stage.names)
            size = (int(keys[-1].max(initial=0)) + 1) * width
            keys.append(ranked(keys[-1] * width + stage.code, size)[1])
        return keys


def survey_design(
    weight: npt.ArrayLike,
    *,
    strata: "npt.ArrayLike | Labels | None" = None,
    psu: "Sequence[npt.ArrayLike | Labels]" = (),
    pop_size: Sequence[npt.ArrayLike] = (),
    lonely_psu: LonelyPsu = "fail",
    complete: bool = True,
) -> SurveyDesign:
    """Check the design columns of a data set and bind them together.

    Parameters
    ----------
    weight : (n,) analysis weights.
    strata : (n,) labels; None = one stratum.
    psu : per stage (n,) labels of the sampling units; empty = element design.
    pop_size : per stage (n,) number of units in the parent, constant within it; empty = no
        correction. Only the first stages with a population size enter the variance.
    lonely_psu : policy for a stratum with one unit (method: survey's ``survey.lonely.psu``).
    complete : False for a part of a data set whose other parts follow; lonely units are then
        looked for when the parts are merged.

    Raises
    ------
    DesignError : negative or missing weights, missing labels, a population size that is
        missing, smaller than the units found, or varying within its parent.
    LonelyPsuError : a stratum with one unit under ``fail``.
    """
    weights = _weights(weight)
    if lonely_psu not in LONELY_PSU:
        raise DesignError("lonely_psu", lonely_psu, f"must be one of {', '.join(LONELY_PSU)}")
    n = weights.size
    layers = as_labels(np.zeros(n, np.int64)) if strata is None else as_labels(strata)
    units = [as_labels(stage) for stage in psu]
    sizes = [np.asarray(size, dtype=np.float64) for size in pop_size]
    if len(sizes) > max(len(units), 1):
        raise DesignError("pop_size", f"{len(sizes)} columns", "one column per stage of psu")
    _same_length(n, {"strata": layers, **{f"psu[{i}]": unit for i, unit in enumerate(units)}})
    for i, size in enumerate(sizes):
        if size.shape != (n,):
            raise DesignError(f"pop_size[{i}]", size.shape, f"must hold {n} values")
    notes = _notes(units, len(sizes))
    if units and complete:
        notes = (*repeated_units(layers.code, units[0].code, units[0].names), *notes)
    kept = max(1, len(sizes))
    design = SurveyDesign(
        weights, layers, tuple(units[:kept]), tuple(sizes), lonely_psu, notes, len(units) > kept
    )
    _check_stages(design, complete=complete)
    return design


def check_lonely(
    names: Sequence[str], n: npt.ArrayLike, pop_size: npt.ArrayLike, policy: LonelyPsu
) -> Bools:
    """Find strata with one unit that were not taken whole; refuse them under ``fail``."""
    fraction = np.asarray(n) / np.asarray(pop_size)
    lonely = (np.asarray(n) == 1) & ~(1 - fraction < TAKEN_WHOLE)
    if policy == "fail" and lonely.any():
        found = [names[int(i)] for i in np.flatnonzero(lonely)]
        raise LonelyPsuError(found, "a stratum has one sampling unit; choose another lonely_psu")
    return np.asarray(lonely, dtype=np.bool_)


def _weights(weight: npt.ArrayLike) -> Floats:
    weights = np.asarray(weight, dtype=np.float64)
    if weights.ndim != 1 or weights.size == 0:
        raise DesignError("weight", weights.shape, "must be a column with at least one row")
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        rows = np.flatnonzero(wrong)
        shown = ", ".join(f"row {row + 1}: {weights[row]}" for row in rows[:5])
        raise DesignError("weight", shown, "must be a number of at least 0 in every row")
    return weights


def _same_length(n: int, columns: dict[str, Labels]) -> None:
    for argument, column in columns.items():
        if column.code.shape != (n,):
            raise DesignError(argument, column.code.shape, f"must hold {n} labels")
        missing = np.flatnonzero(column.code < 0)
        if missing.size:
            raise DesignError(argument, f"row {missing[0] + 1} is empty", "needs a label per row")


def repeated_units(stratum: Ints, unit: Ints, names: Sequence[str]) -> tuple[str, ...]:
    """Warn of first-stage units (codes into `names`) whose name stands in several strata."""
    pairs = np.unique(np.stack([stratum, unit]), axis=1)
    found, counts = np.unique(pairs[1], return_counts=True)
    repeated = [names[i] for i in found[counts > 1]]
    if not repeated:
        return ()
    return (
        f"Đơn vị chọn mẫu cấp I trùng tên giữa các nhóm ({', '.join(repeated[:5])}"
        f"{' ...' if len(repeated) > 5 else ''}): được tính là các đơn vị khác nhau.",
    )


def _notes(units: list[Labels], n_sizes: int) -> tuple[str, ...]:
    notes = []
    if n_sizes == 0:
        notes.append("Không có tổng số đơn vị của nhóm: không hiệu chỉnh tổng thể hữu hạn.")
    elif len(units) > n_sizes:
        notes.append(f"Chỉ tính phương sai của {n_sizes} cấp chọn mẫu đầu tiên.")
    return tuple(notes)


def _check_stages(design: SurveyDesign, *, complete: bool) -> None:
    keys = design.unit_keys()
    if not design.stages:
        keys.append(np.arange(design.n))
    names: Sequence[str] = design.strata.names
    for stage in range(len(keys) - 1):
        parent, unit = keys[stage], keys[stage + 1]
        first = np.unique(unit, return_index=True)[1]
        count = np.bincount(parent[first], minlength=int(parent.max()) + 1)
        size = np.full(count.size, np.inf)
        if stage < len(design.pop_size):
            size = _pop_size_of(design.pop_size[stage], parent, count, stage, names)
        policy = design.lonely_psu
        if stage > 0 and policy == "average":
            policy = "fail"  # inner stages: adjust, certainty and remove add nothing, others refuse
        if complete:
            check_lonely(names, count, size, policy)
        if stage + 2 < len(keys):
            names = _names(design, unit, stage)


def _names(design: SurveyDesign, unit: Ints, stage: int) -> list[str]:
    first = np.unique(unit, return_index=True)[1]
    label = design.stages[stage]
    return [
        f"{design.strata.names[design.strata.code[i]]} / {label.names[label.code[i]]}"
        for i in first
    ]


def _pop_size_of(
    values: Floats, parent: Ints, count: Ints, stage: int, names: Sequence[str]
) -> Floats:
    argument = f"pop_size[{stage}]"
    missing = np.flatnonzero(~np.isfinite(values))
    if missing.size:
        found = f"row {missing[0] + 1}: {values[missing[0]]}"
        raise DesignError(argument, found, "must be a number in every row")
    size = np.full(count.size, np.inf)
    size[parent] = values
    varying = np.flatnonzero(size[parent] != values)
    if varying.size:
        group = int(parent[varying[0]])
        found = f"{names[group]}: {values[varying[0]]:g} and {size[group]:g}"
        raise DesignError(argument, found, "must not vary within a stratum")
    small = np.flatnonzero(size < count)
    if small.size:
        group = int(small[0])
        found = f"{names[group]}: {size[group]:g} < {count[group]}"
        raise DesignError(argument, found, "must not be smaller than the units in the data")
    return size
