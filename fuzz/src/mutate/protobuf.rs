//! Messages of protocol buffers, taken apart and written again, so that every length around a change is right.

use super::random::Random;

enum Value {
    Number(u64),
    Fixed(Vec<u8>),
    Bytes(Vec<u8>),
    Message(Vec<Field>),
}

struct Field {
    number: u64,
    value: Value,
}

/// Messages within messages that are taken apart; ONNX files have fewer.
const DEPTH: usize = 8;

/// `bytes` with some of its fields changed, removed, doubled or exchanged; `None` where it is no message.
pub fn change(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut fields = parse(bytes, DEPTH)?;
    for _ in 0..1 + random.below(3) {
        change_one(&mut fields, random);
    }
    let mut out = Vec::new();
    fields.iter().for_each(|field| write(field, &mut out));
    Some(out)
}

fn change_one(fields: &mut Vec<Field>, random: &mut Random) {
    if fields.is_empty() {
        return;
    }
    let at = random.below(fields.len());
    // Most changes are of something inside: there is more of it.
    if let Value::Message(inner) = &mut fields[at].value
        && random.below(8) > 0
    {
        return change_one(inner, random);
    }
    match random.below(8) {
        0 => _ = fields.remove(at),
        1 => {
            let mut copy = Vec::new();
            write(&fields[at], &mut copy);
            fields.extend(parse(&copy, DEPTH).unwrap_or_default());
        }
        2 => {
            let other = random.below(fields.len());
            fields.swap(at, other);
        }
        _ => change_value(&mut fields[at].value, random),
    }
}

fn change_value(value: &mut Value, random: &mut Random) {
    match value {
        Value::Number(number) => *number = random.value(*number),
        Value::Fixed(bytes) => {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        Value::Bytes(bytes) if bytes.is_empty() => bytes.push(random.next() as u8),
        Value::Bytes(bytes) => {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.extend_from_within(at..),
                _ => bytes[at] = random.next() as u8,
            }
        }
        Value::Message(fields) => {
            let length = random.below(fields.len().max(1));
            fields.truncate(length);
        }
    }
}

fn parse(mut bytes: &[u8], depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            1 => Value::Fixed(take(&mut bytes, 8)?),
            5 => Value::Fixed(take(&mut bytes, 4)?),
            2 => {
                let length = varint(&mut bytes)?;
                let content = take(&mut bytes, usize::try_from(length).ok()?)?;
                // A text may look like a message: what is changed in it then is still a change.
                match depth.checked_sub(1).and_then(|depth| parse(&content, depth)) {
                    Some(inner) if !inner.is_empty() => Value::Message(inner),
                    _ => Value::Bytes(content),
                }
            }
            _ => return None,
        };
        fields.push(Field { number: key >> 3, value });
    }
    fields.iter().all(|field| field.number > 0).then_some(fields)
}

fn take(bytes: &mut &[u8], count: usize) -> Option<Vec<u8>> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken.to_vec())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write(field: &Field, out: &mut Vec<u8>) {
    let kind = match &field.value {
        Value::Number(_) => 0,
        Value::Fixed(bytes) if bytes.len() == 8 => 1,
        Value::Fixed(_) => 5,
        Value::Bytes(_) | Value::Message(_) => 2,
    };
    write_varint(field.number << 3 | kind, out);
    match &field.value {
        Value::Number(number) => write_varint(*number, out),
        Value::Fixed(bytes) => out.extend(bytes),
        Value::Bytes(bytes) => {
            write_varint(bytes.len() as u64, out);
            out.extend(bytes);
        }
        Value::Message(fields) => {
            let mut content = Vec::new();
            fields.iter().for_each(|field| write(field, &mut content));
            write_varint(content.len() as u64, out);
            out.extend(content);
        }
    }
}
