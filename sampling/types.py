"""What a draw works on and what it gives: plain, frozen, by columns."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sampling.errors import Shortfall

#: Key of the only stratum of a frame that has none.
WHOLE = "toàn bộ"
#: Joins several stratum columns to one key.
KEY_SEPARATOR = " | "

Floats = NDArray[np.float64]
Column = Sequence[str] | Floats


@dataclass(frozen=True, slots=True)
class IdOrder:
    """Ids in code-point order, which is the order of their UTF-8 bytes.

    Attributes
    ----------
    order : (N,) indices that sort the ids.
    encoded : (N,) the sorted ids as bytes of one width, or None where they are too long for it.
    """

    order: NDArray[np.intp]
    encoded: NDArray[np.bytes_] | None


@dataclass(frozen=True, slots=True)
class Frame:
    """A list from which a sample is drawn (danh sách chọn mẫu), by columns.

    Make it with `sampling.frame_checks.make_frame`, which checks and brings it to one form.

    Attributes
    ----------
    ids : (N,) unique ids, NFC and trimmed.
    strata : (H,) stratum keys in code-point order.
    stratum : (N,) int32, index into `strata`.
    columns : further columns that the plan uses, texts or floats, each (N,).
    by_id : the units in the order of their ids.
    """

    ids: Sequence[str]
    strata: tuple[str, ...]
    stratum: NDArray[np.int32]
    columns: Mapping[str, Column]
    by_id: IdOrder

    @property
    def pop_size(self) -> dict[str, int]:
        """Frame count N_h per stratum, in the order of `strata`."""
        counts = np.bincount(self.stratum, minlength=len(self.strata))
        return {key: int(count) for key, count in zip(self.strata, counts, strict=True)}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a multi-stage plan (table `stages`).

    Attributes
    ----------
    unit : column that names the units of this stage; at the last stage the unit id.
    method : "srs", "pps" or "pps-exact", within every unit of the stage before.
    n : units drawn per unit of the stage before (first stage: per stratum); None: the quotas.
    size : column of sizes for PPS; None: the number of rows below the unit.
    """

    unit: str
    method: str = "srs"
    n: int | None = None
    size: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn: columns, method, allocation (PLAN.toml, table `sample`).

    Attributes
    ----------
    unit_id, stratum, size, order, sd, cost : names of columns of the frame.
    method : how units are drawn within a stratum.
    allocation : how the total is split among the strata.
    total : size of the main sample, or None where the quotas say it.
    quotas : stratum key -> n, for "fixed".
    power : exponent of the power allocation.
    minimum, maximum : bounds of n_h for every stratum; None is no bound.
    reserve_share : reserve units per main unit, at least 0.
    recheck_share : re-checked share of the main sample, 0 to 1.
    stages : stages of a multi-stage plan, at least two; empty: one stage, by `method`.
    keep : for a second wave, the share of the first main sample that may be asked again; None:
        no second wave.
    """

    unit_id: str = "unit_id"
    stratum: tuple[str, ...] = ()
    method: str = "srs"
    allocation: str = "fixed"
    total: int | None = None
    quotas: Mapping[str, int] = field(default_factory=dict)
    size: str | None = None
    order: tuple[str, ...] = ()
    sd: str | None = None
    cost: str | None = None
    power: Fraction | None = None
    minimum: int | None = None
    maximum: int | None = None
    reserve_share: Fraction = Fraction(0)
    recheck_share: Fraction = Fraction(0)
    stages: tuple[Stage, ...] = ()
    keep: Fraction | None = None

    def canonical(self) -> dict[str, Any]:
        """Return the plan as JSON values; shares as texts, so that no digit is lost."""
        stages = {"stages": [asdict(stage) for stage in self.stages]} if self.stages else {}
        wave = {} if self.keep is None else {"wave": {"keep": str(self.keep)}}
        return {
            "unit_id": self.unit_id,
            "stratum": list(self.stratum),
            "method": self.method,
            "allocation": self.allocation,
            "total": self.total,
            "quotas": dict(sorted(self.quotas.items())),
            "size": self.size,
            "order": list(self.order),
            "sd": self.sd,
            "cost": self.cost,
            "power": None if self.power is None else str(self.power),
            "minimum": self.minimum,
            "maximum": self.maximum,
            "reserve_share": str(self.reserve_share),
            "recheck_share": str(self.recheck_share),
            **stages,
            **wave,
        }


@dataclass(frozen=True, slots=True)
class Act:
    """The act of one draw: what is fixed beside frame and plan.

    Attributes
    ----------
    seed : text, not empty; trimmed and brought to NFC where it is used.
    secret : decides the re-check; None where nothing is re-checked.
    secret_chosen : somebody chose the secret (tests), it is not 32 random bytes.
    recheck_lists : what becomes of the re-check: "open", chosen by stratum and listed in the
        protocol; "sealed", chosen too but only counted there until the secret is published;
        "later", chosen by `recheck.select` once the forms have interviewers.
    known : main units of earlier draws; a supplementary draw re-checks among the others.
    shortfall : "lower" or "census" where a request is above what the frame has; None refuses.
    previous : earlier draws of the same survey: protocol digest, seed, reason.
    first : for a second wave, the protocol of the first, whose seed is used again.
    also : for a second wave, other units of persons who leave after the first: not drawn either.
    is_sealed : the protocol holds only the digest of the seed, until the last wave is closed.
    witness : what the seed was made of (`witness.witnessed`, or `witness.inherited` for a later
        draw with the same seed); None: somebody chose it.
    notes : what the protocol says besides (survey, program version, time); not verified.
    """

    seed: str
    secret: bytes | None = None
    secret_chosen: bool = False
    recheck_lists: str = "open"
    known: frozenset[str] = frozenset()
    shortfall: str | None = None
    previous: tuple[Mapping[str, str], ...] = ()
    first: Mapping[str, Any] | None = None
    also: frozenset[str] = frozenset()
    is_sealed: bool = False
    witness: Mapping[str, Any] | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StratumDraw:
    """What was drawn in one stratum, in the order of the draw.

    Attributes
    ----------
    pop_size : frame count N_h.
    main, reserve : ids in order; the reserve is used only in this order.
    main_probability : (n_h,) inclusion probability of each main unit.
    reserve_probability : (r_h,) probability to be drawn as main or as reserve.
    """

    stratum: str
    pop_size: int
    main: tuple[str, ...]
    main_probability: tuple[float, ...]
    reserve: tuple[str, ...] = ()
    reserve_probability: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class StageDraw:
    """What was drawn at one stage within one unit of the stage before.

    Attributes
    ----------
    parent : unit of the stage before; at the first stage the stratum.
    pop_size : units that the parent has.
    chosen, probability : units drawn in order, and their chances given the parent.
    """

    parent: str
    pop_size: int
    chosen: tuple[str, ...]
    probability: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CellRecheck:
    """The re-check of one cell: ids in the order of v, then the replacements in that order."""

    cell: str
    planned: int
    chosen: tuple[str, ...]
    replacements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """The random choice: strata in code-point order, re-check cells, requests not met in full.

    `stages` holds for a multi-stage plan what was drawn at every stage, in order.
    """

    strata: tuple[StratumDraw, ...]
    recheck: tuple[CellRecheck, ...] = ()
    decisions: tuple[Shortfall, ...] = ()
    stages: tuple[tuple[StageDraw, ...], ...] = ()

    @property
    def main_n(self) -> int:
        """Size of the main sample."""
        return sum(len(part.main) for part in self.strata)

    @property
    def reserve_n(self) -> int:
        """Size of the reserve."""
        return sum(len(part.reserve) for part in self.strata)

    @property
    def recheck_n(self) -> int:
        """Size of the re-check subsample."""
        return sum(len(cell.chosen) for cell in self.recheck)
