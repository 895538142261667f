"""The house's own rules that no linter of imports knows: no circles, and private names in one room only."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("schemas", "rules", "sms", "streams", "agents", "ops")


def _files() -> dict[str, Path]:
    """Every module of the project by its name; a package by its own."""
    found = {"jardem": ROOT / "jardem.py"}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(source: str) -> Iterator[str]:
    """What a file imports, wherever in it that stands: for types only and inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def circles(sources: dict[str, str]) -> list[str]:
    """The first circle of imports among these files, from a module back to itself; empty if there is none."""
    graph = {
        name: {other for other in _imports(source) if other in sources and other != name}
        for name, source in sources.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_two_files_import_each_other_in_a_circle() -> None:
    assert circles({name: path.read_text(encoding="utf-8") for name, path in _files().items()}) == []


@pytest.mark.parametrize(
    "back",
    [
        "import a",
        "from a import x",
        "if TYPE_CHECKING:\n    from a import x",
        "def f():\n    import a",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(back: str) -> None:
    assert set(circles({"a": "from b import y", "b": "import c", "c": back})) == {"a", "b", "c"}


LIBRARIES = {"faust", "mode", "aiokafka"}
PRIVATE_NAMES = "streams.transport"
"""The one package that may use what Faust and aiokafka keep private."""


def private_names(source: str) -> list[str]:
    """The private names of other objects that a file uses, if it imports one of the libraries at all."""
    if not LIBRARIES & {name.partition(".")[0] for name in _imports(source)}:
        return []
    return [
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.endswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]


def test_only_the_transport_touches_private_names_of_faust_and_aiokafka() -> None:
    found = {
        name: private_names(path.read_text(encoding="utf-8"))
        for name, path in _files().items()
        if not name.startswith(PRIVATE_NAMES)
    }
    assert {name: names for name, names in found.items() if names} == {}


def test_a_private_name_is_found() -> None:
    assert private_names("import faust\n\ndef f(app):\n    return app._fetcher") == ["_fetcher"]
    assert private_names("import faust\n\nclass A:\n    def f(self):\n        return self._own") == []


FETCHES = {"getmany", "getone"}
BENCHES = "ops.bench"
"""They read what they have written themselves."""


def fetches_bare(source: str) -> bool:
    """Whether a file fetches with a consumer of aiokafka's that can end or swell of any record it meets."""
    nodes = list(ast.walk(ast.parse(source)))
    called = {
        node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    loops = any(isinstance(node, ast.AsyncFor) and isinstance(node.iter, ast.Name) for node in nodes)
    fetches = loops or any(isinstance(node, ast.Attribute) and node.attr in FETCHES for node in nodes)
    return "AIOKafkaConsumer" in called and fetches and "Fetching" not in called


def test_whatever_reads_a_topic_unpacks_it_as_we_do() -> None:
    sources = {name: path.read_text(encoding="utf-8") for name, path in _files().items()}
    bare = [name for name, source in sources.items() if fetches_bare(source)]
    assert [name for name in bare if not name.startswith(BENCHES)] == []


@pytest.mark.parametrize("fetch", ["await consumer.getmany()", "async for record in consumer: print(record)"])
def test_a_bare_fetch_is_found(fetch: str) -> None:
    source = "async def f():\n    consumer = AIOKafkaConsumer()\n    {}" + fetch
    assert fetches_bare(source.format(""))
    assert not fetches_bare(source.format("Fetching(consumer)\n    "))
