"""What the rules of the pure packages say, for people: one table for every command and page."""

import re
from collections.abc import Mapping

#: Rule of `analysis` or `sampling`, word for word -> sentence without a full stop.
_SENTENCES: Mapping[str, str] = {
    # designs
    "must be a column with at least one row": "cần ít nhất một dòng",
    "must be a number of at least 0 in every row": "phải là số không âm ở mọi dòng",
    "a stratum has one sampling unit; choose another lonely_psu": (
        "nhóm chỉ có một đơn vị chọn mẫu; chọn lonely_psu khác hoặc gộp nhóm"
    ),
    "must be a number in every row": "phải là số ở mọi dòng",
    "must not vary within a stratum": "phải như nhau trong một nhóm",
    "must be the same in every part": "phải như nhau trong một nhóm",
    "must not be smaller than the units in the data": (
        "không được nhỏ hơn số đơn vị có trong số liệu"
    ),
    "must not be negative": "âm, thiết kế mẫu mâu thuẫn",
    "must have no negative eigenvalue": "có phương sai âm, thiết kế mẫu mâu thuẫn",
    "two units per stratum are needed": "chỉ có một đơn vị chọn mẫu; [replicates] cần ít nhất hai",
    "one column per stage of psu": "cần một cột cho mỗi cấp chọn mẫu (psu), không nhiều hơn",
    "needs a label per row": "mỗi dòng cần một nhãn",
    "needs a label in every row": "mỗi dòng cần một nhãn",
    "parts need the same design": "các phần phải cùng một thiết kế mẫu",
    "parts need the same design and measures": "các phần phải cùng thiết kế mẫu và phép đo",
    "at least one part is needed": "cần ít nhất một phần số liệu",
    # measures
    "values of a share are 0 or 1": "tỷ lệ chỉ nhận giá trị 0 hoặc 1",
    "at least one measure is needed": "cần ít nhất một phép đo",
    "a code must be used once": "mỗi mã chỉ dùng một lần",
    "items must be measures": "chỉ số phải gồm các phép đo có trong tệp",
    "an item must be named once": "mỗi phép đo chỉ nêu một lần trong một chỉ số",
    "items must be all shares or all means": "chỉ số phải gồm toàn tỷ lệ hoặc toàn trung bình",
    "needs one weight per item": "cần một quyền số cho mỗi phép đo",
    "weights must be at least 0, not all 0": "quyền số phải không âm và không cùng bằng 0",
    "only a ratio has a denominator": "chỉ tỷ số (ratio) mới có mẫu số",
    "uses products that the plan does not keep": "cần đại lượng không được tính trước",
    # estimates, comparisons, tests
    "must be above 0": "phải lớn hơn 0",
    "must be above 0 and below 1": "phải lớn hơn 0 và nhỏ hơn 1",
    "is not among the estimates": "không có trong số liệu",
    "must be cells of the breakdown": "không có trong số liệu",
    "has too few answers to be compared": "ít hơn 10 câu trả lời hoặc không có bậc tự do",
    "have no difference with an error to be tested": "không có sai số để kiểm định",
    "both classifications need two categories": "mỗi cột cần ít nhất hai mức",
    "has no weight; leave it out": "có mức mà mọi quyền số bằng 0",
    "at least two agencies are needed": "cần ít nhất hai cơ quan",
    "has no value in every row": "không phải phép đo của từng dòng",
    # weights
    "every label needs a population count": "có trong số liệu nhưng thiếu số người trong margins",
    "no respondent there; join categories": "không có người trả lời; gộp nhãn này với nhãn khác",
    "counts must be at least 0, for at least one margin": "số người phải không âm",
    "the counts of all margins must agree": "tổng các margins phải bằng nhau",
    "every margin needs the rows' categories": "mỗi margins cần một cột trong số liệu",
    "cannot be met within the bounds": "không đạt được trong giới hạn bounds",
    "must lie around 1": "số thứ nhất dưới 1, số thứ hai trên 1",
    "nobody responded; join classes": "không ai trả lời; gộp lớp này với lớp khác",
    "no weight lies between the bounds": "không quyền số nào nằm giữa hai giới hạn của trim",
    "counts must be at least 0, some eligible": "số đếm phải không âm và có người thuộc diện hỏi",
    "is no question of this questionnaire": "phiếu khảo sát không có câu này",
    "is no answer to this question": "câu này không có mã trả lời đó",
    # ratings
    "codes must be used once, points above 0": "mỗi câu một mã, điểm tối đa lớn hơn 0",
    "items, topics and total need names of their own": "câu, lĩnh vực và tổng phải khác tên nhau",
    "every rater group needs a weight": "mỗi nhóm người đánh giá cần một quyền số",
    "a rater rates an agency at most once": "mỗi người đánh giá một cơ quan nhiều nhất một lần",
    "every item needs its percents": "mỗi câu cần phần trăm điểm của các phương án",
    "a percent lies between 0 and 100": "phần trăm điểm phải từ 0 đến 100",
    "needs the number of raters": "thiếu số người được đánh giá cơ quan này",
    "must not be smaller than the raters who rated": "không được nhỏ hơn số người đã đánh giá",
    "at least one agency needs a total": "cần ít nhất một cơ quan có tổng điểm",
    # agreement and quality
    "must be at least 0 places": "phải là số bậc không âm",
    "at least two different categories are needed": "cần ít nhất hai mức khác nhau",
    "must be above 0 for every pair": "phải lớn hơn 0 ở mọi cặp",
    "at least one complete pair is needed": "cần ít nhất một cặp đủ cả hai câu trả lời",
    "must be one of the categories": "phải là một trong các mức",
    "one number per name, not above checked": "mỗi người một số, không quá số đã kiểm tra",
    "errors lie between 0 and checked": "số sai phải từ 0 đến số đã kiểm tra",
    # disclosure
    "must name cells of the tables": "phải là ô của các bảng",
    "needs one weight per part": "cần một quyền số cho mỗi phần",
    # totals for another authority
    "must be the same in every file": "khác nhau giữa các tệp",
    "must not be inside twice": "có mặt hai lần",
    "is no file of totals": "không phải tệp tổng do «sipas moments make» ghi",
    "does not fit its measures": "không khớp với các phép đo ghi trong tệp",
    "none has enough answers": "không phép đo nào có đủ 10 câu trả lời mỗi loại",
    "holds no variances; a second round is needed": "chưa có phương sai; cần làm vòng hai",
    "lacks surveys of round 1": "thiếu cuộc khảo sát đã gộp ở vòng một",
    "must be the totals of a first round": "phải là tệp tổng của vòng một",
    "is not in the totals of the first round": "không có trong tệp tổng của vòng một",
    # sampling
    "must not be empty": "không được trống",
    "must be at least 0": "không được âm",
    "must be at least 1": "phải từ 1 trở lên",
    "must be from 0 to 1": "phải từ 0 đến 1",
    "must be above 0 and at most 1": "phải lớn hơn 0 và không quá 1",
    "must be above 0, at most 1": "phải lớn hơn 0 và không quá 1",
    'must be "lower" or "census"': "phải là «lower» hoặc «census»",
    'must be "yamane" or "cochran"': "phải là «yamane» hoặc «cochran»",
    "this stratum is not in the frame": "danh sách không có nhóm này",
    "this stratum is not in the quotas": "chỉ tiêu thiếu nhóm này",
    "this stratum has no value": "nhóm này chưa có giá trị",
    "strata differ from the frame": "các nhóm khác với danh sách",
    "loads so tight that chances do not settle": "giới hạn số cơ quan mỗi phiếu quá chặt",
    "every form stands once": "mỗi phiếu chỉ đứng một lần",
    "the plan names no total": "kế hoạch chưa ghi tổng số phiếu",
    "a second wave uses the seed of the first": "đợt sau dùng hạt giống của đợt đầu",
    "at least one block, each once": "cần ít nhất một khối, mỗi khối một lần",
    "must be a protocol of simple random selection": (
        "phải là biên bản của lần chọn ngẫu nhiên đơn giản"
    ),
    "must be the first of two waves": "phải là đợt đầu của hai đợt",
    "its lists cannot be read": "không đọc được danh sách trong biên bản",
}
#: Rules with a number or a name inside.
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"must hold (.+) (?:values|labels|rows|answers)(?:, as base_weight)?", r"phải có \1 dòng"),
    (r"must be one of (.+)", r"phải là một trong: \1"),
    (r"must be (.+) as for the other", r"phải là \1 như bên kia"),
    (r"needs a cell for each of (.+) pairs", r"cần một ô cho mỗi cặp, cả thảy \1"),
    (r"must be at least its (.+) pairs", r"không được nhỏ hơn \1 cặp đã hỏi lại"),
    (r"needs (\S+) per feature; use two rounds", r"cần \1 người cho mỗi đại lượng; làm hai vòng"),
    (r"the quota of '?(.+?)'? must be at least 0", r"chỉ tiêu của «\1» không được âm"),
    (r"stratum '?(.+?)'? has (.+) units", r"nhóm «\1» có \2 người"),
    (r"stratum '?(.+?)'?: must be at least 0", r"nhóm «\1»: không được âm"),
    (r"stratum '?(.+?)'?: must be above (.+)", r"nhóm «\1»: phải lớn hơn \2"),
    (
        r"pps-exact takes at most (.+) units \* sample in (?:stratum )?'?(.+?)'?",
        r"pps-exact nhận nhiều nhất \1 (số đơn vị × cỡ mẫu) trong «\2»",
    ),
    (r"must be from 1 to the frame count (.+)", r"phải từ 1 đến \1, số người trong danh sách"),
    (r"must be from 0 to (.+)", r"phải từ 0 đến \1"),
)


def in_vietnamese(rule: str) -> str:
    """Return the sentence of a rule.

    Raises
    ------
    LookupError : a rule without one; a test walks through the source for them.
    """
    if rule in _SENTENCES:
        return _SENTENCES[rule]
    for pattern, sentence in _PATTERNS:
        if re.fullmatch(pattern, rule):
            return re.sub(f"^{pattern}$", sentence, rule)
    raise LookupError(f"no sentence for the rule {rule!r}")
