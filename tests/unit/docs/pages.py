"""What a page says can be done, and what of that is not so: a line for each fault."""

import ast
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from textwrap import indent
from typing import Any, NamedTuple

import typer
from pydantic import SecretStr, ValidationError
from typer.core import TyperGroup

import jardem
from schemas import catalogue
from schemas.base import Event
from schemas.cloudevents import TYPE_PREFIX, NotACloudEventError, decode
from schemas.received import UnknownEventError, received_event
from streams.settings.secret_files import SUFFIX
from streams.settings.settings import Settings
from streams.settings.values import variable
from streams.topics import all_topics

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"JARDEM_[A-Z][A-Z_]*")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
_PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]+)+/?|\w+/|[A-Z]+\.md|Makefile")
_DOTTED = re.compile(r"(?:schemas|rules|sms|streams|agents|ops|tests)(?:\.\w+)+")
_ASSIGNED = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
_FOLDERS = {"schemas", "rules", "sms", "streams", "agents", "ops", "tests", "docs", "deploy", "Makefile"}
_TOPICS = {topic.name for topic in all_topics(Settings(kafka="any:1"))}
_EVENTS: dict[str, type[Event]] = (
    catalogue.PUBLIC_IN | catalogue.CASE_EVENTS | catalogue.LINE_EVENTS | catalogue.PUBLIC_OUT
)


class Block(NamedTuple):
    """A fenced block: the language that it names, and its text."""

    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(*found) for found in _FENCE.findall(page)]


def spans(page: str) -> list[str]:
    """What stands between backticks in a page's running text."""
    return [re.sub(r"\s+", " ", span) for span in _SPAN.findall(_FENCE.sub("", page))]


# Shell.


def shell_faults(text: str) -> Iterator[str]:
    """Ours have their options, make has its targets, modules are there, and JSON among the words is read."""
    for words in _commands(text):
        for word in words:
            if word.startswith("{"):
                yield from json_faults(word)
        match words:
            case ["jardem", *arguments]:
                yield from _jardem_faults(arguments)
            case ["make", *arguments]:
                yield from _make_faults(arguments)
            case ["python", "-m", module, *_] if find_spec(module) is None:
                yield f"there is no module {module}"


def _commands(text: str) -> Iterator[list[str]]:
    """The commands of a script, without what they set for themselves before them."""
    lexer = shlex.shlex(_COMMENT.sub("", text), posix=True, punctuation_chars="|&;\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    for word in [*lexer, "\n"]:
        if not set(word) <= set("|&;\n"):
            words.append(word)
            continue
        while words and (words[0] == "export" or _ASSIGNED.fullmatch(words[0])):
            words.pop(0)
        if words:
            yield words
        words = []


def _jardem_faults(arguments: Sequence[str]) -> Iterator[str]:
    """Parse the arguments as the command does, and stop there. A word in capitals stands for a number."""
    command: Any = typer.main.get_command(jardem.app)
    rest = ["1" if word.isupper() else word for word in arguments]
    while isinstance(command, TyperGroup):
        if command.invoke_without_command and (not rest or rest[0].startswith("-")):
            break
        name, *rest = rest or ["--help"]
        if name == "--help":
            return
        found = command.get_command(typer.Context(command), name)
        if found is None:
            yield f"jardem {' '.join(arguments)}: there is no command {name}"
            return
        command = found
    if "--help" in rest:
        return
    try:
        command.make_context("jardem", rest)
    except Exception as error:  # noqa: BLE001 - the base of these differs from one typer to the next
        yield f"jardem {' '.join(arguments)}: {error}"


def _make_faults(arguments: Sequence[str]) -> Iterator[str]:
    """A target's recipe is looked at too, with what is given to its variables."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    given = {found[1]: found[2] for word in arguments if (found := _ASSIGNED.fullmatch(word))}
    for name in given:
        if not re.search(rf"^{name}\s*\??=", makefile, re.MULTILINE):
            yield f"make knows no {name}"
    for target in (word for word in arguments if not _ASSIGNED.fullmatch(word)):
        rule = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)*)", makefile, re.MULTILINE)
        if rule is None:
            yield f"make has no target {target}"
            continue
        recipe = rule[1].replace("$(JARDEM)", "jardem").replace("$(BIN)/", "")
        for line in recipe.splitlines():
            if line.strip().startswith("jardem"):
                yield from shell_faults(re.sub(r"\$\((\w+)\)", lambda found: given.get(found[1], ""), line))


# JSON and Python.


def json_faults(text: str) -> Iterator[str]:
    """JSON is JSON; what names a type is an event of that type, as `jardem publish` or a topic takes it."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        yield f"no JSON: {error}"
        return
    if not isinstance(content, dict) or "type" not in content:
        return
    whole = {"specversion": "1.0", "id": "1", "source": "urn:page", **content}
    whole["type"] = TYPE_PREFIX + whole["type"].removeprefix(TYPE_PREFIX)
    structured = [("content-type", b"application/cloudevents+json")]
    try:
        received_event(
            decode(json.dumps(whole).encode(), structured, timestamp=datetime(2021, 7, 15, tzinfo=UTC)),
            _EVENTS,
        )
    except (NotACloudEventError, UnknownEventError) as error:
        yield f"no event: {error}"


def data_faults(event: type[Event], text: str) -> Iterator[str]:
    """The text is JSON, and the data of such an event."""
    try:
        event.model_validate(json.loads(text))
    except (json.JSONDecodeError, ValidationError) as error:
        yield f"{event.name}: {error}"


def python_faults(text: str) -> Iterator[str]:
    """What stands in the middle of a function can at least be parsed."""
    try:
        ast.parse("def _():\n" + indent(text, "    "))
    except SyntaxError as error:
        yield f"no Python: {error}"


# What is named.


def variable_faults(page: str) -> Iterator[str]:
    """Every variable that is named is a setting, or the file of a secret."""
    fields = Settings.model_fields
    known = {variable(name) for name in fields}
    known |= {variable(name) + SUFFIX for name, field in fields.items() if field.annotation is SecretStr}
    yield from (f"{name} is no setting" for name in sorted(set(_VARIABLE.findall(page)) - known))


def link_faults(page: str, folder: Path) -> Iterator[str]:
    """Every link into the repository leads to a file that is there, and to a heading of it."""
    for target in _LINK.findall(_SPAN.sub("", _FENCE.sub("", page))):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = folder / path if path else None
        if found and not found.exists():
            yield f"{target}: there is no {path}"
        elif anchor and anchor not in anchors(found.read_text(encoding="utf-8") if found else page):
            yield f"{target}: there is no such heading"


def anchors(page: str) -> set[str]:
    """What the headings of a page are called in links."""
    headings = (heading.strip().lower() for heading in _HEADING.findall(_FENCE.sub("", page)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def name_faults(page: str) -> Iterator[str]:
    """Every file, folder and dotted name of ours between backticks is there."""
    for span in spans(page):
        if _PATH.fullmatch(span) and span.split("/")[0] in _FOLDERS:
            if not list(ROOT.glob(span)):
                yield f"there is no {span}"
        elif _DOTTED.fullmatch(span) and span not in _TOPICS and not _resolves(span):
            yield f"there is nothing named {span}"


def _resolves(name: str) -> bool:
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True
