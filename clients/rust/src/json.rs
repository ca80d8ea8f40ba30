//! Messages as JSON: bytes are `{"$bin": base64}`.

use std::io::{self, Write, stdout};

use base64::{Engine, engine::general_purpose::STANDARD};
use ouzel::Value;
use serde_json::{Value as Json, json};

pub fn print(message: &Value) -> io::Result<()> {
    writeln!(stdout(), "{}", to_json(message))
}

pub fn parse(line: &str) -> Result<Vec<(Value, Value)>, String> {
    match from_json(&serde_json::from_str(line).map_err(|error| error.to_string())?)? {
        Value::Map(request) => Ok(request),
        _ => Err(format!("not a request: {line}")),
    }
}

pub fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or("not hex")?;
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Boolean(truth) => json!(truth),
        Value::Integer(number) => number.as_i64().map_or_else(|| json!(number.as_u64()), |number| json!(number)),
        Value::F32(number) => json!(number),
        Value::F64(number) => json!(number),
        Value::String(text) => json!(text.as_str()),
        Value::Binary(bytes) => json!({"$bin": STANDARD.encode(bytes)}),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Map(members) => {
            members.iter().map(|(key, member)| (key.as_str().unwrap_or_default().to_owned(), to_json(member))).collect()
        }
        Value::Nil | Value::Ext(..) => Json::Null,
    }
}

fn from_json(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => number.into(),
            (_, Some(number), _) => number.into(),
            (_, _, number) => number.unwrap_or_default().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect::<Result<_, _>>()?),
        Json::Object(members) => match members.get("$bin") {
            Some(Json::String(text)) if members.len() == 1 => {
                Value::Binary(STANDARD.decode(text).map_err(|error| error.to_string())?)
            }
            _ => Value::Map(
                members
                    .iter()
                    .map(|(key, member)| Ok((key.as_str().into(), from_json(member)?)))
                    .collect::<Result<_, String>>()?,
            ),
        },
    })
}
