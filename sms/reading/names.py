"""Recognises people's names, which nobody can list: by their endings, and by the first names that are common.

A name beside an account or under a text says whose it is, and nothing else. What only looks like one counts
just beside a sure one, and with a capital letter: "Ким Ольга".
"""

import re
from collections.abc import Sequence

from sms.reading.folding import forms, lower, plain

_LONGEST_NAME = 5
_SURNAME = re.compile(
    r"\w{2,}(?:(?:ов|ев|ин)а?|ски|ская|енко|чук|бек|баи|галиев?|жанов?|гул|нур|хан|султан|мирза|таи|теги|ян)"
)
_PLAINLY_A_SURNAME = re.compile(r"\w{2,}(?:[ое]ва|ов|ев|ски|ская|енко)")
_PATRONYMIC = re.compile(r"\w{2,}(?:[ое]вич|[ое]вна|илич|кузмич|инична|кизи)")
# Not in plain letters: "обманули" is no name.
_SON_OF = re.compile(r"\w{2,}(?:ұлы|улы|uly|ūly|ulı)")
_NO_NAMES = (
    "снова слова слева готов готова здоров здорова основа новая один причина половина картина сумма"
    " хозяин магазин кирпич мамин мамина папин папина женин женина дочкин сынов бабушкин дедушкин"
)
_AGAINST = re.compile(
    r"(?:ошиб|закри|чуж|чужд|стар[аои]|стоп|отказ|отмен|мошен|алаиак|блок|арест|прода|умер|неверн|непра|верни"
    r"|кате|кател|жабик|ески|ботен|бурин|басшк|wrong|mistak|clos|old|sold|not|stop|cancel)\w*"
    r"|(?:мам|пап|жен|муж|син|доч|доче|брат|сестр|сосед|внук|внучк|бабушк|дедушк|друг|подруг|тет|дяд)\w{0,4}"
    r"|(?:ана|апа|аке|аже|ата|ага|ини|апке|карин?дас|жолдас|корши|бала|ул|киз|куиеу|аиел|немере|дос)\w{0,3}м\w*"
    r"|не|нет|ни|но|или|жок|емес|ли|ма|ме|ба|бе|па|пе"
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


def are_names(found: Sequence[str]) -> bool:
    """Whether the words, in their own case, are one person's name and no more.

    Without a capital letter a surname's ending is not enough: a first name or a patronymic must stand beside.
    """
    if not 0 < len(found) <= _LONGEST_NAME:
        return False
    kinds = [_kind(word) for word in found]
    return None not in kinds and "sure" in kinds


def _kind(word: str) -> str | None:
    small = lower(word)
    spelled = forms(small)
    if _SON_OF.fullmatch(small):
        return "sure"
    if any(form in _FIRST_NAMES or _PATRONYMIC.fullmatch(form) for form in spelled):
        return "sure"
    if not word.isalpha() or any(form in _ELSEWHERE or _AGAINST.fullmatch(form) for form in spelled):
        return None
    if word[0].isupper():
        return "sure" if any(_SURNAME.fullmatch(form) for form in spelled) else "likely"
    return "likely" if any(_PLAINLY_A_SURNAME.fullmatch(form) for form in spelled) else None
