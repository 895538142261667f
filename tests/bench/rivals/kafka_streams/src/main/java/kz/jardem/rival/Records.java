package kz.jardem.rival;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.List;

/** What travels and what is kept. */
final class Records {
    private Records() {}

    /** A number is registered. */
    record Fact(String iin, String phone) {}

    /** A title was awarded; {@code eventId} is its source and id. */
    record Award(String iin, String eventId) {
        Award withEventId(String told) {
            return new Award(iin, told);
        }
    }

    /** What moves a case: an award (with the iin) or an answer (with the text), known again by its id. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Input(String id, String iin, String text) {}

    /** What a case brings about: a message or a decision. */
    record Output(Message message, Decision decision) {}

    /** A text for a phone. */
    record Message(String phone, String text) {}

    /** The grant. */
    record Decision(String iin, String decision_id, String outcome, String iban) {}

    /** How far a case is. */
    enum Stage {
        OFFERED,
        CONSENTED,
        GRANTED,
        REFUSED,
        EXPIRED
    }

    /** A case: {@code taken} are the ids of what has moved it, {@code due} is when its offer expires. */
    record Case(String iin, Stage stage, long due, List<String> taken) {
        Case moved(Stage next, String id) {
            List<String> more = new ArrayList<>(taken);
            more.add(id);
            return new Case(iin, next, 0, more);
        }
    }
}
