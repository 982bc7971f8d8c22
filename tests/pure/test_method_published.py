"""The published SIPAS figures come out of the method versions."""

import csv
from pathlib import Path

import pytest

import questionnaires
from questionnaires.method import MethodVersion, combine, combine_fields, rounded
from questionnaires.method_loader import load_method

PUBLISHED = Path(__file__).parents[1] / "reference" / "sipas_published.csv"
METHODS = Path(questionnaires.__file__).parent / "definitions" / "methods"


def shipped(code: str) -> MethodVersion:
    return load_method((METHODS / f"{code}.toml").read_text(encoding="utf-8"), code)


def rows() -> list[dict[str, str]]:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def components(column: str) -> dict[str, float | None]:
    return {
        f"{row['field']}.{row['component']}": float(row[column])
        for row in rows()
        if row["component"]
    }


@pytest.mark.parametrize(
    ("code", "column"), [("sipas_a", "items_form_a"), ("sipas_b", "items_form_b")]
)
def test_the_item_counts_are_those_of_the_form(code: str, column: str) -> None:
    method = shipped(code)

    assert {c.code: c.item_count for c in method.components} == components(column)
    fields = {row["field"]: int(row[column]) for row in rows() if not row["component"]}
    assert {part.code: part.item_count for part in method.fields} == fields


def test_form_a_gives_the_published_fields_of_binh_dinh() -> None:
    method = shipped("sipas_a")

    got = combine(method, components("binh_dinh_2023"))

    assert rounded(method, got["II"]) == 81.56  # a plain mean of components gives 81.48
    assert rounded(method, got["I"]) == 85.25
    published = {
        row["field"]: float(row["binh_dinh_2023"]) for row in rows() if not row["component"]
    }
    for code, value in published.items():  # inputs are rounded, hence 0.01
        assert rounded(method, got[code]) == pytest.approx(value, abs=0.01 + 1e-9)


def test_form_a_gives_the_national_index_of_2024_from_its_fields() -> None:
    method = shipped("sipas_a")

    assert rounded(method, combine_fields(method, {"I": 83.84, "II": 84.09})) == 83.94


def test_form_a_gives_the_national_index_also_from_the_components() -> None:
    method = shipped("sipas_a")
    values = {c.code: 83.84 if c.code.startswith("I.") else 84.09 for c in method.components}

    assert rounded(method, combine(method, values)["index"]) == 83.94
