"""The words that citizens answer with, and what each one can mean.

A *decisive* word is an answer of the contract, however it is spelled. A *supporting* word agrees with some
answers and decides nothing: "согласен" goes with consent in either language, and is no consent alone, because
it chooses no language. Courtesies go with every answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.sms import AccountConfirmed, Answer, Consent, Decline, Separately, Together
from schemas.values import Language
from sms.folding import undouble

_KAZAKH: Answer = Consent(language=Language.KAZAKH)
_RUSSIAN: Answer = Consent(language=Language.RUSSIAN)
_NO: Answer = Decline()
_TOGETHER: Answer = Together()
_SEPARATELY: Answer = Separately()
_CONFIRMED: Answer = AccountConfirmed()

_ONE = "1 один одна первый первое бір бир birinshi бірінші bir odin"
_TWO = "2 два две второй второе екі еки екінші eki dva"
_ZERO = "0 о ноль нуль нөл нол nol"
_YES_KAZAKH = "иә иа ия иэ ийә йә ia iya ija"
_YES_RUSSIAN = "да da"
_NO_WORDS = "жоқ жок жоҡ joq jok zhoq zhok жоk нет net nyet стоп stop"
# Words that the SMS API takes for an opt-out: what reaches us of them is the citizen's no.
_OPT_OUT = "stopall unsubscribe cancel end quit revoke optout отписка отписаться"

_AGREEING = (
    "согласен согласна согласны согласие хочу принимаю подтверждаю ок ok okay yes хорошо ладно верно"
    " правильно конечно келісемін келисемин келістім келістик ризамын жарайды болады мақұл макул дұрыс"
    " дурыс әрине арине soglasen soglasna kelisemin 👍 👌 ✅ ✔ ☑"
)
_REFUSING = (
    "не_согласен не_согласна не_согласны не_хочу не_надо не_нужно не_буду не_интересует отказ"
    " отказываюсь нету неа no нельзя келіспеймін келиспеймин керек_емес қажет_емес қаламаймын 👎 ❌ 🚫 🙅 ⛔"
    " ✖ 😡 😠"
)
_IN_KAZAKH = (
    "қазақша казакша қазақ казах казахский казахском казахски қазақ_тілінде kz kaz қаз каз qazaqsha kazaksha"
)
_IN_RUSSIAN = "русский русском русски рус орысша орыс орыс_тілінде ru rus russkiy russkii po_russki orysha"
_JOINTLY = "вместе бірге бирге қосып одно_заявление бір_өтініш vmeste birge"
_APART = "отдельно жеке бөлек болек otdelno zheke jeke"

_COURTESIES = (
    "r р p мой моя менің менин мен я ответ жауап жауабым номер n цифра вариант выбираю отвечаю"
    " таңдаймын нажимаю отправляю пожалуйста спасибо большое рахмет рақмет рахмат үлкен көп алғыс"
    " raxmet rahmet rakhmet spasibo pozhaluysta здравствуйте здрасте привет добрый добрая день вечер"
    " утро сәлем салем сәлеметсіз салеметсиз сәлеметсізбе бе ассалаумағалейкум ассалаумагалейкум"
    " ассалам алейкум қайырлы күн кеш таң уважаемые құрметті salem privet на по тілінде тилинде языке"
    " язык тіл рақым етіңіз өтінемін 🙏 😊 🙂 😀 😃 😄 🤝 ❤ 💐 🌹 🌷 ☺ 💙 💛 💚 🇰 🇿 🇷 🇺"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What each word can mean under one question."""

    decisive: Mapping[str, Answer]
    supporting: Mapping[str, frozenset[Answer]]


def _each(words: str) -> list[str]:
    return [undouble(word.replace("_", " ")) for word in words.split()]


def _vocabulary(
    decisive: Iterable[tuple[str, Answer]], supporting: Iterable[tuple[str, tuple[Answer, ...]]]
) -> Vocabulary:
    deciding = {word: answer for words, answer in decisive for word in _each(words)}
    agreeing = {word: frozenset(answers) for words, answers in supporting for word in _each(words)}
    everything = frozenset(deciding.values())
    agreeing |= dict.fromkeys(_each(_COURTESIES), everything)
    return Vocabulary(deciding, agreeing)


OFFER = _vocabulary(
    [
        (_ONE, _KAZAKH),
        (_YES_KAZAKH, _KAZAKH),
        (_TWO, _RUSSIAN),
        (_YES_RUSSIAN, _RUSSIAN),
        (_ZERO, _NO),
        (_NO_WORDS, _NO),
        (_OPT_OUT, _NO),
    ],
    [
        (_AGREEING, (_KAZAKH, _RUSSIAN)),
        (_REFUSING, (_NO,)),
        (_IN_KAZAKH, (_KAZAKH,)),
        (_IN_RUSSIAN, (_RUSSIAN,)),
    ],
)
"""The offer: consent with its language, or no."""

ONE_APPLICATION = _vocabulary(
    [(_ONE, _TOGETHER), (_TWO, _SEPARATELY)],
    [
        (_YES_KAZAKH, (_TOGETHER,)),
        (_YES_RUSSIAN, (_TOGETHER,)),
        (_AGREEING, (_TOGETHER, _SEPARATELY)),
        (_JOINTLY, (_TOGETHER,)),
        (_APART, (_SEPARATELY,)),
        ("жоқ жок нет net", (_SEPARATELY,)),
    ],
)
"""One application, or this benefit on its own (R7). A bare yes or no does not say which."""

KNOWN_ACCOUNT = _vocabulary(
    [(_ONE, _CONFIRMED)],
    [(_YES_KAZAKH, (_CONFIRMED,)), (_YES_RUSSIAN, (_CONFIRMED,)), (_AGREEING, (_CONFIRMED,))],
)
"""The account shown is the right one (R4)."""
