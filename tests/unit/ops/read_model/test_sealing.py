import pytest

from ops.read_model.masking import masked
from ops.read_model.sealing import NotOpenedError, Place, Sealer

SEALER = Sealer.of("a-key-of-thirty-two-characters-or-more")
HERE = Place("subjects", "iin", "case-1")


@pytest.mark.parametrize("content", ["", "850101300015", "мәтін " * 500, "\udcff"])
def test_what_is_sealed_is_opened_in_its_place(content: str) -> None:
    assert SEALER.text(HERE, SEALER.seal(HERE, content)) == content


def test_the_same_is_sealed_to_the_same_and_elsewhere_to_something_else() -> None:
    assert SEALER.seal(HERE, "x") == SEALER.seal(HERE, "x")
    assert SEALER.seal(HERE, "x") != SEALER.seal(Place("subjects", "iin", "case-2"), "x")


@pytest.mark.parametrize(
    "place",
    [Place("decisions", "iin", "case-1"), Place("subjects", "iban", "case-1"), Place("subjects", "iin", "2")],
)
def test_what_was_put_elsewhere_is_not_opened(place: Place) -> None:
    with pytest.raises(NotOpenedError):
        SEALER.open(place, SEALER.seal(HERE, "850101300015"))


def test_another_key_opens_nothing() -> None:
    with pytest.raises(NotOpenedError):
        Sealer.of("another-key-of-thirty-two-characters").open(HERE, SEALER.seal(HERE, "850101300015"))


def test_what_is_long_is_kept_small() -> None:
    assert len(SEALER.seal(HERE, "мәтін " * 500)) < 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ИИН 850101300015", "ИИН *0015"),
        ("8 (701) 555-01-01, +7 701 555 01 02", "*0101, *0102"),
        ("счёт kz86 125k zt50 0410 0100", "счёт *0100"),
        ("да, 2021-07-12 и 2021-07-12T10:00:00.5+06:00", "да, 2021-07-12 и 2021-07-12T10:00:00.5+06:00"),
        ("0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11", "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"),
        ("дом 17, кв. 5", "дом 17, кв. 5"),
    ],
)
def test_numbers_that_could_name_somebody_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown
