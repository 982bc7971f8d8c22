"""One draw, one seed: an option of it that stands twice is refused, never overruled."""

import click

from surveyapp.errors import AppError


def two_seeds(option: str) -> AppError:
    """Say that a draw has been given two seeds."""
    return AppError(
        "SAMPLE-153",
        f"Một lần chọn mẫu chỉ có một hạt giống, đang ghi nhiều {option}.",
        "Giữ giá trị đã thống nhất, bỏ các giá trị khác.",
    )


def only_one(
    ctx: click.Context,  # noqa: ARG001  click's signature
    param: click.Parameter,
    values: tuple[str, ...],
) -> str | None:
    """Return the value of an option declared `multiple`; click alone would take the last."""
    if len(values) > 1:
        raise two_seeds(param.opts[0])
    return values[0] if values else None
