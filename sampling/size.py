"""How many: sample sizes by Yamane and Cochran, and the margins that a size really gives."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

from sampling.canonical import share
from sampling.errors import ArgumentError

#: Shares at which margins are shown: the worst case, and two usual for satisfaction.
SHOWN_SHARES = (0.5, 0.8, 0.9)

Number = Fraction | float | str


@dataclass(frozen=True, slots=True)
class Precision:
    """What is asked of an estimated share.

    Attributes
    ----------
    margin : half width of the interval, 0 to 1 (0.05 = five points).
    level : confidence level, 0 to 1 (Cochran only).
    p : expected share, 0 to 1 (Cochran only).
    deff : design effect, above 0.
    response : expected response rate, above 0 up to 1.
    """

    margin: Number = "0.05"
    level: Number = "0.95"
    p: Number = "0.5"
    deff: Number = 1
    response: Number = 1

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, by name."""
        for name in ("margin", "level", "p"):
            if not 0 < share(getattr(self, name)) < 1:
                raise ArgumentError(name, getattr(self, name), "must be above 0 and below 1")
        if share(self.deff) <= 0:
            raise ArgumentError("deff", self.deff, "must be above 0")
        if not 0 < share(self.response) <= 1:
            raise ArgumentError("response", self.response, "must be above 0, at most 1")


def z_value(level: Number) -> float:
    """Two-sided normal quantile of a confidence level: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + float(share(level))) / 2)


def yamane(pop_size: int, margin: Number) -> Fraction:
    """Sample size N/(1 + N e²), not rounded.

    Parameters
    ----------
    pop_size : frame count N, at least 1.
    margin : e, 0 to 1.

    References
    ----------
    Yamane (1967), *Statistics: An Introductory Analysis*, 2nd ed., p. 886. It is Cochran's
    formula at p = 0.5 with z = 2 and N in place of N - 1.
    """
    return _yamane(pop_size, Precision(margin=margin))


def cochran(pop_size: int | None, precision: Precision) -> Fraction:
    """Sample size for a share with finite population correction and design effect, not rounded.

    n0 = z² p(1 - p)·deff/e²; n = n0/(1 + (n0 - 1)/N). The response rate is not in it.

    Parameters
    ----------
    pop_size : frame count N, at least 1; None leaves the correction out.

    References
    ----------
    Cochran (1977), *Sampling Techniques*, 3rd ed., section 4.4; R: ``PracTools::nPropMoe``.
    """
    p, margin = share(precision.p), share(precision.margin)
    z = Fraction(z_value(precision.level))
    n0 = z**2 * p * (1 - p) * share(precision.deff) / margin**2
    if pop_size is None:
        return n0
    _check_pop_size(pop_size)
    return n0 / (1 + (n0 - 1) / pop_size)


def sample_size(pop_size: int, precision: Precision, formula: str = "yamane") -> int:
    """Return the number of questionnaires to send: the formula's size over the response rate.

    Rounded up once, at the end, and at most N.

    Parameters
    ----------
    pop_size : frame count N, at least 1.
    formula : "yamane" or "cochran".
    """
    if formula not in ("yamane", "cochran"):
        raise ArgumentError("formula", formula, 'must be "yamane" or "cochran"')
    size = _yamane(pop_size, precision) if formula == "yamane" else cochran(pop_size, precision)
    return min(pop_size, max(1, math.ceil(size / share(precision.response))))


def margin(
    n: int | Fraction, pop_size: int | None, p: float, level: Number = 0.95, deff: float = 1
) -> float:
    """Margin of error (half width) that `n` answers give for a share `p`.

    z √(deff · p(1 - p)/n · (N - n)/(N - 1)), the variance of an estimated share under simple
    random sampling (Cochran 1977, theorem 3.2); 0 for a census.

    Parameters
    ----------
    n : answers, 1 to N; a fraction where it is the number expected after non-response.
    pop_size : frame count N; None leaves the correction out.
    p : share, 0 to 1.
    """
    if n < 1 or (pop_size is not None and n > pop_size):
        raise ArgumentError("n", n, f"must be from 1 to the frame count {pop_size}")
    if not 0 <= p <= 1:
        raise ArgumentError("p", p, "must be from 0 to 1")
    if pop_size is None:
        correction = 1.0
    else:
        correction = float(pop_size - n) / (pop_size - 1) if pop_size > 1 else 0.0
    return z_value(level) * math.sqrt(deff * p * (1 - p) / float(n) * correction)


def margins(
    n: int | Fraction,
    pop_size: int | None,
    level: Number = 0.95,
    deff: float = 1,
    shares: Sequence[float] = (),
) -> dict[float, float]:
    """Margins of error at the shares that are shown beside a size: 0.5, 0.8 and 0.9.

    `pop_size` None leaves the correction out, as in `margin`.
    """
    return {p: margin(n, pop_size, p, level, deff) for p in shares or SHOWN_SHARES}


def stratified_margin(
    n: Mapping[str, int | Fraction],
    pop_size: Mapping[str, int],
    p: float,
    level: Number = 0.95,
    deff: float = 1,
    fpc: bool = True,
) -> float | None:
    """Margin of error of a share over all strata together, weighted by their sizes.

    z √(Σ W_h² · deff · p(1 - p)/n_h · (N_h - n_h)/(N_h - 1)), the share being `p` in every
    stratum: what an allocation really gives for the whole, however unequal it is.

    Parameters
    ----------
    n : answers n_h per stratum.
    pop_size : frame count N_h per stratum, at least 1.
    p : share, 0 to 1.
    fpc : whether the factors (N_h - n_h)/(N_h - 1) count; without them a census has a margin.

    Returns
    -------
    Half width, 0 to 1; None where a stratum has less than one answer: nothing is known of it.

    References
    ----------
    Cochran (1977), *Sampling Techniques*, 3rd ed., equation (5.52).
    """
    if not pop_size or any(n.get(key, 0) < 1 for key in pop_size):
        return None
    whole = sum(pop_size.values())
    parts = (
        (size / whole * margin(n[key], size if fpc else None, p, level, deff)) ** 2
        for key, size in pop_size.items()
    )
    return math.sqrt(sum(parts))


def expected_answers(n: int, response: Number) -> Fraction:
    """Return the answers that `n` questionnaires bring on average, exactly."""
    return n * _response(response)


def inflated(n: int, response: Number) -> int:
    """Return the questionnaires to send so that `n` answers are expected, rounded up once."""
    return math.ceil(n / _response(response))


def _response(response: Number) -> Fraction:
    """Read a response rate, above 0 up to 1."""
    return share(Precision(response=response).response)


def _yamane(pop_size: int, precision: Precision) -> Fraction:
    """Yamane's size with n0 = deff/e², which is the published formula at deff = 1."""
    _check_pop_size(pop_size)
    n0 = share(precision.deff) / share(precision.margin) ** 2
    return n0 / (1 + n0 / pop_size)


def _check_pop_size(pop_size: int) -> None:
    """Refuse an empty population."""
    if pop_size < 1:
        raise ArgumentError("pop_size", pop_size, "must be at least 1")
