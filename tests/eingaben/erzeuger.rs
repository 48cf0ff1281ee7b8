//! Makes requests up: such as the document asks for, and then spoils them.

use serde_json::{Map, Value, json};

use crate::{
    common::wuerfel::Wuerfel,
    vertrag::{Operation, Vertrag},
    vorrat::Vorrat,
};

/// Stands in the JSON for what JSON of ours cannot say; the text takes its place.
const ROH: &str = "@roh";

/// Texts that have broken programs before.
const BOESE_TEXTE: &[&str] = &[
    "",
    " ",
    "\u{0}",
    "a\u{0}b",
    "\u{feff}",
    "\u{202e}rückwärts",
    "e\u{301}",
    "😀",
    "\u{ffff}",
    "%",
    "_",
    "\\",
    "\"",
    "'; DROP TABLE log.ereignis; --",
    "${jndi:x}",
    "{0}",
    "../../etc/passwd",
    "NaN",
    "Infinity",
    "-0",
    "-0.00",
    "0x10",
    "1e5",
    "1E400",
    "1.",
    ".5",
    "1,50",
    "١٢٣",
    "１２",
    "0.000000001",
    "9999999999999.99",
    "99999999999999",
    "-9999999999999.99",
    "9999999999999.999999",
    "170141183460469231731687303715884105728",
    "0000-01-01",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "+262142-12-31",
    "-0044-03-15",
    "2026-01-01T00:00:00Z",
    "2026-12-31T23:59:60Z",
    "9999-12-31T23:59:59.999999999+23:59",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+12:00",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "null",
    "system",
    "AR",
    "1",
    "2147483648",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "*",
    "a,b",
    ",",
    "[]",
    "leer",
    "true",
];

/// Values that are JSON but not of ours.
const BOESE_ROHE: &[&str] = &[
    "1e400",
    "-1e400",
    "1e-400",
    "-0",
    "-0.0",
    "0.1",
    "119.00",
    "1e2",
    "1.0",
    "9007199254740993",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "99999999999999999999999999999999",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "{\"a\":1,\"a\":2}",
    "[[[[[[[[[[]]]]]]]]]]",
    "2147483648",
    "-2147483649",
    "4294967296",
    "65536",
    "-1",
    "0",
];

/// A request.
#[derive(Debug)]
pub struct Anfrage {
    pub methode: &'static str,
    pub pfad: String,
    pub kopf: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

/// Makes requests of one company.
pub struct Erzeuger<'a> {
    pub vertrag: &'a Vertrag,
    pub vorrat: &'a Vorrat,
    pub wuerfel: Wuerfel,
    pub firma: &'a str,
}

/// Percent-encoded, all but letters and digits.
fn kodiert(text: &str) -> String {
    let zeichen = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(b).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(zeichen).collect()
}

impl Erzeuger<'_> {
    /// A request to an operation. A third are as the document wants them.
    pub fn anfrage(&mut self, operation: &Operation) -> Anfrage {
        let brav = self.wuerfel.prozent(35);
        let mut pfad = operation.pfad.replace("{id}", &self.id(operation, brav));
        let mut frage = Vec::new();
        let mut kopf = Vec::new();
        for parameter in &operation.parameter {
            let name = parameter["name"].as_str().unwrap();
            let pflicht = parameter["required"] == true;
            let noetig = pflicht && (brav || self.wuerfel.prozent(95));
            match parameter["in"].as_str().unwrap() {
                "query" if noetig || self.wuerfel.prozent(12) => frage.push(self.frage(name, parameter, brav)),
                "header" if name == "X-Mandant" => kopf.extend(self.firma(brav).map(|wert| (name.to_owned(), wert))),
                "header" if noetig || self.wuerfel.prozent(12) => {
                    kopf.push((name.to_owned(), self.kopfzeile(name, brav)));
                }
                _ => {}
            }
        }
        if !brav && self.wuerfel.prozent(3) {
            frage.push("%ff=%zz&=".to_owned());
        }
        if !frage.is_empty() {
            pfad = format!("{pfad}?{}", frage.join("&"));
        }
        let body = operation.body().map(|schema| self.inhalt(schema, brav));
        if body.is_some() {
            let art = if brav || self.wuerfel.prozent(97) {
                "application/json"
            } else {
                "text/xml; charset=\u{fc}"
            };
            kopf.push(("Content-Type".to_owned(), art.to_owned()));
        }
        Anfrage {
            methode: operation.methode,
            pfad,
            kopf,
            body,
        }
    }

    fn id(&mut self, operation: &Operation, brav: bool) -> String {
        if !brav && self.wuerfel.prozent(8) {
            return kodiert(self.wuerfel.einer::<&str>(BOESE_TEXTE));
        }
        let fremd = self.wuerfel.prozent(10);
        let id = if fremd {
            self.vorrat.irgendeine(&mut self.wuerfel)
        } else {
            self.vorrat.id(operation.typ(), &mut self.wuerfel)
        };
        id.unwrap_or_else(|| self.uuid())
    }

    fn firma(&mut self, brav: bool) -> Option<String> {
        if brav || self.wuerfel.prozent(96) {
            return Some(self.firma.to_owned());
        }
        let boese = [
            "",
            "system",
            "GIBTSNICHT",
            "\u{fc}",
            "00000000-0000-0000-0000-000000000000",
        ];
        self.wuerfel
            .prozent(70)
            .then(|| (*self.wuerfel.einer(&boese)).to_owned())
    }

    fn kopfzeile(&mut self, name: &str, brav: bool) -> String {
        if !brav && self.wuerfel.prozent(50) {
            // No line may hold what ends it.
            return self.text().replace(['\0', '\n', '\r', '\u{7f}'], "");
        }
        match name {
            "If-Match" | "If-None-Match" => format!("\"{}\"", self.wuerfel.unter(4)),
            "X-Correlation-Id" => self.uuid(),
            "X-Min-Position" | "Last-Event-ID" => self.wuerfel.unter(400).to_string(),
            _ => format!("Text {}", self.wuerfel.unter(1000)),
        }
    }

    fn frage(&mut self, name: &str, parameter: &Value, brav: bool) -> String {
        let schema = self.vertrag.aufgeloest(&parameter["schema"]).clone();
        let wert = if brav || self.wuerfel.prozent(60) {
            match name {
                "sortierung" => (*self.wuerfel.einer(&["-angelegt_am", "version,-id", "id"])).to_owned(),
                "felder" => "id,version".to_owned(),
                "ab_position" => self.wuerfel.unter(300).to_string(),
                "bekannt_am" => (*self.wuerfel.einer(&["2026-06-30", "200", "2026-06-30T12:00:00Z"])).to_owned(),
                _ => match self.wert(&schema, name, 0) {
                    Value::String(text) => text,
                    other => other.to_string(),
                },
            }
        } else {
            self.text()
        };
        let mut name = name.to_owned();
        if !brav && self.wuerfel.prozent(15) {
            let arten = [
                "ne", "lt", "lte", "gt", "gte", "in", "zwischen", "beginnt", "leer", "x", "",
            ];
            name = format!("{name}[{}]", self.wuerfel.einer(&arten));
        }
        format!("{}={}", kodiert(&name), kodiert(&wert))
    }

    /// A text that is hard to bear.
    fn text(&mut self) -> String {
        match self.wuerfel.unter(12) {
            0 => "x".repeat(1 + self.wuerfel.index(9_000)),
            1 => "ü".repeat(600),
            _ => (*self.wuerfel.einer(BOESE_TEXTE)).to_owned(),
        }
    }

    fn uuid(&mut self) -> String {
        let zahl = (u128::from(self.wuerfel.unter(u64::MAX)) << 64) | u128::from(self.wuerfel.unter(u64::MAX));
        uuid::Builder::from_u128(zahl)
            .with_version(uuid::Version::SortRand)
            .into_uuid()
            .to_string()
    }

    fn inhalt(&mut self, schema: &Value, brav: bool) -> Vec<u8> {
        let mut wert = self.wert(schema, "", 0);
        let mut rohe = Vec::new();
        if !brav {
            for _ in 0..=self.wuerfel.unter(2) {
                self.verderben(&mut wert, &mut rohe);
            }
        }
        let mut text = wert.to_string();
        for (nummer, roh) in rohe.iter().enumerate() {
            text = text.replace(&format!("\"{ROH}{nummer}\""), roh);
        }
        let mut bytes = text.into_bytes();
        if !brav && self.wuerfel.prozent(6) {
            self.zerstoeren(&mut bytes);
        }
        bytes
    }

    /// Makes the bytes something else than the text they were.
    fn zerstoeren(&mut self, bytes: &mut Vec<u8>) {
        let stelle = self.wuerfel.index(bytes.len().max(1));
        match self.wuerfel.unter(6) {
            0 => bytes.truncate(stelle),
            1 => bytes.insert(stelle.min(bytes.len()), 0),
            2 => bytes.insert(stelle.min(bytes.len()), 0xff),
            3 => {
                *bytes = String::from_utf8_lossy(bytes)
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect();
            }
            4 => bytes.splice(0..0, [0xef, 0xbb, 0xbf]).for_each(drop),
            _ => bytes.extend_from_slice(b"{}"),
        }
    }

    /// Spoils one place of a value.
    fn verderben(&mut self, wurzel: &mut Value, rohe: &mut Vec<String>) {
        let mut stellen = Vec::new();
        zeiger(wurzel, String::new(), &mut stellen);
        let stelle = self.wuerfel.einer(&stellen).clone();
        let ersatz = match self.wuerfel.unter(10) {
            0 => Value::Null,
            1 => json!(self.wuerfel.prozent(50)),
            2 => json!([]),
            3 => json!({}),
            4 | 5 => {
                rohe.push((*self.wuerfel.einer(BOESE_ROHE)).to_owned());
                json!(format!("{ROH}{}", rohe.len() - 1))
            }
            _ => json!(self.text()),
        };
        let art = self.wuerfel.unter(10);
        let Some(wert) = wurzel.pointer_mut(&stelle) else {
            return;
        };
        match wert {
            Value::Object(felder) if art < 3 => {
                felder.insert("gibtsnicht".to_owned(), ersatz);
            }
            Value::Object(felder) if art < 6 => {
                let name = felder
                    .keys()
                    .cycle()
                    .nth(usize::try_from(art).unwrap_or_default())
                    .cloned();
                name.and_then(|name| felder.remove(&name));
            }
            Value::Array(werte) if art < 5 => {
                let erster = werte.first().cloned().unwrap_or(ersatz);
                werte.extend(std::iter::repeat_n(erster, 60));
            }
            wert => *wert = ersatz,
        }
    }

    /// A value of a schema, of what the company has where there is something of this name.
    fn wert(&mut self, schema: &Value, name: &str, tiefe: usize) -> Value {
        let vertrag = self.vertrag;
        let schema = vertrag.aufgeloest(schema);
        if let Some(fest) = schema.get("const") {
            return fest.clone();
        }
        if let Some(worte) = schema["enum"].as_array() {
            return self.wuerfel.einer(worte).clone();
        }
        for auswahl in ["oneOf", "anyOf"] {
            if let Some(varianten) = schema[auswahl].as_array() {
                let echte: Vec<&Value> = varianten.iter().filter(|v| v["type"] != "null").collect();
                let eine = *self.wuerfel.einer(&echte);
                let mut wert = self.wert(eine, name, tiefe);
                // What stands beside the choice belongs to each of its values.
                if let Value::Object(felder) = &mut wert {
                    self.felder(schema, felder, tiefe);
                }
                return wert;
            }
        }
        let art = match &schema["type"] {
            Value::Array(arten) => arten.iter().find(|a| *a != "null"),
            art => Some(art),
        };
        match art.and_then(Value::as_str) {
            Some("string") => self.zeichenkette(schema, name),
            Some("integer") => json!(schema["minimum"].as_u64().unwrap_or(0) + self.wuerfel.unter(13)),
            Some("boolean") => json!(self.wuerfel.prozent(50)),
            Some("array") => {
                let zahl = schema["minItems"].as_u64().unwrap_or(0) + self.wuerfel.unter(3);
                let anzahl = if tiefe > 4 { 0 } else { zahl };
                (0..anzahl)
                    .map(|_| self.wert(&schema["items"], name, tiefe + 1))
                    .collect()
            }
            _ => {
                let mut felder = Map::new();
                for teil in schema["allOf"].as_array().into_iter().flatten() {
                    if let Value::Object(mehr) = self.wert(teil, name, tiefe) {
                        felder.extend(mehr);
                    }
                }
                self.felder(schema, &mut felder, tiefe);
                Value::Object(felder)
            }
        }
    }

    fn felder(&mut self, schema: &Value, felder: &mut Map<String, Value>, tiefe: usize) {
        let pflicht = schema["required"].as_array();
        for (name, feld) in schema["properties"].as_object().into_iter().flatten() {
            let noetig = pflicht.is_some_and(|p| p.iter().any(|n| n == name));
            if noetig || (name != "id" && tiefe < 5 && self.wuerfel.prozent(35)) {
                felder.insert(name.clone(), self.wert(feld, name, tiefe + 1));
            }
        }
    }

    fn zeichenkette(&mut self, schema: &Value, name: &str) -> Value {
        if self.wuerfel.prozent(75)
            && let Some(wert) = self.vorrat.wert(name, &mut self.wuerfel)
        {
            return json!(wert);
        }
        match (schema["format"].as_str(), schema["pattern"].as_str()) {
            (Some("uuid"), _) => {
                let id = self.vorrat.irgendeine(&mut self.wuerfel);
                json!(id.filter(|_| name != "id").unwrap_or_else(|| self.uuid()))
            }
            (Some("date"), _) => json!(format!(
                "2026-{:02}-{:02}",
                1 + self.wuerfel.unter(12),
                1 + self.wuerfel.unter(28)
            )),
            (Some("date-time"), _) => json!(format!("2027-01-{:02}T12:00:00Z", 1 + self.wuerfel.unter(28))),
            (_, Some(muster)) if muster.contains("A-Z]{2}[0-9]") => json!("DE02120300000000202051"),
            (_, Some(muster)) if muster.contains("A-Z") => json!("DE136695976"),
            (_, Some(muster)) if muster.contains(r"\d") => {
                let komma = if self.wuerfel.prozent(50) { ".50" } else { "" };
                json!(format!("{}{komma}", self.wuerfel.unter(300)))
            }
            _ => {
                let text = format!("T{}", self.wuerfel.unter(10_000));
                let laenge = schema["maxLength"].as_u64().unwrap_or(100);
                json!(text.chars().take(usize::try_from(laenge).unwrap()).collect::<String>())
            }
        }
    }
}

fn zeiger(wert: &Value, stelle: String, alle: &mut Vec<String>) {
    match wert {
        Value::Object(felder) => {
            for (name, feld) in felder {
                let name = name.replace('~', "~0").replace('/', "~1");
                zeiger(feld, format!("{stelle}/{name}"), alle);
            }
        }
        Value::Array(werte) => {
            for (nummer, feld) in werte.iter().enumerate() {
                zeiger(feld, format!("{stelle}/{nummer}"), alle);
            }
        }
        _ => {}
    }
    alle.push(stelle);
}
