"""Every rule that an error of a pure package can carry has a sentence for people."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveyapp.rules import in_vietnamese

ROOT = Path(__file__).parents[2]
#: Errors with a rule as their last argument.
ERRORS = {
    "AnalysisError", "DesignError", "LonelyPsuError", "MeasureError", "MergeError",
    "NegativeVarianceError", "ConvergenceError", "ArgumentError",
}  # fmt: skip
#: English that must not be left in a sentence.
ENGLISH = ("must", "need", "the ", "every", "only", "not ", "no ", "stratum")


def written(node: ast.expr, scope: ast.AST) -> Iterator[str]:
    """Give the texts that an expression can be; names by what is assigned to them in `scope`."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            texts = [""]
            for part in parts:
                more = list(
                    written(part.value, scope)
                    if isinstance(part, ast.FormattedValue)
                    else written(part, scope)
                )
                texts = [text + each for text in texts for each in (more or ["7"])]
            yield from texts
        case ast.IfExp(body=body, orelse=other):
            yield from written(body, scope)
            yield from written(other, scope)
        case ast.Name(id=name):
            for one in ast.walk(scope):
                if isinstance(one, ast.Assign) and any(
                    isinstance(target, ast.Name) and target.id == name for target in one.targets
                ):
                    yield from written(one.value, scope)


def rules(package: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in ERRORS
                ):
                    found = list(written(node.args[-1], function))
                    assert found, f"{path.name}:{node.lineno}: a rule that cannot be read"
                    yield from ((f"{path.name}:{node.lineno}", rule) for rule in found)


@pytest.mark.parametrize(
    ("package", "least"), [("analysis", 70), ("sampling", 30), ("surveyapp", 7)]
)
def test_every_rule_of_the_source_has_a_vietnamese_sentence(package: str, least: int) -> None:
    found = list(rules(package))
    assert len(found) >= least
    for place, rule in found:
        sentence = in_vietnamese(rule)
        assert sentence and sentence != rule, place
        assert not sentence.endswith("."), place
        assert not any(f" {word}" in f" {sentence}" for word in ENGLISH), (place, sentence)


def test_the_numbers_and_names_of_a_rule_stay_in_its_sentence() -> None:
    assert in_vietnamese("stratum 'A | B' has 12 units") == "nhóm «A | B» có 12 người"
    assert in_vietnamese("must be one of fail, remove") == "phải là một trong: fail, remove"
    assert in_vietnamese("must hold 5 labels") == "phải có 5 dòng"


def test_a_rule_without_a_sentence_is_our_bug_and_rises() -> None:
    with pytest.raises(LookupError, match="so etwas"):
        in_vietnamese("so etwas")
