"""Texts in the place of ours: what a folder must be, and what each text in it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.values import Language
from sms.catalogues import load_texts
from sms.every_text import all_texts
from sms.overrides.checks import faults
from sms.overrides.folder import TextsError
from sms.texts import Texts

OURS = load_texts()
REVOKED = {
    "kk": "Е-макет. ЖСН *{iin_tail}: жазба күшін жойды, рәсім аяқталды.",
    "ru": "Е-макет. ИИН *{iin_tail}: запись утратила силу.",
}
OFFER = {
    "kk": "МӘС. ЖСН *{iin_tail}: жәрдемақы. 1: келісемін. 0: жоқ. 3 (үш) күн.",
    "ru": "ИИН *{iin_tail}: пособие. 2: согласие. 3 календарных дня. 1414",
}


class Folder:
    """A folder of texts, as it should be until a test changes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        (path / "version").write_text("2021-07.a\n", encoding="utf-8")
        self.writes("revoked", **REVOKED)

    def writes(self, key: str, *, kk: object = None, ru: object = None) -> None:
        """Put this text into the files of both languages, or of those that are given, in place of others."""
        for name, text in (("kk", kk), ("ru", ru)):
            content = {} if text is None else {key: text}
            (self.path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    def problems(self) -> list[str]:
        with pytest.raises(TextsError) as refused:
            load_texts(self.path)
        assert refused.value.exit_code == 2
        lines = refused.value.problems
        assert all(line.startswith("JARDEM_TEXTS_DIR: ") for line in lines)
        return [line.removeprefix("JARDEM_TEXTS_DIR: ") for line in lines]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "texts")


def test_without_a_folder_the_texts_are_ours_and_so_is_the_version() -> None:
    assert OURS.version == "1"
    assert load_texts() is OURS


def test_a_text_of_the_folder_stands_in_the_place_of_ours_and_the_rest_is_ours(folder: Folder) -> None:
    texts = load_texts(folder.path)
    assert texts.version == "1+2021-07.a"
    details = Details(iin_tail="0015")
    assert texts.notice(NoticeKind.REVOKED, None, details) == (
        "Е-макет. ЖСН *0015: жазба күшін жойды, рәсім аяқталды.\nЕ-макет. ИИН *0015: запись утратила силу."
    )
    assert texts.question(QuestionKind.OFFER, None, details) == OURS.question(
        QuestionKind.OFFER, None, details
    )
    assert [each.name for each in all_texts(texts)] == [each.name for each in all_texts(OURS)]


def test_a_folder_without_texts_keeps_ours_under_its_version(folder: Folder) -> None:
    folder.writes("revoked")
    texts = load_texts(folder.path)
    assert (texts.catalogues, texts.version) == (OURS.catalogues, "1+2021-07.a")


def test_what_stands_in_the_place_of_ours_may_be_ours_in_every_text() -> None:
    assert faults(OURS, OURS.catalogues) == []


@pytest.mark.parametrize("content", ["1", "a" * 40, "2021-07.b\n", "v1\r\n", "\ufeffv1"])
def test_a_version_is_one_line(folder: Folder, content: str) -> None:
    (folder.path / "version").write_bytes(content.encode())
    assert load_texts(folder.path).version == "1+" + content.strip("\ufeff\r\n")


@pytest.mark.parametrize("content", ["", "\n", "a" * 41, "a b", "1\n2", "1\n\n", "ө", "1+2", " 1"])
def test_a_version_that_is_none(folder: Folder, content: str) -> None:
    (folder.path / "version").write_text(content, encoding="utf-8")
    assert folder.problems() == [
        "version must be one line of 1 to 40 Latin letters, digits, full stops and hyphens"
    ]


@pytest.mark.parametrize("name", ["version", "kk.json", "ru.json"])
def test_a_file_that_is_missing_or_cannot_be_read(folder: Folder, name: str) -> None:
    (folder.path / name).unlink()
    assert f"{name} is missing: put it into {folder.path}" in folder.problems()
    (folder.path / name).mkdir()
    assert f"{name} cannot be read (Is a directory): let the worker read it" in folder.problems()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "nowhere", "No such file"), (tmp_path / "file", "Not a directory")):
        (tmp_path / "file").write_text("")
        with pytest.raises(TextsError, match=rf"{path} cannot be read \({why}.*version, kk.json, ru.json"):
            load_texts(path)


def test_a_file_too_many_is_told_and_a_hidden_one_is_not(folder: Folder) -> None:
    (folder.path / "..data").mkdir()
    load_texts(folder.path)
    (folder.path / "kz.json").write_text("{}")
    assert folder.problems() == [
        "'kz.json' is none of version, kk.json, ru.json: rename it, or take it out of the folder"
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "kk.json is no JSON that is read"),
        (b"{'revoked': 'x'}", "kk.json is no JSON that is read"),
        (b"\xff\xfe{\0}\0", "kk.json is no JSON that is read (UTF-16, and only UTF-8 is read)"),
        (b'{"revoked": "a", "revoked": "b"}', "kk.json is no JSON that is read (a name stands twice"),
        (b'["revoked"]', "kk.json is JSON, but no object"),
        (b'{"revoked": null}', "kk.json, 'revoked': is no text"),
        (b'{"revoked": ["x"]}', "kk.json, 'revoked': is no text"),
    ],
)
def test_a_file_that_holds_no_texts(folder: Folder, content: bytes, said: str) -> None:
    (folder.path / "kk.json").write_bytes(content)
    [line] = folder.problems()
    assert line.startswith(said)
    assert ": write an object" in line or ": put it between" in line


def test_a_mark_that_an_editor_puts_first_does_no_harm(folder: Folder) -> None:
    path = folder.path / "ru.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_texts(folder.path).version == "1+2021-07.a"


def test_a_key_that_is_none_of_ours_is_told_with_the_one_that_may_be_meant(folder: Folder) -> None:
    folder.writes("revokd", **REVOKED)
    [line] = folder.problems()
    assert line.startswith("kk.json and ru.json, 'revokd': is no key of ours; revoked is: ")
    folder.writes("x\x1b[2J", ru="y")
    [line] = folder.problems()
    assert line.startswith(r"ru.json, 'x\x1b[2J': is no key of ours: ")


def test_a_text_in_one_language_only(folder: Folder) -> None:
    folder.writes("revoked", kk=REVOKED["kk"])
    [line] = folder.problems()
    assert line.startswith("ru.json, revoked: is missing, while kk.json has it: write it in both")


def changed(language: str, before: str, after: str) -> Callable[[dict[str, str]], dict[str, str]]:
    def change(texts: dict[str, str]) -> dict[str, str]:
        assert before in texts[language]
        return texts | {language: texts[language].replace(before, after)}

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed("ru", REVOKED["ru"], ""), "ru.json, revoked: is empty"),
        (changed("ru", REVOKED["ru"], " \u00a0"), "ru.json, revoked: is empty"),
        (changed("ru", ": ", ":\n"), "ru.json, revoked: has line breaks, or characters that nobody sees"),
        (changed("ru", ": ", ":\u202e"), "ru.json, revoked: has line breaks, or characters that nobody sees"),
        (changed("ru", ": ", ":\u2028"), "ru.json, revoked: has line breaks, or characters that nobody sees"),
        (changed("kk", "{iin_tail}", "0015"), "kk.json, revoked: lacks {iin_tail}, which ours has"),
        (changed("kk", "Е-макет", "{until}"), "kk.json, revoked: has {until}, which ours has not"),
        (changed("kk", "Е-макет", "{}"), "kk.json, revoked: has {}, which ours has not"),
        (changed("kk", "Е-макет", "{iin_tail!r}"), "kk.json, revoked: has {iin_tail!r}, which ours has not"),
        (changed("kk", "Е-макет", "{{"), "kk.json, revoked: has a brace that belongs to no placeholder"),
        (changed("kk", "Е-макет", "}"), "kk.json, revoked: has a brace that belongs to no placeholder"),
        (changed("ru", "запись", "https://x"), "ru.json, revoked: has a link"),
        (
            changed("ru", "запись", "egov.kz"),
            "ru.json, revoked: has a link, or what a phone takes for one ('egov.kz')",
        ),
        (changed("ru", "запись", "ЕГОВ.ҚАЗ"), "ru.json, revoked: has a link"),
        (changed("ru", "запись", "egov．kz"), "ru.json, revoked: has a link"),
        (changed("ru", "запись", "WWW.запись"), "ru.json, revoked: has a link"),
        (changed("ru", "запись", "x@mail.ru"), "ru.json, revoked: has a link"),
        (changed("ru", "запись", "10.20.30.40"), "ru.json, revoked: has a link"),
        (changed("ru", "запись", "ответьте 1"), "ru.json, revoked: offers 1, which is no answer here"),
        (changed("ru", "запись", "п. 7"), "ru.json, revoked: offers 7, which is no answer here"),
        (changed("ru", "запись", "①"), "ru.json, revoked: has a number in other signs than 0 to 9"),
    ],
)
def test_a_text_that_must_not_be_sent(
    folder: Folder, change: Callable[[dict[str, str]], dict[str, str]], said: str
) -> None:
    folder.writes("revoked", **change(REVOKED))
    [line] = folder.problems()
    assert line.startswith(said)
    assert ": " in line.removeprefix(said)


@pytest.mark.parametrize(
    "words", ["Приказ 225 от 05.06.2021.", "Тел. 1414, 8 800 080 77 77.", "Не верно.Совсем", "* {iin_tail}"]
)
def test_numbers_that_nobody_takes_for_answers_may_stand_in_a_notice(folder: Folder, words: str) -> None:
    folder.writes("revoked", kk=REVOKED["kk"], ru=f"{REVOKED['ru']} {words}")
    load_texts(folder.path)


def test_an_offer_in_other_words(folder: Folder) -> None:
    folder.writes("offer", **OFFER)
    text = load_texts(folder.path).question(QuestionKind.OFFER, None, Details(iin_tail="0015"))
    assert text == "\n".join(OFFER[each].replace("{iin_tail}", "0015") for each in ("kk", "ru"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            changed("kk", "1:", "2:"),
            ["kk.json, offer: does not offer the answer 1", "kk.json, offer: offers 2"],
        ),
        (changed("ru", "2:", "да:"), ["ru.json, offer: does not offer the answer 2"]),
        (changed("ru", "2:", "2 или 5:"), ["ru.json, offer: offers 5, which is no answer here"]),
        (changed("kk", "0:", "О:"), ["kk.json and ru.json, offer: neither offers the answer 0"]),
        (changed("kk", "3 (үш) күн", "5 күн"), ["kk.json, offer: offers 5, which is no answer here"]),
        (changed("kk", "3 (үш) күн", "3: күн"), ["kk.json, offer: offers 3, which is no answer here"]),
        (changed("ru", "1414", "10"), ["ru.json, offer: has the number 10, which may be taken"]),
    ],
)
def test_an_offer_with_other_answers(
    folder: Folder, change: Callable[[dict[str, str]], dict[str, str]], said: list[str]
) -> None:
    folder.writes("offer", **change(OFFER))
    lines = folder.problems()
    assert [line[: len(start)] for line, start in zip(lines, said, strict=True)] == said


@pytest.mark.parametrize(
    ("key", "before", "after", "said"),
    [
        ("one_application", "3 - вместе", "вместе", "does not offer the answer 3"),
        ("one_application", "4 - отдельно", "5 - отдельно", "does not offer the answer 4"),
        ("explain_one_application", "отказаться - 0", "отказаться - нет", "does not offer the answer 0"),
        ("account", "20 знаков", "пришлите 3, 20 знаков", "offers 3"),
        ("account", "20 знаков", "16 знаков", "has the number 16"),
        ("account", "Срок 3 дня", "Верно: 5", "offers 5"),
        ("account_known", "Верно: 5", "Верно: 1", "does not offer the answer 5"),
        ("explain_account_known", "18 знаков", "20 знаков", "has the number 20"),
        ("explain_account", "Отказ: 0", "Отказ: 0. Срок 3 дня", "offers 3"),
        ("explain_offer", "ответьте 2", "ответьте 1", "does not offer the answer 2"),
        ("declined", "ответьте 2", "ответьте 1", "does not offer the answer 2"),
        ("reminder", "ждем", "ответьте 2, ждем", "offers 2"),
    ],
)
def test_digits_are_those_with_which_ours_is_answered(
    folder: Folder, key: str, before: str, after: str, said: str
) -> None:
    ours = {str(language): OURS.catalogues[language][key] for language in Language}
    folder.writes(key, **ours)
    load_texts(folder.path)
    folder.writes(key, **changed("ru", before, after)(ours))
    assert folder.problems()[0].startswith(f"ru.json, {key}: {said}")


def test_a_term_may_be_left_out_of_a_question_and_other_words_may_say_it(folder: Folder) -> None:
    ours = {str(language): OURS.catalogues[language]["account"] for language in Language}
    for term in ("", "3 дней на ответ", "3-х календарных дней", "три дня"):
        folder.writes("account", **changed("ru", "Срок 3 дня", term)(ours))
        load_texts(folder.path)


def test_an_offer_has_at_most_four_parts(folder: Folder) -> None:
    room = 4 * 67 - len("\n".join(OFFER.values()).replace("{iin_tail}", "0015"))
    folder.writes("offer", kk=OFFER["kk"], ru=OFFER["ru"] + "." * room)
    load_texts(folder.path)
    folder.writes("offer", kk=OFFER["kk"], ru=OFFER["ru"] + "." * (room + 1))
    [line] = folder.problems()
    assert line.startswith(
        "kk.json and ru.json, offer: would take 5 SMS parts in both languages together, and"
    )
    assert line.endswith(" may take 4: shorten it")


def test_an_offer_may_have_four_parts_also_where_ours_has_fewer() -> None:
    catalogues = {each: {**texts, "offer": OFFER[each]} for each, texts in OURS.catalogues.items()}
    long = {each: {"offer": OURS.catalogues[each]["offer"]} for each in Language}
    assert faults(Texts(catalogues, "1"), long) == []


def test_a_text_takes_no_more_parts_than_ours(folder: Folder) -> None:
    folder.writes("revoked", kk=REVOKED["kk"], ru=REVOKED["ru"] + "." * 100)
    assert folder.problems() == ["ru.json, revoked: would take 3 SMS parts, and may take 2: shorten it"]


@pytest.mark.parametrize("route", ["route_provider", "route_state_corporation"])
def test_what_is_filled_in_may_not_make_another_text_longer(folder: Folder, route: str) -> None:
    folder.writes(route, kk="Корпорация", ru="отдел " * 20)
    lines = folder.problems()
    assert any(line.startswith(f"ru.json, {route}: no_reply would take 4 SMS parts, and") for line in lines)
    assert all(f", {route}: " in line for line in lines)


def test_all_faults_are_told_at_once(folder: Folder) -> None:
    (folder.path / "kk.json").write_text(json.dumps({"granted": "1", "nothing": "x"}))
    (folder.path / "ru.json").write_text(
        json.dumps({"granted": "{iin_tail} {route}", "revoked": "{iin_tail}"})
    )
    assert [line.partition(": ")[0] for line in folder.problems()] == [
        "kk.json, granted",
        "kk.json, granted",
        "ru.json, granted",
        "kk.json, 'nothing'",
        "kk.json, revoked",
    ]
