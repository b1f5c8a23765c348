"""What must stay true of the structure: the import rule, light imports, and that every module can be imported."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mmkp_core", "storage", "tasks", "flows")
MAY_IMPORT = {
    "mmkp_core": set(),
    "storage": {"mmkp_core"},
    "tasks": {"mmkp_core", "storage"},
    "flows": {"mmkp_core", "tasks"},
}
# the command line and what it calls without a server reads the store itself
READS_THE_STORE = {"flows/cli.py", "flows/query.py"}
FOREIGN = {"mmkp_core": {"prefect", "fsspec"}, "storage": {"prefect", "torch", "transformers"}}
MODULES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module or ""


def trespasses(path: Path, source: str) -> list[str]:
    """The imports of a file that its package is not allowed."""
    package = path.parts[0]
    allowed = MAY_IMPORT[package] | {package} | ({"storage"} if str(path) in READS_THE_STORE else set())
    forbidden = (set(PACKAGES) - allowed) | FOREIGN.get(package, set())
    return [name for name in imports(source) if name.split(".")[0] in forbidden]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_imports_only_what_stands_below_it(path: Path) -> None:
    assert trespasses(path, (ROOT / path).read_text()) == []


def test_the_rule_sees_a_trespass() -> None:
    assert trespasses(Path("mmkp_core/x.py"), "def f():\n    from storage.store import Store") == ["storage.store"]
    assert trespasses(Path("flows/x.py"), "import storage") == ["storage"]
    assert trespasses(Path("flows/cli.py"), "import storage") == []


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_core_module_reads_no_environment_and_no_clock(path: Path) -> None:
    if path.parts[0] != "mmkp_core":
        return
    tree = ast.parse((ROOT / path).read_text())
    reached = {
        f"{n.value.id}.{n.attr}"
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    }
    assert reached & {"os.getenv", "time.time", "datetime.now", "datetime.utcnow"} == set()


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import mmkp_core", {"torch", "prefect", "numpy", "pyarrow"}),
        ("import mmkp_core.systems; mmkp_core.systems.systems()", {"torch", "prefect", "transformers", "cv2"}),
        ("import flows.cli; flows.cli.parser()", {"torch", "prefect", "numpy", "pyarrow", "duckdb"}),
        ("import flows.query", {"torch", "prefect"}),
        ("import tasks.run.work", {"torch", "prefect"}),
    ],
)
def test_light_things_load_nothing_heavy(statement: str, unwanted: set[str]) -> None:
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & unwanted == set()


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_says_what_it_is_for_and_can_be_imported(path: Path) -> None:
    module = importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    if path.name != "__init__.py":
        assert module.__doc__
