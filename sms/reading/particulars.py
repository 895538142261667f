"""What people and banks write around an account number: labels, banks, and numbers that are no account."""

import re

from sms.reading import phrases
from sms.reading.folding import flatten
from sms.reading.vocabulary import Sense, vocabulary

_NUMBERS = re.compile(
    r"(?<![\w+])(?:"
    r"(?:тел|моб|сот|т|tel)?[.:\s]{0,3}\+?[78]?[\s\-(]{0,2}7\d\d[\s\-)]{0,2}\d{3}[\s\-]?\d\d[\s\-]?\d\d"
    r"|(?:иин|жсн|бин|бсн|iin|bin)?[№:.\s-]{0,3}\d{6}[\s\-]?\d{6}"
    r"|\d{4}[\s\-]?\d{4}[\s\-]?\d{4}[\s\-]?\d{4}"  # a card
    r"|\*{1,4}\s?\d{4}"  # a card, masked
    r"|(?:кбе|кбэ|kbe|код бенефициара|бенефициар коды)\W{0,3}\d\d"
    r"|(?:кнп|knp)\W{0,3}\d{3}"  # what a payment is for
    r"|[a-z]{4}kz[a-z0-9]{2}(?:[a-z0-9]{3})?"  # a BIC
    r"|1414(?:-?ке)?"
    r")(?!\w)",
    re.IGNORECASE,
)

_LABELS = (
    "iban ибан иик жск счет счета счете счету счетом расчетный_счет расчетный текущий текущий_счет"
    " лицевой_счет карточный_счет карточный карта карты карте картам картасы карточка карточки карточку"
    " номер номера номері номерім шот шоты шотым шотымның шоттың шотының шотқа шотыма шот_нөмірі"
    " шот_нөмірім нөмір нөмірі нөмірім банк банка банке банкі банкінің банкінде банктің банктегі bank"
    " schet shot название наименование название_банка наименование_банка"
    " bank_name бик бск bic swift swift_code свифт кбе кбэ kbe кнп код_банка код_бенефициара иин жсн iin"
    " бин бсн bin получатель получателя имя_получателя алушы бенефициар бенефициары владелец"
    " алушының банк_получателя счет_получателя р_с л_с р_счет рс лс сч банковский банковский_счет"
    " владелец_счета владелец_карты счет_владельца иесі шот_иесі фио аты_жөні аты_жөнім тегі есімі имя"
    " на_имя фамилия отчество меня_зовут менің_атым name beneficiary account account_number реквизиты"
    " реквизиты_счета"
    " мои_реквизиты деректемелер деректемелерім реквизиттер реквизиттерім валюта тенге теңге kzt kz"
    " қазақстан казахстан казахстана республика республики қр рк тел телефон телефоным моб ұялы т"
    " ашық теңгелік теңгедегі менің_атымдағы атымдағы каспидегі халықтағы халықтегі банкіндегі форттегі"
)
_CARDS = "gold голд алтын red finance финанс"
_BANKS = (
    "kaspi каспи каспий kaspibank каспибанк kaspi_gold каспи_голд каспиголд kaspi_kz"
    " каспиге каспийге каспиде halyk халык халық halykbank народный народном народного народный_банк"
    " народный_банк_казахстана народном_банке народного_банка homebank jusan жусан жұсан jysan цесна"
    " цеснабанк tsesna forte форте fortebank фортебанк bcc бцк центркредит банк_центркредит centercredit"
    " центр_кредит center_credit eurasian евразийский евразийском евразиялық freedom фридом freedom_bank"
    " freedom_finance otbasy отбасы отбасыбанк отбасы_банк жилстройсбербанк жссб bereke"
    " береке altyn home_credit хоум_кредит homecredit atf атф атфбанк rbk рбк bankrbk nurbank нурбанк"
    " нұрбанк сбер сбербанк втб vtb ziraat зираат kzi shinhan шинхан al_hilal аль_хиляль zaman заман"
    " казпочта каз_почта қазпошта kazpost тенгри tengri казком казкоммерцбанк qazkom kazkom бта bta"
)
_COMPANY = "ао ақ дб дб_ао акционерное_общество"
_BANKS_AS_COMPANIES = " ".join(
    f"{company}_{bank} {company}_банк_{bank} {bank}_{company} {bank}_{is_bank}_{company}"
    for company in _COMPANY.split()
    for bank in _BANKS.split()
    for is_bank in ("bank", "банк", "банкі")
)
"""Of other companies it is their account: "АО Нурлан"."""
_PAYING = (
    "переведите перечислите переводите перечисляйте отправьте отправляйте зачислите зачисляйте присылайте"
    " пришлите скиньте кидайте аударыңыз аударыңыздар аударыңызшы аударсаңыз_болады салыңыз салыңыздар"
    " салсаңыз_болады түсіріңіз түсіріңіздер зачислять перечислять"
)
_SENDING = (
    "вот это мой моя мое мои моего моем меня у_меня мне менің менікі өзімнің өзім өз мен маған бұл осы мына"
    " мынау міне осында сюда пишу отправляю отправил отправила высылаю выслал выслала посылаю сообщаю даю"
    " прошу жіберемін жібердім жіберіп_отырмын жазып_отырмын жолдаймын жаңа_шотым новый_счет на этот"
    " этот_счет на_него в во из и для по с от осыған мынаған для_пособия для_пособий для_выплаты для_выплат"
    " для_перечисления для_зачисления для_зачислений для_получения_пособия қабылдаңыз қабылдаңыздар пособие"
    " пособия жәрдемақы жәрдемақыны жәрдемақымды жәрдемақыға_арналған үшін верно правильно точно такой"
    " следующий мынадай келесі дұрыс хорошо ладно конечно ок ok okay әрине жарайды мақұл открыт_в активный"
    " действующий личный собственный свой основной социальный пенсионный зарплатный депозит депозитный"
    " в_банке на_счет на_мой_счет на_карту ответ жауап жауабым пожалуйста n 👍 👌 ✅ ✔ ☑ 🆗 💳 🏦"
    " менің_атымда өз_атымда арнайы соц соцсчет мінекей мінекейіңіз вот_он вот_она"
    " жеке_шотым только_этот только_сюда осы_ғана ғой открыт_на_мое_имя на_мое_имя"
    " жду күтемін"
)
_OTHER = (
    "на_другой на_другую другой другая другую другое другой_счет басқа басқа_шот басқа_шотқа басқасы өзге"
)
_SENT = "отправил отправила выслал выслала"
_FOR = "и на для от у мой моя мое мои моего моем менің өзімнің мне маған"
_FOR_AFTER = "и үшін деген арналған мен"
_DENYING = "нет жоқ no неверно не_верно неправильно не_правильно дұрыс_емес"

_AGREES = Sense(frozenset())

AROUND = vocabulary(
    [],
    [
        (listed, _AGREES)
        for listed in (
            *(
                _LABELS,
                _BANKS,
                _BANKS_AS_COMPANIES,
                _CARDS,
                _PAYING,
                _SENDING,
                phrases.COURTESIES,
                phrases.PICTURES,
                phrases.KAZAKH,
            ),
            *(phrases.YES_KAZAKH, phrases.YES_RUSSIAN, phrases.AGREEING_KAZAKH, phrases.AGREEING_RUSSIAN),
        )
    ],
)
"""What may stand before and after an account."""

OTHER_THAN_SHOWN = vocabulary([], [(_OTHER, _AGREES)])
"""What may stand before one where another account was shown."""

TELLING_WHO_SENT = vocabulary([], [(_SENT, _AGREES)])
"""What tells of somebody else where a name stands beside it: "Марат отправил"."""

BEFORE_ANOTHER = vocabulary([], [(listed, _AGREES) for listed in (_FOR, _PAYING)])
"""What makes the name after it one of whom to pay, or of a relative: "переведите Айгуль", "моя Айгуль"."""

AFTER_ANOTHER = vocabulary([], [(_FOR_AFTER, _AGREES)])
"""What makes the name before it one of whom to pay: "Айгүл үшін"."""

DENYING_THE_SHOWN = vocabulary([], [(_DENYING, _AGREES)])
"""How a text may begin where another account was shown."""


_LISTED = re.compile(r"\A\s*1\)\s*\Z")


def without_item(before: str) -> str:
    """What stands before the account, without the number of a list's first item."""
    return _LISTED.sub("", before)


def without_numbers(part: str) -> str:
    """The text without the numbers that are known not to be an account."""
    return _NUMBERS.sub(" ", flatten(part))
