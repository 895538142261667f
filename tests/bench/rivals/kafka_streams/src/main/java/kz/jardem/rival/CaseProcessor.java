package kz.jardem.rival;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import kz.jardem.rival.Records.Case;
import kz.jardem.rival.Records.Decision;
import kz.jardem.rival.Records.Input;
import kz.jardem.rival.Records.Message;
import kz.jardem.rival.Records.Output;
import kz.jardem.rival.Records.Stage;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** The cases by phone. Deadlines stand in a store of their own in the order of their instants. */
final class CaseProcessor implements Processor<String, Input, String, Output> {
    static final String CASES = "cases";
    static final String DEADLINES = "deadlines";

    private static final long PATIENCE = Duration.ofDays(3).toMillis();
    private static final Duration LOOK = Duration.ofSeconds(1);

    private ProcessorContext<String, Output> context;
    private KeyValueStore<String, Case> cases;
    private KeyValueStore<String, String> deadlines;

    @Override
    public void init(ProcessorContext<String, Output> given) {
        context = given;
        cases = given.getStateStore(CASES);
        deadlines = given.getStateStore(DEADLINES);
        given.schedule(LOOK, PunctuationType.WALL_CLOCK_TIME, this::expire);
    }

    @Override
    public void process(Record<String, Input> record) {
        Case found = cases.get(record.key());
        if (record.value().iin() != null) {
            award(record, found);
        } else if (found != null && !found.taken().contains(record.value().id())) {
            answer(record, found);
        }
    }

    private void award(Record<String, Input> record, Case found) {
        if (found != null) {
            return;
        }
        long due = context.currentSystemTimeMs() + PATIENCE;
        Input award = record.value();
        cases.put(record.key(), new Case(award.iin(), Stage.OFFERED, due, List.of(award.id())));
        deadlines.put(deadline(due, record.key()), record.key());
        tell(record, Texts.OFFER);
    }

    private void answer(Record<String, Input> record, Case found) {
        String text = record.value().text().strip();
        switch (found.stage()) {
            case OFFERED -> {
                boolean yes = text.equals(Texts.YES);
                deadlines.delete(deadline(found.due(), record.key()));
                keep(record, found, yes ? Stage.CONSENTED : Stage.REFUSED);
                if (yes) {
                    tell(record, Texts.ACCOUNT);
                }
            }
            case CONSENTED -> {
                boolean right = Iban.isRight(text);
                keep(record, found, right ? Stage.GRANTED : Stage.CONSENTED);
                if (right) {
                    Decision decision = new Decision(found.iin(), UUID.randomUUID().toString(), "granted", text);
                    context.forward(record.withValue(new Output(null, decision)));
                }
                tell(record, right ? Texts.DECIDED : Texts.AGAIN);
            }
            default -> keep(record, found, found.stage());
        }
    }

    private void keep(Record<String, Input> record, Case found, Stage next) {
        cases.put(record.key(), found.moved(next, record.value().id()));
    }

    private void tell(Record<String, Input> record, String text) {
        context.forward(record.withValue(new Output(new Message(record.key(), text), null)));
    }

    private void expire(long now) {
        try (KeyValueIterator<String, String> due = deadlines.range("", deadline(now, ""))) {
            while (due.hasNext()) {
                KeyValue<String, String> one = due.next();
                cases.put(one.value, cases.get(one.value).moved(Stage.EXPIRED, one.key));
                deadlines.delete(one.key);
            }
        }
    }

    private static String deadline(long instant, String phone) {
        return String.format("%015d/%s", instant, phone);
    }
}
