"""The published OpenAPI description of the Messages resource, and what is valid against it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

FILE = Path(__file__).parents[4] / "shared" / "twilio" / "messages-openapi.json"
FORMATS = {
    "phone-number": re.compile(r"\+[1-9][0-9]{6,14}"),
    "uri": re.compile(r"(https?://[^\s]+)|(/[^\s]*)"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?"),
    "date-time-rfc-2822": re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d (\+0000|GMT)"),
}


@dataclass(frozen=True)
class Published:
    document: Mapping[str, Any]

    @classmethod
    def beside_the_checkout(cls) -> "Published":
        if not FILE.exists():
            pytest.skip(f"the published description of the SMS API is not beside this checkout: {FILE}")
        return cls(_nullable(json.loads(FILE.read_text(encoding="utf-8"))))

    def check_request(
        self, method: str, path: str, query: Iterable[tuple[str, str]], form: Mapping[str, str]
    ) -> None:
        """Fail where the description does not allow the request."""
        operation = self._operation(method, path)
        allowed = {p["name"]: p["schema"] for p in operation["parameters"] if p["in"] == "query"}
        for name, value in query:
            assert name in allowed, f"unknown query parameter {name}"
            self._check(_typed(value, allowed[name]), allowed[name], name)
        if method == "POST":
            schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
            assert set(schema["required"]) <= set(form)
            for name, value in form.items():
                assert name in schema["properties"], f"unknown field {name}"
                self._check(_typed(value, schema["properties"][name]), schema["properties"][name], name)

    def check_response(self, method: str, path: str, status: int, body: object) -> None:
        """Fail where the description does not allow the response."""
        responses = self._operation(method, path)["responses"]
        assert str(status) in responses, f"{status} is not described"
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        self._check(body, schema, "body")

    def _operation(self, method: str, path: str) -> Any:
        for template, item in self.document["paths"].items():
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.replace(".", r"\."))
            match = re.fullmatch(pattern, path)
            if match and method.lower() in item:
                operation = item[method.lower()]
                for parameter in operation["parameters"]:
                    if parameter["in"] == "path":
                        self._check(match[parameter["name"]], parameter["schema"], parameter["name"])
                return operation
        raise AssertionError(f"{method} {path} is not described")

    def _check(self, value: object, schema: Mapping[str, Any], where: str) -> None:
        # References point into the document's components, so those go along.
        whole = {**schema, "components": self.document["components"]}
        validator = jsonschema.Draft4Validator(whole, format_checker=_format_checker())
        errors = [f"{where}: {error.message}" for error in validator.iter_errors(value)]
        assert not errors, errors


def _typed(value: str, schema: Mapping[str, Any]) -> object:
    return int(value) if schema.get("type") == "integer" else value


def _nullable(schema: Any) -> Any:
    """The dialect of OpenAPI 3.0 as JSON Schema: `nullable` is a type of its own there."""
    if isinstance(schema, list):
        return [_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _nullable(item) for key, item in schema.items() if key != "nullable"}
    if schema.get("nullable") and "type" in plain:
        plain["type"] = [plain["type"], "null"]
    return plain


def _format_checker() -> jsonschema.FormatChecker:
    checker = jsonschema.FormatChecker(formats=())
    for name, pattern in FORMATS.items():
        checker.checks(name)(
            lambda value, pattern=pattern: not isinstance(value, str) or bool(pattern.fullmatch(value))
        )
    return checker
