package kz.jardem.rival;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;

/** The service: the address of Kafka, that of the SMS API, the port of its webhook, the folder of its state. */
public final class Service {
    private static final String NAME = "streams-rival";
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private Service() {}

    public static void main(String[] arguments) throws Exception {
        String kafka = arguments[0];
        Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, kafka));
        makeTopics(admin);
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, NAME);
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, kafka);
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
        KafkaStreams streams = new KafkaStreams(CaseTopology.build(), properties);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(PATIENCE)));
        streams.start();
        // A message that is not taken ends the service: what was not committed is sent by the next.
        Thread messenger = new Thread(new Messenger(kafka, arguments[1]), "messenger");
        messenger.setUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        });
        messenger.start();
        KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka),
                new StringSerializer(),
                new ByteArraySerializer());
        while (streams.state() != KafkaStreams.State.RUNNING) {
            Thread.sleep(50);
        }
        Webhook.open(Integer.parseInt(arguments[2]), producer, () -> isSettled(admin));
    }

    private static void makeTopics(Admin admin) throws InterruptedException, ExecutionException {
        List<NewTopic> topics = Stream.of(Topics.ANSWERS, Topics.MESSAGES)
                .map(name -> new NewTopic(name, Topics.PARTITIONS, (short) 1))
                .toList();
        try {
            admin.createTopics(topics).all().get();
        } catch (ExecutionException error) {
            if (!(error.getCause() instanceof TopicExistsException)) {
                throw error;
            }
        }
    }

    /** Whether all that was published is applied: nothing lies behind what the streams have committed. */
    private static boolean isSettled(Admin admin) {
        List<TopicPartition> parts = Stream.of(Topics.FACTS, Topics.AWARDS, Topics.ANSWERS)
                .flatMap(topic -> IntStream.range(0, Topics.PARTITIONS).mapToObj(part -> new TopicPartition(topic, part)))
                .toList();
        try {
            Map<TopicPartition, OffsetAndMetadata> done =
                    admin.listConsumerGroupOffsets(NAME).partitionsToOffsetAndMetadata().get();
            var ends = admin.listOffsets(parts.stream().collect(Collectors.toMap(part -> part, part -> OffsetSpec.latest())))
                    .all()
                    .get();
            return parts.stream().allMatch(part -> {
                long end = ends.get(part).offset();
                return end == 0 || (done.get(part) != null && done.get(part).offset() >= end);
            });
        } catch (InterruptedException | ExecutionException error) {
            return false;
        }
    }
}
