"""What an answer is worth in a survey of raters: max points of a question, percent of an option."""

from questionnaires.types import Item


def max_points(item: Item) -> float:
    """Return the max points of a question; ValueError where its definition names none."""
    if item.max_points is None:
        raise ValueError(f"item {item.code!r} names no max points")
    return item.max_points


def percent_of(item: Item) -> dict[str, float]:
    """Return the percent of every option; ValueError where one has none."""
    percents = {option.code: option.percent for option in item.options}
    known = {code: percent for code, percent in percents.items() if percent is not None}
    if len(known) < len(percents):
        raise ValueError(f"item {item.code!r} has options without a percent")
    return known
