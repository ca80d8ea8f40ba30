package ouzel;

import java.io.IOException;
import java.nio.charset.CodingErrorAction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessagePackException;
import org.msgpack.core.MessagePacker;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.ValueType;

/**
 * Messages as msgpack bytes, and nothing that the protocol does not allow in them.
 *
 * <p>Values are null, Boolean, Long, Double, String, byte[], List and Map.
 */
public final class Wire {
    private static final int MAX_DEPTH = 16;
    private static final long MAX_INTEGER = (1L << 53) - 1;
    private static final MessagePack.UnpackerConfig STRICT = new MessagePack.UnpackerConfig()
            .withActionOnMalformedString(CodingErrorAction.REPORT)
            .withActionOnUnmappableString(CodingErrorAction.REPORT);

    private Wire() {}

    /** A frame is not a message of the protocol. */
    public static final class NotAMessage extends Exception {
        private static final long serialVersionUID = 1;

        NotAMessage(String why) {
            super(why);
        }
    }

    /** A message as msgpack, integers in their shortest form. */
    public static byte[] encode(Map<String, ?> message) {
        try (MessageBufferPacker packer = MessagePack.newDefaultBufferPacker()) {
            pack(packer, message);
            return packer.toByteArray();
        } catch (IOException impossible) { // it writes to memory
            throw new IllegalStateException(impossible);
        }
    }

    private static void pack(MessagePacker packer, Object value) throws IOException {
        if (value == null) {
            packer.packNil();
        } else if (value instanceof Boolean truth) {
            packer.packBoolean(truth);
        } else if (value instanceof Double number) {
            packer.packDouble(number);
        } else if (value instanceof Number number) {
            packer.packLong(number.longValue());
        } else if (value instanceof String text) {
            packer.packString(text);
        } else if (value instanceof byte[] bytes) {
            packer.packBinaryHeader(bytes.length).writePayload(bytes);
        } else if (value instanceof List<?> items) {
            packer.packArrayHeader(items.size());
            for (Object item : items) {
                pack(packer, item);
            }
        } else if (value instanceof Map<?, ?> members) {
            packer.packMapHeader(members.size());
            for (Map.Entry<?, ?> member : members.entrySet()) {
                pack(packer, member.getKey());
                pack(packer, member.getValue());
            }
        } else {
            throw new IllegalArgumentException("the wire has no " + value.getClass());
        }
    }

    /** The one map that a frame holds. */
    public static Map<String, Object> decode(byte[] frame) throws NotAMessage {
        try (MessageUnpacker unpacker = STRICT.newUnpacker(frame)) {
            Object message = unpack(unpacker, frame.length, 0);
            if (unpacker.getTotalReadBytes() < frame.length) {
                throw new NotAMessage("there are bytes after its end");
            }
            if (!(message instanceof Map)) {
                throw new NotAMessage("not a map");
            }
            return mapOf(message);
        } catch (IOException | MessagePackException error) {
            throw new NotAMessage(error.toString());
        }
    }

    private static Object unpack(MessageUnpacker from, int size, int depth) throws IOException, NotAMessage {
        ValueType type = from.getNextFormat().getValueType();
        if (depth == MAX_DEPTH && (type == ValueType.ARRAY || type == ValueType.MAP)) {
            throw new NotAMessage("nested too deep");
        }
        switch (type) {
            case NIL:
                from.unpackNil();
                return null;
            case BOOLEAN:
                return from.unpackBoolean();
            case FLOAT:
                return from.unpackDouble();
            case STRING:
                return from.unpackString();
            case INTEGER:
                long number = from.unpackLong();
                if (number < -MAX_INTEGER || number > MAX_INTEGER) {
                    throw new NotAMessage("an integer is outside of ±(2^53-1)");
                }
                return number;
            case BINARY:
                int length = from.unpackBinaryHeader();
                if (length > size) { // before so much memory is taken
                    throw new NotAMessage("it ends too soon");
                }
                return from.readPayload(length);
            case ARRAY:
                List<Object> items = new ArrayList<>();
                for (int left = from.unpackArrayHeader(); left > 0; left--) {
                    items.add(unpack(from, size, depth + 1));
                }
                return items;
            case MAP:
                Map<String, Object> members = new LinkedHashMap<>();
                for (int left = from.unpackMapHeader(); left > 0; left--) {
                    if (from.getNextFormat().getValueType() != ValueType.STRING) {
                        throw new NotAMessage("a key is not a string");
                    }
                    members.put(from.unpackString(), unpack(from, size, depth + 1));
                }
                return members;
            default:
                throw new NotAMessage("an extension type is not allowed");
        }
    }

    /** What a message has where it should have a map, or an empty map. */
    @SuppressWarnings("unchecked") // all maps of this codec have strings as keys
    public static Map<String, Object> mapOf(Object value) {
        return value instanceof Map ? (Map<String, Object>) value : Map.of();
    }

    /** What a message has where it should have a list, or an empty list. */
    public static List<?> listOf(Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    /** What a message has where it should have text, or an empty one. */
    public static String textOf(Object value) {
        return value instanceof String text ? text : "";
    }

    /** What a message has where it should have an integer, or 0. */
    public static long integerOf(Object value) {
        return value instanceof Long number ? number : 0;
    }
}
