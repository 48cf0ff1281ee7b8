//! Reads JSON so that every member counts: one that comes twice is refused, since the last would silently win.

use std::{
    cell::{Cell, RefCell},
    fmt,
};

use aggregates::Refusal;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::problem::Problem;

/// Reads one JSON value; `line` is the number of its first line in what the client sent. Depth is bounded by the
/// parser, cost by the length of the text.
pub(super) fn read(bytes: &[u8], line: usize) -> Result<Value, Problem> {
    let notes = Notes::default();
    parse(bytes, line, &notes, usize::MAX)
}

/// Reads a JSON array; `None` if it has more than `limit` elements, of which no more are read then.
pub(super) fn read_list(bytes: &[u8], limit: usize) -> Result<Option<Vec<Value>>, Problem> {
    let notes = Notes::default();
    let value = parse(bytes, 1, &notes, limit);
    if notes.too_many.get() {
        return Ok(None);
    }
    match value? {
        Value::Array(elements) => Ok(Some(elements)),
        _ => Ok(Some(Vec::new())),
    }
}

fn parse(bytes: &[u8], line: usize, notes: &Notes, most: usize) -> Result<Value, Problem> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Reader { notes, most }.deserialize(&mut parser);
    let value = value.and_then(|value| parser.end().map(|()| value));
    value.map_err(|error| {
        if let Some(mut path) = notes.twice.take() {
            // A pointer begins with its separator.
            path.push(String::new());
            path.reverse();
            let pointer = path.join("/");
            let text = "das Feld steht zweimal da; bitte nur einmal angeben";
            return Refusal::input(400, pointer, "FELD_DOPPELT", text).into();
        }
        let line = (error.line() + line).saturating_sub(1);
        let detail = format!("kein lesbares JSON (Zeile {line}, Spalte {})", error.column());
        Problem::new("EINGABE_UNGUELTIG", 400, detail)
    })
}

/// Why reading ended early.
#[derive(Default)]
struct Notes {
    /// The way to a repeated member, innermost segment first.
    twice: RefCell<Option<Vec<String>>>,
    /// The outermost list has too many elements.
    too_many: Cell<bool>,
}

/// Builds a value.
#[derive(Clone, Copy)]
struct Reader<'p> {
    notes: &'p Notes,
    /// Elements that a list right here may have.
    most: usize,
}

impl Reader<'_> {
    /// Reads what is inside, whose lists have no limit of their own.
    fn of_any_length(self) -> Self {
        Self {
            most: usize::MAX,
            ..self
        }
    }

    /// Adds a segment to the way if this error is about a repeated member.
    fn inside<E>(self, segment: impl FnOnce() -> String) -> impl FnOnce(E) -> E {
        move |error| {
            if let Some(path) = self.notes.twice.borrow_mut().as_mut() {
                path.push(segment());
            }
            error
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let inside = self.of_any_length();
        loop {
            let next = seq.next_element_seed(inside);
            match next.map_err(self.inside(|| items.len().to_string()))? {
                Some(_) if items.len() >= self.most => {
                    self.notes.too_many.set(true);
                    return Err(A::Error::custom("too many elements"));
                }
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let pointer = || name.replace('~', "~0").replace('/', "~1");
            if members.contains_key(&name) {
                *self.notes.twice.borrow_mut() = Some(vec![pointer()]);
                return Err(A::Error::custom("repeated member"));
            }
            let value = map
                .next_value_seed(self.of_any_length())
                .map_err(self.inside(pointer))?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_is_read_as_it_stands() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "ü\n"], "b": {"c": {}}}"#;
        let value = read(text.as_bytes(), 1).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(read(b" 7 ", 1).unwrap(), json!(7));
    }

    #[test]
    fn a_member_that_comes_twice_is_named_at_any_depth() {
        for (text, pointer) in [
            (r#"{"a": 1, "a": 2}"#, "/a"),
            (r#"{"a": {"b": [0, {"c": 1, "d": 2, "c": 1}]}}"#, "/a/b/1/c"),
            (r#"[{}, {"x/y": 1, "x/y": 1}]"#, "/1/x~1y"),
            (r#"{"a": 1, "\u0061": 2}"#, "/a"),
        ] {
            let problem = read(text.as_bytes(), 1).unwrap_err();
            assert_eq!(problem.status(), 400);
            let field = &problem.body()["felder"][0];
            assert_eq!(
                (&field["feld"], &field["code"]),
                (&json!(pointer), &json!("FELD_DOPPELT"))
            );
        }
        assert!(read(br#"[{"a": 1}, {"a": 1}, {"b": {"a": 1}, "a": 1}]"#, 1).is_ok());
    }

    #[test]
    fn a_list_is_read_up_to_its_limit_whatever_its_elements_hold() {
        let text = br#"[[1, 2, 3], {"a": [1, 2, 3]}]"#;
        assert_eq!(read_list(text, 2).unwrap().unwrap().len(), 2);
        assert_eq!(read_list(text, 1).unwrap(), None);
        assert_eq!(read_list(b"[1, 2, kaputt", 1).unwrap(), None);
        assert_eq!(read_list(b"[1, kaputt", 1).unwrap_err().status(), 400);
    }

    #[test]
    fn what_is_no_json_is_named_by_the_line_it_stands_in() {
        let detail = |text: &str, line| read(text.as_bytes(), line).unwrap_err().body()["detail"].to_string();
        assert!(detail("{\n\"a\": }", 1).contains("Zeile 2"));
        assert!(detail("{\"a\": }", 7).contains("Zeile 7"));
        assert!(detail("{} {}", 1).contains("Zeile 1"));
        assert!(detail(&"[".repeat(100_000), 1).contains("Zeile 1"));
    }
}
