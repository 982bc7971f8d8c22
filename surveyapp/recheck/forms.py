"""Reading the short form of a re-check from a request."""

from collections.abc import Mapping

from surveyapp.recheck.short_form import ShortForm


def read_answers(
    form: ShortForm, fields: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the answers and ratings that were given; a question left open is not among them."""
    answers = {item.code: fields[item.code] for item in form.items if fields.get(item.code)}
    ratings = {
        agency: {
            item.code: fields[f"{agency}/{item.code}"]
            for item in form.agency_items
            if fields.get(f"{agency}/{item.code}")
        }
        for agency in form.agencies
    }
    return answers, {agency: rating for agency, rating in ratings.items() if rating}
