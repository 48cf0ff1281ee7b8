//! The world of purchase: a supplier who takes orders, loose feed, and the Nummernkreise of orders and receipts.
#![allow(dead_code, reason = "each test binary uses its part")]

use aggregates::{
    dienste::Nummernkreis,
    testing::World,
    types::{Akteur, Betrag, Menge},
    wawi::{Artikel, Bestellung, Lieferant, Wareneingang},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    partner_welt::Satz,
    wawi_welt::{self, EMDEN, events},
};

pub const LIEFERANT: Uuid = Uuid::from_u128(0x70);
pub const ANDERER: Uuid = Uuid::from_u128(0x71);
pub const BEDINGUNG: Uuid = Uuid::from_u128(0x72);
pub const RAPS: Uuid = Uuid::from_u128(0xa020);
pub const AHL: Uuid = Uuid::from_u128(0xa021);
pub const BESTELLUNG: Uuid = Uuid::from_u128(0xbe01);

pub fn euro(text: &str) -> Betrag {
    text.parse().unwrap()
}

pub fn menge(text: &str) -> Menge {
    text.parse().unwrap()
}

pub fn lieferant() -> Vec<Value> {
    vec![
        json!({"Angelegt": {"lieferant_nr": "70001", "name": "Düngerwerk Nord AG", "art": "handel",
            "ust_status": "regel", "ust_status_ab": "2026-01-01", "waehrung": "EUR"}}),
        json!({"KonditionGesetzt": {"kondition": {"gueltig_ab": "2026-01-01", "zahlungsbedingung_id": BEDINGUNG,
            "mindestbestellwert": "500.00"}}}),
        json!({"Freigegeben": {"kreditor_id": Uuid::from_u128(0x73), "lieferant_nr": "70001",
            "name": "Düngerwerk Nord AG", "anschrift": {"plz": "26721", "ort": "Emden", "land": "DE"},
            "zahlungsbedingung_id": BEDINGUNG, "ust_art": "regel", "ust_status_ab": "2026-01-01", "waehrung": "EUR"}}),
    ]
}

pub fn lieferant_gesperrt() -> Value {
    json!({"Gesperrt": {"sperre": {"art": "bestellung", "grund": "Mängel", "von": "2026-01-01"}}})
}

fn artikel(nr: &str, basiseinheit: &str, lose: bool) -> Vec<Value> {
    let mut events = vec![
        json!({"Angelegt": {"artikel_nr": nr, "bezeichnung": nr, "gruppe_id": wawi_welt::GRUPPE, "typ": "ware",
        "basiseinheit": basiseinheit, "stellen": 3, "lose": lose, "steuerschluessel": "U19"}}),
    ];
    if basiseinheit == "kg" {
        events.push(wawi_welt::alternativ("t", 1_000, 1, false));
    }
    events.push(json!({"Aktiviert": {}}));
    events
}

pub fn welt() -> World {
    let mut welt = wawi_welt::welt()
        .with::<Artikel>(RAPS, events::<Artikel>(&artikel("RAPS", "kg", true)))
        .with::<Artikel>(AHL, events::<Artikel>(&artikel("AHL", "l", true)))
        .with::<Lieferant>(LIEFERANT, events::<Lieferant>(&lieferant()));
    for code in ["BE", "WE"] {
        let kreis = json!({"Angelegt": {"code": code, "muster": format!("{code}-{{JJJJ}}-{{000000}}"),
            "gueltig_ab": "2000-01-01", "start": 1, "lueckenlos": false, "chronologisch": false}});
        let id = Nummernkreis::stream_id(welt.frame.mandant_id, code);
        welt = welt.with::<Nummernkreis>(id, events::<Nummernkreis>(&[kreis]));
    }
    welt
}

/// The same world, somebody else acting.
pub fn als<T: aggregates::Aggregate>(satz: &mut Satz<T>, nr: u128) {
    satz.welt = satz.welt.clone().akteur(Akteur::Benutzer(Uuid::from_u128(nr)));
}

pub fn preis(betrag: &str) -> Value {
    json!({"betrag": betrag, "je": "1", "einheit": "t"})
}

pub fn position(artikel: Uuid, menge: &str, betrag: &str) -> Value {
    json!({"PositionHinzufuegen": {"artikel_id": artikel, "lager_id": EMDEN, "menge": menge, "einheit": "t",
        "preis": preis(betrag), "termin": "2026-04-01"}})
}

pub fn entwurf() -> Satz<Bestellung> {
    let stand = Bestellung::default();
    let mut satz = Satz { welt: welt(), stand };
    satz.tu(json!({"Anlegen": {"lieferant_id": LIEFERANT}}));
    satz
}

/// Approved by as many people as it needs; then its author acts again.
pub fn freigeben(satz: &mut Satz<Bestellung>) {
    satz.tu(json!({"ZurFreigabeGeben": {}}));
    for stufe in 1..=satz.stand.freigabe_stufen {
        als(satz, 0xf0 + u128::from(stufe));
        satz.tu(json!({"Freigeben": {"stufe": stufe}}));
    }
    als(satz, 0xa);
}

/// Sent to the supplier.
pub fn bestellt(menge: &str, betrag: &str) -> Satz<Bestellung> {
    let mut satz = entwurf();
    satz.tu(position(RAPS, menge, betrag));
    freigeben(&mut satz);
    satz.tu(json!({"Bestellen": {}}));
    satz
}

pub fn nr(satz: &Satz<Bestellung>, index: usize) -> Uuid {
    satz.stand.positionen[index].position_id
}

pub fn ware(satz: &Satz<Bestellung>, menge: &str) -> Value {
    json!({"WareneingangErfassen": {"wareneingang_id": Uuid::from_u128(0x3e), "buchungsdatum": "2026-03-10",
        "positionen": [{"position_id": nr(satz, 0), "menge": menge}]}})
}

pub fn berechnet(satz: &Satz<Bestellung>, menge: &str) -> Value {
    json!({"BerechnungErfassen": {"eingangsrechnung_id": Uuid::from_u128(0x3f), "buchungsdatum": "2026-03-11",
        "positionen": [{"position_id": nr(satz, 0), "menge": menge}]}})
}

/// A receipt that is being written, of an order that was sent.
pub fn wareneingang(bestellung: &Satz<Bestellung>) -> Satz<Wareneingang> {
    let mut welt = bestellung.welt.clone();
    welt.setzen(BESTELLUNG, bestellung.stand.clone());
    let stand = Wareneingang::default();
    let mut satz = Satz { welt, stand };
    satz.tu(json!({"Anlegen": {"lieferant_id": LIEFERANT, "lieferschein_nr": "L-1", "lager_id": EMDEN}}));
    satz
}
