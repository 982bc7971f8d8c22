"""What the analysis refuses, with the argument, the value and the rule."""

from collections.abc import Sequence


class AnalysisError(ValueError):
    """A wrong argument: which one, what was found, and which rule it breaks.

    Attributes
    ----------
    argument : name of the argument (``weight``, ``pop_size``, ``measures`` ...).
    value : what was found, as text; for rows the first few of them.
    rule : the rule, one English sentence without a full stop.
    """

    def __init__(self, argument: str, value: object, rule: str) -> None:
        super().__init__(argument, value, rule)  # what pickling gives back, between processes
        self.argument = argument
        self.value = value
        self.rule = rule

    def __str__(self) -> str:
        """Say argument, rule and what was found."""
        return f"{self.argument}: {self.rule} (found {self.value})"


class DesignError(AnalysisError):
    """The design columns contradict one another or the rules of a design."""


class LonelyPsuError(DesignError):
    """Strata with one sampling unit under a policy that refuses them."""

    def __init__(self, strata: Sequence[str], rule: str) -> None:
        shown = ", ".join(strata[:10]) + (" ..." if len(strata) > 10 else "")
        super().__init__("lonely_psu", shown, rule)
        self.strata = tuple(strata)
        self.args = (self.strata, rule)


class MeasureError(AnalysisError):
    """A measure or composite that is not well defined."""


class MergeError(AnalysisError):
    """Parts that do not belong to one survey and cannot be merged."""


class NegativeVarianceError(AnalysisError):
    """A variance below zero by more than rounding: the design cannot be right."""
