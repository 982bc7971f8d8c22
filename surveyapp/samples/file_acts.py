"""What a draw on files depends on beside frame and plan: seed, witnesses, waves, earlier draws."""

import importlib.metadata
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sampling import recheck, witness
from sampling.canonical import canonical
from sampling.protocol import FORMAT
from sampling.types import Act, Plan
from sampling.waves import has_seed, unsealed
from surveyapp.errors import AppError
from surveyapp.samples.frame_files import earlier_draws, read_object, read_protocol
from surveyapp.samples.one_seed import two_seeds
from surveyapp.samples.sample_files import SEED
from surveyapp.samples.witness_files import witnessed_seed


def act_of(plan: Plan, options: Mapping[str, Any]) -> Act:
    """Fix what the draw depends on beside frame and plan."""
    chosen = options["recheck_seed"]
    if chosen is not None and not canonical(chosen):
        raise AppError("SAMPLE-155", "--recheck-seed đang trống.", "Ghi giá trị, hoặc bỏ đi.")
    secret = recheck.new_secret() if chosen is None else recheck.secret_from_text(chosen)
    act = _witnessed_act(options) if options["announcement"] else _chosen_act(options)
    if (plan.keep is None) != (act.first is None):
        raise AppError(
            "SAMPLE-165",
            "Bảng [wave] của kế hoạch và --first phải đi cùng nhau.",
            "Đợt sau: ghi [wave] và --first; đợt đầu: bỏ cả hai.",
        )
    notes = {"program": f"sipas {importlib.metadata.version('sipas')}"}
    if act.shortfall and not options["announcement"]:
        notes["shortfall_reason"] = canonical(options["reason"]) or "không nêu lý do"
    return replace(
        act,
        secret=secret if plan.recheck_share else None,
        secret_chosen=chosen is not None,
        notes=notes,
    )


def _chosen_act(options: Mapping[str, Any]) -> Act:
    """Take the seed that somebody chose."""
    if options["reveals"] or options["public_value"] is not None:
        raise AppError(
            "SAMPLE-159",
            "--reveal và --public-value chỉ dùng với bản công bố.",
            "Thêm --announcement, hoặc bỏ hai tùy chọn này.",
        )
    first = options["first"] and read_protocol(options["first"])
    seeds = [*options["seeds"], *_sealed_here(options)]
    if first and "seed_sha256" not in first:
        seeds.append(str(first.get("seed")))
    if len(seeds) > 1:
        raise two_seeds("--seed")
    if not seeds or not canonical(seeds[0]):
        raise AppError(
            "SAMPLE-154",
            "Chưa có hạt giống.",
            "Ghi hạt giống sau --seed, hoặc chọn có chứng kiến bằng --announcement.",
        )
    return Act(
        seed=seeds[0],
        first=first,
        is_sealed=options["seal"] or _is_sealed(first, options["previous"], seeds[0]),
        witness=_inherited(first, options["previous"], seeds[0]),
        shortfall=options["shortfall"],
        previous=earlier_draws(options["previous"], options["reason"]),
    )


def _sealed_here(options: Mapping[str, Any]) -> list[str]:
    """Make the seed that is kept sealed; the same folder again uses its own."""
    if not options["seal"]:
        return []
    if options["seeds"] or options["first"]:
        raise AppError(
            "SAMPLE-270",
            "--seal để chương trình tạo hạt giống, không dùng cùng --seed hay --first.",
            "Đợt đầu: chỉ ghi --seal. Đợt sau, chọn lại: --seed với hạt giống trong tệp "
            f"{SEED} của đợt đầu.",
        )
    path: Path = options["out"] / SEED
    return [path.read_text(encoding="utf-8").strip() if path.is_file() else secrets.token_hex(32)]


def _is_sealed(first: Mapping[str, Any] | None, previous: Path | None, seed: str) -> bool:
    """Whether an earlier draw keeps this seed sealed: then a later one does not tell it."""
    earlier = read_object(previous) if previous else {}
    return any("seed_sha256" in one and has_seed(one, seed) for one in (first or {}, earlier))


def _witnessed_act(options: Mapping[str, Any]) -> Act:
    """Make the seed as it was announced."""
    fixed = ("seeds", "seal", "first", "shortfall", "previous", "reason")
    if any(options[name] for name in fixed):
        raise AppError(
            "SAMPLE-164",
            "--seed, --seal, --first, --shortfall, --previous, --reason không dùng cùng bản công "
            "bố.",
            "Bỏ các tùy chọn này: bản công bố đã ghi.",
        )
    announced = read_object(options["announcement"])
    seed, section = witnessed_seed(announced, options["reveals"], options["public_value"])
    return Act(
        seed=seed,
        shortfall=announced["method"]["shortfall"],
        previous=tuple(announced["previous"]),
        witness=section,
    )


def _inherited(
    first: Mapping[str, Any] | None, previous: Path | None, seed: str
) -> Mapping[str, Any] | None:
    """Return the witnessing of the draw whose seed is used again; None where somebody chose it."""
    earlier = read_object(previous) if previous else None
    if earlier is not None and earlier.get("format") == FORMAT and has_seed(earlier, seed):
        return witness.inherited(earlier)
    return None if first is None else witness.inherited_by_wave(first)


def with_seed(stored: Mapping[str, Any], seed: str | None) -> Mapping[str, Any]:
    """Return a protocol with the seed that was sealed in it; refuse one that is missing or other.

    A protocol with an open seed keeps it.
    """
    if "seed_sha256" not in stored:
        return stored
    if seed is None or not has_seed(stored, seed):
        raise AppError(
            "SAMPLE-264",
            "Biên bản chỉ ghi SHA-256 của hạt giống niêm phong."
            if seed is None
            else "Hạt giống không khớp SHA-256 ghi trong biên bản.",
            "Ghi --seed đúng như đã công bố sau đợt cuối (tệp seed.txt).",
        )
    return unsealed(stored, seed)
