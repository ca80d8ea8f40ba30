// What travels: msgpack as Ouzel's wire allows it, and its form in JSON, where bytes are {"$bin": "<base64>"}.
import { Decoder, Encoder } from "@msgpack/msgpack";

const MAX_DEPTH = 16;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const encoder = new Encoder({ ignoreUndefined: true });
const options = {
  useBigInt64: true, // 64-bit integers can then be told from floats, and those beyond 2^53 refused
  mapKeyConverter: (key) => {
    if (typeof key !== "string") throw new Error("a map key is not a string");
    return key;
  },
  keyDecoder: { canBeCached: () => true, decode: (bytes, at, size) => utf8.decode(bytes.subarray(at, at + size)) },
};

/** The bytes of one message. */
export function encode(message) {
  return encoder.encode(message);
}

/** The map in one frame. Throws where it is not one map of what the wire allows. */
export function decode(frame) {
  const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.length); // of a Buffer, too
  const bounded = { ...options, maxArrayLength: bytes.length }; // an array's room is taken before its items are there
  // The library takes anything for UTF-8, so strings are decoded by its other way, too, which leaves them as bytes.
  const raw = new Decoder({ ...bounded, rawStrings: true });
  const value = checked(new Decoder(bounded).decode(bytes), raw.decode(bytes), 0);
  if (!isMap(value)) throw new Error("a message is a map");
  return value;
}

function checked(value, raw, depth) {
  if (typeof value === "string") return utf8.decode(raw);
  if (typeof value === "bigint") {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new Error(`${value} is outside ±(2^53-1)`);
    return number;
  }
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (depth === MAX_DEPTH) throw new Error(`nested over ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return value.map((item, index) => checked(item, raw[index], depth + 1));
  if (!isMap(value)) throw new Error("extension types are not allowed");
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, checked(item, raw[key], depth + 1)]));
}

function isMap(value) {
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}

/** One line of JSON. */
export function toJson(value) {
  return JSON.stringify(value, (key, item) =>
    item instanceof Uint8Array ? { $bin: Buffer.from(item).toString("base64") } : item,
  );
}

/** What a line of JSON says. */
export function fromJson(line) {
  return JSON.parse(line, (key, item) =>
    isMap(item) && typeof item.$bin === "string" ? new Uint8Array(Buffer.from(item.$bin, "base64")) : item,
  );
}
