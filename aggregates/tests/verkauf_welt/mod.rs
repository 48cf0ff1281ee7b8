//! The world of sales: a customer with a credit line, price lists, loose feed, and the Nummernkreise of orders.
#![allow(dead_code, reason = "each test binary uses its part")]

use aggregates::{
    crm::{Auftrag, Kreditlinie, Kunde},
    dienste::Nummernkreis,
    fibu::SteuerSchluessel,
    testing::World,
    wawi::{Artikel, Preisliste},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    partner_welt::Satz,
    wawi_welt::{self, EMDEN, KAS, events},
};

pub const KUNDE: Uuid = Uuid::from_u128(0x10);
pub const MLF: Uuid = Uuid::from_u128(0xa010);
pub const ADRESSE: Uuid = Uuid::from_u128(0x11);
pub const STANDARD: Uuid = Uuid::from_u128(0xb001);

pub fn kunde() -> Vec<Value> {
    vec![
        json!({"Angelegt": {"kunden_nr": "10001", "kunden_art": "firma", "name": "Landhof Petersen GmbH",
            "verbraucher": false, "ust_status": "regel", "ust_status_ab": "2026-01-01", "waehrung": "EUR"}}),
        json!({"AdresseHinzugefuegt": {"adresse": {"adresse_id": ADRESSE, "art": "rechnung", "strasse": "Deichweg 1",
            "plz": "26721", "ort": "Emden", "land": "DE", "gueltig_von": "2026-01-01"}}}),
        json!({"Freigegeben": {"debitor_id": Uuid::from_u128(0x12), "kunden_nr": "10001",
            "name": "Landhof Petersen GmbH", "anschrift": {"plz": "26721", "ort": "Emden", "land": "DE"},
            "ust_art": "regel", "ust_status_ab": "2026-01-01", "waehrung": "EUR", "verbraucher": false}}),
    ]
}

pub fn sperre(art: &str) -> Value {
    json!({"SperreGesetzt": {"sperre": {"art": art, "grund": "Test", "von": "2026-01-01"}}})
}

/// A price list with one price of an article.
pub fn liste(name: &str, standard: bool, lager: Option<Uuid>, artikel: Uuid, staffeln: Value) -> Vec<Value> {
    vec![
        json!({"Angelegt": {"name": name, "waehrung": "EUR", "standard": standard, "lager_id": lager,
            "gueltig_von": "2026-01-01"}}),
        json!({"PreisGesetzt": {"preis": {"nr": 1, "artikel_id": artikel, "einheit": "dt", "je_menge": "1",
            "gueltig_von": "2026-01-01", "staffeln": staffeln}}}),
        json!({"Freigegeben": {}}),
    ]
}

fn schluessel(code: &str, satz: &str) -> Value {
    json!({"Angelegt": {"code": code, "bezeichnung": code, "richtung": "umsatz", "ust_id_pflicht": false,
        "saetze": [{"gueltig_ab": "2020-01-01", "satz": satz}], "kennzahlen": []}})
}

pub fn linie(limit: &str) -> Vec<Value> {
    vec![
        json!({"Eingerichtet": {"kunde_id": KUNDE, "waehrung": "EUR"}}),
        json!({"LimitGesetzt": {"nr": 1, "betrag": limit, "gueltig_ab": "2026-01-01", "gesetzt_von": "dienst:a"}}),
        json!({"LimitFreigegeben": {"nr": 1, "freigegeben_von": "dienst:b", "gueltig_ab": "2026-01-01"}}),
    ]
}

pub fn mit_linie(welt: World, events: &[Value]) -> World {
    let id = Kreditlinie::stream_id(welt.frame.mandant_id, KUNDE);
    welt.with::<Kreditlinie>(id, wawi_welt::events::<Kreditlinie>(events))
}

/// All of it, with room for 1,000,000.00.
pub fn welt() -> World {
    let mlf = json!({"Angelegt": {"artikel_nr": "MLF", "bezeichnung": "Milchleistungsfutter",
        "gruppe_id": wawi_welt::GRUPPE, "typ": "ware", "basiseinheit": "kg", "stellen": 3, "lose": true,
        "steuerschluessel": "U7"}});
    let mlf = [
        mlf,
        wawi_welt::alternativ("t", 1_000, 1, false),
        json!({"Aktiviert": {}}),
    ];
    let staffeln = json!([{"ab_menge": "0", "preis": "34.50"}, {"ab_menge": "50", "preis": "33.20"},
        {"ab_menge": "250", "preis": "31.90"}]);
    let standard = liste("Standard", true, None, KAS, staffeln);
    let mut welt = wawi_welt::welt()
        .with::<SteuerSchluessel>(
            Uuid::from_u128(0x501),
            events::<SteuerSchluessel>(&[schluessel("U19", "19")]),
        )
        .with::<SteuerSchluessel>(
            Uuid::from_u128(0x502),
            events::<SteuerSchluessel>(&[schluessel("U7", "7")]),
        )
        .with::<Artikel>(MLF, events::<Artikel>(&mlf))
        .with::<Preisliste>(STANDARD, events::<Preisliste>(&standard))
        .with::<Kunde>(KUNDE, events::<Kunde>(&kunde()));
    for (code, lueckenlos) in [("AU", true), ("VS", false), ("LS", true)] {
        let kreis = json!({"Angelegt": {"code": code, "muster": format!("{code}-{{JJJJ}}-{{000000}}"),
            "gueltig_ab": "2000-01-01", "start": 1, "lueckenlos": lueckenlos, "chronologisch": false}});
        let id = Nummernkreis::stream_id(welt.frame.mandant_id, code);
        welt = welt.with::<Nummernkreis>(id, events::<Nummernkreis>(&[kreis]));
    }
    mit_linie(welt, &linie("1000000.00"))
}

pub fn position(artikel: Uuid, menge: &str, preis: Option<&str>) -> Value {
    let preis = preis.map(|p| json!({"betrag": p, "je": "1", "einheit": "t"}));
    json!({"PositionHinzufuegen": {"artikel_id": artikel, "lager_id": EMDEN, "menge": menge, "einheit": "t",
        "manueller_preis": preis}})
}

/// An order with one position, not confirmed.
pub fn erfasst(welt: World, artikel: Uuid, menge: &str, preis: Option<&str>) -> Satz<Auftrag> {
    let stand = Auftrag::default();
    let mut satz = Satz { welt, stand };
    satz.welt.version = 0;
    satz.tu(json!({"Anlegen": {"kunde_id": KUNDE}}));
    satz.tu(position(artikel, menge, preis));
    satz
}

/// The same, confirmed and released.
pub fn freigegeben(welt: World, artikel: Uuid, menge: &str, preis: Option<&str>) -> Satz<Auftrag> {
    let mut satz = erfasst(welt, artikel, menge, preis);
    satz.tu(json!({"Bestaetigen": {}}));
    assert!(satz.stand.freigegeben);
    satz
}

pub fn lieferung(satz: &Satz<Auftrag>, menge: &str, endlieferung: bool) -> Value {
    let position = &satz.stand.positionen[0];
    json!({"LieferungErfassen": {"versand_id": Uuid::from_u128(0x77), "lieferschein_nr": "LS-2026-000001",
        "buchungsdatum": "2026-03-10", "positionen": [{"position_id": position.position_id, "menge": menge,
        "einheit": position.einheit, "endlieferung": endlieferung}]}})
}
