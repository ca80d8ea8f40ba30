package ouzel;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import zmq.Options;
import zmq.io.net.Address;
import zmq.io.net.SelectorProviderChooser;

/**
 * Lets a JeroMQ socket reach a Unix domain socket. JeroMQ 0.6 speaks only tcp: its own ipc:// is a tcp port on loopback
 * that is made of the path's hash. So it connects to a port of this bridge, which hands the bytes on, both ways.
 *
 * <p>Other users of the machine can reach that port, too, though the file's mode may keep them out. So the bridge makes
 * JeroMQ's channels itself, knows the ports they come from, and hangs up on everybody else.
 */
final class UnixBridge extends SelectorProvider implements SelectorProviderChooser, AutoCloseable {
    private static final SelectorProvider SYSTEM = SelectorProvider.provider();
    private static final int BUFFER_BYTES = 64 * 1024;

    private final UnixDomainSocketAddress target;
    private final ServerSocketChannel door;
    private final Set<SocketAddress> expected = ConcurrentHashMap.newKeySet();

    UnixBridge(Path target) throws IOException {
        this.target = UnixDomainSocketAddress.of(target);
        door = ServerSocketChannel.open().bind(loopback());
        start(this::accept);
    }

    /** What the JeroMQ socket shall connect to, once it has this bridge as its selector chooser. */
    String endpoint() throws IOException {
        return "tcp://127.0.0.1:" + ((InetSocketAddress) door.getLocalAddress()).getPort();
    }

    @Override
    public void close() {
        closeQuietly(door);
    }

    @Override
    public SelectorProvider choose(Address.IZAddress address, Options options) {
        return this;
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
        SocketChannel channel = SYSTEM.openSocketChannel().bind(loopback());
        expected.add(channel.getLocalAddress());
        return channel;
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel near = door.accept();
                if (expected.remove(near.getRemoteAddress())) {
                    start(() -> join(near));
                } else {
                    closeQuietly(near);
                }
            }
        } catch (IOException closed) {
            // the end of the bridge
        }
    }

    private void join(SocketChannel near) {
        try {
            SocketChannel far = SocketChannel.open(target);
            start(() -> copy(near, far));
            copy(far, near);
        } catch (IOException nobodyThere) {
            closeQuietly(near); // JeroMQ tries again
        }
    }

    private static void copy(SocketChannel from, SocketChannel to) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        try {
            while (from.read(buffer.clear()) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
            }
        } catch (IOException broken) {
            // as good as the end
        }
        closeQuietly(from);
        closeQuietly(to);
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "unix-bridge");
        thread.setDaemon(true);
        thread.start();
    }

    private static void closeQuietly(AutoCloseable channel) {
        try {
            channel.close();
        } catch (Exception alreadyBroken) {
            // it is of no use any more
        }
    }

    // The rest of a SelectorProvider is the system's.

    @Override
    public DatagramChannel openDatagramChannel() throws IOException {
        return SYSTEM.openDatagramChannel();
    }

    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
        return SYSTEM.openDatagramChannel(family);
    }

    @Override
    public Pipe openPipe() throws IOException {
        return SYSTEM.openPipe();
    }

    @Override
    public AbstractSelector openSelector() throws IOException {
        return SYSTEM.openSelector();
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
        return SYSTEM.openServerSocketChannel();
    }
}
