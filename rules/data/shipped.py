"""The rule sets that come with the package.

The only module of the law that reads a file: all others are handed what it has read.
"""

import tomllib
from functools import cache
from importlib.resources import files

from rules.rule_set_reading import BadRuleSetsError, rule_sets
from rules.rule_sets import RuleSets

_FILE = "rule_sets.toml"


@cache
def shipped() -> RuleSets:
    """The rule sets of the package, read once and checked. Raises `BadRuleSetsError`."""
    return read(files("rules.data").joinpath(_FILE).read_bytes())


def read(content: bytes) -> RuleSets:
    """The rule sets of a file with this content. Raises `BadRuleSetsError`."""
    try:
        data = tomllib.loads(content.decode())
    except ValueError as error:
        raise BadRuleSetsError(f"{_FILE} cannot be read: {error}") from None
    return rule_sets(data)
