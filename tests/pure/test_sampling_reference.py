"""Every case of the reference file on sampling is used, or listed here with the reason."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from sampling.frame_checks import make_frame
from sampling.selection import simple_random

CASES = json.loads(
    (Path(__file__).parents[1] / "reference" / "sampling.json").read_text(encoding="utf-8")
)["cases"]

#: pattern of ids -> test module that uses them
USED = {
    r"yamane_|nPropMoe_|samplesizeprop_|israel_table": "test_sampling_size",
    r".*_prop$|.*_capped$|.*_box$|stratallo_doc_": "test_sampling_allocation",
    r".*_Wright(I|II)$|wright2017_published|.*_neyman$|.*_totcost$": "test_sampling_optimal",
    r".*_pik_|.*_UPsys_": "test_sampling_unequal",
    r"srswor35": "test_sampling_reference",
}
#: pattern of ids -> why the case does not belong to a method of the program
NOT_OURS = {
    r".*_totvar$|optcost_doc": "the smallest cost for a variance: a plan gives its total",
    r".*_Neyman$": "rounded one by one, need not add to n (wright2017 gives 11 for 10)",
    r"nWilson_|nLogOdds_": "sizes for Wilson and log-odds intervals: the plan has two formulas",
    r"bethel4": "several variables and precision targets at once: not a method of the plan",
}


def test_every_case_is_used_or_listed_with_its_reason():
    patterns = [*USED, *NOT_OURS]
    for case in CASES:
        fitting = [pattern for pattern in patterns if re.match(f"(?:{pattern})", case["id"])]
        assert len(fitting) == 1, case["id"]
    folder = Path(__file__).parent
    assert all((folder / f"{module}.py").exists() for module in USED.values())


def test_a_stratified_simple_random_sample_has_rs_counts_and_probabilities():
    case = next(case for case in CASES if case["id"] == "srswor35")
    pop, n = case["inputs"]["Nh"], case["inputs"]["nh"]
    keys = np.repeat([f"{i:02d}" for i in range(len(pop))], pop).tolist()
    frame = make_frame([str(i) for i in range(len(keys))], keys)

    drawn = simple_random(frame, {f"{i:02d}": size for i, size in enumerate(n)}, "seed")

    assert [len(part.main) for part in drawn] == case["output"]["counts"]
    got = [part.main_probability[0] for part in drawn]
    assert got == pytest.approx(case["output"]["Prob"], rel=1e-9)
