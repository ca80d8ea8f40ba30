package ouzel;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.zeromq.ZMQ;

/**
 * A snapshot and then each lifecycle event, in order, none missing and none twice. Where events are lost for good, or
 * the supervisor was restarted, another snapshot comes and it goes on from there.
 */
public final class Watch implements AutoCloseable {
    private static final long PAGE = 1_000;
    private static final long RETRY_MS = 500;

    private final Client client;
    private final ZMQ.Socket socket;
    private final Deque<Update> ready = new ArrayDeque<>();
    private Map<String, Object> held; // an event that waits for those before it
    private final Set<String> outdated = new HashSet<>(); // epochs that are over: their events may still be on their way
    private String epoch = "";
    private long last; // seq of the last event that was given

    /** What there is to know next: a snapshot, after which all that was known before is void, or an event. */
    public sealed interface Update permits Client.Snapshot, Event {}

    /** The next lifecycle event, as the daemon's map. */
    public record Event(Map<String, Object> message) implements Update {}

    /** Subscribes, and takes the first snapshot. The client must not be used elsewhere meanwhile. */
    public Watch(Daemon daemon, Client client) throws IOException, Refused, NoAnswer, InterruptedException {
        this.client = client;
        socket = daemon.events();
        snapshot();
    }

    /** The next event or snapshot. While there is no daemon it waits for one. */
    public Update next() throws Refused, InterruptedException {
        while (ready.isEmpty()) {
            if (held == null) {
                held = Daemon.receive(socket, -1);
            }
            try {
                if (held != null && taken(held)) {
                    held = null;
                }
            } catch (Refused refused) {
                if (!refused.retry.equals("later")) {
                    throw refused;
                }
                Thread.sleep(RETRY_MS);
            } catch (NoAnswer nobodyThere) {
                Thread.sleep(RETRY_MS);
            }
        }
        return ready.remove();
    }

    /** Whether an event is done with; otherwise it has to be taken again. */
    private boolean taken(Map<String, Object> event) throws Refused, NoAnswer, InterruptedException {
        String theirs = Wire.textOf(event.get("epoch"));
        long seq = Wire.integerOf(event.get("seq"));
        if (outdated.contains(theirs)) {
            return true;
        }
        if (!theirs.equals(epoch)) { // of a new supervisor; or of one that is gone, whose event was long on its way
            snapshot();
            if (!theirs.equals(epoch)) {
                outdated.add(theirs);
            }
            return true;
        }
        if (seq == last + 1 && !"tick".equals(event.get("type"))) {
            give(event);
        }
        boolean done = last >= seq;
        if (!done) { // a gap: some were lost, or all since the last tick
            replay();
        }
        return done;
    }

    private void replay() throws Refused, NoAnswer, InterruptedException {
        long before = last;
        try {
            Map<String, Object> reply = client.call("replay", Map.of("epoch", epoch, "after_seq", last, "limit", PAGE));
            for (Object each : Wire.listOf(Wire.mapOf(reply.get("result")).get("events"))) {
                Map<String, Object> event = Wire.mapOf(each);
                if (Wire.integerOf(event.get("seq")) == last + 1) {
                    give(event);
                }
            }
        } catch (Refused refused) {
            if (!refused.retry.equals("resnapshot")) {
                throw refused;
            }
        }
        if (last == before) { // they cannot be had any more
            snapshot();
        }
    }

    private void snapshot() throws Refused, NoAnswer, InterruptedException {
        Client.Snapshot whole = client.snapshot();
        outdated.add(epoch);
        outdated.remove(whole.epoch());
        epoch = whole.epoch();
        last = whole.seq();
        ready.add(whole);
    }

    private void give(Map<String, Object> event) {
        last = Wire.integerOf(event.get("seq"));
        ready.add(new Event(event));
    }

    @Override
    public void close() {
        socket.close();
    }
}
