"""The rules that a row of a list can break; a code is never used for another rule."""

from enum import StrEnum


class Rule(StrEnum):
    """Code of a rule, as people search for it."""

    NO_COLUMN = "FRAME-001"
    EMPTY = "FRAME-002"
    UNKNOWN_GROUP = "FRAME-003"
    UNKNOWN_AGENCY = "FRAME-004"
    NO_PHONE = "FRAME-005"
    AREA = "FRAME-006"
    NO_LINE = "FRAME-007"
    TWICE = "FRAME-008"
    TWO_NAMES = "FRAME-009"
    TWO_CODES = "FRAME-010"
    UNKNOWN_WORD = "FRAME-011"
    NO_DAY = "FRAME-012"
    LATER_THAN_TODAY = "FRAME-013"
    NO_KEY = "FRAME-014"
    NAMESAKE = "FRAME-015"
    NO_NAME = "FRAME-016"
    NO_YEAR = "FRAME-017"
    TOO_LONG = "FRAME-018"


class NoteRule(StrEnum):
    """Code of a rule by which a whole list looks suspect; its note is confirmed."""

    OUTSIDE_PERIOD = "FRAME-040"
    REFUSED_SHARE = "FRAME-041"
    LATE_SHARE = "FRAME-042"
    NO_PHONES = "FRAME-043"
    SHARED_PHONE = "FRAME-044"
    PUBLISHED_COUNT = "FRAME-045"
    ONE_CHANNEL = "FRAME-046"
    PENDING = "FRAME-047"
    HEAD_COUNT = "FRAME-048"
    NO_CONTACT = "FRAME-049"
    DOUBLE_POSTS = "FRAME-050"
