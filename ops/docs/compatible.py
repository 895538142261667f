"""What in a schema breaks those who were built against the one before."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_TELLING = ("format", "const", "pattern", "minLength", "maxLength")


def incompatibilities(old: Schema, new: Schema, *, incoming: bool) -> list[str]:
    """What is incompatible, a line for each.

    `incoming`: events that we read; others send them, and must not have to send more than before. Otherwise
    events that we send; others read them, and must not find less than before. A null more is more to read,
    and one less is less to send.
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
    types, types_now = set(old["type"]), set(new["type"])
    if types - types_now if incoming else types_now - types:
        yield f"type was {_named(old)}, is {_named(new)}"
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
    options = [_resolved(root, option) for option in field.get("anyOf", [field])]
    told: Schema = {"type": [str(option.get("type")) for option in options]}
    for option in options:
        told |= {name: value for name, value in option.items() if name in (*_TELLING, "enum")}
    yield path, (told, required)
    for option in options:
        yield from _fields(root, option, path)
        if "items" in option:
            yield from _field(root, option["items"], f"{path}[]", required=required)


def _named(told: Schema) -> str:
    return " or ".join(sorted(told["type"]))


def _resolved(root: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Schema = root["$defs"][reference.rpartition("/")[2]]
    return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
