"""Every case of the reference file on sampling is used, or listed here with the reason.

Real numbers agree to a relative 1e-9, whole numbers exactly. Of an output with several parts
those are used that a method of the program has: `anticipated_se` of strAlloc is a forecast of
the standard error of a total, which the program does not give.
"""

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

#: pattern of ids -> module and test (the beginning of its name) that uses them
USED = {
    r"yamane_": "size: yamane_is_the_published_formula",
    r"nPropMoe_": "size: cochran_with_finite_population_matches_r_practools",
    r"samplesizeprop_": "size: samplingbook_puts_n_for_n_minus_1",
    r"israel_table$": "size: israels_table_of_yamane_sizes",
    r".*_prop$": "allocation: proportional_parts_are_those_of_r_practools",
    r".*_capped$|.*_box$|stratallo_doc_": "allocation: bounded_real_parts_match_r_stratallo",
    r".*_Wright(I|II)$": "optimal: neyman_in_whole_numbers_matches_r_optimall",
    r"wright2017_published$": "optimal: neyman_with_bounds_matches_wrights_published_answer",
    r".*_neyman$": "optimal: the_real_neyman_parts_match_r_practools",
    r".*_totcost$": "optimal: cost_optimal_parts_are_those_of_r_practools",
    r".*_pik_": "unequal: inclusion_probabilities_match_r_sampling",
    r".*_UPsys_n": "unequal: systematic_pps_with_a_given_start_matches_r_sampling",
    r".*_UPsys_pi2_": "unequal: joint_chances_of_systematic_pps_match_r",
    r"srswor35$": "reference: a_stratified_simple_random_sample_has_rs_counts",
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
    for pattern in patterns:
        assert any(re.match(f"(?:{pattern})", case["id"]) for case in CASES), pattern


@pytest.mark.parametrize("used", USED.values())
def test_the_test_of_a_case_is_there(used):
    module, name = used.split(": ")
    text = (Path(__file__).parent / f"test_sampling_{module}.py").read_text(encoding="utf-8")
    assert f"\ndef test_{name}" in text


def test_a_stratified_simple_random_sample_has_rs_counts_and_probabilities():
    case = next(case for case in CASES if case["id"] == "srswor35")
    pop, n = case["inputs"]["Nh"], case["inputs"]["nh"]
    keys = np.repeat([f"{i:02d}" for i in range(len(pop))], pop).tolist()
    frame = make_frame([str(i) for i in range(len(keys))], keys)

    drawn = simple_random(frame, {f"{i:02d}": size for i, size in enumerate(n)}, "seed")

    assert [len(part.main) for part in drawn] == case["output"]["counts"]
    got = [part.main_probability[0] for part in drawn]
    assert got == pytest.approx(case["output"]["Prob"], rel=1e-9)
