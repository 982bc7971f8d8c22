"""Finding a rated agency by what a list writes."""

import re
from collections.abc import Iterable

from surveyapp.models import RatedAgency
from surveyapp.surveys.names import nearest_spelled, spelling

#: How alike a name must be to count as a misspelled agency rather than as another office.
MISSPELLED = 0.86
_PEOPLES_COMMITTEE = spelling("UBND")


class AgencyIndex:
    """Agencies by spelling; "UBND huyện An Lão" is the agency "Huyện An Lão"."""

    def __init__(self, agencies: Iterable[RatedAgency]) -> None:
        self.agencies = {agency.code: agency for agency in agencies}
        self._by_name: dict[str, RatedAgency] = {}
        for agency in self.agencies.values():
            for name in (agency.title, f"UBND {agency.title}", agency.code):
                self._by_name.setdefault(spelling(name), agency)
        self._titles = {spelling(each.title): each.title for each in self.agencies.values()}
        #: Lists write the same few names in every row.
        self._known: dict[str, RatedAgency | None] = {}
        self._near: dict[tuple[str, float], str | None] = {}

    def find(self, text: str) -> RatedAgency | None:
        """Return the agency of that name or code."""
        if text not in self._known:
            self._known[text] = self._by_name.get(spelling(text))
        return self._known[text]

    def nearest(self, text: str, cutoff: float = 0.0) -> str | None:
        """Return the title that is nearest to `text`, at least `cutoff` alike."""
        asked = (text, cutoff)
        if asked not in self._near:
            bare = spelling(text).removeprefix(_PEOPLES_COMMITTEE).strip()
            self._near[asked] = nearest_spelled(bare, self._titles, cutoff)
        return self._near[asked]


def split_names(text: str) -> list[str]:
    """Split a cell with several names: by semicolons or line ends."""
    return [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
