package kz.jardem.rival;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import kz.jardem.rival.Records.Input;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Takes citizens' answers: they are safe in their topic when the call is answered. */
final class Webhook {
    private static final int BACKLOG = 1024;
    private static final int THREADS = 32;
    private static final int NO_BODY = -1;
    private static final SecretKeySpec TOKEN =
            new SecretKeySpec("the-token-of-the-load".getBytes(StandardCharsets.UTF_8), "HmacSHA1");

    private final Producer<String, byte[]> producer;
    private final String url;

    private Webhook(Producer<String, byte[]> producer, String url) {
        this.producer = producer;
        this.url = url;
    }

    static void open(int port, Producer<String, byte[]> producer, BooleanSupplier settled) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
        Webhook webhook = new Webhook(producer, "http://127.0.0.1:" + port + "/answers");
        server.createContext("/answers", webhook::take);
        server.createContext("/settled", exchange -> {
            byte[] body = Boolean.toString(settled.getAsBoolean()).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.start();
    }

    private void take(HttpExchange exchange) throws IOException {
        Map<String, String> form = form(exchange.getRequestBody().readAllBytes());
        String signature = exchange.getRequestHeaders().getFirst("X-Twilio-Signature");
        if (signature == null || !isSigned(form, signature)) {
            answer(exchange, 403);
            return;
        }
        Input input = new Input(form.get("MessageSid"), null, form.get("Body"));
        producer.send(
                new ProducerRecord<>(Topics.ANSWERS, form.get("From"), Json.write(input)),
                (written, error) -> answer(exchange, error == null ? 204 : 503));
    }

    private static void answer(HttpExchange exchange, int status) {
        try (exchange) {
            exchange.sendResponseHeaders(status, NO_BODY);
        } catch (IOException gone) {
            // Whoever has called brings it again.
            exchange.close();
        }
    }

    private boolean isSigned(Map<String, String> form, String signature) {
        StringBuilder signed = new StringBuilder(url);
        form.forEach((name, value) -> signed.append(name).append(value));
        try {
            Mac mac = Mac.getInstance(TOKEN.getAlgorithm());
            mac.init(TOKEN);
            byte[] right = mac.doFinal(signed.toString().getBytes(StandardCharsets.UTF_8));
            return MessageDigest.isEqual(
                    Base64.getEncoder().encode(right), signature.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    /** The fields of a form, in the order in which they are signed. */
    private static Map<String, String> form(byte[] body) {
        Map<String, String> fields = new TreeMap<>();
        for (String pair : new String(body, StandardCharsets.UTF_8).split("&")) {
            String[] parts = pair.split("=", 2);
            fields.put(decode(parts[0]), parts.length > 1 ? decode(parts[1]) : "");
        }
        return fields;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
