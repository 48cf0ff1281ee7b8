//! What the tests of Kunde and Lieferant share: a record with its world, driven by JSON commands.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::fmt::Debug;

use aggregates::{
    Aggregate, Decision, DomainError, Refused, Shared,
    dienste::nummernkreis::{Nummernkreis, NummernkreisEvent},
    fibu::{Zahlungsbedingung, zahlungsbedingung::ZahlungsbedingungEvent},
    testing::World,
};
use chrono::NaiveDate;
use serde_json::{Value, from_value, json};
use uuid::Uuid;

pub fn tag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An address as a client sends it.
pub fn adresse(art: &str, weitere: Value) -> Value {
    let mut felder = json!({
        "art": art,
        "anschrift": {"strasse": "Deichweg 1", "plz": "26721", "ort": "Emden", "land": "DE"},
    });
    felder
        .as_object_mut()
        .unwrap()
        .extend(weitere.as_object().unwrap().clone());
    felder
}

/// Terms of payment that are out of use.
pub const STILLGELEGT: Uuid = Uuid::from_u128(9);

/// Terms of payment by their ids: 1, 2, 5 and 7 in use, 9 out of use.
pub fn mit_bedingungen(welt: World) -> World {
    let bedingung = |nr: u128| {
        let fassung = json!({"gueltig_ab": "2000-01-01", "faellig": "tage_netto", "tage": 30, "skonto": []});
        let code = format!("B{nr}");
        from_value(json!({"Angelegt": {"code": code, "bezeichnung": code, "fassung": fassung}})).unwrap()
    };
    let welt = [1, 2, 5, 7].into_iter().fold(welt, |welt, nr| {
        welt.with::<Zahlungsbedingung>(Uuid::from_u128(nr), vec![bedingung(nr)])
    });
    let stillgelegt = ZahlungsbedingungEvent::Stillgelegt { grund: None };
    welt.with::<Zahlungsbedingung>(STILLGELEGT, vec![bedingung(9), stillgelegt])
}

/// A world with the Nummernkreise of partners and terms of payment.
pub fn welt() -> World {
    [("KD", 10001), ("LF", 70001)]
        .into_iter()
        .fold(mit_bedingungen(World::new()), |welt, (code, start)| {
            let angelegt = NummernkreisEvent::Angelegt {
                code: code.into(),
                muster: "{00000}".into(),
                gueltig_ab: tag("2000-01-01"),
                start,
                lueckenlos: false,
                chronologisch: false,
            };
            let id = Nummernkreis::stream_id(welt.frame.mandant_id, code);
            welt.with::<Nummernkreis>(id, vec![angelegt])
        })
}

/// A record with its world: commands change it, refusals do not.
#[derive(Clone)]
pub struct Satz<T: Aggregate> {
    pub welt: World,
    pub stand: T,
}

impl<T: Aggregate> Satz<T>
where
    T::Error: Debug,
{
    pub fn neu() -> Self {
        Self {
            welt: welt(),
            stand: T::default(),
        }
    }

    pub fn versuche(&self, json: Value) -> Decision<T> {
        let command = from_value(json.clone()).unwrap_or_else(|e| panic!("{json}: {e}"));
        self.welt.decide(&self.stand, command)
    }

    /// Another command id, as every request has, so that new records get ids of their own.
    pub fn tu(&mut self, json: Value) -> Vec<T::Event> {
        self.welt.frame.befehl_id = uuid::Uuid::from_u128(self.welt.frame.befehl_id.as_u128() + 1);
        let events = self.versuche(json.clone()).unwrap_or_else(|e| panic!("{json}: {e}"));
        for event in &events {
            self.stand.evolve(event.clone());
        }
        self.welt.version += i64::try_from(events.len()).unwrap();
        events
    }

    #[track_caller]
    pub fn abgelehnt(&self, json: Value, code: &str) {
        match self.versuche(json.clone()) {
            Err(Refused::Domain(fehler)) => assert_eq!(fehler.code(), code, "{json}"),
            Err(Refused::Shared(fehler)) => assert_eq!(fehler.code(), code, "{json}: {fehler}"),
            andere => panic!("{json}: {andere:?}"),
        }
    }

    /// Refused for the value of one field.
    #[track_caller]
    pub fn feld_falsch(&self, json: Value, feld: &str) {
        match self.versuche(json.clone()) {
            Err(Refused::Shared(Shared::EingabeUngueltig { felder })) => assert_eq!(felder[0].feld, feld, "{json}"),
            andere => panic!("{json}: {andere:?}"),
        }
    }
}
