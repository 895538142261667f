"""The worker is put together with the texts that stand in the place of ours, or not at all."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from agents import bootstrap
from agents.desks import case_desk, sms_desk
from agents.documents import Documents
from rules.policy import Retention
from rules.rule_sets import Permissions
from sms.conversation.converse import LinePolicy
from sms.overrides.folder import TextsError
from streams.settings.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "version").write_text("other")
    for language in ("kk", "ru"):
        (folder / f"{language}.json").write_text(json.dumps({"revoked": "{iin_tail}!"}))
    return Settings(kafka="127.0.0.1:1", twilio_account_sid="AC0", data_dir=tmp_path, texts_dir=folder)


def test_the_line_sends_them_and_the_documents_name_their_version(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies: list[LinePolicy] = []
    documents: list[Documents] = []

    def line(policy: LinePolicy, *rest: object) -> object:
        policies.append(policy)
        return sms_desk(policy, *rest)  # type: ignore[arg-type]

    def case(*given: object) -> object:
        documents.extend(each for each in given if isinstance(each, Documents))
        return case_desk(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(bootstrap, "sms_desk", line)
    monkeypatch.setattr(bootstrap, "case_desk", case)
    bootstrap.assemble(settings)
    assert [policy.texts.version for policy in policies] == ["1+other"]
    assert [each.issued.texts_version for each in documents] == ["1+other"]


def test_nothing_is_put_together_with_texts_that_do_not_pass(settings: Settings) -> None:
    assert settings.texts_dir
    (settings.texts_dir / "kk.json").write_text("{}")
    with pytest.raises(TextsError, match=r"kk\.json, revoked: is missing"):
        bootstrap.assemble(settings)


def test_documents_name_every_policy_that_is_a_setting() -> None:
    page = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` .*\| settings? `[^|]+\|$", page, re.MULTILINE))
    assert set(bootstrap.named_policies(Settings())) == told


def test_the_core_goes_by_the_settings() -> None:
    given = {
        "retention_declined": 40,
        "service_calendar": "state_corporation",
        "extension": "8_plus_30",
        "hearing_days": 5,
        "repealed_rules": None,
        "profile": "development",
    }
    policy = bootstrap.case_policy(Settings.model_validate(given))
    assert policy.retention == Retention(
        granted=None,
        refused=timedelta(days=1825),
        declined=timedelta(days=40),
        unasked=timedelta(days=90),
        ended=timedelta(days=365),
    )
    assert (policy.service_calendar, policy.extension) == ("state_corporation", "8_plus_30")
    assert (policy.hearing_days, policy.allowed) == (5, Permissions(repealed=True))
