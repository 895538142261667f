package kz.jardem.rival;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import kz.jardem.rival.Records.Message;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Sends what is committed to the topic of messages; it commits what was taken, so that none is lost. */
final class Messenger implements Runnable {
    private static final int CREATED = 201;
    private static final int TRIES = 5;

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Properties properties = new Properties();
    private final URI address;

    Messenger(String kafka, String sms) {
        address = URI.create(sms + "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json");
        properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka);
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, "streams-messenger");
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    }

    @Override
    public void run() {
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(Topics.MESSAGES));
            while (true) {
                ConsumerRecords<String, byte[]> records = consumer.poll(Duration.ofSeconds(1));
                if (!records.isEmpty()) {
                    CompletableFuture.allOf(StreamSupport.stream(records.spliterator(), false)
                                    .map(this::send)
                                    .toArray(CompletableFuture[]::new))
                            .join();
                    consumer.commitSync();
                }
            }
        }
    }

    private CompletableFuture<Void> send(ConsumerRecord<String, byte[]> record) {
        Message message = Json.read(record.value(), Message.class);
        String form = "To=" + encode(message.phone()) + "&From=" + encode("+77000000000") + "&Body="
                + encode(message.text());
        HttpRequest request = HttpRequest.newBuilder(address)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form))
                .build();
        return attempt(request, TRIES);
    }

    private CompletableFuture<Void> attempt(HttpRequest request, int left) {
        return client.sendAsync(request, BodyHandlers.discarding())
                .handle((response, error) -> isTaken(response))
                .thenCompose(taken -> {
                    if (taken) {
                        return CompletableFuture.completedFuture(null);
                    }
                    return left > 1
                            ? attempt(request, left - 1)
                            : CompletableFuture.failedFuture(new IllegalStateException("a message was not taken"));
                });
    }

    private static boolean isTaken(HttpResponse<Void> response) {
        return response != null && response.statusCode() == CREATED;
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
