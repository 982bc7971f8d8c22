"""From what was computed of a group to what is stored: gate, places, leaving out batches."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from analysis.scores import Scores
from questionnaires.method import MethodVersion
from questionnaires.types import MISSING_CODES
from surveyapp.results import gate
from surveyapp.results.answers import GroupAnswers
from surveyapp.results.ranks import ranks
from surveyapp.results.satisfaction import SCALES
from surveyapp.results.sensitivity import Scoring, sensitivity

#: Number of the gate that a run passed; a run of an older one is computed again before it is shown.
#: Since 2 a run says which forms each number stands on.
GATE = 2


def earlier(groups: Iterable[Mapping[str, Any]]) -> gate.Earlier:
    """Collect what earlier runs said of one group.

    A run that does not say which forms its numbers stand on is compared by the digest of all
    answers (`same`): where that is the same, its numbers are.
    """
    result = gate.Earlier()
    for group in groups:
        known = group.get("members", {})
        for row, estimates in _main(group).items():
            for code, each in estimates.items():
                is_hidden = "hidden" in each
                if known or is_hidden or not group["same"]:
                    basis = gate.Basis(each["n"], known.get(row, {}).get(code, ""))
                    result.note((row, code), basis, is_hidden=is_hidden)
    return result


def earlier_counts(groups: Iterable[Mapping[str, Any]]) -> dict[str, gate.Earlier]:
    """Collect the counts of opinions, by item, that earlier runs of one group hid and showed."""
    result: dict[str, gate.Earlier] = {}
    for group in groups:
        for item, rows in group.get("items", {}).items():
            told = result.setdefault(item, gate.Earlier())
            for row, each in rows.items():
                members_then = each.get("members", "")
                for key, n in each["counts"].items():
                    if members_then or isinstance(n, str) or not group["same"]:
                        basis = gate.Basis(each["base"], members_then)
                        told.note((row, key), basis, is_hidden=isinstance(n, str))
    return result


def members(
    data: GroupAnswers, method: MethodVersion, total: str, context: Sequence[object] = ()
) -> dict[str, dict[str, str]]:
    """Digest, by row and column, which forms have an answer that counts there.

    `context` is what their weights follow from: with other weights the same forms give another
    value.
    """
    items = {part.code: part.items for part in method.components}
    items |= {total: method.items} | {item: (item,) for item in method.items}
    given: dict[tuple[str, str], list[object]] = defaultdict(list)
    for form in data.forms:
        for agency, answers in form.ratings.items() or ((form.agencies[0], form.answers),):
            for code in _answered(answers, items):
                for row in (agency, gate.WHOLE):
                    given[row, code].append((agency, form.number, form.stratum))
    result: dict[str, dict[str, str]] = defaultdict(dict)
    for (row, code), forms in given.items():
        result[row][code] = gate.members([*forms, *context])
    return dict(result)


def _answered(answers: Mapping[str, Any], items: Mapping[str, Collection[str]]) -> Iterable[str]:
    given = {item for item, value in answers.items() if value not in (None, *MISSING_CODES)}
    return (code for code, parts in items.items() if not given.isdisjoint(parts))


def publish(
    found: dict[str, Any],
    links: gate.Links,
    before: gate.Earlier,
    method: MethodVersion,
) -> tuple[dict[str, Any], list[gate.Sealed]]:
    """Take out what stays hidden; return the content to store, and the sealed scores.

    `found` holds the `members` of every row and column beside the estimates.
    """
    main = _main(found)
    bases = {
        (row, code): gate.Basis(each["n"], found["members"].get(row, {}).get(code, ""))
        for row in main
        for code, each in main[row].items()
    }
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
