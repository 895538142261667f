import pytest

from sms.segments import count_segments, is_gsm7


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # 153 septets hold 76 escaped pairs and one septet that no pair fits into.
        ("€" * 152, 2),
        ("€" * 153, 3),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("a" * 70 + "ә", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        # 67 units hold 33 pairs.
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("ж" * 66 + "😀" + "ж" * 65, 2),
        ("ж" * 66 + "😀" + "ж" * 66, 3),
    ],
)
def test_segments(text: str, segments: int) -> None:
    assert count_segments(text) == segments


def test_kazakh_and_russian_never_fit_seven_bits() -> None:
    assert is_gsm7("Jardem: 1, 2 @ 10:00 {ok}")
    assert not is_gsm7("Е-макет")
    assert not is_gsm7("Жәрдемақы")
    assert not is_gsm7("ç")
