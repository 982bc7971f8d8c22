"""The demonstration: two whole surveys in a database of their own, and the files they give."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from surveyapp import clock, maintenance, web
from surveyapp.accounts import service as accounts
from surveyapp.app import create_app
from surveyapp.collect.keys import Keyring
from surveyapp.config import Settings
from surveyapp.db import Database
from surveyapp.errors import AppError
from surveyapp.practice import chance, flow, outputs
from surveyapp.practice.sending import through_api
from surveyapp.practice.world import PLANNED, Calendar, Officials, Step, Tick, World
from surveyapp.surveys import definitions
from surveyapp.surveys import service as surveys
from surveyapp.surveys.plan import load_plan

PLANS = ("binh-dinh-par-2024", "binh-dinh-service-2024")
#: Says that a folder is a demonstration's, and which entries are; written first.
MARK = "sipas-demo.json"
MANAGER, RECHECKER = "mo-phong", "phuc-tra"


@dataclass(frozen=True, slots=True)
class Demo:
    """What is simulated: the texts of the plans, the seed, the size of the lists."""

    seed: str
    plans: tuple[str, ...]
    scale: float = 1.0

    @property
    def work(self) -> int:
        """Units of work of all surveys and their files."""
        return sum(flow.work(plan) + FILES for plan in self.plans)


#: Units of work of writing the files of one survey.
FILES = 100


def shipped(seed: str) -> Demo:
    """Return the demonstration of the shipped plans."""
    return Demo(seed, tuple(map(definitions.plan_text, PLANS)))


def prepare(out: Path) -> bool:
    """Take a folder for a demonstration; return whether an earlier one was removed from it."""
    if out.exists() and not out.is_dir():
        raise AppError(
            "PRACTICE-001", f"«{out}» là một tệp.", "Chọn một thư mục mới hoặc còn trống."
        )
    earlier = (out / MARK).is_file()
    if not earlier and out.exists() and any(out.iterdir()):
        raise AppError(
            "PRACTICE-002",
            f"Thư mục «{out}» đã có tệp, không phải của lần tập dượt trước; không ghi vào đó.",
            "Chọn một thư mục mới hoặc còn trống.",
        )
    if earlier:
        _remove_earlier(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AppError(
            "PRACTICE-003",
            f"Không tạo được thư mục «{out}»: {error.strerror}.",
            "Chọn thư mục khác.",
        ) from error
    return earlier


def _remove_earlier(out: Path) -> None:
    """Remove what the earlier demonstration made, and nothing else."""
    try:
        names = json.loads((out / MARK).read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError):
        names = []
    for name in names:
        path = out / Path(str(name)).name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def run(demo: Demo, out: Path, tick: Tick) -> list[tuple[str, list[Step]]]:
    """Run all surveys into `out`, which `prepare` has taken; return the steps by survey title."""
    _mark(demo, out)
    home = (out / outputs.DATABASE).absolute()
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'survey.sqlite3'}")
    maintenance.upgrade(settings)
    app = create_app(settings)
    database = web.database_of(app)
    try:
        world = World(
            database=database,
            keyring=Keyring(settings.keys),
            officials=_officials(demo, database),
            seed=demo.seed,
            lists=out / outputs.LISTS,
            send=through_api(app),
            tick=tick,
            scale=demo.scale,
        )
        done = [(_survey(world, plan, out)) for plan in demo.plans]
    finally:
        database.dispose()
    outputs.write_readme(out, demo.seed, [(code, title, steps) for code, title, steps in done])
    return [(title, steps) for _, title, steps in done]


def _mark(demo: Demo, out: Path) -> None:
    names = [name for plan in demo.plans for name in outputs.Files(_code(plan)).titles]
    files = [*names, outputs.README, outputs.LISTS, outputs.DATABASE, MARK]
    text = json.dumps({"seed": demo.seed, "files": files}, ensure_ascii=False, indent=1)
    (out / MARK).write_text(f"{text}\n", encoding="utf-8")


def _code(plan_text: str) -> str:
    return load_plan(plan_text).code + surveys.PRACTICE_SUFFIX


def _officials(demo: Demo, database: Database) -> Officials:
    """Make the accounts that the steps are taken for, and store the ministry's figures."""
    first = min(Calendar(flow.deadline(plan)).at(PLANNED) for plan in demo.plans)
    with clock.set_to(first), database.session() as db:
        accounts.add(db, None, MANAGER, "Tập dượt", ("manager", "approver", "analyst"))
        accounts.add(db, None, RECHECKER, "Tập dượt phúc tra", ("recheck",))
        manager, rechecker = (
            accounts.as_actor(accounts.find(db, login)) for login in (MANAGER, RECHECKER)
        )
        figures = definitions.FIGURES.read_text(encoding="utf-8")
        surveys.import_published_figures(db, manager, figures)
        db.commit()
    return Officials(manager, rechecker)


def _survey(world: World, plan_text: str, out: Path) -> tuple[str, str, list[Step]]:
    key = chance.digest(world.seed, "pseudonyms", _code(plan_text))
    code, steps = flow.whole_survey(world, plan_text, key)
    with world.database.read_session() as db:
        survey = surveys.find(db, code)
        outputs.write(db, survey, out)
        title = survey.title
    world.tick(FILES)
    return code, title, steps
