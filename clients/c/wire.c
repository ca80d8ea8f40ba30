/* What travels: msgpack as Ouzel's wire allows it, and its form in JSON. */
#include "ouzel.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16 };
static const int64_t MAX_INTEGER = (INT64_C(1) << 53) - 1;
static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

json_t *ouzel_bytes(const unsigned char *bytes, size_t size)
{
    char *text = malloc((size + 2) / 3 * 4 + 1), *end = text;
    if (!text)
        abort();
    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        unsigned group = (unsigned)bytes[at] << 16;
        group |= (left > 1 ? (unsigned)bytes[at + 1] << 8 : 0) | (left > 2 ? (unsigned)bytes[at + 2] : 0);
        *end++ = ALPHABET[group >> 18];
        *end++ = ALPHABET[group >> 12 & 63];
        *end++ = left > 1 ? ALPHABET[group >> 6 & 63] : '=';
        *end++ = left > 2 ? ALPHABET[group & 63] : '=';
    }
    json_t *value = json_pack("{s:s%}", "$bin", text, (size_t)(end - text));
    free(text);
    return value;
}

/* Packs what ouzel_bytes gives. */
static void pack_bytes(msgpack_packer *packer, const char *text)
{
    size_t length = strcspn(text, "="), size = length * 3 / 4, done = 0;
    unsigned char *bytes = malloc(size + 1);
    if (!bytes)
        abort();
    unsigned group = 0;
    for (size_t at = 0; at < length; at++) {
        const char *found = strchr(ALPHABET, text[at]);
        group = group << 6 | (unsigned)(found ? found - ALPHABET : 0);
        if (at % 4 != 0)
            bytes[done++] = (unsigned char)(group >> (6 - at % 4 * 2));
    }
    msgpack_pack_bin_with_body(packer, bytes, size);
    free(bytes);
}

static json_t *refuse(const char **why, const char *reason)
{
    *why = reason;
    return NULL;
}

/* msgpack-c has no pointer for what is empty, and jansson wants one. */
static const char *text_of(const msgpack_object_str *text)
{
    return text->size ? text->ptr : "";
}

static json_t *to_json(const msgpack_object *value, int depth, const char **why)
{
    bool container = value->type == MSGPACK_OBJECT_ARRAY || value->type == MSGPACK_OBJECT_MAP;
    if (container && depth == MAX_DEPTH)
        return refuse(why, "nested too deep");
    json_t *made;
    switch (value->type) {
    case MSGPACK_OBJECT_NIL:
        return json_null();
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(value->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        if (value->via.u64 > (uint64_t)MAX_INTEGER)
            return refuse(why, "an integer is outside of 2^53-1");
        return json_integer((json_int_t)value->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        if (value->via.i64 < -MAX_INTEGER)
            return refuse(why, "an integer is outside of 2^53-1");
        return json_integer(value->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        made = json_real(value->via.f64);
        return made ? made : refuse(why, "a float that JSON has not");
    case MSGPACK_OBJECT_STR:
        made = json_stringn(text_of(&value->via.str), value->via.str.size);
        return made ? made : refuse(why, "a string is not UTF-8");
    case MSGPACK_OBJECT_BIN:
        return ouzel_bytes((const unsigned char *)value->via.bin.ptr, value->via.bin.size);
    case MSGPACK_OBJECT_ARRAY:
        made = json_array();
        for (uint32_t at = 0; at < value->via.array.size; at++) {
            if (json_array_append_new(made, to_json(&value->via.array.ptr[at], depth + 1, why)) != 0) {
                json_decref(made);
                return NULL;
            }
        }
        return made;
    case MSGPACK_OBJECT_MAP:
        made = json_object();
        for (uint32_t at = 0; at < value->via.map.size; at++) {
            const msgpack_object_kv *pair = &value->via.map.ptr[at];
            *why = "a map key is not a string";
            if (pair->key.type != MSGPACK_OBJECT_STR ||
                json_object_setn_new(made, text_of(&pair->key.via.str), pair->key.via.str.size,
                                     to_json(&pair->val, depth + 1, why)) != 0) {
                json_decref(made);
                return NULL;
            }
        }
        return made;
    default:
        return refuse(why, "extension types are not allowed");
    }
}

json_t *ouzel_decode(const void *frame, size_t size, const char **why)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t read = 0;
    json_t *value = NULL;
    *why = "not msgpack";
    if (msgpack_unpack_next(&unpacked, frame, size, &read) == MSGPACK_UNPACK_SUCCESS) {
        *why = "more than one value";
        if (read == size && unpacked.data.type != MSGPACK_OBJECT_MAP)
            *why = "a message is a map";
        else if (read == size)
            value = to_json(&unpacked.data, 0, why);
    }
    msgpack_unpacked_destroy(&unpacked);
    return value;
}

static void pack(msgpack_packer *packer, const json_t *value)
{
    const char *key;
    json_t *item;
    size_t at, key_size;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        item = json_object_get(value, "$bin");
        if (json_is_string(item) && json_object_size(value) == 1) {
            pack_bytes(packer, json_string_value(item));
            break;
        }
        msgpack_pack_map(packer, json_object_size(value));
        json_object_keylen_foreach((json_t *)value, key, key_size, item) {
            msgpack_pack_str_with_body(packer, key, key_size);
            pack(packer, item);
        }
        break;
    case JSON_ARRAY:
        msgpack_pack_array(packer, json_array_size(value));
        json_array_foreach(value, at, item)
            pack(packer, item);
        break;
    case JSON_STRING:
        msgpack_pack_str_with_body(packer, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        msgpack_pack_int64(packer, json_integer_value(value));
        break;
    case JSON_REAL:
        msgpack_pack_double(packer, json_real_value(value));
        break;
    case JSON_TRUE:
        msgpack_pack_true(packer);
        break;
    case JSON_FALSE:
        msgpack_pack_false(packer);
        break;
    case JSON_NULL:
        msgpack_pack_nil(packer);
        break;
    }
}

unsigned char *ouzel_encode(const json_t *message, size_t *size)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    pack(&packer, message);
    *size = buffer.size;
    return (unsigned char *)msgpack_sbuffer_release(&buffer);
}
