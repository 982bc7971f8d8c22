"""Tables, a file per entity. Importing the package makes all of them known to `Base.metadata`."""

from surveyapp.models.account import Account, AccountRole, AccountSession
from surveyapp.models.audit_entry import AuditEntry
from surveyapp.models.base import Base
from surveyapp.models.device import Device, DeviceDay
from surveyapp.models.disposition import CountedReport, Disposition
from surveyapp.models.form_review import FormReview
from surveyapp.models.frame import Contact, Frame, FrameNote, FrameRow
from surveyapp.models.invitation import (
    Assignment,
    EligibleCount,
    FormCell,
    Invitation,
    RecheckLink,
)
from surveyapp.models.questionnaire import StoredMethod, StoredQuestionnaire
from surveyapp.models.recheck import RecheckCount, RecheckerCount, RecheckInterview, RecheckPair
from surveyapp.models.response import Batch, Exchange, FormDraft, Response, WaitingAnswer
from surveyapp.models.result import ConfidentialScore, PublishedFigure, ResultRun
from surveyapp.models.sample import RecheckUnit, SampleDraw, SampleParty, SampleUnit
from surveyapp.models.size_decision import SizeDecision
from surveyapp.models.survey import RatedAgency, RaterGroup, Survey, SurveyGroup
from surveyapp.models.unit import Unit, UnitSuccession
from surveyapp.models.unit_list import ColumnPreset, ListDraft, PostDecision, UnitList

__all__ = [
    "Account",
    "AccountRole",
    "AccountSession",
    "Assignment",
    "AuditEntry",
    "Base",
    "Batch",
    "ColumnPreset",
    "ConfidentialScore",
    "Contact",
    "CountedReport",
    "Device",
    "DeviceDay",
    "Disposition",
    "EligibleCount",
    "Exchange",
    "FormCell",
    "FormDraft",
    "FormReview",
    "Frame",
    "FrameNote",
    "FrameRow",
    "Invitation",
    "ListDraft",
    "PostDecision",
    "PublishedFigure",
    "RatedAgency",
    "RaterGroup",
    "RecheckCount",
    "RecheckInterview",
    "RecheckLink",
    "RecheckPair",
    "RecheckUnit",
    "RecheckerCount",
    "Response",
    "ResultRun",
    "SampleDraw",
    "SampleParty",
    "SampleUnit",
    "SizeDecision",
    "StoredMethod",
    "StoredQuestionnaire",
    "Survey",
    "SurveyGroup",
    "Unit",
    "UnitList",
    "UnitSuccession",
    "WaitingAnswer",
]
