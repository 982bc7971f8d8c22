"""From what was computed of a group to what is stored: gate, places, leaving out batches."""

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.scores import Scores
from questionnaires.method import MethodVersion
from surveyapp.results import gate
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.ranks import ranks
from surveyapp.results.satisfaction import SCALES
from surveyapp.results.sensitivity import Scoring, sensitivity

#: Number of the gate that a run passed; a run without one is computed again before it is shown.
GATE = 1


def earlier(groups: Iterable[Mapping[str, Any]]) -> gate.Earlier:
    """Collect what earlier runs said of one group."""
    result = gate.Earlier()
    for group in groups:
        for row, estimates in _main(group).items():
            for code, each in estimates.items():
                result.note((row, code), each["n"], is_hidden="hidden" in each)
    return result


def earlier_counts(groups: Iterable[Mapping[str, Any]]) -> dict[str, gate.Earlier]:
    """Collect the counts of opinions, by item, that earlier runs of one group hid and showed."""
    result: dict[str, gate.Earlier] = {}
    for group in groups:
        for item, rows in group.get("items", {}).items():
            told = result.setdefault(item, gate.Earlier())
            for row, each in rows.items():
                for key, n in each["counts"].items():
                    told.note((row, key), each["base"], is_hidden=isinstance(n, str))
    return result


def publish(
    found: dict[str, Any],
    links: gate.Links,
    before: gate.Earlier,
    method: MethodVersion,
) -> tuple[dict[str, Any], list[gate.Sealed]]:
    """Take out what stays hidden; return the content to store, and the sealed scores."""
    main = _main(found)
    bases = {(row, code): each["n"] for row in main for code, each in main[row].items()}
    kept = before.kept_hidden(bases)
    hidden = gate.hidden_estimates(main, links, found.get("shares", {}), kept)
    measures = found["estimates"]
    if found["kind"] == "points":
        content = gate.without(measures, hidden, links, method.decimals)
    else:
        content = {
            name: gate.without(each, hidden, links, method.decimals)
            for name, each in measures.items()
        }
    result = found | {"estimates": content, "gate": GATE}
    result.pop("shares", None)
    if any(code == links.index for _, code in hidden):
        result["mean"] = None  # with the other scores it would tell the hidden ones together
    return result, gate.sealed(main, hidden, links.index)


def compared(
    found: dict[str, Any],
    data: GroupAnswers,
    scores: Scores,
    method: MethodVersion,
    scoring: Scoring,
    batches: gate.Earlier,
) -> dict[str, Any]:
    """Add places, pairs, funnel and the change without each batch, of the published agencies.

    `batches` is what earlier runs told of them.
    """
    points = found["kind"] == "points"
    index = found["total"] if points else "index"
    main = _main(found)
    shown = {row for row in main if row and "hidden" not in main[row].get(index, {"hidden": ""})}
    scale = (1.0, 0.0) if points else SCALES[found["measure"]]
    whole = found.get("mean") is not None if points else "hidden" not in main[""].get(index, {})
    told = (shown, method.decimals, scale)
    return found | {
        "ranks": ranks(scores, *told, data.sha256),
        "sensitivity": sensitivity(data, scoring, *told, batches) if whole else [],
    }


def _main(group: Mapping[str, Any]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    found: Mapping[str, Any] = group.get("estimates", {})
    if group.get("kind") == "satisfaction":
        main: Mapping[str, Mapping[str, Mapping[str, Any]]] = found[group["measure"]]
        return main
    return found
