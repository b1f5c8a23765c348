"""What must stay true of the structure: layers, no circles, light imports, and files that fit on a screen."""

import ast
import importlib
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS: Mapping[str, set[str]] = {
    "mmkp_core": {"mmkp_core"},
    "storage": {"mmkp_core", "storage"},
    "tasks": {"mmkp_core", "storage", "tasks"},
    "flows": {"mmkp_core", "storage", "tasks", "flows"},
}
"""Which of our packages a file below a folder may import; the longest folder that fits counts."""
PACKAGES = ("mmkp_core", "storage", "tasks", "flows")
FOREIGN = {
    "mmkp_core": {"prefect", "prefect_dask", "fsspec"},
    "storage": {"prefect", "prefect_dask", "torch", "transformers"},
}
"""Packages of others that a layer does not import."""
CLOCKS = {
    "os.getenv", "os.environ.get", "time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
}  # fmt: skip
LONGEST_FUNCTION = 60
MEDIAN_MODULE = 100


@cache
def sources() -> dict[Path, str]:
    """Every file of the packages, by its path from the root."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT): path.read_text() for path in paths}


@cache
def tree_of(source: str) -> ast.Module:
    return ast.parse(source)


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imports(source: str) -> Iterator[str]:
    """What a file imports, wherever in it and for types alone included; `from a import b` is `a.b`."""
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def trespasses(path: Path, source: str) -> list[str]:
    """The imports of a file that its layer is not allowed."""
    layer = max((folder for folder in LAYERS if path.is_relative_to(folder)), key=len)
    forbidden = (set(PACKAGES) - LAYERS[layer]) | FOREIGN.get(path.parts[0], set())
    return [f"{path}: {name}" for name in imports(source) if name.split(".")[0] in forbidden]


def graph_of(files: Mapping[Path, str]) -> dict[str, set[str]]:
    """Module -> modules that it imports, both among `files`."""
    known = {module_name(path) for path in files}
    graph: dict[str, set[str]] = {}
    for path, source in files.items():
        found = (name if name in known else name.rpartition(".")[0] for name in imports(source))
        graph[module_name(path)] = set(found) & known
    return graph


def circle_in(graph: Mapping[str, set[str]]) -> list[str]:
    """The modules of one circle in their order; none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def dotted(node: ast.AST) -> str:
    """`os.environ.get` of the expression that reads so."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def long_functions(path: Path, source: str) -> list[str]:
    found = (node for node in ast.walk(tree_of(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = ((node, (node.end_lineno or 0) - node.lineno + 1) for node in found)
    return [f"{path}:{node.lineno} {node.name}: {lines}" for node, lines in lengths if lines > LONGEST_FUNCTION]


def test_modules_import_only_what_stands_below_them() -> None:
    found = [one for path, source in sources().items() for one in trespasses(path, source)]

    assert not found, "\n".join(found)


def test_the_layers_see_a_trespass() -> None:
    lazy = "def f():\n    from storage.store import Store"

    assert trespasses(Path("mmkp_core/x.py"), lazy) == ["mmkp_core/x.py: storage.store.Store"]
    assert trespasses(Path("tasks/x.py"), "import flows.train") == ["tasks/x.py: flows.train"]
    assert trespasses(Path("flows/x.py"), "import storage") == []
    assert trespasses(Path("tasks/x.py"), "import flows.train") == ["tasks/x.py: flows.train"]
    assert trespasses(Path("storage/x.py"), "import torch") == ["storage/x.py: torch"]


def test_no_files_import_each_other_in_a_circle() -> None:
    circle = circle_in(graph_of(sources()))

    assert not circle, " -> ".join(circle)


def test_a_circle_is_seen_through_lazy_imports_and_those_for_types() -> None:
    files = {
        Path("mmkp_core/a.py"): "def f():\n    from mmkp_core.b import B",
        Path("mmkp_core/b.py"): "if TYPE_CHECKING:\n    from mmkp_core import a",
        Path("mmkp_core/c.py"): "from mmkp_core import a, b",
    }

    assert set(circle_in(graph_of(files))) == {"mmkp_core.a", "mmkp_core.b"}
    assert circle_in(graph_of({path: files[path] for path in list(files)[1:]})) == []


def test_the_core_reads_no_environment_and_no_clock() -> None:
    reached = [
        f"{path}:{node.lineno} {dotted(node)}"
        for path, source in sources().items()
        if path.parts[0] == "mmkp_core"
        for node in ast.walk(tree_of(source))
        if isinstance(node, ast.Attribute) and dotted(node) in CLOCKS
    ]

    assert not reached, "\n".join(reached)


def test_functions_fit_on_a_screen() -> None:
    found = [one for path, source in sources().items() for one in long_functions(path, source)]

    assert not found, "\n".join(found)


def test_most_modules_are_short() -> None:
    lengths = {path: source.count("\n") for path, source in sources().items() if path.name != "__init__.py"}
    longest = sorted(lengths.items(), key=lambda item: -item[1])[:10]

    assert statistics.median(lengths.values()) <= MEDIAN_MODULE, f"the longest: {longest}"


def test_every_module_can_be_imported_and_says_in_one_sentence_what_it_does() -> None:
    wrong = []
    for path, source in sources().items():
        described = (ast.get_docstring(tree_of(source)) or "").split("\n\n")[0]
        if path.name != "__init__.py" and (not described or "?" in described):
            wrong.append(f"{path}: {described or 'no docstring'}")
        try:
            if path.name != "__main__.py":  # importing it runs it
                importlib.import_module(module_name(path))
        except Exception as error:
            wrong.append(f"{path}: {error!r}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import mmkp_core", {"torch", "prefect", "numpy", "pyarrow"}),
        ("import mmkp_core.systems", {"torch", "prefect", "transformers", "cv2"}),
        ("import mmkp_core.vision.ocr.engines", {"torch", "prefect", "paddleocr", "rapidocr", "onnxruntime"}),
        ("import flows.command.main as m; m.run(['--help'])", {"torch", "prefect", "numpy", "pyarrow", "duckdb"}),
        ("import flows.command.query", {"torch", "prefect"}),
        ("import mmkp_core.processes", {"torch", "prefect"}),
    ],
)
def test_light_things_load_nothing_heavy(statement: str, unwanted: set[str]) -> None:
    code = f"import sys; {statement}; print(); print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(done.stdout.splitlines()[-1].split()) & unwanted == set()
