"""`sipas moments make --totals-only` and `--gradients`: two rounds for small surveys."""

from pathlib import Path

from analysis.errors import AnalysisError
from analysis.estimate import Moments
from analysis.federated import FederatedTotals, Origin, as_plain
from analysis.federated_rounds import first_round, second_round
from analysis.measures import Plan, plan
from surveyapp.errors import AppError
from surveyapp.results.design_file import read_totals_design
from surveyapp.results.estimate_file import file_digest, refused, write_json
from surveyapp.results.mapping import Workers
from surveyapp.results.moments_file import FORMAT, read_totals
from surveyapp.results.parts import reduced
from surveyapp.rules import in_vietnamese

#: What the rules of both rounds say, for people: argument of the refusal -> sentence.
FAULTS = {
    "lonely_psu": "lonely_psu phải là fail, certainty hoặc remove thì tổng mới cộng được chính xác",
    "stage": "tệp không thuộc vòng cần dùng: vòng một ghi tổng, vòng hai ghi phương sai",
    "survey": "cuộc khảo sát hoặc tệp số liệu này không có trong tệp tổng đã gộp",
    "surveys": "tệp thiếu phương sai vòng hai của một cuộc khảo sát đã gộp ở vòng một",
    "method": "phiên bản phương pháp khác với tệp tổng đã gộp",
    "fpc": "tệp tổng đã gộp và thiết kế không cùng dùng cột tổng số (pop_size)",
    "measures": "phép đo khác với tệp tổng đã gộp, hoặc không phép đo nào có đủ câu trả lời",
    "composites": "chỉ số khác với tệp tổng đã gộp",
    "variance": "phương sai âm: tệp đã bị sửa hoặc không do lệnh này ghi",
}


def make_round(
    data: Path, design: Path, out: Path, origin: tuple[str, str], merged: Path | None
) -> FederatedTotals:
    """Write the totals of the first round or, with `merged`, the variances of the second one.

    `origin` is the version of the method and the name of the survey.
    """
    asked = read_totals_design(design)
    round_one = None if merged is None else read_totals(merged)
    layout = plan([item.measure for item in asked.measures], asked.composites, joint=True)
    try:
        part = reduced(data, asked, layout, Workers())
    except AnalysisError as error:
        raise refused(error, asked) from error
    source = Origin(*origin, file_digest(data))
    try:
        totals = _round(part.moments[0], layout, source, round_one)
    except AnalysisError as error:
        raise fault(error) from error
    write_json(out, {"format": FORMAT, **as_plain(totals)})
    return totals


def fault(error: AnalysisError) -> AppError:
    """Say in Vietnamese what keeps a round from being written or estimated."""
    return AppError(
        "RESULTS-022",
        f"{_sentence(error)} ({error.argument}: {error.value}).",
        "Làm lần lượt: make --totals-only, merge, make --gradients, merge, estimate; "
        "mọi tỉnh dùng cùng phép đo và phiên bản phương pháp.",
    )


def _sentence(error: AnalysisError) -> str:
    if error.argument in FAULTS:
        return FAULTS[error.argument]
    return in_vietnamese(error.rule)


def _round(
    moments: Moments, layout: Plan, origin: Origin, merged: FederatedTotals | None
) -> FederatedTotals:
    if merged is None:
        return first_round(moments, layout, origin)
    return second_round(moments, layout, origin, merged)
