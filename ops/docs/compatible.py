"""What in a schema breaks those who were built against the one before."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_TELLING = ("type", "format", "const", "pattern", "minLength", "maxLength")


def incompatibilities(old: Schema, new: Schema, *, incoming: bool) -> list[str]:
    """What is incompatible, a line for each.

    `incoming`: events that we read; others send them, and must not have to send more than before. Otherwise
    events that we send; others read them, and must not find less than before.
    """
    before, after = dict(_fields(old, old, "")), dict(_fields(new, new, ""))
    found = [f"{path} is removed" for path in before if path not in after]
    for path, (told, required) in before.items():
        if path not in after:
            continue
        told_now, required_now = after[path]
        found += [f"{path}: {change}" for change in _changes(told, told_now, incoming=incoming)]
        if incoming and required_now and not required:
            found.append(f"{path} is required now")
        if not incoming and required and not required_now:
            found.append(f"{path} is not always there any more")
    if incoming:
        found += [
            f"{path} is new and required"
            for path, (_, required) in after.items()
            if required and path not in before
        ]
    return found


def _changes(old: Schema, new: Schema, *, incoming: bool) -> Iterator[str]:
    for name in _TELLING:
        if old.get(name) != new.get(name):
            yield f"{name} was {old.get(name)}, is {new.get(name)}"
    values, values_now = set(old.get("enum", ())), set(new.get("enum", ()))
    if bool(values) != bool(values_now):
        yield "its values are listed on one side only"
        return
    lost = values - values_now if incoming else values_now - values
    if lost:
        yield f"{'no longer read' if incoming else 'never sent before'}: {', '.join(sorted(map(str, lost)))}"


def _fields(root: Schema, schema: Schema, path: str) -> Iterator[tuple[str, tuple[Schema, bool]]]:
    """Every field by its path, with what its schema says and whether it is required."""
    schema = _resolved(root, schema)
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield from _field(root, field, here, required=name in schema.get("required", ()))


def _field(
    root: Schema, field: Schema, path: str, *, required: bool
) -> Iterator[tuple[str, tuple[Schema, bool]]]:
    field = _resolved(root, field)
    options = field.get("anyOf")
    if options:
        yield (
            path,
            ({"type": sorted(str(_resolved(root, option).get("type")) for option in options)}, required),
        )
        for option in options:
            yield from _fields(root, option, path)
        return
    yield path, ({name: value for name, value in field.items() if name in (*_TELLING, "enum")}, required)
    yield from _fields(root, field, path)
    if "items" in field:
        yield from _field(root, field["items"], f"{path}[]", required=required)


def _resolved(root: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Schema = root["$defs"][reference.rpartition("/")[2]]
    return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
