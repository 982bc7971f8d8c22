"""Words on screens for the states, kinds and reasons of surveys."""

STATE_TITLES = {
    "draft": "Đang chuẩn bị",
    "sampled": "Đã chọn mẫu",
    "collecting": "Đang thu phiếu",
    "locked": "Đã khóa số liệu",
    "analysed": "Đã tính kết quả",
    "appraised": "Đã thẩm định",
    "approved": "Đã phê duyệt",
    "published": "Đã công bố",
}
#: What a step is called on its button.
STEP_TITLES = {
    "sampled": "Ghi nhận đã chọn mẫu",
    "collecting": "Bắt đầu thu phiếu",
    "locked": "Khóa số liệu",
    "analysed": "Ghi nhận đã tính kết quả",
    "appraised": "Ghi nhận đã thẩm định",
    "approved": "Ghi quyết định phê duyệt",
    "published": "Công bố kết quả",
}
KIND_TITLES = {
    "sociological": "Điều tra xã hội học",
    "service": "Khảo sát sự hài lòng theo cơ quan",
    "counter": "Ý kiến tại quầy",
}
EXCLUSION_TITLES = {
    "no_procedures": "không có thủ tục hành chính",
    "secret_procedures": "thủ tục hành chính thuộc phạm vi bí mật",
    "no_transactions": "không phát sinh giao dịch",
    "too_few_transactions": "có quá ít giao dịch để chọn mẫu",
}
