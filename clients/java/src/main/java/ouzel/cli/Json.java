package ouzel.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Messages as JSON: bytes are {@code {"$bin": base64}}. */
final class Json {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    private Json() {}

    static String write(Map<String, ?> message) {
        return GSON.toJson(toJson(message));
    }

    /** Throws JsonParseException or IllegalStateException where the line is no JSON object. */
    static Map<String, Object> read(String line) {
        Map<String, Object> members = new LinkedHashMap<>();
        JsonParser.parseString(line).getAsJsonObject().asMap().forEach((key, value) -> members.put(key, fromJson(value)));
        return members;
    }

    private static JsonElement toJson(Object value) {
        if (value instanceof Boolean truth) {
            return new JsonPrimitive(truth);
        } else if (value instanceof Number number) {
            return new JsonPrimitive(number);
        } else if (value instanceof String text) {
            return new JsonPrimitive(text);
        } else if (value instanceof byte[] bytes) {
            return toJson(Map.of("$bin", Base64.getEncoder().encodeToString(bytes)));
        } else if (value instanceof List<?> items) {
            JsonArray array = new JsonArray();
            items.forEach(item -> array.add(toJson(item)));
            return array;
        } else if (value instanceof Map<?, ?> members) {
            JsonObject object = new JsonObject();
            members.forEach((key, member) -> object.add((String) key, toJson(member)));
            return object;
        }
        return JsonNull.INSTANCE;
    }

    private static Object fromJson(JsonElement json) {
        if (json instanceof JsonArray array) {
            List<Object> items = new ArrayList<>();
            array.forEach(item -> items.add(fromJson(item)));
            return items;
        } else if (json instanceof JsonObject object) {
            if (object.size() == 1 && object.get("$bin") instanceof JsonPrimitive bytes) {
                return Base64.getDecoder().decode(bytes.getAsString());
            }
            Map<String, Object> members = new LinkedHashMap<>();
            object.asMap().forEach((key, member) -> members.put(key, fromJson(member)));
            return members;
        } else if (json instanceof JsonPrimitive primitive) {
            if (primitive.isBoolean()) {
                return primitive.getAsBoolean();
            } else if (primitive.isString()) {
                return primitive.getAsString();
            }
            String number = primitive.getAsString();
            return number.matches("-?[0-9]+") ? (Object) Long.valueOf(number) : (Object) Double.valueOf(number);
        }
        return null;
    }
}
