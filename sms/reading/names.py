"""Recognises people's names, which nobody can list: by their endings, and by the first names that are common.

A name beside an account or under a text says whose it is, and nothing else. What could be another word too
counts just beside a sure name or an initial, and with a capital letter: "Ким Ольга", and no "Приставов"
alone. A capital letter alone makes no name, for "Супруг Серик" has two of them.
"""

import re
from collections.abc import Sequence
from enum import Enum, auto

from sms.reading.folding import forms, lower, plain

_LONGEST_NAME = 3
_SURNAME = re.compile(r"\w{2,}(?:енко|чук|бек|гул|нур|хан|султан|мирза)")
# By the letters and not by the sound: "Tomorrow", "Jonathan".
_LATIN_SURNAME = re.compile(r"\w{2,}(?:enko|chuk|bek|gul|nur|khan|sultan|mirza)")
_LIKE_A_LATIN_SURNAME = re.compile(
    r"\w{2,}(?:[oe]va?|[iy]na?|sk[iy]y?|skaya|[ae][iy]|yan|zhan|jan|ali|m[uy]rat|bolat)|kim|pak|tsoi"
)
_LIKE_A_SURNAME = re.compile(
    r"\w{2,}(?:[ое]ва?|[иы]на?|ски|ская|баи|таи|ткази|теги|ян|жан|али|мурат|болат|булат|берген|дзе|швили|огли|заде|их)"
    r"|ким|пак|цои|тен|хегаи|шин|лим|шмидт|миллер|вебер|вагнер|гофман|шульц|маиер|боико|мороз|ковал|мелник"
)
_PLAINLY_A_SURNAME = re.compile(r"\w{2,}(?:[ое]ва|ов|ев|ски|ская|енко)")
_PATRONYMIC = re.compile(r"\w{2,}(?:[ое]вич|[ое]вна|илич|кузмич|инична|кизи)")
# Not in plain letters: "обманули" is no name, and "жабулы" is what has been closed.
_SON_OF = re.compile(r"\w{2,}(?:ұлы|uly|ūly|ulı)")
_LIKE_A_SON_OF = re.compile(r"\w{3,}улы")
# Repeated letters are compared as one, and "ана" is no "Анна".
_MOTHER = re.compile("[aа][nн][aа]")
_OF_A_THING = re.compile(r"\w+[ндт][ыі][ңн]")
_NO_NAMES = (
    "снова слова слева готов готова здоров здорова основа новая один причина половина картина сумма"
    " хозяин магазин кирпич мамин мамина папин папина женин женина дочкин сынов бабушкин дедушкин голова"
    " корова королева маленко миленко прогул загул разгул хетчбек"
    " должников кредиторов жуликов наследников кредитов долгов штрафов налогов алиментов документов"
    " процентов счетов банков рублев переводов расходов еңбек өзбек узбек мужчина женщина машина гражданин"
    " господин скотина дубина армян"
    " вдова дрова каков какова таков такова быстренько давненько частенько хорошенько вновь детский детская"
    " русский русская казахский казахская китай келін жұбай"
)
_AGAINST = re.compile(
    r"(?:ошиб|закри|чуж|чужд|стар[аои]|стоп|отказ|отмен|мошен|алаиак|блок|арест|прода|умер|неверн|непра|верни"
    r"|кате|кател|жабик|ески|ботен|бурин|басшк|wrong|mistak|clos|old|sold|not|stop|cancel)\w*"
    r"|(?:жаб|сал|кама|токтат|бугатта|баила|тутк?инда|таркат)\w{0,3}ули"
    r"|(?:мам|пап|жен|муж|син|доч|доче|брат|сестр|сосед|внук|внучк|бабушк|дедушк|друг|подруг|тет|дяд)\w{0,4}"
    r"|(?:зят|тещ|тест[ьяюие]?|свек[ро]|невест|снох|супруг|племян|опекун|знаком|родств|крестн|отц|отец|матер|дет)\w*"
    r"|(?:отчим|мачех|пасин|падчер|сват|шурин|девер|золовк|свояч|колег|началн|адвокат|юрист|нотариус|пристав)\w*"
    r"|(?:представ|попечит|довер|сидел|соцраб|социалн|волонт|закон|сконч|покоин|погиб|пропал|бивш)\w*"
    r"|мат|дед(?:а|у|ом|е|ов\w*|ул\w*)?|баб(?:а|и|е|у|к\w{1,2}|ин\w*|ул\w*|ушк\w*)|бат(?:я|и|ю|ин\w?|к\w|юшк\w*)"
    r"|кум(?:а|у|е|ом|ов\w?|ин\w?|овя)?|шеф\w*|бос"
    r"|(?:ана|апа|аке|аже|ата|ага|ини|апке|тате|карин?дас|жолдас|корши|бала|ул|киз|куиеу|аиел|немере|дос)"
    r"(?:\w{0,3}м\w*|таи\w*|жан|с?и(?:н\w*)?)"
    r"|(?:камкор|шеше|синли|абисин|келин|кудаги|кудагаи|женге|жезде|оки?лет|асирауши|олди|каитис|марк?ум)\w*"
    r"|(?:жиен|нагаш|балдиз|каин|каинага|каината|каинене|бажа|куда|коке|бауир|туис|курби|устаз|кемпир|шал|жар|окил"
    r"|баибише|отагаси|кенже|шобере|немере|сенимхат|баст?ик)(?:лар|лер|дар|дер)?(?:с?и(?:н\w*)?|и?м\w*|лик\w*)?"
    r"|\w*(?:чи|ва|бо)таи|не|нет|ни|но|или|жок|емес|ли|ма|ме|ба|бе|па|пе"
)
_COMMON = (
    "азамат айбек айгерим айгерім айгуль айгүл айдана айдар айдос айжан айман айнур айнұр айсулу айша"
    " акмарал александр александра алексей алена алина алия алла алма алмагуль алмат алтынай алуа"
    " амангельды аманжол амина анар анастасия анатолий ангелина андрей анна антон антонина ануар арман"
    " артем аружан арыстан асель асем асет аскар асхат асылбек асқар ахмет аяжан аян ақмарал бакыт"
    " бакытжан балжан батима батыр баян бақыт бекзат берик берік бибигуль болат борис ботагоз вадим"
    " валентин валентина валерий валерия василий вера виктор виктория виталий владимир владислав вячеслав"
    " галина гаухар геннадий георгий григорий гулжан гулшат гульжан гульмира гульназ гульнар гульнара"
    " гүлмира дамир дана данияр дархан дарья дастан денис диас динара дмитрий евгений евгения егор"
    " екатерина елена елизавета ерасыл ербол ерболат ержан ерик еркебулан еркин еркін ерлан ермек есен"
    " есенгельды жанар жанат жандос жанибек жанна жансая жумабай жумагуль жұмагүл замира зауре зейнеп зере"
    " зинаида зоя ибрагим иван игорь илья ильяс инна ирина ислам кайрат кайсар калима камила каныш"
    " капитолина кенес кирилл клавдия ксения куаныш кульпаш күләш лаззат лариса леонид лидия любовь"
    " людмила ляззат мадина мадияр майра макпал мансур марал марат маргарита маржан марина мария мақпал"
    " мейрам мира михаил мунира мурат мухтар мұрат надежда назгуль назира нариман наталия наталья никита"
    " николай нина нурай нургуль нуржан нурия нурлан нурсултан нұргүл нұржан нұрлан нұрсұлтан оксана олег"
    " ольга ораз оразбек орал павел петр полина раиса рауан раушан рахат рашид роза роман руслан рустам"
    " сабина сабыр сагат салтанат самал самат санат санжар сания сапар сара сауле светлана семен сергей"
    " серик серикбай серік софья станислав степан сымбат сәуле талгат талғат тамара татьяна тимур тлеубек"
    " толеген төлеген улан улжан умит фарида фатима федор хадиша халима шара шолпан шынар шынгыс шыңғыс"
    " эдуард эльвира эмма юлия юрий яна қайрат қаныш қуаныш үміт ұлжан әлия әсел әсем"
)
_ELSEWHERE, _FIRST_NAMES = (
    frozenset(plain(word) for word in words.split()) for words in (_NO_NAMES, _COMMON)
)


class _Kind(Enum):
    """How far a word is a name. A surname that may be another word is told by an initial beside it."""

    FATHERS = auto()
    FIRST = auto()
    SURNAME = auto()
    LIKELY = auto()
    INITIAL = auto()
    UNKNOWN = auto()


def are_names(found: Sequence[str]) -> bool:
    """Whether the words, in their own case, are one person's name and no more.

    A surname's ending is not enough: a first name, a patronymic or an initial must stand beside.
    """
    if not 0 < len(found) <= _LONGEST_NAME:
        return False
    kinds = [_kind(word) for word in found]
    told = set(kinds)
    unknown = [at for at, kind in enumerate(kinds) if kind is _Kind.UNKNOWN]
    if None in told or not all(_is_first_name(found, kinds, at) for at in unknown):
        return False
    return bool({_Kind.FATHERS, _Kind.FIRST, _Kind.SURNAME} & told) or {_Kind.LIKELY, _Kind.INITIAL} <= told


def _is_first_name(found: Sequence[str], kinds: Sequence[_Kind | None], at: int) -> bool:
    """Whether a word that no list has stands where a first name is missing: "Иванова Снежана Петровна".

    After a patronymic, or in capital letters, it may be any word: "ИВАНОВ ИВАН ИВАНОВИЧ СКОНЧАЛСЯ".
    """
    return (
        kinds[at + 1 : at + 2] == [_Kind.FATHERS]
        and found[at][1:].islower()
        and bool({_Kind.SURNAME, _Kind.LIKELY} & set(kinds))
    )


def _kind(word: str) -> _Kind | None:
    small = lower(word)
    spelled = forms(small)
    if any(form in _FIRST_NAMES for form in spelled) and not _MOTHER.fullmatch(small):
        return _Kind.FIRST
    if not word.isalpha() or any(form in _ELSEWHERE or _AGAINST.fullmatch(form) for form in spelled):
        return None
    if _SON_OF.fullmatch(small) or any(map(_PATRONYMIC.fullmatch, spelled)):
        return _Kind.FATHERS
    return _kind_with_a_capital(word) if word[0].isupper() else _kind_without_one(small)


def _kind_with_a_capital(word: str) -> _Kind | None:
    small = lower(word)
    spelled = forms(small)
    if len(word) == 1:
        return _Kind.INITIAL
    if _OF_A_THING.fullmatch(small):
        return None
    if small.isascii():
        return _kind_in_latin(small)
    if any(map(_SURNAME.fullmatch, spelled)):
        return _Kind.SURNAME
    like = _LIKE_A_SON_OF.fullmatch(small) or any(map(_LIKE_A_SURNAME.fullmatch, spelled))
    return _Kind.LIKELY if like else _Kind.UNKNOWN


def _kind_in_latin(small: str) -> _Kind:
    if _LATIN_SURNAME.fullmatch(small):
        return _Kind.SURNAME
    return _Kind.LIKELY if _LIKE_A_LATIN_SURNAME.fullmatch(small) else _Kind.UNKNOWN


def _kind_without_one(small: str) -> _Kind | None:
    plainly = _LIKE_A_SON_OF.fullmatch(small) or any(map(_PLAINLY_A_SURNAME.fullmatch, forms(small)))
    return _Kind.LIKELY if plainly else None
