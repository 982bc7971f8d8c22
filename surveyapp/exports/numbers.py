"""Numbers and days as Vietnamese documents write them: 82,7%; 1.148; 15/11/2024."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from analysis.report import Cell, Column, Flag, Interval, Missing
from surveyapp.exports.wording import FLAG_WORDS, clean

_MINUS = "\N{MINUS SIGN}"
_DASH = "\N{EN DASH}"
_FIRST_MONTHS = 2  # Nghị định 30 writes a 0 before days below 10 and before months 1 and 2


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are shown: places after the comma, and whether it is a comma."""

    decimals: int = 1
    decimal_comma: bool = True

    def number(self, value: float, decimals: int | None = None) -> str:
        """Round half away from zero on the decimal digits of `value`: 0.125 gives 0,13."""
        places = self.decimals if decimals is None else decimals
        exact = Decimal(repr(float(value)))
        rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        sign = _MINUS if rounded < 0 else ""
        text = f"{abs(rounded):,f}"
        return sign + (
            text.translate({ord(","): ".", ord("."): ","}) if self.decimal_comma else text
        )

    def count(self, value: int) -> str:
        """1148 gives 1.148."""
        return self.number(value, 0)

    def percent(self, value: float, decimals: int | None = None) -> str:
        """82.71, on the scale 0 to 100, gives 82,7%."""
        return self.number(value, decimals) + "%"

    def quantity(self, value: float, unit: str, decimals: int | None = None) -> str:
        """Write a number and its unit: 82,7% but 7,25 điểm."""
        return self.number(value, decimals) + _with_space(unit)

    def interval(self, span: Interval, unit: str = "", decimals: int | None = None) -> str:
        """Write two limits with a dash and their unit once; signs get spaces around the dash."""
        low, high = self.number(span.low, decimals), self.number(span.high, decimals)
        dash = f" {_DASH} " if _MINUS in low + high else _DASH
        return low + dash + high + _with_space(unit)

    def cell(self, column: Column, cell: Cell) -> str:
        """Return the text that stands for `cell` on paper and on screens."""
        if isinstance(cell, Missing):
            return clean(cell.reason)
        match column.kind:
            case "count":
                return self.count(cast(int, cell))
            case "percent":
                return self.percent(cast(float, cell), column.decimals)
            case "points":
                return self.quantity(cast(float, cell), column.unit, column.decimals)
            case "interval":
                return self.interval(cast(Interval, cell), column.unit, column.decimals)
            case "flag":
                return FLAG_WORDS[cast(Flag, cell)]
            case _:
                return clean(str(cell))


def day(value: date) -> str:
    """15/11/2024."""
    return f"{value:%d/%m/%Y}"


def long_day(value: date | None) -> str:
    """Write the day as below a letterhead; None leaves room to write it by hand."""
    if value is None:
        return "ngày ..... tháng ..... năm ........"
    month = f"{value.month:02d}" if value.month <= _FIRST_MONTHS else str(value.month)
    return f"ngày {value.day:02d} tháng {month} năm {value.year}"


def _with_space(unit: str) -> str:
    return unit if unit in {"", "%"} else f" {unit}"
