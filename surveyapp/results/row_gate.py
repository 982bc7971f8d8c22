"""The gate on a closed question outside the index: each of its rows is shown whole or not at all.

A row is an agency, or all of them together. Whoever subtracts the shown agencies from the whole
knows the answers of the hidden ones together, so these must be as many as a row needs that is
shown, and no answer of one of them may follow from the equations (`analysis.disclosure`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from analysis.disclosure import (
    MINIMUM_DISTRIBUTION,
    MINIMUM_SENSITIVE,
    Cell,
    Key,
    Margin,
    Rule,
    exposed,
    withheld,
)
from surveyapp.results.gate import WHOLE, Place

#: Code of all who were asked and gave no answer.
NONE = "none"


@dataclass(frozen=True, slots=True)
class Share:
    """A share of one row: how many it is over, how many ticked, weighted share and weights.

    `share` is None over nobody.
    """

    base: int
    count: int
    share: float | None
    weight: float

    @property
    def amount(self) -> float:
        """The share as a number of answers: of nobody's answers there are none."""
        return 0.0 if self.share is None else self.base * self.share


@dataclass(frozen=True, slots=True)
class Counted:
    """Answers to one question: shares by row (agency, or `WHOLE`) and code.

    Shares of `options` are over the answers, that of `NONE` over everybody asked; `single` allows
    one option only.
    """

    shares: Mapping[Place, Share]
    options: Sequence[str]
    single: bool
    sensitive: bool

    def rows(self) -> list[str]:
        """Return the rows, in their order."""
        return list(dict.fromkeys(row for row, _ in self.shares))

    def base(self, rows: Collection[str]) -> int:
        """Count the answers of some agencies."""
        return sum(self.shares[row, self.options[0]].base for row in rows)

    def answers(self, rows: Collection[str]) -> tuple[int, ...]:
        """Count every answer of some rows, and of several options those who left one out."""
        found = []
        for code in (*self.options, NONE):
            ticked = sum(self.shares[row, code].count for row in rows)
            found.append(ticked)
            if not self.single and code != NONE:
                found.append(self.base(rows) - ticked)
        return tuple(found)

    def cells(self) -> dict[Key, Cell]:
        """Return every share as a cell of the gate."""
        answers = {row: self.answers([row]) for row in self.rows()}
        return {
            (row, code): Cell(one.base, one.amount, answers[row], self.sensitive, True)
            for (row, code), one in self.shares.items()
        }

    def margins(self, codes: Sequence[str]) -> list[Margin]:
        """Return what the shown numbers tell: sums of a row, where it is known, and of columns."""
        found = []
        if self.single or self.sensitive:
            # a sensitive question hides with a row how many answered, so that its sum is of all
            parts = [code for code in codes if code != NONE or self.sensitive]
            for row in self.rows():
                keys = [(row, code) for code in parts if self.single or code == NONE]
                if len(keys) > 1:
                    found.append(Margin(keys[0], (*keys[1:],), (-1.0,) * (len(keys) - 1), True))
        return [*found, *(self._column(code) for code in codes if code != NONE or self.sensitive)]

    def _column(self, code: str) -> Margin:
        total = self.shares[WHOLE, code]
        parts = {
            (row, code): self.shares[row, code]
            for row in self.rows()
            if row != WHOLE and self.shares[row, code].base
        }
        weights = (one.weight / total.weight * total.base / one.base for one in parts.values())
        return Margin((WHOLE, code), tuple(parts), tuple(weights))


def hidden_rows(question: Counted, earlier: Collection[str] = ()) -> dict[str, Rule]:
    """Choose the rows that stay hidden, each with its rule; smallest agencies protect the others.

    `earlier` are rows hidden by an earlier run, or because of another question.
    """
    cells = question.cells()
    hidden: dict[str, Rule] = dict.fromkeys(earlier, "complementary")
    for row, code in question.shares:
        rule = withheld(cells[row, code])
        if rule is not None:
            hidden[row] = rule
    agencies = [row for row in question.rows() if row != WHOLE]
    while WHOLE in question.rows() and WHOLE not in hidden and hidden:
        if _is_safe(question, cells, hidden):
            break
        left = [row for row in agencies if row not in hidden]
        hidden[min(left, key=lambda row: question.base([row]), default=WHOLE)] = "complementary"
    return hidden


def _is_safe(question: Counted, cells: Mapping[Key, Cell], hidden: Collection[str]) -> bool:
    """Whether the hidden agencies together may be told, and none of them alone can be found out.

    An answer that nobody of them gave is told with that: 0 is a number that may be shown. That
    nobody gave any may be told too, but not of a sensitive question that some refused.
    """
    if question.base(hidden) < MINIMUM_DISTRIBUTION:
        silent = sum(question.shares[row, NONE].count for row in hidden)
        return question.base(hidden) == 0 and not (question.sensitive and silent)
    if question.sensitive and any(0 < n < MINIMUM_SENSITIVE for n in question.answers(hidden)):
        return False
    codes = [code for code in (*question.options, NONE) if _varies(question, hidden, code)]
    if question.single and len(codes) < 2:
        return True
    keys = {(row, code) for row in hidden for code in codes}
    return not exposed(cells, question.margins(codes), keys)


def _varies(question: Counted, rows: Collection[str], code: str) -> bool:
    ticked = sum(question.shares[row, code].count for row in rows)
    asked = sum(question.shares[row, code].base for row in rows)
    return 0 < ticked < asked
