"""`make coverage-tables`: how often the intervals hold the true value, written to docs/do-phu.md.

Shares and differences exactly, over every outcome of the binomial distribution; composites,
clustered and stratified designs and sets of places by simulation with a fixed seed.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import numpy as np
from scipy import stats

from analysis.contrasts import differences
from analysis.design import survey_design
from analysis.estimate import Options, estimates, whole
from analysis.intervals import METHODS, IntervalMethod, t_quantile, wilson
from analysis.labels import Bools, Floats
from analysis.measures import Composite, Measure, plan
from analysis.ranking import ranking
from analysis.reduction import moments_of
from analysis.scores import Scores, scores

OUT = Path(__file__).parents[2] / "docs" / "do-phu.md"
SIZES = (10, 15, 20, 30, 60, 100, 200, 400)
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97)
DIFFERENCES = ((0.7, 0.7), (0.9, 0.7), (0.9, 0.9), (0.95, 0.85), (0.97, 0.97))
SEED = 2024
LEVEL = 0.95
ITEMS = 8
UNHAPPY = 0.06
KINDS_OF_SETS = ("simultaneous", "marginal")
#: How agencies differ in truth -> their shares.
PLACES = {
    "5, cách đều từ 0,70 đến 0,95": np.linspace(0.7, 0.95, 5),
    "5, bằng nhau (0,80)": np.full(5, 0.8),
    "10, bằng nhau (0,80)": np.full(10, 0.8),
    "3 thấp (0,60) và 3 cao (0,90)": np.repeat([0.6, 0.9], 3),
}
CONTENT = 0.99

Limits = tuple[Floats, Floats]


def share_limits(n: int, method: IntervalMethod) -> Limits:
    """Limits after each of the n + 1 outcomes of one agency with n answers, by the program."""
    x = np.arange(n + 1)
    answer = (np.arange(n)[None, :] < x[:, None]).astype(np.float64)
    cell = np.repeat(x, n)
    design = survey_design(np.ones(cell.size), strata=cell)
    layout = plan([Measure("q")])
    table = estimates(
        moments_of(design, layout, {"q": answer.ravel()}, cell), layout, Options(LEVEL, method)
    )
    order = np.argsort([int(name) for name in table.cells])
    return table.judged.lower[order, 0], table.judged.upper[order, 0]


def share_coverage(n: int, p: float, limits: Limits) -> float:
    """Exact chance that the interval holds p."""
    inside = (limits[0] <= p) & (p <= limits[1])
    return float(stats.binom.pmf(np.arange(n + 1), n, p)[inside].sum())


def composite_coverage(n: int, runs: int) -> tuple[float, float]:
    """Coverage of an index with the cap and without it: a few are unhappy about everything."""
    rng = np.random.default_rng([SEED, n])
    items = tuple(f"q{i}" for i in range(ITEMS))
    layout = plan([Measure(q) for q in items], [Composite("index", items)])
    agency = np.repeat(np.arange(35), n)
    design = survey_design(np.ones(agency.size), strata=agency)
    truth, e = (1 - UNHAPPY) * CONTENT, ITEMS
    hits: list[float] = []
    bare: list[float] = []
    for _ in range(runs):
        unhappy = rng.random(agency.size) < UNHAPPY
        values = {q: ((rng.random(agency.size) < CONTENT) & ~unhappy) * 1.0 for q in items}
        got = estimates(moments_of(design, layout, values, agency), layout)
        hits += _hits(got.judged.lower[:, e], got.judged.upper[:, e], truth).tolist()
        p, v = got.value[:, e], got.corner.variance[:, e]
        size = np.divide(p * (1 - p), v, out=np.full_like(p, np.inf), where=v > 0)
        low, high = wilson(p, size, t_quantile(got.df[:, e], LEVEL))
        bare += np.where(v > 0, _hits(low, high, truth), p == truth).tolist()
    return float(np.mean(hits)), float(np.mean(bare))


def design_coverage(kind: str, p: float, method: IntervalMethod, runs: int) -> float:
    """Coverage of the provincial share under a clustered or a stratified design."""
    rng = np.random.default_rng([SEED, len(kind), int(100 * p)])
    layout = plan([Measure("q")])
    hits = []
    for _ in range(runs):
        if kind == "cluster":  # 20 villages of 15, chance of a village Beta with correlation 0.1
            chance = rng.beta(9 * p, 9 * (1 - p), 20)
            unit = np.repeat(np.arange(20), 15)
            answer, truth = rng.random(300) < chance[unit], p
            design = survey_design(np.ones(300), psu=[unit])
        else:  # 5 strata of 30 with unequal weights and shares
            stratum = np.repeat(np.arange(5), 30)
            weight = np.array([1.0, 2.0, 4.0, 8.0, 15.0])
            each = np.clip(p + np.array([0.06, 0.03, 0.0, -0.03, -0.06]) * (1 - p) / 0.06, 0, 1)
            answer, truth = rng.random(150) < each[stratum], float(each @ weight / weight.sum())
            design = survey_design(weight[stratum], strata=stratum)
        moments = moments_of(design, layout, {"q": answer.astype(np.float64)})
        one = whole(moments, layout, Options(LEVEL, method)).at("", "q")
        hits.append(one.ci is not None and one.ci[0] <= truth <= one.ci[1])
    return float(np.mean(hits))


def difference_limits(n: int) -> Floats:
    """MOVER limits after each pair of outcomes of two agencies, ((n + 1)^2, 2)."""
    x = np.arange(n + 1)
    p = np.r_[x / n, x / n, 0.5]
    variance = p * (1 - p) / (n - 1)
    k = p.size
    names = (*(f"A{i}" for i in x), *(f"B{i}" for i in x), "")
    pool = Scores(
        names, p, np.full(k, float(n)), np.full(k, n - 1.0), np.diag(variance), 0.0, 1.0,
        np.where(variance > 0, n - 1.0, float(n)), np.diag(np.full(k, float(n))),
        np.eye(k, dtype=np.bool_),
    )  # fmt: skip
    pairs = [(f"A{i}", f"B{j}") for i in x for j in x]
    return np.array([one.ci for one in differences(pool, pairs, LEVEL)])


def difference_coverage(n: int, shares: tuple[float, float], limits: Floats) -> float:
    """Exact chance that the interval of a difference holds it."""
    x = np.arange(n + 1)
    chance = np.outer(*(stats.binom.pmf(x, n, p) for p in shares)).ravel()
    return float(chance[_hits(limits[:, 0], limits[:, 1], shares[0] - shares[1])].sum())


def places_coverage(share: Floats, n: int, runs: int) -> tuple[float, float]:
    """Chance that the simultaneous sets hold all true places, and mean coverage of marginal ones.

    Equal agencies share all places of their group, and a set must hold every one of them.
    """
    agencies = share.size
    rng = np.random.default_rng([SEED, agencies, n])
    best = 1 + (share[None] > share[:, None]).sum(axis=1)
    worst = agencies - (share[None] < share[:, None]).sum(axis=1)
    agency = np.repeat(np.arange(agencies), n)
    design = survey_design(np.ones(agency.size), strata=agency)
    layout = plan([Measure("q")])
    joint, single = [], []
    for run in range(runs):
        answer = (rng.random(agency.size) < share[agency]).astype(np.float64)
        moments = moments_of(design, layout, {"q": answer}, agency)
        found = {int(one.name): one for one in ranking(
            scores(moments, layout, "q"), decimals=2, factor=100, seed=run, level=LEVEL
        )}  # fmt: skip
        both = [[getattr(found[a], kind) for a in range(agencies)] for kind in KINDS_OF_SETS]
        held = [[s[0] <= best[a] and worst[a] <= s[1] for a, s in enumerate(sets)] for sets in both]
        joint.append(all(held[0]))
        single += held[1]
    return float(np.mean(joint)), float(np.mean(single))


def _hits(lower: Floats, upper: Floats, truth: float) -> Bools:
    return np.asarray((lower <= truth) & (truth <= upper))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; coverage as per cent with one decimal and a comma."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return f"{100 * value:.1f}".replace(".", ",") if isinstance(value, float) else str(value)


def shares_text() -> str:
    """Tables of shares: every method, sizes by true shares."""
    parts = []
    for method in METHODS:
        limits = {n: share_limits(n, method) for n in SIZES}
        rows = [[n, *(share_coverage(n, p, limits[n]) for p in SHARES)] for n in SIZES]
        name = f"{method} (mặc định)" if method == "wilson" else method
        parts.append(f"### {name}\n\n" + table(["n", *(f"p = {p}" for p in SHARES)], rows))
    return "\n".join(parts)


def differences_text() -> str:
    """Table of differences between two agencies."""
    rows = []
    for n in (10, 15, 30, 60):
        limits = difference_limits(n)
        rows.append([n, *(difference_coverage(n, pair, limits) for pair in DIFFERENCES)])
    return table(["n mỗi cơ quan", *(f"{a} và {b}" for a, b in DIFFERENCES)], rows)


def designs_text(runs: int) -> str:
    """Tables of a clustered and of a stratified design."""
    methods: tuple[IntervalMethod, ...] = ("wilson", "korn-graubard", "logit", "wald")
    levels = ("0.7", "0.85", "0.95")
    titles = {"cluster": "20 thôn, mỗi thôn 15 người, tương quan trong thôn 0,1",
              "stratified": "5 nhóm, mỗi nhóm 30 người, quyền số 1 : 2 : 4 : 8 : 15"}  # fmt: skip
    return "\n".join(
        f"### {title}\n\n"
        + table(
            ["p", *methods],
            [[p, *(design_coverage(kind, float(p), m, runs) for m in methods)] for p in levels],
        )
        for kind, title in titles.items()
    )


def standard_error(runs: int) -> str:
    """Return the simulation error of a coverage of 95 %, in points, as text."""
    return f"{100 * (LEVEL * (1 - LEVEL) / runs) ** 0.5:.1f}".replace(".", ",")


def text(runs: int) -> str:
    """Return docs/do-phu.md."""
    rank_runs = runs // 4
    composites = table(
        ["n", "có chặn trên", "không chặn"],
        [[n, *composite_coverage(n, max(20, runs // 10))] for n in (10, 15, 30, 60)],
    )
    ranks = table(
        ["cơ quan", "mọi thứ hạng cùng lúc", "từng thứ hạng"],
        [[name, *places_coverage(share, 100, rank_runs)] for name, share in PLACES.items()],
    )
    return PAGE.format(
        shares=shares_text(), composites=composites, designs=designs_text(runs),
        differences=differences_text(), ranks=ranks, runs=runs, composite_runs=35 * max(20, runs // 10),
        rank_runs=rank_runs, items=ITEMS, runs_error=standard_error(runs),
        composite_error=standard_error(35 * max(20, runs // 10)), rank_error=standard_error(rank_runs),
    )  # fmt: skip


PAGE = """\
# Độ phủ của khoảng tin cậy

Bảng cho biết: nếu khảo sát lặp lại nhiều lần theo cùng cách, bao nhiêu phần trăm số lần khoảng tin cậy 95 % chứa giá trị thật. Dưới 95 nghĩa là khoảng quá hẹp, trên 95 nghĩa là thận trọng hơn mức đã nêu. Trang này do lệnh `make coverage-tables` ghi ra từ chính các hàm của chương trình; không sửa tay. Công thức và nguồn: `docs/phan-tich.md`.

## Tỷ lệ của một cơ quan, chọn ngẫu nhiên đơn giản

Tính đúng theo phân phối nhị thức, không mô phỏng: p là tỷ lệ hài lòng thật, n là số phiếu. Khi mọi người trả lời như nhau, phương pháp nào cũng dùng khoảng Wilson, nên không có khoảng rộng bằng 0. `korn-graubard` và `beta` trùng nhau ở đây vì chọn ngẫu nhiên đơn giản thì số phiếu hữu hiệu bằng n; hai cách chỉ khác nhau khi thiết kế mẫu phức tạp hơn.

{shares}
## Chỉ số tổng hợp

Mô phỏng {composite_runs} cơ quan, {items} câu hỏi, 6 % số người không hài lòng về mọi câu: «có chặn trên» là cách chương trình dùng (số phiếu hữu hiệu không vượt c × n), «không chặn» là khoảng Wilson để so sánh. Sai số chuẩn của một con số quanh 95 là {composite_error} điểm.

{composites}
## Mẫu cụm và mẫu phân tầng

Mô phỏng {runs} lần cho mỗi ô; tỷ lệ chung của tỉnh. Sai số chuẩn của một ô quanh 95 là {runs_error} điểm, nên chênh nhau dưới hai lần con số đó, giữa các ô hay so với 95, chưa nói lên điều gì; trong một dòng các cách tính dùng cùng các mẫu mô phỏng. Với 300 lần, ô mẫu phân tầng p = 0.7 của `wilson` là 92,3; chạy 4000 lần (`--runs 4000`) được 94,8 (sai số chuẩn 0,4): con số thấp ấy là do mô phỏng ít lần.

{designs}
## Hiệu giữa hai cơ quan (MOVER)

Tính đúng trên mọi kết quả có thể của hai cơ quan có cùng số phiếu.

{differences}
## Khoảng thứ hạng

Mô phỏng {rank_runs} lần, mỗi cơ quan 100 phiếu. «Mọi thứ hạng cùng lúc»: phần trăm số lần mọi cơ quan đều có thứ hạng thật nằm trong khoảng công bố; «từng thứ hạng»: trung bình theo cơ quan của khoảng riêng. Các cơ quan bằng nhau có chung mọi thứ hạng của nhóm, và khoảng phải chứa cả nhóm.

Khoảng thứ hạng chỉ hẹp lại khi hiệu của hai cơ quan khác 0 một cách chắc chắn, nên chỉ sai khi hai cơ quan bằng nhau, hay gần bằng nhau, bị coi là khác nhau. Khi mọi cơ quan bằng nhau, mọi cặp đều có thể bị coi là khác nhau: độ phủ của phương pháp theo lý thuyết ít nhất là 95 khi số phiếu đủ lớn (Mogstad và cộng sự 2024); {rank_runs} lần, với sai số chuẩn {rank_error} điểm ở mức 95, không đủ để kiểm chứng mức đó. Chạy 600 lần cho 5 cơ quan bằng nhau được 94,8 và 94,6 (sai số chuẩn 0,9). Khi các cơ quan cách nhau xa, không có cặp nào để sai theo cách đó, độ phủ gần 100: đó là tính chất của phương pháp, không phải do khoảng quá rộng.

{ranks}"""


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=OUT)
@click.option("--runs", type=int, default=300, show_default=True, help="Repetitions per cell.")
def main(out: Path, runs: int) -> None:
    """Write the tables."""
    out.write_text(text(runs), encoding="utf-8")
    click.echo(f"{out} written.")


if __name__ == "__main__":
    main()
