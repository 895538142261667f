"""What sounds like an answer and is none: phrases of answers' words, and words that others are taken for."""

from sms.reading import phrases


def _beside(first: str, second: str) -> str:
    """Every phrase of one of the first and one of the second."""
    return " ".join(f"{one}_{other}" for one in first.split() for other in second.split())


def _both_ways(first: str, second: str) -> str:
    return f"{_beside(first, second)} {_beside(second, first)}"


_SAID = (
    "да_ладно да_ну да_ладно_вам да_ну_вас отпишите_мне"
    " мне_отпишите я_один я_одна один_я одна_я мне_один мне_одна мы_одни я_первый я_первая пишу_один"
    " пишу_одна мен_бір один_ответ одна_цифра один_номер"
    " бір_жауап бір_сан бір_нөмір два_номера один_смс одна_смс бір_смс екі_смс үш_смс"
    " один_мне одна_мне 1_смс 2_смс 3_смс 4_смс 5_смс"
)
_NUMBERS = f"{phrases.ONE} {phrases.TWO} {phrases.THREE} {phrases.FOUR} {phrases.FIVE}"
# How many they are, and which group a disability has: "менде 2", "моя вторая".
_COUNTED = (
    f"{_beside('мы біз у_нас у_меня', _NUMBERS)} {_both_ways('менде бізде моя', _NUMBERS)}"
    f" {_both_ways('маған', 'бір екі үш төрт бес')}"
)

_ORDINALS = (
    "первый первая первое первую второй вторая второе вторую третий третья третье третью четвертый четвертая"
    " четвертое четвертую пятый пятая пятое пятую бірінші екінші үшінші төртінші бесінші"
)
_NUMBER_OR_TEXT = "смс sms номер нөмір нөмірі нөмірім"
_WHICH = (
    f"{_both_ways(_ORDINALS, _NUMBER_OR_TEXT)} {_beside(_ORDINALS, 'ответ жауап мой_номер')}"
    f" {_beside('мой_номер', _ORDINALS)}"
)
"""Which number it is, or which text: "второй номер", "первое смс отправила"."""

_THINGS = (
    "смс sms номер номера нөмір нөмірі нөмірім кнопка кнопки түймесі вариант нұсқа цифра сан опция пункт"
)
_THERE_IS_NONE = (
    f"{_both_ways(_THINGS, 'нет нету')} {_beside(_THINGS, 'жоқ')}"
    f" {_beside('менде бізде мен өзім менікі маған бізге мне нам жауап жауабым жауабымыз', 'жоқ нет нету')}"
)

_WRITTEN = "номер номера мой_номер нөмір нөмірі нөмірім нөмірді ответ мой_ответ жауап вариант цифру цифры код"
_DO_NOT_WRITE = f"{_beside(phrases.STOP, _WRITTEN)} {_beside('номер нөмір мой_номер', 'стоп stop')}"
"""No opt-out: "не пишите номер"."""

MISLEADING = f"{_SAID} {_COUNTED} {_WHICH} {_THERE_IS_NONE} {_DO_NOT_WRITE}"
"""Phrases of words that would be an answer, each by itself."""

# He will receive it, and to receive it: letters are compared without the soft sign.
_THIRD_PERSON = "получит получат назначит назначат оформит оформят poluchit poluchat naznachit oformit ответь"
# Letters that Russian keyboards lack are compared as their neighbours: төрт, төртінші, үш, иә.
_BY_LETTERS = "торт четверти четверть трети треть третьи пяти ые ыа йа ыя пищу русь"
_BY_SOUND = "try null bees ieee jo can war deep ham scan"
OTHER_WORDS = frozenset(f"{_THIRD_PERSON} {_BY_LETTERS} {_BY_SOUND}".split())
"""Words that are compared as if they were an answer's, and are others as they are written."""
