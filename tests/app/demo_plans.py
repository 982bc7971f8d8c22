"""Three small plans for the tests of simulated surveys, with the raters of the province's plan."""

RATERS = """
survey = "par-nho"
title = "Điều tra xã hội học nhỏ"
kind = "sociological"
year = 2024
deadline = 2024-11-15
lead_agency = "Sở Nội vụ"
[recheck]
max_share = 0.10
planned = 10
[[groups]]
code = "provincial"
title = "Các cơ quan thuộc Ủy ban nhân dân tỉnh"
questionnaires = 60
questionnaire = "par_provincial"
method = "par_provincial"
raters = [
  {code = "provincial_council", title = "Đại biểu Hội đồng nhân dân tỉnh", rates = "all"},
  {code = "district_divisions", title = "Lãnh đạo các phòng chuyên môn cấp huyện", rates = "own_line"},
]
agencies = ["Sở Nội vụ", "Sở Tư pháp"]
[[groups]]
code = "district"
title = "Ủy ban nhân dân các huyện"
questionnaires = 50
questionnaire = "par_district"
method = "par_district"
raters = [
  {code = "district_council", title = "Đại biểu Hội đồng nhân dân cấp huyện", rates = "own_unit"},
  {code = "commune_leaders", title = "Lãnh đạo Ủy ban nhân dân cấp xã", rates = "own_unit"},
]
agencies = ["Huyện An Lão", "Huyện Hoài Ân"]
"""
FILES = """
survey = "service-nho"
title = "Khảo sát sự hài lòng nhỏ"
kind = "service"
year = 2024
deadline = 2024-12-31
lead_agency = "Sở Nội vụ"
allocation = "equal"
min_transactions = 30
[recheck]
max_share = 0.10
planned = 6
[[groups]]
code = "provincial"
title = "Các cơ quan thuộc Ủy ban nhân dân tỉnh"
questionnaires = 60
questionnaire = "service"
method = "service"
agencies = ["Sở Nội vụ", "Sở Tư pháp", "Sở Y tế", "Thanh tra tỉnh"]
"""
COUNTER = """
survey = "counter-nho"
title = "Ý kiến tại quầy nhỏ"
kind = "counter"
year = 2024
deadline = 2024-12-31
lead_agency = "Sở Nội vụ"
[[groups]]
code = "provincial"
title = "Các cơ quan thuộc Ủy ban nhân dân tỉnh"
questionnaire = "counter"
method = "counter"
agencies = ["Sở Nội vụ", "Sở Tư pháp"]
"""
#: Size of the lists against the province's: the provincial raters are then fewer than planned.
SCALE = 0.12
