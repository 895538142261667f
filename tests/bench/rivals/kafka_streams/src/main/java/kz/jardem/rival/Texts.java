package kz.jardem.rival;

/** What citizens are told: the same texts as those of the rivals in Python (benefit.py). */
final class Texts {
    static final String OFFER =
            "Вам положена выплата: Вам присвоено почётное звание. Мы узнали о нём из реестра наград, заявление "
                    + "подавать не нужно, справки не нужны. Выплата ежемесячная, на Ваш счёт в любом банке Казахстана. "
                    + "Если согласны её получать, ответьте на это SMS цифрой 1, если нет, цифрой 2. Ответ ждём трое суток. "
                    + "Отказаться можно и позже. Вопросы: 1414, звонок бесплатный.";
    static final String ACCOUNT = "Спасибо. Пришлите в ответ номер счёта (IBAN), 20 знаков, начинается с KZ.";
    static final String DECIDED = "Выплата назначена и будет приходить на счёт, который Вы назвали.";
    static final String AGAIN = "Это не номер счёта. Проверьте его и пришлите ещё раз: 20 знаков, начинается с KZ.";
    static final String YES = "1";

    private Texts() {}
}
