"""What `jardem verify` does with its options."""

import json
from dataclasses import dataclass
from pathlib import Path

from ops.files import read_file
from ops.verify.document import InputError, find_keys, named_steps, verify
from ops.verify.log import LogReport, NamedStep, check_log, read_log
from ops.verify.topic import TopicReport, check_topic
from streams.officer_signatures import load_officers
from streams.settings.settings import Settings

_DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options."""

    file: str | None
    keys: str | None = None
    officer_keys: Path | None = None
    officer_roots: Path | None = None
    document: str | None = None
    case: str | None = None
    documents: str | None = None


def verify_document_file(asked: Asked, settings: Settings, *, as_json: bool) -> tuple[list[str], bool]:
    """The lines to say of a document, and whether it verifies."""
    if asked.file is None:
        raise InputError("name the document to verify, or - for standard input")
    development = settings.profile == _DEVELOPMENT
    verdict = verify(
        read_file(asked.file),
        find_keys(asked.file, asked.keys, settings.signing_keys, development=development),
        load_officers(
            asked.officer_keys or settings.officer_keys,
            asked.officer_roots or settings.officer_roots,
            settings.officer_crl,
        ),
        development=development,
        document=None if asked.document is None else read_file(asked.document),
    )
    if as_json:
        return [verdict.json()], not verdict.problems
    return [*verdict.lines, *(verdict.problems or ["verified"])], not verdict.problems


def verify_log_file(asked: Asked, settings: Settings, *, as_json: bool) -> tuple[list[str], bool]:
    """The lines to say of a log, the topic where no file is named, and whether it is whole."""
    named: list[NamedStep] = []
    if asked.documents is not None:
        development = settings.profile == _DEVELOPMENT
        keys = find_keys(asked.documents, asked.keys, settings.signing_keys, development=development)
        named = list(named_steps(read_file(asked.documents), keys))
    report: LogReport | TopicReport
    if asked.file is None:
        report = check_topic(settings, named, case_id=asked.case)
    else:
        report = check_log(read_log(read_file(asked.file)), named, case_id=asked.case)
    if as_json:
        return [json.dumps(report.content())], report.whole
    return list(report.lines()), report.whole
