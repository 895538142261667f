"""The catalogues: the same in each language, and a word for every value that the contract closes."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from ops.console.access import May, Role
from ops.console.acts import ON_CASES
from ops.console.pages.filters import CHOICES, STATES
from ops.console.pages.notes import note_in_words
from ops.console.words import LANGUAGES, Words, catalogue
from rules.states import TRANSITIONS, State
from schemas.cabinet import Claims
from schemas.catalogue import PUBLIC_IN
from schemas.messages import DeliveryStatus
from schemas.operators import ActObject
from schemas.outcomes import DecisionQuestioned
from schemas.questions import NoticeKind, QuestionKind
from schemas.routes import ToCase
from schemas.values import EndReason, Ground, Language, Scheme

CONSOLE = Path("ops/console")
CONTRACT = Path("docs/contract.md").read_text(encoding="utf-8")
ALMATY = ZoneInfo("Asia/Almaty")
ENGLISH = catalogue("en")
WORDS = {language: Words(language, ALMATY) for language in LANGUAGES}


def texts(language: str) -> Iterator[tuple[str, str]]:
    for key, text in catalogue(language).items():
        if isinstance(text, Mapping):
            yield from ((f"{key}/{form}", one) for form, one in text.items())
        else:
            yield key, text


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys(language: str) -> None:
    assert list(catalogue(language)) == list(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_says_something_and_has_no_blanks_around_it(language: str) -> None:
    assert [key for key, text in texts(language) if not text.strip() or text != text.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_the_placeholders_of_the_english_one(language: str) -> None:
    for key, text in catalogue(language).items():
        english = ENGLISH[key]
        assert isinstance(text, Mapping) == isinstance(english, Mapping), key
        if isinstance(text, str) and isinstance(english, str):
            assert placeholders(text) == placeholders(english), key
        elif isinstance(text, Mapping):
            assert {"n"} <= set.union(*map(placeholders, text.values())) | {"n"}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_has_every_plural_form_that_whole_numbers_take(language: str) -> None:
    rule = Locale.parse(language).plural_form
    needed = {rule(number) for number in range(200)}
    for key, text in catalogue(language).items():
        if isinstance(text, Mapping):
            assert set(text) >= needed, key


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("ru", 1, "1 дело"),
        ("ru", 3, "3 дела"),
        ("ru", 11, "11 дел"),
        ("ru", 21, "21 дело"),
        ("en", 1, "1 case"),
        ("en", 0, "0 cases"),
        ("kk", 1, "1 іс"),
        ("kk", 5, "5 іс"),
    ],
)
def test_numbers_take_the_form_that_the_language_wants(language: str, number: int, said: str) -> None:
    assert WORDS[language].count("cases", number) == said


def test_kazakh_and_russian_are_not_left_in_english() -> None:
    same = {"brand", "language.name.kk", "language.name.ru", "language.name.en", "detail.sent_at"}
    left = [
        (language, key)
        for language in ("kk", "ru")
        for (key, text), (_, english) in zip(texts(language), texts(language), strict=True)
        if key.partition("/")[0] not in same
        and re.search(r"[A-Za-z]{3}", english)
        and not re.search(r"[а-яёәғқңөұүһі]", text, re.IGNORECASE)
    ]
    assert left == []


def closed_sets() -> Iterator[tuple[str, str]]:
    yield from (("state", state) for state in State)
    yield from (("reason", reason) for reason in EndReason)
    yield from (("ground", ground) for ground in Ground)
    yield from (("spoken", language) for language in Language)
    yield from (("scheme", scheme) for scheme in Scheme)
    yield from (("role", role) for role in Role)
    yield from (("refusal", str(number)) for number in (1, 2, 3, 4))
    yield from (("rule", f"R{number}") for number in range(1, 35))
    yield from (("sms_kind", kind) for kind in (*QuestionKind, *NoticeKind))
    yield from (("sms_status", status) for status in get_args(DeliveryStatus))
    yield from (("object", kind) for kind in get_args(ActObject.model_fields["kind"].annotation))
    yield from (
        ("document", get_args(kind.model_fields["kind"].annotation)[0]) for kind in Claims.__subclasses__()
    )
    yield from (("questioned", one) for one in get_args(DecisionQuestioned.model_fields["reason"].annotation))
    yield from (("act", act) for act in ON_CASES)
    desk = [name for name in PUBLIC_IN if name != "registry.day-totalled.v1"]
    yield from (("cause", name) for name in desk)
    yield from (("cause", model.name) for model in ToCase.__subclasses__() if hasattr(model, "name"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_a_closed_set_has_its_word(language: str) -> None:
    assert [of for of in closed_sets() if not WORDS[language].has(".".join(of))] == []


def notes() -> set[str]:
    """Every note that section 8 of the contract names, with its halves filled in."""
    section = CONTRACT.partition("## 8.")[2].partition("`rule` by step")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    found: set[str] = set()
    for row in rows:
        named = re.findall(r"`([a-z_]+(?:<[a-z]+>)?[a-z_]*|<reason>_[a-z_]+)`", row[1])
        for name in named:
            found |= _filled(name, row[2])
    return found | set(EndReason)


def _filled(name: str, meaning: str) -> set[str]:
    if name == "draft_voided_<reason>":
        voided = CONTRACT.partition("| `benefit.draft-voided.v1`")[2].partition(
            "| `benefit.process-ended.v1`"
        )[0]
        return {
            name.replace("<reason>", one)
            for one in re.findall(r"`([a-z_]+)`", voided.partition("`reason`")[2])
        }
    if name == "questioned_<reason>":
        reasons = get_args(DecisionQuestioned.model_fields["reason"].annotation)
        return {name.replace("<reason>", one) for one in reasons}
    if name == "barred_<why>":
        return {
            name.replace("<why>", one) for one in re.findall(r"`([a-z_]+)`", meaning) if one != "manual_route"
        }
    if "<reason>" in name:
        return {name.replace("<reason>", one) for one in EndReason}
    return {name}


def test_the_contract_s_notes_are_found() -> None:
    assert {"remains_declined", "barred_baikonur", "draft_voided_account_closed", "purged"} <= notes()
    assert {"deceased_after_decision", "held", "questioned_second_grant"} <= notes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_note_of_the_contract_has_words(language: str) -> None:
    words = WORDS[language]
    unsaid = [
        note for note in sorted(notes()) if note_in_words(words, note) == note and note not in set(EndReason)
    ]
    assert unsaid == []


def test_a_note_that_nobody_knows_stands_as_it_is() -> None:
    assert note_in_words(WORDS["en"], "something_new") == "something_new"


def test_the_states_of_the_filter_are_those_of_the_law() -> None:
    assert list(STATES) == sorted(State, key=STATES.index)
    assert {state for pair in TRANSITIONS for state in pair} == set(STATES)


def derived(source: str) -> set[str]:
    """The groups from which keys are made of a name and a value, as the code and the templates do it."""
    made = re.findall(r"""f['"]([a-z_.]+)\.(?:\{|[a-z]+_\{|\*)""", source)
    made += re.findall(r"""['"]([a-z_.]+)\.['"] ~""", source)
    made += re.findall(r"""known\(['"]([a-z_]+)['"]""", source)
    made += re.findall(r""": \(['"]([a-z]+)['"],""", source)
    return set(made)


def test_every_key_is_used() -> None:
    files = [*CONSOLE.rglob("*.py"), *CONSOLE.rglob("*.html")]
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    own = [key for key in ENGLISH if not key.startswith(("refused.", "bad_act.", "sign_in."))]
    unused = [key for key in own if f'"{key}"' not in source and f"'{key}'" not in source]
    groups = derived(source) | {group for _, _, group in CHOICES} | {"sms_kind", "understood", "bad_act"}
    assert [
        key for key in unused if key.rpartition(".")[0] not in groups and not key.startswith("cause.")
    ] == []


def test_every_key_that_is_asked_for_is_there() -> None:
    asked: set[str] = set()
    for file in (*CONSOLE.rglob("*.html"), *CONSOLE.joinpath("pages").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        asked |= set(re.findall(r"""(?:_|words)\(['"]([a-z_.A-Z0-9-]+)['"][,)]""", text))
        asked |= set(re.findall(r"""\.count\(['"]([a-z_.]+)['"]""", text))
    assert len(asked) > 100
    assert asked - set(ENGLISH) == set()


VISIBLE = re.compile(r">([^<>{}]*[A-Za-zА-я]{2}[^<>{}]*)<")


def test_no_template_speaks_a_language_of_its_own() -> None:
    spoken = {}
    for file in CONSOLE.joinpath("templates").glob("*.html"):
        text = re.sub(r"\{[%#].*?[%#]\}|\{\{.*?\}\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        spoken[file.name] = [found.strip() for found in VISIBLE.findall(text)]
        for name in ("title", "alt", "placeholder", "aria-label"):
            spoken[file.name] += re.findall(rf'\b{name}="([^"{{}}]*[A-Za-z]{{3}}[^"{{}}]*)"', text)
    said_everywhere = {"UTC", "( UTC)", "SHA-256:"}
    left = {name: {*map(str.strip, found)} - said_everywhere for name, found in spoken.items()}
    assert {name: found for name, found in left.items() if found} == {}


def test_every_permission_is_named_in_no_page_by_hand_but_known() -> None:
    used: set[str] = set()
    for file in CONSOLE.joinpath("templates").glob("*.html"):
        used |= set(re.findall(r'user\.may\("([a-z]+)"\)', file.read_text(encoding="utf-8")))
    assert used <= {may.value for may in May}
    assert "unmask" in used
