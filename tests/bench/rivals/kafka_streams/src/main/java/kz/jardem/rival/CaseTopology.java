package kz.jardem.rival;

import java.nio.charset.StandardCharsets;
import kz.jardem.rival.Records.Award;
import kz.jardem.rival.Records.Case;
import kz.jardem.rival.Records.Decision;
import kz.jardem.rival.Records.Fact;
import kz.jardem.rival.Records.Input;
import kz.jardem.rival.Records.Message;
import kz.jardem.rival.Records.Output;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.Stores;

/** Awards find their phones, and are cases from then on, by phone; answers come to them by the same key. */
final class CaseTopology {
    private static final Serde<String> KEY = Serdes.String();
    private static final Serde<Input> INPUT = Json.of(Input.class);

    private CaseTopology() {}

    static Topology build() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(CaseProcessor.CASES), KEY, Json.of(Case.class)));
        builder.addStateStore(Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(CaseProcessor.DEADLINES), KEY, KEY));
        KTable<String, Fact> phones = builder.table(Topics.FACTS, Consumed.with(KEY, Json.of(Fact.class)));
        KStream<String, Input> awards = builder
                .stream(Topics.AWARDS, Consumed.with(KEY, Json.of(Award.class)))
                .processValues(EventIds::new)
                .join(phones, CaseTopology::toPhone, Joined.with(KEY, Json.of(Award.class), Json.of(Fact.class)))
                .selectKey((number, addressed) -> addressed.phone())
                .mapValues(addressed -> addressed.input())
                .repartition(Repartitioned.with(KEY, INPUT).withName("awards-by-phone"));
        KStream<String, Output> outputs = builder
                .stream(Topics.ANSWERS, Consumed.with(KEY, INPUT))
                .merge(awards)
                .process(CaseProcessor::new, CaseProcessor.CASES, CaseProcessor.DEADLINES);
        outputs.filter((phone, output) -> output.message() != null)
                .mapValues(Output::message)
                .to(Topics.MESSAGES, Produced.with(KEY, Json.of(Message.class)));
        outputs.filter((phone, output) -> output.decision() != null)
                .mapValues(Output::decision)
                .to(Topics.DECISIONS, Produced.with(KEY, Json.of(Decision.class)));
        return builder.build();
    }

    private record Addressed(String phone, Input input) {}

    private static Addressed toPhone(Award award, Fact fact) {
        return new Addressed(fact.phone(), new Input(award.eventId(), award.iin(), null));
    }

    /** Takes what an event is known by from its headers. */
    private static final class EventIds extends ContextualFixedKeyProcessor<String, Award, Award> {
        @Override
        public void process(FixedKeyRecord<String, Award> record) {
            Headers headers = record.headers();
            String id = header(headers, "ce_source") + " " + header(headers, "ce_id");
            context().forward(record.withValue(record.value().withEventId(id)));
        }

        private static String header(Headers headers, String name) {
            return new String(headers.lastHeader(name).value(), StandardCharsets.UTF_8);
        }
    }
}
