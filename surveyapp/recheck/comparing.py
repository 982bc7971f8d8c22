"""How a first answer and a re-check answer to one question are compared.

No official rule was found; the default is configuration. The plan may say in `[recheck]` which
questions are `facts` or `hard` to ask, the `tolerance` of a question in places on its scale, and
codes that `leave_out` pairs. Without it a question on a scale asks an opinion, a sensitive one is
hard to ask, and any other asks a fact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from questionnaires.types import Item, Questionnaire
from surveyapp.collect import definitions
from surveyapp.models import Survey, SurveyGroup

Kind = Literal["fact", "hard", "opinion"]


@dataclass(frozen=True, slots=True)
class Comparing:
    """The rules of one questionnaire under one plan."""

    questionnaire: Questionnaire
    rules: Mapping[str, Any]

    @classmethod
    def of(cls, db: Session, survey: Survey, group: SurveyGroup) -> "Comparing":
        """Return the rules of a group."""
        questionnaire = definitions.questionnaire(
            db, group.questionnaire_code, group.questionnaire_version
        )
        return cls(questionnaire, survey.plan.get("recheck", {}))

    def kind(self, code: str) -> Kind:
        """Say what a question asks."""
        if code in self.rules.get("facts", ()):
            return "fact"
        item = self.questionnaire.item(code)
        if code in self.rules.get("hard", ()) or item.sensitive:
            return "hard"
        return "opinion" if _is_scale(item) else "fact"

    def tolerance(self, code: str) -> int:
        """Return by how many places two answers may differ and still agree."""
        return int(self.rules.get("tolerance", {}).get(code, 0))

    def agrees(self, code: str, first: str, second: str) -> bool:
        """Whether two answers are the same within the tolerance."""
        places = self.questionnaire.item(code).option_codes
        return abs(places.index(first) - places.index(second)) <= self.tolerance(code)

    def leaves_out(self, first: str, second: str) -> bool:
        """Whether the plan leaves a pair with one of these answers out."""
        return bool({first, second} & set(self.rules.get("leave_out", ())))


def _is_scale(item: Item) -> bool:
    return any(option.score is not None or option.percent is not None for option in item.options)
