"""The worker is put together with the texts that stand in the place of ours, or not at all."""

import json
from pathlib import Path

import pytest

from agents import bootstrap
from agents.desks import case_desk, sms_desk
from agents.documents import Documents
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
