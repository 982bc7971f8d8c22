"""The server is killed (kill -9) in the middle of a commit, again and again.

Clients send sealed and plain forms without a pause. After each restart every answer whose receipt
came is there; at the end, when all have one, the release gives each answer exactly once.
"""

import random
import time
from collections.abc import Callable

from surveyapp.config import Settings
from tests.faults.conftest import FULL
from tests.faults.crowd import Crowd
from tests.faults.forms import Collection, lost_and_doubled
from tests.faults.server import Nursery, served

KILLS = 1_000 if FULL else 8
TABLETS = 60
#: The moment of the kill after the first receipts of a run, by chance: a commit takes a few ms.
LONGEST_RUN = 0.1


def test_no_receipt_is_lost_when_the_server_is_killed_in_the_middle_of_a_commit(
    nursery: Nursery, settings: Settings, figures: Callable[..., None]
) -> None:
    chance = random.Random("kill -9")  # noqa: S311  moments, no secrets
    missing = 0
    with (
        Collection(settings, TABLETS) as collection,
        served(nursery, settings.home, settings.database_url) as server,
    ):
        with Crowd(server.port, collection.forms(20 * KILLS)) as crowd:
            for _ in range(KILLS):
                crowd.wait_for(crowd.heard() + chance.randint(1, 8))
                time.sleep(chance.uniform(0, LONGEST_RUN))
                server.kill()
                acknowledged = crowd.acknowledged_ids()
                exchanges, answers = collection.held()
                missing += len(acknowledged - exchanges)
                assert answers == len(exchanges)
                server.start()
            crowd.finish()
        server.stop()
        lost, doubled = lost_and_doubled(crowd.acknowledged, collection.released_marks())
    figures(
        kills=KILLS,
        acknowledged=len(crowd.acknowledged),
        sent_again=crowd.tries - len(crowd.acknowledged),
        stored_but_reply_killed=crowd.stored_unheard,
        lost=missing + lost,
        doubled=doubled,
    )

    assert crowd.set_aside == []
    assert (missing, lost, doubled) == (0, 0, 0)
    assert server.starts == KILLS + 1
