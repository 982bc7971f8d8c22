"""Citizens' pages as HTML; one that is the same for everybody is drawn once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from flask import current_app, request
from flask_wtf.csrf import generate_csrf

from surveyapp.collect.look import Look
from surveyapp.collect.rights import OpenSurvey
from surveyapp.labels import LANGUAGES, words

#: What the templates put where the token of a form goes: each page that is sent gets its own.
MARK: Final = "@token-of-this-form@"
#: So many pages are kept, of some 30 kB each.
MOST_KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is, as the templates need it; it tells nobody apart."""

    survey: OpenSurvey
    is_walk_in: bool
    #: Whether this is a paired tablet.
    device: bool


class Page:
    """A template with everything that it is given; two with the same look the same."""

    def __init__(
        self, template: str, look: Look, place: Place | None, values: Mapping[str, Any]
    ) -> None:
        self.template, self.look, self.place, self.values = template, look, place, values

    def drawn(self) -> str:
        """Return the page as HTML, with the mark in place of the token."""
        kind = self.place.survey.kind if self.place else ""
        template = current_app.jinja_env.get_template(f"collect/{self.template}.html")
        return template.render(
            self.values,
            look=self.look,
            visit=self.place,
            say=words(self.look.language, kind),
            interface_languages=LANGUAGES,
        )


class _CommonPage:
    """A page that is found again by all that it is made of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        said = json.dumps(page.values, sort_keys=True)
        # the addresses in a page begin with where the application is mounted
        self._key = (page.template, page.look, page.place, said, request.script_root)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CommonPage) and other._key == self._key


@lru_cache(maxsize=MOST_KEPT)
def _kept(common: _CommonPage) -> str:
    return common.page.drawn()


def html(page: Page, *, is_common: bool) -> str:
    """Return a page as it is sent, with a token of its own for its form.

    `is_common` says that no answer and no other word of a person is among its values. It is then
    kept for whoever gets the very same values; where one value differs, it is another page.
    """
    text = _kept(_CommonPage(page)) if is_common else page.drawn()
    return text.replace(MARK, generate_csrf(), 1) if MARK in text else text
