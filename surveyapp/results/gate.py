"""The one gate between estimates and everything that is shown: small bases stay hidden.

A value needs at least ten valid answers. A hidden value must not follow from those shown: where a
line of a table has a margin (the index of its components, the whole of its agencies), the margin
less what is shown tells the hidden values together. So those are at least two, with at least ten
answers between them; otherwise the one with the next smallest base is hidden too. A distribution
over options needs thirty answers instead of ten, in both places. A cell that nobody answered has
no value and needs no protection. The rule looks at bases only, so that it holds where the
equations of the margins are not exact (an item that somebody left out).
"""

from collections.abc import Mapping, Sequence

from analysis.disclosure import MINIMUM_BASE

PROTECTING = "không nêu"


def too_few(least: int) -> str:
    """Say that a base is smaller than `least`."""
    return f"dưới {least}"


TOO_FEW = too_few(MINIMUM_BASE)


def hidden(
    n: Mapping[tuple[str, str], int],
    lines: Sequence[Sequence[tuple[str, str]]],
    least: int = MINIMUM_BASE,
) -> dict[tuple[str, str], str]:
    """Return the cells that stay hidden, with the reason.

    Parameters
    ----------
    n : number of valid answers of every cell (row, column).
    lines : sets of cells whose sum or mean is shown too; cells of margins are not among them.
    least : answers that a shown value needs.
    """
    result = {cell: too_few(least) for cell, base in n.items() if 0 < base < least}
    changed = True
    while changed:
        changed = False
        for line in lines:
            answered = [cell for cell in line if n[cell]]
            shown = [cell for cell in answered if cell not in result]
            lost = [n[cell] for cell in answered if cell in result]
            if shown and lost and too_thin(lost, least):
                result[min(shown, key=lambda cell: (n[cell], cell))] = PROTECTING
                changed = True
    return result


def too_thin(lost: Sequence[int], least: int = MINIMUM_BASE) -> bool:
    """Whether hidden values with these bases could be told from their sum."""
    return len(lost) == 1 or 0 < sum(lost) < least
