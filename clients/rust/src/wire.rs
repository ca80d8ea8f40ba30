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
pub fn decode(mut frame: &[u8]) -> Result<Value, String> {
    let message =
        rmpv::decode::read_value_with_max_depth(&mut frame, 4 * MAX_DEPTH).map_err(|error| error.to_string())?;
    if !frame.is_empty() {
        return Err(format!("{} bytes after the message's end", frame.len()));
    }
    if !message.is_map() {
        return Err("not a map".into());
    }
    check(&message, 0)?;
    Ok(message)
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
