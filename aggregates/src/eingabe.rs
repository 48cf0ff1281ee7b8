//! Reading what a client sends. Serde reads; it stops at the first thing it does not like and says so in English. So
//! when it refuses, the body is held against its JSON schema, and every wrong field is named with its pointer, in German.
//! Nothing of this runs for a body that is readable.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    refusal::{FieldError, Refusal, Shared},
    types::{VALUE_MARK, text_pruefen},
};

/// Most wrong fields that are named at once.
const MAX_FELDER: usize = 50;

/// Reads a value whose schema is known.
pub fn lesen<T: DeserializeOwned>(schema: &Value, value: &Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let stelle = pointer(error.path(), 0);
        ablehnung(schema, value, &stelle, &error.inner().to_string())
    })
}

/// The JSON pointer of a path, without its first segments.
pub(crate) fn pointer(path: &serde_path_to_error::Path, skip: usize) -> String {
    let segments = path.iter().map(ToString::to_string).skip(skip);
    segments
        .filter(|s| !s.is_empty() && *s != "?" && *s != ".")
        .fold(String::new(), |pointer, s| pointer + "/" + s.trim_matches(['[', ']']))
}

/// The refusal of a body that serde did not read: what the schema finds, and the word of a value type at `stelle`.
pub(crate) fn ablehnung(schema: &Value, value: &Value, stelle: &str, message: &str) -> Refusal {
    let mut pruefung = Pruefung {
        wurzel: schema,
        status: 422,
        felder: Vec::new(),
    };
    pruefung.wert(schema, value, "");
    let genannt = pruefung.felder.iter().any(|f| f.feld == stelle);
    match message.strip_prefix(VALUE_MARK) {
        Some(text) if !genannt => pruefung.melden(422, stelle, "WERT_UNGUELTIG", text),
        None if pruefung.felder.is_empty() => {
            let text = "der Wert ist so nicht lesbar; /openapi.json zeigt die erwartete Form";
            pruefung.melden(400, stelle, "UNLESBAR", text);
        }
        _ => {}
    }
    pruefung.grund_fehlt(value);
    match pruefung.felder.as_slice() {
        [einziger] if einziger.code == "GRUND_FEHLT" => Refusal::of(&Shared::GrundFehlt {}),
        _ => Refusal::inputs(pruefung.status, pruefung.felder),
    }
}

/// The names of required fields.
fn pflicht(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

/// A walk over a body with its schema. It knows the keywords that the schemas of commands use; what it does not know it
/// lets pass, serde has the last word.
struct Pruefung<'a> {
    wurzel: &'a Value,
    /// 422 if all is readable and only values are wrong, else 400.
    status: u16,
    felder: Vec<FieldError>,
}

impl<'a> Pruefung<'a> {
    fn melden(&mut self, status: u16, stelle: &str, code: &str, meldung: impl Into<String>) {
        self.status = self.status.min(status);
        if self.felder.len() < MAX_FELDER {
            self.felder.push(FieldError {
                feld: stelle.to_owned(),
                code: code.to_owned(),
                meldung: meldung.into(),
            });
        }
    }

    /// A command whose reason is required and not given has the shared code of its own (spec/README section 3).
    fn grund_fehlt(&mut self, body: &Value) {
        let gegeben = body.get("grund").unwrap_or(&Value::Null);
        let leer = gegeben.is_null() || gegeben.as_str().is_some_and(|text| text.trim().is_empty());
        if leer && pflicht(self.wurzel).any(|name| name == "grund") {
            for feld in self.felder.iter_mut().filter(|f| f.feld == "/grund") {
                "GRUND_FEHLT".clone_into(&mut feld.code);
                feld.meldung = Shared::GrundFehlt {}.to_string();
            }
        }
    }

    /// The schema itself behind references, and behind the choice between a value and none.
    fn aufgeloest(&self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|p| self.wurzel.pointer(p));
            return target.map_or(schema, |target| self.aufgeloest(target));
        }
        let varianten = schema.get("anyOf").and_then(Value::as_array);
        let wert = varianten.and_then(|v| v.iter().find(|s| s.get("type").and_then(Value::as_str) != Some("null")));
        wert.map_or(schema, |wert| self.aufgeloest(wert))
    }

    fn wert(&mut self, schema: &'a Value, value: &Value, stelle: &str) {
        if value.is_null() && nimmt_null(schema) {
            return;
        }
        let schema = self.aufgeloest(schema);
        let woerter = woerter(schema);
        if !woerter.is_empty() {
            return match value.as_str() {
                Some(wort) if woerter.contains(&wort) => {}
                Some(wort) => {
                    let text = format!("„{wort}“ ist nicht erlaubt; möglich: {}", woerter.join(", "));
                    self.melden(400, stelle, "WERT_UNBEKANNT", text);
                }
                None => {
                    let text = format!("falscher Typ; erwartet wird eines von: {}", woerter.join(", "));
                    self.melden(400, stelle, "TYP_FALSCH", text);
                }
            };
        }
        let typen = typen(schema);
        if !typen.is_empty() && !typen.iter().any(|typ| passt(typ, value, &typen)) {
            let text = format!("falscher Typ; erwartet wird {}", erwartet(schema, &typen));
            return self.melden(400, stelle, "TYP_FALSCH", text);
        }
        match value {
            Value::Object(felder) => self.objekt(schema, felder, stelle),
            Value::Array(liste) => {
                let Some(element) = schema.get("items") else { return };
                for (index, value) in liste.iter().enumerate() {
                    self.wert(element, value, &format!("{stelle}/{index}"));
                }
            }
            Value::String(text) => self.text(schema, text, &typen, stelle),
            Value::Number(zahl) => self.zahl(schema, zahl.as_i64(), &typen, stelle),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn objekt(&mut self, schema: &'a Value, felder: &Map<String, Value>, stelle: &str) {
        let leer = Map::new();
        let bekannt = schema.get("properties").and_then(Value::as_object);
        let darunter = |name: &str| format!("{stelle}/{}", name.replace('~', "~0").replace('/', "~1"));
        let fehlt = |name: &str, schema: Option<&Value>| match felder.get(name) {
            None => true,
            Some(value) => value.is_null() && !schema.is_some_and(nimmt_null),
        };
        for name in pflicht(schema) {
            if fehlt(name, bekannt.and_then(|b| b.get(name))) {
                self.melden(400, &darunter(name), "FELD_FEHLT", format!("das Feld „{name}“ fehlt"));
            }
        }
        for (name, value) in felder {
            match bekannt.and_then(|b| b.get(name)) {
                // A required field that is null was reported as missing.
                Some(unter) if value.is_null() && pflicht(schema).any(|p| p == name) && !nimmt_null(unter) => {}
                Some(unter) => self.wert(unter, value, &darunter(name)),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    let namen: Vec<&str> = bekannt.unwrap_or(&leer).keys().map(String::as_str).collect();
                    let bekannt = match namen.as_slice() {
                        [] => "es gibt hier keine Felder".to_owned(),
                        namen => format!("bekannt: {}", namen.join(", ")),
                    };
                    let text = format!("das Feld „{name}“ gibt es nicht; {bekannt}");
                    self.melden(400, &darunter(name), "FELD_UNBEKANNT", text);
                }
                None => {}
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, typen: &[&str], stelle: &str) {
        let lesbar = match schema.get("format").and_then(Value::as_str) {
            Some("uuid") => Uuid::parse_str(text).is_ok(),
            Some("date") => text.parse::<NaiveDate>().is_ok(),
            Some("date-time") => text.parse::<DateTime<FixedOffset>>().is_ok(),
            _ => true,
        };
        if !lesbar {
            let meldung = format!("„{text}“ passt nicht; erwartet wird {}", erwartet(schema, typen));
            return self.melden(400, stelle, "WERT_UNGUELTIG", meldung);
        }
        let laenge = schema.get("maxLength").and_then(Value::as_u64);
        let laenge = laenge.and_then(|laenge| usize::try_from(laenge).ok());
        if let Some(Err(meldung)) = laenge.map(|laenge| text_pruefen(text, laenge)) {
            self.melden(422, stelle, "WERT_UNGUELTIG", meldung);
        }
    }

    fn zahl(&mut self, schema: &Value, zahl: Option<i64>, typen: &[&str], stelle: &str) {
        // Where a decimal may come as text, its type has the better word on a number.
        if typen.contains(&"string") {
            return;
        }
        let (von, bis) = grenzen(schema);
        if zahl.is_none_or(|zahl| !(von..=bis).contains(&zahl)) {
            let meldung = format!("die Zahl passt nicht; erwartet wird eine ganze Zahl von {von} bis {bis}");
            self.melden(400, stelle, "WERT_UNGUELTIG", meldung);
        }
    }
}

/// The words that a field of a schema may have; none if it is no enum.
#[must_use]
pub fn woerter_des_felds<'a>(schema: &'a Value, feld: &str) -> Vec<&'a str> {
    let pruefung = Pruefung {
        wurzel: schema,
        status: 422,
        felder: Vec::new(),
    };
    let feld = schema.get("properties").and_then(|p| p.get(feld));
    feld.map(|feld| woerter(pruefung.aufgeloest(feld))).unwrap_or_default()
}

/// The words of an enum; none for other schemas.
fn woerter(schema: &Value) -> Vec<&str> {
    let liste = |name: &str| schema.get(name).and_then(Value::as_array).into_iter().flatten();
    let einzeln = liste("enum").filter_map(Value::as_str);
    // An enum whose words are described one by one; some of them may stand together.
    let beschrieben = liste("oneOf").flat_map(|variante| {
        let wort = variante.get("const").and_then(Value::as_str);
        wort.into_iter().chain(woerter(variante)).collect::<Vec<_>>()
    });
    einzeln.chain(beschrieben).collect()
}

fn typen(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(typ)) => vec![typ],
        Some(Value::Array(typen)) => typen.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn nimmt_null(schema: &Value) -> bool {
    let varianten = schema.get("anyOf").and_then(Value::as_array);
    typen(schema).contains(&"null") || varianten.is_some_and(|v| v.iter().any(nimmt_null))
}

fn passt(typ: &str, value: &Value, typen: &[&str]) -> bool {
    match (typ, value) {
        ("integer", Value::Number(zahl)) => !zahl.is_f64() || typen.contains(&"string"),
        ("string", Value::String(_))
        | ("number", Value::Number(_))
        | ("boolean", Value::Bool(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_))
        | ("null", Value::Null) => true,
        _ => false,
    }
}

/// What a schema takes, in words.
fn erwartet(schema: &Value, typen: &[&str]) -> String {
    let format = schema.get("format").and_then(Value::as_str);
    let wort = |typ: &&str| match (*typ, format) {
        ("string", Some("uuid")) => Some("eine UUID"),
        ("string", Some("date")) => Some("ein Datum der Form 2026-01-31"),
        ("string", Some("date-time")) => Some("ein Zeitpunkt nach RFC 3339, z. B. 2026-01-31T12:00:00Z"),
        ("string", _) => Some("eine Zeichenkette"),
        ("integer", _) => Some("eine ganze Zahl"),
        ("number", _) => Some("eine Zahl"),
        ("boolean", _) => Some("true oder false"),
        ("array", _) => Some("eine Liste"),
        ("object", _) => Some("ein Objekt"),
        _ => None,
    };
    let woerter: Vec<&str> = typen.iter().filter_map(wort).collect();
    woerter.join(" oder ")
}

/// The range of a whole number.
fn grenzen(schema: &Value) -> (i64, i64) {
    let format = schema.get("format").and_then(Value::as_str);
    let (von, bis) = match format {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let grenze = |name: &str| schema.get(name).and_then(Value::as_i64);
    (grenze("minimum").unwrap_or(von), grenze("maximum").unwrap_or(bis))
}

/// Refuses days with a sign, as in `+12345-01-01`, and the year 0: they can be read, but no column holds them. Nobody begins
/// another text like that.
pub(crate) fn tage_pruefen(value: &Value, pointer: &str) -> Result<(), Refusal> {
    match value {
        Value::String(text)
            if (text.starts_with(['+', '-']) || text.starts_with("0000-")) && text.parse::<NaiveDate>().is_ok() =>
        {
            let meldung = format!("{text} ist kein Tag; erwartet wird JJJJ-MM-TT, z. B. 2026-03-31");
            Err(Refusal::input(422, pointer, "WERT_UNGUELTIG", meldung))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| tage_pruefen(item, &format!("{pointer}/{index}"))),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, field)| tage_pruefen(field, &format!("{pointer}/{name}"))),
        _ => Ok(()),
    }
}
