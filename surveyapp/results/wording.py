"""The sentences that explain numbers, written once."""

from collections.abc import Mapping

GRADES: Mapping[str | None, str] = {
    "low": "ổn định cao",
    "moderate": "ổn định vừa",
    "high": "kém ổn định",
    None: "không xác định",
}
GROUPS: Mapping[str | None, str] = {
    "above": "cao hơn rõ",
    "undecided": "không khác biệt rõ",
    "below": "thấp hơn rõ",
    None: "không so sánh",
}
MEASURES: Mapping[str, str] = {
    "mean_of_5": "Điểm hài lòng (trung bình/5 × 100)",
    "mean_minus_1_of_4": "Điểm hài lòng ((trung bình − 1)/4 × 100)",
    "share_satisfied": "Tỷ lệ hài lòng (mức 4 và 5)",
}
HOW_TO_READ = (
    "Dấu chấm (hoặc tam giác) là kết quả khảo sát, vạch ngang là khoảng tin cậy 95%: nếu khảo sát "
    "lại nhiều lần theo cùng cách, khoảng 95 trong 100 lần khoảng này chứa giá trị thật."
)
NO_ORDER = (
    "Các cơ quan xếp theo vần; cơ quan không khác biệt rõ với mức chung thì không nên coi thứ tự "
    "giữa chúng là hơn kém."
)
PLACES = (
    "Thứ hạng theo điểm đã làm tròn, bằng điểm thì đồng hạng. Khoảng thứ hạng: với độ tin cậy 95% "
    "cho cả bảng, thứ hạng thật của mỗi cơ quan nằm trong khoảng này; khoảng càng rộng thì thứ "
    "hạng càng ít chắc chắn. Thứ hạng và so sánh không hiệu chỉnh tổng thể hữu hạn."
)
WITH_CORRECTION = (
    "Khoảng tin cậy có hiệu chỉnh tổng thể hữu hạn: nói về đúng các giao dịch trong danh sách "
    "chọn mẫu."
)
WITHOUT_CORRECTION = (
    "Khoảng tin cậy không hiệu chỉnh tổng thể hữu hạn: nói về cách làm việc của cơ quan, không chỉ "
    "về những người có trong danh sách; danh sách người đánh giá gần như được hỏi hết."
)
NON_RESPONSE = (
    "Người được chọn nhưng không trả lời được coi là vắng ngẫu nhiên trong từng nhóm; nếu họ nghĩ "
    "khác người trả lời thì sai lệch đó không nằm trong khoảng tin cậy."
)
RECHECK = (
    "Phúc tra hỏi lại một phần nhỏ số phiếu do người khác thực hiện, không xem câu trả lời lần đầu "
    "và không sửa câu trả lời lần đầu. Tỷ lệ trùng khớp là phần câu trả lời giống nhau ở hai lần."
)
MISSING_ANSWERS = (
    "Các câu trả lời «Tôi không rõ», «Không có việc này», «Không muốn trả lời» không tính vào điểm "
    "và không bao giờ được điền thay."
)
HIDDEN = (
    "«dưới 10»: có dưới 10 câu trả lời nên không công bố. «không nêu»: nếu nêu thì tính ngược ra "
    "được ô dưới 10 câu trả lời trong cùng dòng hoặc cùng cột."
)
#: A value that could not be estimated, where the estimate names no reason.
NOT_ESTIMATED = "không ước lượng được"
#: Reasons in a table, as they are told where there is room.
NOT_PUBLISHED: Mapping[str, str] = {
    "dưới 10": "dưới 10 câu trả lời",
    "không nêu": "để không tính ngược ra cơ quan dưới 10 câu trả lời",
}
FUNNEL = (
    "Mỗi dấu là một cơ quan: càng sang phải kết quả càng chính xác. Trong "
    "hai đường cong thì chênh lệch với mức chung có thể chỉ do ngẫu nhiên. Không hiệu chỉnh tổng "
    "thể hữu hạn."
)
WITHOUT = (
    "Bỏ lần lượt từng đợt phiếu rồi tính lại: kết quả đổi nhiều thì nên xem lại đợt phiếu đó; đây "
    "không phải bằng chứng có sai phạm. Bút danh điều tra viên, quầy và ngày trả lời không lưu "
    "cùng câu trả lời nên không chia theo được."
)
VERDICTS: Mapping[str, str] = {
    "reached": "đạt",
    "missed": "không đạt",
    "undecided": "chưa kết luận được",
}
SAME_TRIPLE = (
    "Chỉ so khi cùng nơi công bố, cùng đối tượng và cùng phương pháp. «Chưa kết luận được»: chỉ "
    "tiêu nằm trong khoảng tin cậy. Chênh lệch so với năm trước không có khoảng tin cậy vì số liệu "
    "năm trước không kèm sai số."
)
BREAK = (
    "Phương pháp thay đổi: không nối số liệu của {} với số liệu của các phương pháp khác do "
    "cùng nơi này công bố, và không tính chênh lệch giữa chúng."
)
TREND = (
    "Mỗi dấu là kết quả của một năm, vạch đứng là khoảng tin cậy 95% nếu có; chỉ nối và chỉ tính "
    "chênh lệch giữa các năm cùng nơi công bố, cùng đối tượng và cùng phương pháp."
)
TREND_NOTE = (
    "Chênh lệch so với năm gần nhất đã có số; năm nào có cả kết quả khảo sát và số đã công bố thì "
    "lấy kết quả khảo sát. Khoảng tin cậy của chênh lệch coi người trả lời của hai lần là khác "
    "nhau nên không tính khi đợt sau hỏi lại người của đợt trước; khoảng chứa số 0 thì chưa đủ "
    "căn cứ nói tăng hay giảm. Số của năm khác lấy từ kết quả đã công bố."
)
TREND_SOURCES: Mapping[str, str] = {
    "run": "kết quả khảo sát",
    "document": "số đã công bố",
}
OWN_TRIPLE = "cùng đối tượng và phương pháp với cuộc khảo sát này"
ONE_YEAR = "Mới có số liệu của một năm nên chưa nói được tăng hay giảm."
