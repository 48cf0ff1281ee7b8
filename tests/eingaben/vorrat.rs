//! What a company has, by the names under which requests name it: so that what is made up reaches the rules behind the
//! door and not only its form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    common::{Door, wuerfel::Wuerfel},
    vertrag::Operation,
};

/// Most values that are kept of one name.
const JE_NAME: usize = 30;
/// Names under which commands know what lists show by another one: name, type, field.
const ANDERSWO: &[(&str, &str, &str)] = &[
    ("konto", "konto", "konto_nr"),
    ("personenkonto", "debitor", "nr"),
    ("personenkonto", "kreditor", "nr"),
    ("debitor_nr", "debitor", "nr"),
    ("kreditor_nr", "kreditor", "nr"),
    ("belegkreis", "nummernkreis", "code"),
    ("schluessel", "steuer_schluessel", "code"),
    ("steuerschluessel", "steuer_schluessel", "code"),
    ("op_id", "offener_posten", "id"),
    ("kunde", "kunde", "kunden_nr"),
    ("lieferant", "lieferant", "lieferant_nr"),
    ("artikel", "artikel", "artikel_nr"),
];

/// Values by name, ids by type.
#[derive(Default)]
pub struct Vorrat {
    werte: BTreeMap<String, BTreeSet<String>>,
    ids: BTreeMap<String, BTreeSet<String>>,
}

impl Vorrat {
    /// Reads the lists and some records. What would end the test itself is left out: the key that it uses, its company.
    pub async fn sammeln(door: &Door, operationen: &[Operation], firma: &str) -> Self {
        let mut vorrat = Self::default();
        let kopf = [("X-Mandant", firma)];
        for liste in operationen
            .iter()
            .filter(|o| o.inhalt["operationId"].as_str().unwrap().rsplit('.').next() == Some("liste"))
        {
            // The newest, so that what the test itself made comes in.
            let pfad = format!("{}?limit=20&sortierung=-angelegt_am", liste.pfad);
            let zeilen = door.request("GET", &pfad, &kopf, None).await.ok();
            for (nummer, zeile) in zeilen["daten"].as_array().unwrap().iter().enumerate() {
                if zeile["kuerzel"] == firma || zeile["name"] == "administrator" {
                    continue;
                }
                let id = zeile["id"].as_str().unwrap();
                vorrat
                    .ids
                    .entry(liste.typ().to_owned())
                    .or_default()
                    .insert(id.to_owned());
                vorrat.merken(&format!("{}_id", liste.typ()), id);
                for (name, _, feld) in ANDERSWO.iter().filter(|(_, typ, _)| *typ == liste.typ()) {
                    vorrat.merken(name, zeile[feld].as_str().unwrap_or_default());
                }
                vorrat.aufnehmen("", zeile);
                if nummer < 3 {
                    let pfad = format!("{}/{id}", liste.pfad);
                    vorrat.aufnehmen("", &door.request("GET", &pfad, &kopf, None).await.ok());
                }
            }
        }
        vorrat
    }

    fn merken(&mut self, name: &str, wert: &str) {
        let werte = self.werte.entry(name.to_owned()).or_default();
        if werte.len() < JE_NAME && !wert.is_empty() {
            werte.insert(wert.to_owned());
        }
    }

    fn aufnehmen(&mut self, name: &str, wert: &Value) {
        match wert {
            Value::Object(felder) => felder.iter().for_each(|(name, wert)| self.aufnehmen(name, wert)),
            Value::Array(werte) => werte.iter().for_each(|wert| self.aufnehmen(name, wert)),
            Value::String(text) if name != "id" => self.merken(name, text),
            _ => {}
        }
    }

    /// A value that the company has under a name.
    pub fn wert(&self, name: &str, wuerfel: &mut Wuerfel) -> Option<String> {
        einer(self.werte.get(name)?, wuerfel)
    }

    /// The id of a record of a type.
    pub fn id(&self, typ: &str, wuerfel: &mut Wuerfel) -> Option<String> {
        einer(self.ids.get(typ)?, wuerfel)
    }

    /// Any id.
    pub fn irgendeine(&self, wuerfel: &mut Wuerfel) -> Option<String> {
        let index = wuerfel.index(self.ids.len().max(1));
        einer(self.ids.values().nth(index)?, wuerfel)
    }
}

fn einer(werte: &BTreeSet<String>, wuerfel: &mut Wuerfel) -> Option<String> {
    let index = wuerfel.index(werte.len().max(1));
    werte.iter().nth(index).cloned()
}
