"""The shape of the project: sizes, names, one place for each thing, nothing from outside."""

import ast
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PURE = ("sampling", "questionnaires", "analysis")
TOP_LEVEL = {
    *(*PURE, "surveyapp", "migrations", "tests", "docs"),
    *("pyproject.toml", "requirements.lock", "requirements-dev.lock", "Makefile"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "THIRD_PARTY_NOTICES.md"),
}
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}
TEXT = {".py", ".toml", ".md", ".html", ".txt", ".js", ".css", ".svg", ".json", ".csv", ".xml"}
#: Hosts of packages and of browsers, in two parts so that this file passes its own test.
PACKAGE_HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb.debian", "org"),
        ("security.debian", "org"),
        ("registry.npmjs", "org"),
        ("cdn.jsdelivr", "net"),
        ("unpkg", "com"),
        ("cdnjs.cloudflare", "com"),
        ("fonts.googleapis", "com"),
        ("playwright.azureedge", "net"),
    ]
]


def _ignored_names() -> list[str]:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    return [".git", *(line.strip("/") for line in lines)]


IGNORED = _ignored_names()


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if any(fnmatch(path.name, pattern) for pattern in IGNORED):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


FILES = list(_walk(ROOT))
MODULES = [path for path in FILES if path.suffix == ".py"]
SYNTAX = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _is_in(path: Path, *tops: str) -> bool:
    return path.relative_to(ROOT).parts[0] in tops


def _limit(path: Path) -> int | None:
    if path.name == "conftest.py" or path.suffix == ".html":
        return 150
    if path.suffix == ".py":
        return 500 if _is_in(path, "tests") else 400
    return None


def test_no_file_is_longer_than_its_kind_allows() -> None:
    too_long = {}
    for path in FILES:
        limit = _limit(path)
        if limit is not None:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > limit:
                too_long[_name(path)] = f"{lines} lines, limit {limit}"

    assert too_long == {}


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    silent = []
    for path, tree in SYNTAX.items():
        first, _, rest = (ast.get_docstring(tree, clean=True) or "").partition("\n")
        if not first.endswith(".") or (rest and not rest.startswith("\n")):
            silent.append(_name(path))

    assert silent == []


def test_every_package_folder_is_a_package_with_one_line_and_no_work_on_import() -> None:
    folders = {path.parent for path in MODULES if _is_in(path, *PURE, "surveyapp", "migrations")}
    folders.discard(ROOT / "migrations" / "versions")  # Alembic loads these files by path

    missing = [_name(folder) for folder in folders if not (folder / "__init__.py").exists()]
    assert missing == []
    for path in (folder / "__init__.py" for folder in folders):
        working = [
            node
            for node in SYNTAX[path].body
            if not isinstance(node, ast.Expr | ast.Import | ast.ImportFrom | ast.Assign)
        ]
        assert working == [], _name(path)


def test_no_module_is_named_after_nothing() -> None:
    assert [_name(path) for path in MODULES if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_the_top_level_holds_only_what_every_project_has() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in FILES}

    assert {name for name in found if not name.startswith(".")} - TOP_LEVEL == set()


def test_tests_of_one_kind_lie_in_their_folder() -> None:
    kinds = {"pure", "app", "browser", "reference", "faults", "load"}
    folders = {path.parent for path in FILES if _is_in(path, "tests")} - {ROOT / "tests"}

    assert {folder.relative_to(ROOT / "tests").parts[0] for folder in folders} - kinds == set()


def test_all_text_is_unicode_in_composed_form() -> None:
    decomposed = [
        f"{_name(path)}:{number}"
        for path in FILES
        if path.suffix in TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if not unicodedata.is_normalized("NFC", line)
    ]

    assert decomposed == []


def test_no_file_names_a_host_of_packages() -> None:
    naming = [
        (_name(path), host)
        for path in FILES
        if path.suffix in TEXT | {".lock", ".sh", ""}
        for host in PACKAGE_HOSTS
        if host in path.read_text(encoding="utf-8")
    ]

    assert naming == []


def test_the_set_up_holds_no_address_of_another_machine() -> None:
    set_up = [path for path in FILES if _is_in(path, ".ci", "Makefile") or path.suffix == ".lock"]
    allowed = "sqlite:///"

    assert len(set_up) > 3
    for path in set_up:
        assert "://" not in path.read_text(encoding="utf-8").replace(allowed, ""), _name(path)


def test_the_pure_packages_hide_no_import_behind_types() -> None:
    hiding = [
        _name(path)
        for path in MODULES
        if _is_in(path, *PURE) and "TYPE_CHECKING" in path.read_text(encoding="utf-8")
    ]

    assert hiding == []


def _literals(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the strings of a module; what is only compared with is no use of a code."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child
        elif not isinstance(child, ast.Compare):
            yield from _literals(child)


def test_every_error_code_is_used_in_one_place() -> None:
    places: dict[str, list[str]] = {}
    for path, tree in SYNTAX.items():
        for literal in _literals(tree) if _is_in(path, "surveyapp") else ():
            if re.fullmatch(r"(?!SHA|AES)[A-Z]+-\d{3}", literal.value):
                places.setdefault(literal.value, []).append(f"{_name(path)}:{literal.lineno}")

    assert places
    assert {code: where for code, where in places.items() if len(where) > 1} == {}


def test_every_error_says_stage_and_number() -> None:
    calls = [
        (f"{_name(path)}:{node.lineno}", node.args[0])
        for path, tree in SYNTAX.items()
        if _is_in(path, "surveyapp")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AppError" and node.args
    ]
    malformed = [
        f"{where} {code.value}"
        for where, code in calls
        if isinstance(code, ast.Constant) and not re.fullmatch(r"[A-Z]+-\d{3}", str(code.value))
    ]

    assert calls
    assert malformed == []


def _pins(name: str) -> dict[str, str]:
    """Read name -> version; every line of the file must pin one version or give a digest."""
    pins = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line[:1] in ("", " ", "#"):
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==(\S+)(?: ; .*)? \\", line)
        assert match, f"{name}: {line}"
        pins[canonicalize_name(match[1])] = match[2]
    return pins


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ["postgres"]), ("requirements-dev.lock", ["postgres", "dev"])],
)
def test_the_lock_file_pins_every_dependency_of_the_project(lock: str, extras: list[str]) -> None:
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *PROJECT["build-system"]["requires"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    pins = _pins(lock)

    unmet = []
    for need in map(Requirement, wanted):
        pinned = pins.get(canonicalize_name(need.name))
        if pinned is None or pinned not in need.specifier:
            unmet.append(str(need))

    assert unmet == []


def test_the_tests_run_at_the_versions_of_the_program() -> None:
    tested = _pins("requirements-dev.lock")

    assert {
        name: version
        for name, version in _pins("requirements.lock").items()
        if tested.get(name) != version
    } == {}


def test_the_lock_files_give_a_digest_for_every_package() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        packages = re.split(r"\n(?=[A-Za-z])", (ROOT / name).read_text(encoding="utf-8"))
        assert [text.split()[0] for text in packages if "--hash=sha256:" not in text] == []
