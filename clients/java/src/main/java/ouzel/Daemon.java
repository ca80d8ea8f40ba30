package ouzel;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.zeromq.SocketType;
import org.zeromq.ZConfig;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;
import org.zeromq.ZMsg;

/** Where a daemon is, and the sockets that lead there. */
public final class Daemon implements AutoCloseable {
    /** JeroMQ leaves some connections that it made mute, and makes them anew when this is over; its default is 30 s. */
    private static final int HANDSHAKE_MS = 1_000;

    private final String commands;
    private final String events;
    private final Keys keys;
    private final ZContext context = new ZContext();
    private final List<UnixBridge> bridges = new ArrayList<>();

    /**
     * What a daemon is reached by over tcp, all in Z85: its own public key, and the keys that it knows us by.
     *
     * @param server the daemon's public key
     */
    public record Keys(String server, String publicKey, String secretKey) {
        /** Our keys from a file that `ouzel keys new` wrote. */
        public static Keys read(String server, Path file) throws IOException {
            ZConfig curve = ZConfig.load(file.toString()).getChild("curve");
            if (curve == null || curve.getValue("public-key") == null || curve.getValue("secret-key") == null) {
                throw new IOException(file + " does not have both keys");
            }
            return new Keys(server, curve.getValue("public-key"), curve.getValue("secret-key"));
        }
    }

    /**
     * A daemon with these endpoints, {@code ipc://PATH} or {@code tcp://HOST:PORT}.
     *
     * @param keys null for ipc
     */
    public Daemon(String commands, String events, Keys keys) {
        this.commands = commands;
        this.events = events;
        this.keys = keys;
        context.setLinger(0);
    }

    /** A socket for requests. */
    ZMQ.Socket commands() throws IOException {
        return connect(context.createSocket(SocketType.DEALER), commands);
    }

    /** A socket for events, already subscribed. */
    ZMQ.Socket events() throws IOException {
        ZMQ.Socket socket = context.createSocket(SocketType.SUB);
        socket.subscribe("lifecycle/");
        socket.subscribe("tick/");
        return connect(socket, events);
    }

    private ZMQ.Socket connect(ZMQ.Socket socket, String endpoint) throws IOException {
        socket.setHandshakeIvl(HANDSHAKE_MS);
        if (endpoint.startsWith("ipc://")) {
            UnixBridge bridge = new UnixBridge(Path.of(endpoint.substring("ipc://".length())));
            bridges.add(bridge);
            socket.setSelectorChooser(bridge);
            socket.connect(bridge.endpoint());
        } else {
            if (keys != null) {
                socket.setCurveServerKey(ZMQ.Curve.z85Decode(keys.server));
                socket.setCurvePublicKey(ZMQ.Curve.z85Decode(keys.publicKey));
                socket.setCurveSecretKey(ZMQ.Curve.z85Decode(keys.secretKey));
            }
            socket.connect(endpoint);
        }
        return socket;
    }

    /** The next message within so many milliseconds (-1: whenever it comes), or null. */
    static Map<String, Object> receive(ZMQ.Socket socket, long patienceMs) {
        socket.setReceiveTimeOut((int) patienceMs);
        ZMsg message = ZMsg.recvMsg(socket);
        try {
            return message == null ? null : Wire.decode(message.getLast().getData());
        } catch (Wire.NotAMessage damaged) {
            return null; // as good as lost, and what is lost is asked for again
        }
    }

    /** Closes all sockets. */
    @Override
    public void close() {
        context.close();
        bridges.forEach(UnixBridge::close);
    }
}
