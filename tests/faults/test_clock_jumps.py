"""The server's clock jumps back and forth; each form still counts once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice

from surveyapp import clock, web
from surveyapp.app import create_app
from surveyapp.config import Settings
from tests.faults.forms import Collection, lost_and_doubled

NOON = datetime(2024, 11, 4, 5, tzinfo=UTC)
#: Hours from noon: an hour back, over midnight and back, a year on, and right again.
JUMPS = (0, -1, 13, 0, 24, -48, 24 * 365, 1)
FORMS = 6


def test_forms_sent_while_the_server_clock_jumps_count_once(
    settings: Settings, figures: Callable[..., None]
) -> None:
    app = create_app(settings)
    client = app.test_client()
    with Collection(settings) as collection:
        forms = list(islice(collection.forms(FORMS * len(JUMPS)), FORMS * len(JUMPS)))
        said = []
        for place, hours in enumerate(JUMPS):
            new = forms[place * FORMS : (place + 1) * FORMS]
            with clock.set_to(NOON + timedelta(hours=hours)):
                for form in [*new, *forms[: place * FORMS : 3]]:  # and some once more
                    header = {"Authorization": f"Bearer {form.token}"} if form.token else {}
                    path = f"/api/submissions/{form.id}"
                    reply = client.put(path, data=form.body, headers=header)
                    said.append(reply.status_code)
        exchanges, answers = collection.held()
        with clock.set_to(NOON):
            lost, doubled = lost_and_doubled(forms, collection.released_marks())
    web.database_of(app).dispose()
    figures(jumps=len(JUMPS), sent=len(said), lost=lost, doubled=doubled)

    assert (said.count(201), set(said)) == (len(forms), {200, 201})
    assert len(exchanges) == answers == len(forms)
    assert (lost, doubled) == (0, 0)
