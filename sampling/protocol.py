"""The protocol of a draw (biên bản chọn mẫu): enough to recompute it, and the recomputation."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from sampling.canonical import canonical, frame_digest, json_digest
from sampling.differences import Difference, first_difference
from sampling.draw import draw
from sampling.errors import SamplingError, WitnessError
from sampling.random_numbers import MAIN
from sampling.recheck import allocate_cells, recheck_size, secret_digest
from sampling.selection import Progress
from sampling.types import Act, Draw, Frame, Plan
from sampling.waves import seed_digest
from sampling.witness import FROZEN, INHERITED, WITNESSED, recompute

FORMAT = "sipas-sample-protocol"
FORMAT_VERSION = 1
#: Who chooses a seed can try until a friend is drawn: such a draw says so.
SELF_CHOSEN = "hạt giống tự chọn"

_NUMBERS = (
    "SHA-256(len(seed) 4 byte BE | seed | 00 | label | 00 | id), seed, id: trimmed NFC UTF-8;"
    " so sánh theo byte, bằng nhau thì theo id"
)
#: How each method uses the numbers.
_RULES = {
    "srs": "n số nhỏ nhất trong từng nhóm",
    "systematic": "xếp theo cột order rồi theo số; điểm đầu là số của tên nhóm, nhãn start",
    "pps": "xếp theo cột order rồi theo số; xác suất theo kích cỡ; điểm đầu: nhãn start",
    "wave": "n số nhỏ nhất sau số lớn nhất của những người rời mẫu đợt trước trong nhóm,"
    " rồi từ đầu; rời mẫu: ceil((1 - keep) n) người đầu, keep = 0: mọi người, cả dự phòng",
    "stages": "từng giai đoạn trong đơn vị đã chọn ở giai đoạn trước, nhãn stage-1, stage-2, ...;"
    " mã là tên từ giai đoạn đầu, nối bằng « | »; xác suất nhân qua các giai đoạn",
    "pps-exact": "xếp theo số; xét lần lượt từng đơn vị (Sampford 1967), nhãn decide",
}
_NOT_VERIFIED = ("notes", "previous", "versions")
#: What `Act.recheck_lists` is called in a protocol.
_BY = {"open": "stratum", "sealed": "stratum, sealed", "later": "assignment"}


def opening(frame: Frame, plan: Plan, act: Act, progress: Progress = None) -> dict[str, Any]:
    """Return the part of the protocol that is stored before the draw: digests, seed, method.

    Parameters
    ----------
    frame, plan, act : as for `draw.draw`.
    progress : called with the number of units done since the last call.

    Raises
    ------
    WitnessError
        When the seed was not made as the announcement says, or frame, plan or method are not
        those that were announced.
    """
    fixed, wave = frozen(frame, plan, act, progress), _wave(plan, act)
    if act.witness is not None:
        _check_witness({**fixed, "wave": wave}, act.witness, act.seed)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "label": SELF_CHOSEN if act.witness is None else WITNESSED,
        "versions": {"unicode": unicodedata.unidata_version},
        "frame": fixed["frame"],
        "plan": fixed["plan"],
        **_seed(act),
        "witness": act.witness,
        "wave": wave,
        "method": fixed["method"],
        "recheck": None if act.secret is None else _recheck_opening(plan, act),
        "previous": fixed["previous"],
        "notes": dict(act.notes),
    }


def frozen(frame: Frame, plan: Plan, act: Act, progress: Progress = None) -> dict[str, Any]:
    """Return what a draw depends on beside its seed: frame, plan, method, earlier draws.

    Parameters
    ----------
    frame, plan : as for `draw.draw`.
    act : its shortfall and its earlier draws; the seed plays no part.
    progress : called with the number of units done since the last call.
    """
    content = plan.canonical()
    return {
        "frame": {
            "rows": len(frame.ids),
            "columns": ["id", "stratum", *sorted(frame.columns)],
            "sha256": frame_digest(frame, progress),
        },
        "plan": {"content": content, "sha256": json_digest(content)},
        "method": {
            "selection": "stages" if plan.stages else plan.method,
            "allocation": plan.allocation,
            "shortfall": act.shortfall,
            "numbers": _NUMBERS,
            "rule": _rule(plan),
            "label": MAIN,
        },
        "previous": [dict(earlier) for earlier in act.previous],
    }


def protocol(opened: Mapping[str, Any], drawn: Draw) -> dict[str, Any]:
    """Return the whole protocol: the opening, the counts and the lists in order.

    The result is plain JSON values. Open re-check lists in it are for the re-check role only;
    of sealed ones it holds the number.
    """
    sealed = _recheck_said(opened).get("by") == _BY["sealed"]
    return {
        **opened,
        "counts": {
            "pop_size": sum(part.pop_size for part in drawn.strata),
            "main": drawn.main_n,
            "reserve": drawn.reserve_n,
            "recheck": drawn.recheck_n,
        },
        "strata": [
            {
                "stratum": part.stratum,
                "pop_size": part.pop_size,
                "main": len(part.main),
                "reserve": len(part.reserve),
            }
            for part in drawn.strata
        ],
        "decisions": [
            {
                "stratum": s.stratum,
                "constraint": s.constraint,
                "wanted": s.wanted,
                "available": s.available,
            }
            for s in drawn.decisions
        ],
        "lists": _lists(replace(drawn, recheck=()) if sealed else drawn),
    }


def protocol_digest(stored: Mapping[str, Any]) -> str:
    """Digest a protocol, so that a later one can name it."""
    return json_digest(stored)


def verify(
    frame: Frame,
    plan: Plan,
    stored: Mapping[str, Any],
    secret: bytes | None = None,
    progress: Progress = None,
    first: Mapping[str, Any] | None = None,
) -> Difference | None:
    """Recompute a draw and return the first difference, or None when all agrees.

    Without the secret the re-check is held against its rule (sizes of the cells, only main
    units, nobody twice); with it, against the secret too.

    Parameters
    ----------
    frame, plan : the published ones.
    stored : the protocol, as read from JSON; a sealed one through `waves.unsealed`.
    secret : published at closing.
    progress : as in `draw.draw`, called for two passes over the frame.
    first : for a second wave, the protocol of the first.
    """
    read = _act(stored, secret)
    if read is None:
        return Difference("format", stored.get("format"), FORMAT)
    act = replace(read, first=first)
    try:
        opened = opening(frame, plan, act, progress)
    except WitnessError as error:
        return Difference(f"witness.{error.place}", error.found, error.expected)
    if secret is None:
        opened["recheck"] = _keep_secret(opened, stored)
    if found := first_difference(_verified(stored, opened), _verified(opened, opened)):
        return found
    try:
        drawn = draw(frame, plan, act, progress)
    except SamplingError as error:
        return Difference("draw", "", str(error))
    computed = protocol(opened, drawn)
    sealed = secret is None
    if sealed:
        for name in ("recheck", "recheck_replacements"):
            computed["lists"][name] = stored["lists"].get(name)
        computed["counts"]["recheck"] = stored["counts"].get("recheck")
    found = first_difference(_verified(stored, computed), _verified(computed, computed))
    return _recheck_fault(plan, stored, drawn) if found is None and sealed else found


def _rule(plan: Plan) -> str:
    """Say how the numbers choose."""
    if plan.keep is not None:
        return _RULES["wave"]
    return _RULES["stages" if plan.stages else plan.method]


def _wave(plan: Plan, act: Act) -> dict[str, Any] | None:
    """Name the first wave that a second one follows."""
    if plan.keep is None:
        return None
    first = None if act.first is None else protocol_digest(act.first)
    also = {"also": sorted(act.also)} if act.also else {}
    return {"first_protocol_sha256": first, "keep": str(plan.keep), **also}


def _seed(act: Act) -> dict[str, str | None]:
    """Write the seed, or only its digest while a later wave needs it."""
    if act.is_sealed:
        return {"seed": None, "seed_sha256": seed_digest(act.seed)}
    return {"seed": canonical(act.seed)}


def _check_witness(fixed: Mapping[str, Any], section: Mapping[str, Any], seed: str) -> None:
    """Refuse a seed that was made otherwise, or for another frame or plan, than announced."""
    made, again = recompute(section)
    own = {key: value for key, value in section.items() if key != INHERITED}
    stored = {**own, "seed": canonical(seed)}
    if found := first_difference(stored, {**again, "seed": made}):
        raise WitnessError("changed", found.path, found.stored, found.computed)
    if INHERITED in section:
        named = [one.get("protocol_sha256") for one in fixed["previous"]]
        named += [(fixed["wave"] or {}).get("first_protocol_sha256")]
        if section[INHERITED] not in named:
            raise WitnessError("inherited", INHERITED, section[INHERITED], named)
        return
    announced = {key: section["announcement"].get(key) for key in FROZEN}
    if found := first_difference(announced, {key: fixed[key] for key in FROZEN}):
        place = f"announcement.{found.path}"
        raise WitnessError("frozen", place, found.stored, found.computed)


def _recheck_opening(plan: Plan, act: Act) -> dict[str, Any]:
    """Return what may be known of the re-check before closing."""
    return {
        "share": str(plan.recheck_share),
        "secret_sha256": secret_digest(act.secret or b""),
        "secret": "tự chọn" if act.secret_chosen else "32 byte ngẫu nhiên",
        "rule": "HMAC-SHA-256(secret, id), nhỏ nhất trong từng ô",
        "by": _BY[act.recheck_lists],
        **({"known": sorted(act.known)} if act.known else {}),
    }


def _lists(drawn: Draw) -> dict[str, Any]:
    """Return all lists in order, with the probabilities of the main units and the reserve."""
    stages = [
        [
            {
                "parent": p.parent,
                "pop_size": p.pop_size,
                "ids": list(p.chosen),
                "probabilities": _short(p.probability),
            }
            for p in stage
        ]
        for stage in drawn.stages
    ]
    return {
        **({"stages": stages} if stages else {}),
        "main": [
            {"stratum": p.stratum, "ids": list(p.main), "probabilities": _short(p.main_probability)}
            for p in drawn.strata
        ],
        "reserve": [
            {
                "stratum": p.stratum,
                "ids": list(p.reserve),
                "probabilities": _short(p.reserve_probability),
            }
            for p in drawn.strata
        ],
        "recheck": [{"cell": c.cell, "ids": list(c.chosen)} for c in drawn.recheck],
        "recheck_replacements": [
            {"cell": c.cell, "ids": list(c.replacements)} for c in drawn.recheck
        ],
    }


def _short(probabilities: Sequence[float]) -> list[float]:
    """Write one number when all units of the stratum have the same probability."""
    return list(probabilities[:1] if len(set(probabilities)) == 1 else probabilities)


def _act(stored: Mapping[str, Any], secret: bytes | None) -> Act | None:
    """Read the act back from a protocol; None when it is no protocol of this format."""
    known = stored.get("format") == FORMAT and stored.get("format_version") == FORMAT_VERSION
    parts = (stored.get("method"), stored.get("lists"), stored.get("counts"))
    if not known or not all(isinstance(part, Mapping) for part in parts):
        return None
    said = _recheck_said(stored)
    witness, previous = stored.get("witness"), stored.get("previous")
    return Act(
        seed=str(stored.get("seed") or ""),
        secret=secret,
        secret_chosen=said.get("secret") == "tự chọn",
        recheck_lists=next((name for name, by in _BY.items() if by == said.get("by")), "later"),
        known=_texts(said, "known"),
        shortfall=stored["method"].get("shortfall"),
        also=_texts(stored.get("wave"), "also"),
        is_sealed="seed_sha256" in stored,
        witness=witness if isinstance(witness, Mapping) else None,
        previous=tuple(previous) if _are_objects(previous) else (),
    )


def _are_objects(value: object) -> TypeGuard[list[Mapping[str, str]]]:
    """Tell whether a value is a list of JSON objects."""
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


def _texts(said: object, name: str) -> frozenset[str]:
    """Read a list of units that a section of a protocol names."""
    listed = said.get(name) if isinstance(said, Mapping) else None
    return frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()


def _recheck_said(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a protocol says of the re-check, whatever a hand has made of it."""
    said = stored.get("recheck")
    return said if isinstance(said, Mapping) else {}


def _verified(tree: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a protocol only tells, and what is not computed yet."""
    left_out = {*_NOT_VERIFIED, *(("seed",) if "seed_sha256" in like else ())}
    return {key: tree.get(key) for key in like if key not in left_out}


def _keep_secret(opened: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any] | None:
    """Take over the digest of a secret that is still sealed; the share must be the plan's."""
    said = stored.get("recheck")
    share = opened["plan"]["content"]["recheck_share"]
    if not isinstance(said, Mapping):
        return None if share == "0" else {"share": share}
    return {**said, "share": share}


def _recheck_fault(plan: Plan, stored: Mapping[str, Any], drawn: Draw) -> Difference | None:
    """Hold a re-check whose secret is sealed against its rule."""
    chosen, rest = (_cells(stored, name) for name in ("recheck", "recheck_replacements"))
    said_by, known = _recheck_said(stored).get("by"), _texts(_recheck_said(stored), "known")
    planned: dict[str, int] = {}
    if said_by in (_BY["open"], _BY["sealed"]) and plan.recheck_share:
        sizes = {p.stratum: sum(unit not in known for unit in p.main) for p in drawn.strata}
        planned = allocate_cells(sizes, recheck_size(plan.recheck_share, sum(sizes.values())))
    listed = [] if said_by == _BY["sealed"] else list(planned)
    for cells in (chosen, rest):
        if [cell for cell, _ in cells] != listed:
            return Difference("lists.recheck", [cell for cell, _ in cells], listed)
    for part, (cell, ids), (_, others) in zip(drawn.strata, chosen, rest, strict=False):
        if len(ids) != planned[cell]:
            return Difference(f"lists.recheck[{cell}].length", len(ids), planned[cell])
        if sorted([*ids, *others]) != sorted(part.main):
            return Difference(f"lists.recheck[{cell}]", [*ids, *others], list(part.main))
    n, said = sum(planned.values()), stored["counts"].get("recheck")
    return None if said == n else Difference("counts.recheck", said, n)


def _cells(stored: Mapping[str, Any], name: str) -> list[tuple[str, list[str]]]:
    """Read the cells of a list, whatever a hand has made of it."""
    entries = stored["lists"].get(name)
    return [_cell(entry) for entry in (entries if isinstance(entries, list) else [])]


def _cell(entry: object) -> tuple[str, list[str]]:
    """Read one cell; anything else than a cell has no name and no ids."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("ids"), list):
        return "", []
    return str(entry.get("cell")), [str(unit) for unit in entry["ids"]]
