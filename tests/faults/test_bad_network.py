"""Replies lost, requests lost, doubled and reordered; portals and proxies that answer themselves."""

import random
from collections.abc import Callable

from surveyapp.config import Settings
from tests.faults.conftest import FULL
from tests.faults.crowd import Crowd
from tests.faults.forms import Collection, lost_and_doubled
from tests.faults.proxy import KINDS, Request, proxied
from tests.faults.server import Nursery, served

FORMS = 3_000 if FULL else 120
TABLETS = 60


def test_whatever_the_network_does_each_form_counts_once(
    nursery: Nursery, settings: Settings, figures: Callable[..., None]
) -> None:
    chance = random.Random("bad network")  # noqa: S311  weather, no secrets

    def weather(_: Request) -> str:
        return chance.choice(KINDS)

    with (
        Collection(settings, TABLETS) as collection,
        served(nursery, settings.home, settings.database_url) as server,
        proxied(server.port) as proxy,
    ):
        proxy.weather = weather
        with Crowd(proxy.port, collection.forms(FORMS // 2)) as crowd:
            crowd.wait_for(FORMS, 600)
            crowd.finish()
        proxy.deliver_late()  # what comes after everything else
        exchanges, answers = collection.held()
        server.stop()
        lost, doubled = lost_and_doubled(crowd.acknowledged, collection.released_marks())
    met = dict(proxy.met)
    figures(acknowledged=len(crowd.acknowledged), requests=met, lost=lost, doubled=doubled)

    assert (lost, doubled) == (0, 0)
    assert crowd.set_aside == []
    assert exchanges == crowd.acknowledged_ids()
    assert answers == len(exchanges) >= FORMS
    assert set(proxy.met) == set(KINDS)
