//! The OpenAPI document as a contract: its operations, and whether an answer is one that it names.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::common::Reply;

/// The document.
pub struct Vertrag {
    document: Value,
    /// All that stands between quotes in the program's text, in capitals: what can be a code.
    codes: BTreeSet<String>,
}

/// One operation of it.
pub struct Operation {
    pub methode: &'static str,
    pub pfad: String,
    pub parameter: Vec<Value>,
    pub inhalt: Value,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.methode, self.pfad)
    }

    /// The schema of its body, if it takes one.
    pub fn body(&self) -> Option<&Value> {
        self.inhalt.pointer("/requestBody/content/application~1json/schema")
    }

    /// `artikel` of `artikel.liste`.
    pub fn typ(&self) -> &str {
        let name = self.inhalt["operationId"].as_str().unwrap();
        name.split('.').next().unwrap()
    }
}

fn codes_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            codes_in(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let ist_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let words = text.split('"').filter(|w| w.len() > 3 && w.chars().all(ist_code));
            found.extend(words.map(str::to_owned));
        }
    }
}

impl Vertrag {
    pub fn neu(document: Value) -> Self {
        let mut codes = BTreeSet::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        codes_in(&root.join("aggregates/src"), &mut codes);
        codes_in(&root.join("src"), &mut codes);
        Self { document, codes }
    }

    /// What a reference leads to.
    pub fn aufgeloest<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(target) => self.aufgeloest(self.document.pointer(&target[1..]).expect(target)),
            None => node,
        }
    }

    pub fn operationen(&self) -> Vec<Operation> {
        let mut all = Vec::new();
        for (pfad, item) in self.document["paths"].as_object().unwrap() {
            for (klein, methode) in [("get", "GET"), ("post", "POST")] {
                let Some(inhalt) = item.get(klein) else { continue };
                let lists = [&item["parameters"], &inhalt["parameters"]];
                let parameter = lists.into_iter().flat_map(|l| l.as_array().into_iter().flatten());
                all.push(Operation {
                    methode,
                    pfad: pfad.clone(),
                    parameter: parameter.map(|p| self.aufgeloest(p).clone()).collect(),
                    inhalt: inhalt.clone(),
                });
            }
        }
        all
    }

    /// Why an answer breaks the contract.
    pub fn bruch(&self, operation: &Operation, antwort: &Reply) -> Option<String> {
        let status = antwort.status.to_string();
        let Some(genannt) = operation.inhalt["responses"].get(&status) else {
            return Some(format!("{status} steht nicht im Dokument"));
        };
        if antwort.status >= 400 {
            return self.problem(antwort);
        }
        let art = antwort.header("content-type").split(';').next().unwrap_or_default();
        let genannt = self.aufgeloest(genannt);
        if antwort.status == 304 {
            return (!antwort.text.is_empty()).then(|| "304 mit Inhalt".to_owned());
        }
        let Some(form) = genannt["content"].get(art) else {
            return Some(format!("die Form {art:?} steht nicht im Dokument"));
        };
        if art != "application/json" {
            return None;
        }
        let mut abweichung = None;
        self.passt(&form["schema"], &antwort.body, "", &mut abweichung);
        abweichung
    }

    /// A problem says what every problem says.
    fn problem(&self, antwort: &Reply) -> Option<String> {
        let body = &antwort.body;
        let code = body["code"].as_str().unwrap_or_default();
        if antwort.header("content-type") != "application/problem+json" {
            return Some("kein application/problem+json".to_owned());
        }
        if !self.codes.contains(code) || code == "INTERN" {
            return Some(format!("der Code {code:?}"));
        }
        // What was asked for in vain is a position that the log does not have yet.
        if antwort.status >= 500 && code != "ABFRAGE_ZU_ALT" {
            return Some(format!("{} {code}", antwort.status));
        }
        let mut abweichung = (body["status"] != antwort.status).then(|| "der status im Inhalt".to_owned());
        let schema = &self.document["components"]["schemas"]["Problem"];
        self.passt(schema, body, "", &mut abweichung);
        abweichung
    }

    /// Notes the first place where a value is not what its schema says: types, required members, words, nesting.
    fn passt(&self, schema: &Value, wert: &Value, stelle: &str, abweichung: &mut Option<String>) {
        if abweichung.is_some() {
            return;
        }
        let schema = self.aufgeloest(schema);
        let falsch = |was: String| Some(format!("{stelle}: {was} statt {schema}"));
        for auswahl in ["anyOf", "oneOf"] {
            let Some(varianten) = schema[auswahl].as_array() else {
                continue;
            };
            let eine = varianten.iter().any(|variante| {
                let mut hier = None;
                self.passt(variante, wert, stelle, &mut hier);
                hier.is_none()
            });
            if !eine {
                *abweichung = falsch(wert.to_string());
                return;
            }
        }
        for teil in schema["allOf"].as_array().into_iter().flatten() {
            self.passt(teil, wert, stelle, abweichung);
        }
        let arten: Vec<&str> = match &schema["type"] {
            Value::String(art) => vec![art],
            Value::Array(arten) => arten.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !arten.is_empty() && !arten.iter().any(|art| ist(art, wert)) {
            *abweichung = falsch(wert.to_string());
            return;
        }
        if schema["enum"].as_array().is_some_and(|w| !w.contains(wert))
            || schema.get("const").is_some_and(|w| w != wert)
        {
            *abweichung = falsch(wert.to_string());
            return;
        }
        match wert {
            Value::Object(felder) => {
                let pflicht = schema["required"].as_array().into_iter().flatten();
                let fehlt = pflicht.filter_map(Value::as_str).find(|n| !felder.contains_key(*n));
                if let Some(name) = fehlt {
                    *abweichung = falsch(format!("ohne {name}"));
                    return;
                }
                for (name, feld) in felder {
                    if let Some(schema) = schema["properties"].get(name) {
                        self.passt(schema, feld, &format!("{stelle}/{name}"), abweichung);
                    }
                }
            }
            Value::Array(werte) => {
                for (index, wert) in werte.iter().enumerate() {
                    if let Some(schema) = schema.get("items") {
                        self.passt(schema, wert, &format!("{stelle}/{index}"), abweichung);
                    }
                }
            }
            _ => {}
        }
    }
}

fn ist(art: &str, wert: &Value) -> bool {
    match art {
        "null" => wert.is_null(),
        "boolean" => wert.is_boolean(),
        "integer" => wert.is_i64() || wert.is_u64(),
        "number" => wert.is_number(),
        "string" => wert.is_string(),
        "array" => wert.is_array(),
        "object" => wert.is_object(),
        _ => false,
    }
}
