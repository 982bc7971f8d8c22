"""Words that only tablets say to citizens, in each language of the interface."""

from collections.abc import Mapping
from typing import Final

from surveyapp import labels

_WORDS: Final[dict[str, dict[str, str]]] = {
    "vi": {
        "kept_here": "Câu trả lời được mã hóa ngay trên máy này rồi tự gửi đi; người sau không "
        "xem được.",
        "not_open": "Cuộc khảo sát này hiện không nhận phiếu.",
        "way_title": "Cách trả lời",
        "language": "Ngôn ngữ",
        "strong": "Chữ đậm, tương phản cao",
        "stop": "Dừng đọc",
        "no_voice": "Máy này không có giọng đọc tiếng Việt.",
        "helper": "Ai đang bấm máy này?",
        "helper_self": "Tôi tự bấm",
        "helper_family": "Người nhà bấm giúp",
        "helper_volunteer": "Tình nguyện viên bấm giúp",
        "helper_official": "Cán bộ bấm giúp",
        "helper_wanted": "Mời Ông/Bà chọn ai đang bấm máy.",
        "tools": "Cỡ chữ, ngôn ngữ",
        "code_asked": "Đang kiểm tra mã phiếu…",
        "code_wrong": "Mã phiếu chưa đúng: mã có 26 chữ và số. Mời Ông/Bà xem lại từng nhóm.",
        "sent_lead": "Phiếu đã được lưu, đã mã hóa, và sẽ tự gửi đi. Không ai xem được câu "
        "trả lời trên máy này.",
        "next_person": "Người tiếp theo",
        "next_soon": "Trang này tự trở về đầu sau 20 giây.",
        "later_wait": "Máy đang lấy mã…",
        "later_none": "Lúc này máy chưa lấy được mã",
        "later_offline": "Việc này cần mạng mà máy chưa nối được. Mời Ông/Bà trả lời ngay trên "
        "máy, hoặc thử lại sau ít phút.",
        "later_used_up": "Hôm nay máy này đã phát hết mã. Mời Ông/Bà trả lời ngay trên máy, hoặc "
        "quay lại hôm khác.",
        "later_now": "Trả lời ngay",
        "not_kept_title": "Máy chưa lưu được phiếu",
        "not_kept": "Câu trả lời vẫn còn ở đây. Mời Ông/Bà bấm «Gửi phiếu» lần nữa, hoặc báo "
        "người trực.",
        "idle_title": "Ông/Bà còn đang trả lời không?",
        "idle_lead": "Nếu không bấm, câu trả lời sẽ được xóa để giữ riêng tư.",
        "idle_seconds": "Còn {seconds} giây",
        "idle_go_on": "Tôi đang trả lời",
    },
    "en": {
        "kept_here": "Your answers are encrypted on this tablet and then sent by themselves; the "
        "next person cannot see them.",
        "not_open": "This survey does not take forms now.",
        "way_title": "How you want to answer",
        "language": "Language",
        "strong": "Bold, high contrast",
        "stop": "Stop",
        "no_voice": "This tablet has no English voice.",
        "helper": "Who is using this tablet?",
        "helper_self": "I do it myself",
        "helper_family": "A family member for me",
        "helper_volunteer": "A volunteer for me",
        "helper_official": "An official for me",
        "helper_wanted": "Please choose who is using the tablet.",
        "tools": "Text size, language",
        "code_asked": "Checking the code…",
        "code_wrong": "The code is not right: it has 26 letters and digits. Please compare group "
        "by group.",
        "sent_lead": "The form is stored, encrypted, and will be sent by itself. Nobody can "
        "read your answers on this tablet.",
        "next_person": "Next person",
        "next_soon": "This page returns to the start after 20 seconds.",
        "later_wait": "Fetching a code…",
        "later_none": "There is no code just now",
        "later_offline": "This needs a connection, which the tablet does not have. Please answer "
        "on the tablet now, or try again in a few minutes.",
        "later_used_up": "This tablet has given out all its codes today. Please answer on the "
        "tablet now, or come back another day.",
        "later_now": "Answer now",
        "not_kept_title": "The form could not be stored",
        "not_kept": "Your answers are still here. Please press “Send the form” again, or tell "
        "the person on duty.",
        "idle_title": "Are you still answering?",
        "idle_lead": "If you touch nothing, your answers are deleted to keep them private.",
        "idle_seconds": "{seconds} seconds left",
        "idle_go_on": "I am still answering",
    },
}


#: Refusals of a code before the first question; the Vietnamese words come with the refusal.
_REFUSED: Final = tuple(f"COLLECT-{number:03}" for number in (11, 12, 13, 14, 15, 16, 71, 79))


def words(language: str) -> Mapping[str, str]:
    """Return the words of the citizens' pages with those of the tablet."""
    english = _REFUSED if language == "en" else ()
    refused = {f"refused_{code}": " ".join(labels.refusal(code) or ()) for code in english}
    return {**labels.words(language), **_WORDS[language], **refused}
