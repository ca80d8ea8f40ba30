//! Messages as msgpack bytes, and nothing that the protocol does not allow in them.

use rmpv::Value;

const MAX_DEPTH: usize = 16;
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// A message as msgpack, integers in their shortest form.
pub fn encode(message: &Value) -> Vec<u8> {
    let mut frame = Vec::new();
    // Writing into a Vec cannot fail.
    let _ = rmpv::encode::write_value(&mut frame, message);
    frame
}

/// The one map that a frame holds, or why it is not a message.
pub fn decode(whole: &[u8]) -> Result<Value, String> {
    let mut frame = whole;
    let message =
        rmpv::decode::read_value_with_max_depth(&mut frame, 4 * MAX_DEPTH).map_err(|error| error.to_string())?;
    if !frame.is_empty() {
        return Err(format!("{} bytes after the message's end", frame.len()));
    }
    if holds_reserved(whole) {
        return Err("the byte that msgpack never uses".into());
    }
    if !message.is_map() {
        return Err("not a map".into());
    }
    check(&message, 0)?;
    Ok(message)
}

/// Whether a frame that was read has the byte 0xc1 where a value begins: the library takes it for nil.
fn holds_reserved(frame: &[u8]) -> bool {
    let size = |at: usize, width: usize| {
        let digits = frame.get(at..at + width).unwrap_or_default();
        width + digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit))
    };
    let mut at = 0;
    while let Some(&head) = frame.get(at) {
        at += 1;
        at += match head {
            0xc1 => return true,
            0xa0..=0xbf => usize::from(head & 0x1f),
            0xc4 | 0xd9 => size(at, 1),
            0xc5 | 0xda => size(at, 2),
            0xc6 | 0xdb => size(at, 4),
            0xc7 => 1 + size(at, 1),
            0xc8 => 1 + size(at, 2),
            0xc9 => 1 + size(at, 4),
            0xcc | 0xd0 => 1,
            0xcd | 0xd1 | 0xdc | 0xde => 2,
            0xca | 0xce | 0xd2 | 0xdd | 0xdf => 4,
            0xcb | 0xcf | 0xd3 => 8,
            0xd4..=0xd8 => 1 + (1 << (head - 0xd4)),
            _ => 0, // a whole value, or an array or a map, of which the items follow
        };
    }
    false
}

fn check(value: &Value, depth: usize) -> Result<(), String> {
    if depth == MAX_DEPTH && (value.is_map() || value.is_array()) {
        return Err("nested too deep".into());
    }
    match value {
        Value::Integer(number) => {
            let size = number.as_u64().or(number.as_i64().map(i64::unsigned_abs));
            size.filter(|size| *size <= MAX_INTEGER).map(drop).ok_or("an integer is outside of ±(2^53-1)".into())
        }
        Value::String(text) if text.is_err() => Err("a string is not UTF-8".into()),
        Value::Ext(..) => Err("an extension type is not allowed".into()),
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Map(members) => members.iter().try_for_each(|(key, member)| {
            if !key.is_str() {
                return Err("a key is not a string".into());
            }
            check(key, depth + 1)?;
            check(member, depth + 1)
        }),
        _ => Ok(()),
    }
}
