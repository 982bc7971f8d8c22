"""Method versions: from items over components and fields to an index, with weights and rounding."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Literal

from questionnaires.errors import MethodError, UnansweredItemError
from questionnaires.types import Text

#: Target and result key of the overall index; no component or field has this code.
INDEX = "index"

MethodKind = Literal["satisfaction", "points"]
Pooling = Literal["items", "equal", "weights", "sum"]
ItemMeasure = Literal["share_satisfied", "mean_of_5", "mean_minus_1_of_4"]
Unanswered = Literal["null", "renormalise"]


@dataclass(frozen=True, slots=True)
class Component:
    """A tiêu chí: the plain mean (satisfaction) or the sum (points) of its items.

    `item_count` is at least 1; `items` is empty where a method gives the count only. `weight`
    is set if, and only if, the field pools its components by weights.
    """

    code: str
    title: Text
    items: tuple[str, ...]
    item_count: int
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A lĩnh vực; `pooling` makes it from its components, `weight` serves an index by weights."""

    code: str
    title: Text
    pooling: Pooling
    components: tuple[Component, ...]
    weight: float | None = None

    @property
    def item_count(self) -> int:
        """Number of items in all components."""
        return sum(component.item_count for component in self.components)


@dataclass(frozen=True, slots=True)
class MethodVersion:
    """One way to compute an index; figures of two versions are never compared.

    `item_measure` and `satisfied` (codes of satisfied answers) belong to kind "satisfaction";
    an item of kind "points" scores max points x mean percent / 100. `rater_group_weights` is
    empty where all raters are pooled. `note` says what is not compared with an official text yet.
    """

    code: str
    version: str
    title: Text
    publisher: str
    population: str
    kind: MethodKind
    decimals: int
    unanswered_item: Unanswered
    fields: tuple[Field, ...]
    index_pooling: Pooling
    questionnaire: str | None = None
    item_measure: ItemMeasure | None = None
    satisfied: tuple[str, ...] = ()
    rater_group_weights: Mapping[str, float] = field(default_factory=dict)
    note: str | None = None

    @property
    def components(self) -> tuple[Component, ...]:
        """All components, in the order of the fields."""
        return tuple(component for part in self.fields for component in part.components)

    @property
    def items(self) -> tuple[str, ...]:
        """Codes of all items in their order; empty where the method gives counts only."""
        return tuple(code for component in self.components for code in component.items)

    @property
    def targets(self) -> tuple[str, ...]:
        """Codes of what can be computed: components, fields, and the index at the end."""
        components = (component.code for component in self.components)
        return (*components, *(part.code for part in self.fields), INDEX)

    def items_of(self, target: str) -> tuple[str, ...]:
        """Codes of the items below a component, a field or the index; () for another code."""
        if target == INDEX:
            return self.items
        return tuple(
            code
            for part in self.fields
            for component in part.components
            if target in (part.code, component.code)
            for code in component.items
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """One summand of a composite: its value, None where nobody answered."""

    code: str
    value: float | None
    item_count: int
    weight: float | None


def combine(method: MethodVersion, values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Compute fields and index from the values of the components.

    Parameters
    ----------
    method : the method version.
    values : value per component code, in the unit of the method (satisfaction: per cent,
        0 to 100; points: points); absent or None where nobody answered.

    Returns
    -------
    {field code: value, ..., "index": value}, not rounded. A composite with an empty part is
    None, or is taken over the other parts if the method says `renormalise`; a part of weight 0
    never matters. `empty_parts` names the reason for a None.

    Raises
    ------
    MethodError : a code is no component of the method, or a value is not finite.
    """
    _require_known(method, values, [component.code for component in method.components])
    fields = {
        part.code: _pool(part.pooling, _component_parts(part, values), method.unanswered_item)
        for part in method.fields
    }
    return {**fields, INDEX: combine_fields(method, fields)}


def combine_fields(method: MethodVersion, values: Mapping[str, float | None]) -> float | None:
    """Compute the index from the values of the fields; unit, None and errors as in `combine`."""
    _require_known(method, values, [part.code for part in method.fields])
    return _pool(method.index_pooling, _field_parts(method, values), method.unanswered_item)


def empty_parts(
    method: MethodVersion, values: Mapping[str, float | None]
) -> dict[str, tuple[str, ...]]:
    """Name, for every composite that `combine` leaves None, the components without a value."""
    combined = combine(method, values)
    empty = {
        part.code: tuple(c.code for c in part.components if values.get(c.code) is None)
        for part in method.fields
    }
    empty[INDEX] = tuple(
        code for part in method.fields if combined[part.code] is None for code in empty[part.code]
    )
    return {target: empty[target] for target, value in combined.items() if value is None}


def rounded(method: MethodVersion, value: float | None) -> float | None:
    """Round for publication, half away from zero in the decimal form: 85.245 gives 85.25.

    Raises
    ------
    MethodError : `value` is not finite.
    """
    if value is None:
        return None
    if not math.isfinite(value):
        raise MethodError(f"value={value} cannot be rounded")
    step = Decimal(1).scaleb(-method.decimals)
    return float(Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP, Context(prec=330)))


def composite_weights(
    method: MethodVersion, target: str, answered: Collection[str] | None = None
) -> tuple[tuple[str, float], ...]:
    """Give a component, a field or the index as a linear combination of item values.

    Parameters
    ----------
    method : a method version that names its items.
    target : code of a component or a field, or "index".
    answered : codes of the items that somebody answered; None means all.

    Returns
    -------
    (item code, weight) in the order of the items. The weights sum to 1, or are 1 each where
    points are summed. Items that do not count (weight 0, or left out by `renormalise`) are
    not listed.

    Raises
    ------
    MethodError : unknown target, or a component that gives a number of items only.
    UnansweredItemError : an item that counts has no answer and the method does not
        renormalise, or no item is left.
    """
    tree = _Linear(method, answered)
    terms = tree.target(target)
    lost = tree.unanswered(target)
    if lost and (method.unanswered_item == "null" or not terms):
        raise UnansweredItemError(target, lost)
    return tuple(terms.items())


def _require_known(
    method: MethodVersion, values: Mapping[str, float | None], known: Sequence[str]
) -> None:
    for code, value in values.items():
        if code not in known:
            raise MethodError(f"values: method {method.code!r} has no part {code!r}")
        if value is not None and not math.isfinite(value):
            raise MethodError(f"values: {code}={value} is not finite")


def _component_parts(part: Field, values: Mapping[str, float | None]) -> list[_Part]:
    return [
        _Part(component.code, values.get(component.code), component.item_count, component.weight)
        for component in part.components
    ]


def _field_parts(method: MethodVersion, values: Mapping[str, float | None]) -> list[_Part]:
    return [
        _Part(part.code, values.get(part.code), part.item_count, part.weight)
        for part in method.fields
    ]


def _weight(pooling: Pooling, item_count: int, weight: float | None) -> float:
    """Give the weight of a part among its siblings, before they are brought to the sum 1."""
    if pooling == "items":
        return float(item_count)
    if pooling == "weights":
        return 0.0 if weight is None else weight
    return 1.0


def _pool(pooling: Pooling, parts: Sequence[_Part], unanswered: Unanswered) -> float | None:
    weighted = [(_weight(pooling, part.item_count, part.weight), part.value) for part in parts]
    known = [(weight, value) for weight, value in weighted if weight > 0 and value is not None]
    needed = sum(1 for weight, _ in weighted if weight > 0)
    if not known or (len(known) < needed and unanswered == "null"):
        return None
    total = math.fsum(weight * value for weight, value in known)
    return total if pooling == "sum" else total / math.fsum(weight for weight, _ in known)


class _Linear:
    """The tree of a method, written out over its items.

    Parts keep the weights and item counts of the method whatever was answered; only parts
    without any answer drop out. So the result agrees with `combine`.
    """

    def __init__(self, method: MethodVersion, answered: Collection[str] | None) -> None:
        self.method = method
        self.answered = answered

    def target(self, code: str) -> dict[str, float]:
        """Give the item weights of a component, a field or the index."""
        if code == INDEX:
            parts = [(self.field(f), f.item_count, f.weight) for f in self.method.fields]
            return _mix(self.method.index_pooling, parts)
        for part in self.method.fields:
            if part.code == code:
                return self.field(part)
            for component in part.components:
                if component.code == code:
                    return self.component(component)
        raise MethodError(f"target={code!r} is no part of method {self.method.code!r}")

    def field(self, part: Field) -> dict[str, float]:
        """Give the item weights of a field."""
        return _mix(
            part.pooling, [(self.component(c), c.item_count, c.weight) for c in part.components]
        )

    def component(self, component: Component) -> dict[str, float]:
        """Give equal weights to the answered items of a component."""
        if not component.items:
            raise MethodError(
                f"target: component {component.code!r} of method {self.method.code!r} "
                "gives a number of items, not their codes"
            )
        answered = self.answered
        items = [code for code in component.items if answered is None or code in answered]
        each = 1.0 if self.method.kind == "points" else 1.0 / max(len(items), 1)
        return dict.fromkeys(items, each)

    def unanswered(self, code: str) -> list[str]:
        """Name the items that count for the target and have no answer."""
        if self.answered is None:
            return []
        whole = _Linear(self.method, None).target(code)
        return [item for item in whole if item not in self.answered]


def _mix(
    pooling: Pooling, parts: Sequence[tuple[dict[str, float], int, float | None]]
) -> dict[str, float]:
    """Bring the item weights of parts (terms, item count, weight) together."""
    weighted = [(_weight(pooling, count, weight), terms) for terms, count, weight in parts]
    used = [(weight, terms) for weight, terms in weighted if weight > 0 and terms]
    total = 1.0 if pooling == "sum" else math.fsum(weight for weight, _ in used)
    return {item: share * weight / total for weight, terms in used for item, share in terms.items()}
