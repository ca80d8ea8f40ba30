package ouzel;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.zeromq.ZMQ;

/**
 * Sends requests, one at a time; for one thread.
 *
 * <p>It has a name, and each of its requests an id: so one that is not answered is sent again, and the daemon knows a
 * mutation that it has already carried out.
 */
public final class Client implements AutoCloseable {
    private static final long DEADLINE_MS = 10_000; // the daemon's default
    private static final long GRACE_MS = 1_000;
    private static final long RESEND_MS = 2_000; // JeroMQ reconnects by itself, and does not tell what was lost
    private static final long PAGE = 1_000;

    private final String name = UUID.randomUUID().toString();
    private final ZMQ.Socket socket;
    private long number;

    /** All torrents. Events go on after {@code seq}; rows of later pages may already tell some of them. */
    public record Snapshot(String epoch, long seq, List<?> torrents) implements Watch.Update {}

    public Client(Daemon daemon) throws IOException {
        socket = daemon.commands();
    }

    /** Sends one command. Gives its reply, of which {@code result} is what the command defines. */
    public Map<String, Object> call(String op, Map<String, ?> args) throws Refused, NoAnswer {
        Map<String, Object> reply = send(Map.of("op", op, "args", args));
        if (Boolean.TRUE.equals(reply.get("ok"))) {
            return reply;
        }
        throw new Refused(Wire.mapOf(reply.get("error")));
    }

    /** Sends a request as it is, but for what it lacks of `v`, `id` and `client`, which is added to it. */
    public Map<String, Object> send(Map<String, ?> request) throws NoAnswer {
        Map<String, Object> whole = new LinkedHashMap<>(Map.of("v", 1, "id", Long.toString(++number), "client", name));
        whole.putAll(request);
        byte[] frame = Wire.encode(whole);
        long end = nowMs() + GRACE_MS + (whole.get("deadline_ms") instanceof Long asked ? asked : DEADLINE_MS);
        long resend = nowMs();
        for (long now = nowMs(); now < end; now = nowMs()) {
            if (now >= resend) {
                socket.send(frame, ZMQ.DONTWAIT);
                resend = now + RESEND_MS;
            }
            Map<String, Object> reply = Daemon.receive(socket, Math.min(end, resend) - now);
            // The id is null where the daemon could not read it. What answers an earlier request comes too late.
            if (reply != null && (reply.get("id") == null || reply.get("id").equals(whole.get("id")))) {
                return reply;
            }
        }
        throw new NoAnswer();
    }

    /** Asks for all torrents, page by page; again where the daemon refuses for the moment. */
    public Snapshot snapshot() throws Refused, NoAnswer, InterruptedException {
        while (true) {
            try {
                return pages();
            } catch (Refused refused) {
                if (refused.retry.equals("never")) {
                    throw refused;
                }
                Thread.sleep(refused.retryAfterMs);
            }
        }
    }

    private Snapshot pages() throws Refused, NoAnswer {
        String epoch = "";
        long seq = 0;
        Object cursor = null;
        List<Object> torrents = new ArrayList<>();
        do {
            Map<String, Object> args = new HashMap<>(Map.of("limit", PAGE));
            args.put("cursor", cursor);
            Map<String, Object> reply = call("snapshot", args);
            if (cursor == null) {
                epoch = Wire.textOf(reply.get("epoch"));
                seq = Wire.integerOf(reply.get("seq"));
            } else if (!epoch.equals(reply.get("epoch"))) { // the supervisor was restarted between two pages
                torrents.clear();
                cursor = null;
                continue;
            }
            Map<String, Object> result = Wire.mapOf(reply.get("result"));
            torrents.addAll(Wire.listOf(result.get("torrents")));
            cursor = result.get("cursor");
        } while (cursor != null);
        return new Snapshot(epoch, seq, torrents);
    }

    private static long nowMs() {
        return System.nanoTime() / 1_000_000;
    }

    @Override
    public void close() {
        socket.close();
    }
}
