"""From what was computed of a group to what is stored: gate, places, leaving out batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier runs of the same survey hid and showed, per group: cells, bases."""

    hidden: frozenset[gate.Place]
    shown: Mapping[gate.Place, int]


def earlier(groups: Iterable[Mapping[str, Any]]) -> Earlier:
    """Collect what earlier runs said of one group."""
    hidden: set[gate.Place] = set()
    shown: dict[gate.Place, int] = {}
    for group in groups:
        for row, estimates in _main(group).items():
            for code, estimate in estimates.items():
                if "hidden" in estimate:
                    hidden.add((row, code))
                else:
                    shown[row, code] = estimate["n"]
    return Earlier(frozenset(hidden), shown)


def earlier_counts(groups: Iterable[Mapping[str, Any]]) -> dict[str, set[gate.Place]]:
    """Collect the counts of opinions, by item, that earlier runs of one group hid."""
    hidden: dict[str, set[gate.Place]] = {}
    for group in groups:
        for item, rows in group.get("items", {}).items():
            for row, each in rows.items():
                keys = (key for key, n in each["counts"].items() if isinstance(n, str))
                hidden.setdefault(item, set()).update((row, key) for key in keys)
    return hidden


def publish(
    found: dict[str, Any],
    links: gate.Links,
    before: Earlier,
    method: MethodVersion,
) -> tuple[dict[str, Any], list[gate.Sealed]]:
    """Take out what stays hidden; return the content to store, and the sealed scores."""
    main = _main(found)
    bases = {(row, code): each["n"] for row in main for code, each in main[row].items()}
    kept_hidden = before.hidden | gate.changed_little(before.shown, bases)
    hidden = gate.hidden_estimates(main, links, found.get("shares", {}), kept_hidden)
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
) -> dict[str, Any]:
    """Add places, pairs, funnel and the change without each batch, of the published agencies."""
    points = found["kind"] == "points"
    index = found["total"] if points else "index"
    main = _main(found)
    shown = {row for row in main if row and "hidden" not in main[row].get(index, {"hidden": ""})}
    scale = (1.0, 0.0) if points else SCALES[found["measure"]]
    whole = found.get("mean") is not None if points else "hidden" not in main[""].get(index, {})
    return found | {
        "ranks": ranks(scores, shown, method.decimals, scale, data.sha256),
        "sensitivity": sensitivity(data, scoring, shown, method.decimals, scale) if whole else [],
    }


def _main(group: Mapping[str, Any]) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    found: Mapping[str, Any] = group.get("estimates", {})
    if group.get("kind") == "satisfaction":
        main: Mapping[str, Mapping[str, Mapping[str, Any]]] = found[group["measure"]]
        return main
    return found
