"""The examples in docstrings are true, in the rules and the channel as in all other packages."""

from collections.abc import Iterator
from doctest import DocTest, DocTestFinder, DocTestParser, DocTestRunner
from importlib import import_module
from pkgutil import walk_packages

import pytest

import agents
import ops
import rules
import schemas
import sms
import streams
from schemas.catalogue import PUBLIC_IN
from tests.unit.docs.pages import data_faults

PACKAGES = (schemas, rules, sms, streams, agents, ops)


def examples() -> Iterator[DocTest]:
    """Every docstring with an example, in every module that can be imported without running anything."""
    for package in PACKAGES:
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):
                found = DocTestFinder(exclude_empty=True).find(import_module(module.name))
                yield from (each for each in found if each.examples)


EXAMPLES = list(examples())


def complaints(example: DocTest) -> str:
    said: list[str] = []
    DocTestRunner().run(example, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)
def test_an_example_gives_what_its_docstring_says(example: DocTest) -> None:
    assert complaints(example) == ""


def test_the_values_that_travel_are_shown_by_example() -> None:
    shown = {each.name for each in EXAMPLES}
    assert {"schemas.times.read_instant", "schemas.values.check_iin", "schemas.ids.derived_id"} <= shown


def test_an_example_that_is_wrong_is_found() -> None:
    wrong = DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, None)
    assert "Got:\n    2" in complaints(wrong)


def json_example(docstring: str | None) -> str:
    """The JSON at the end of an event's docstring."""
    start = (docstring or "").find("\n\n    {")
    return (docstring or "")[start:] if start >= 0 else ""


@pytest.mark.parametrize("name", sorted(PUBLIC_IN))
def test_every_public_event_that_comes_in_shows_data_that_is_read(name: str) -> None:
    assert list(data_faults(PUBLIC_IN[name], json_example(PUBLIC_IN[name].__doc__))) == []
