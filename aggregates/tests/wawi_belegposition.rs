//! Ids of positions: known before they exist, and never given twice.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod partner_welt;
mod wawi_welt;

use aggregates::{
    context::part_id,
    wawi::{Bestellung, Lieferant, Wareneingang},
};
use partner_welt::{Satz, adresse};
use serde_json::{Value, json};
use uuid::Uuid;
use wawi_welt::{EMDEN, KAS, welt};

const LIEFERANT: Uuid = Uuid::from_u128(0x20);

fn lieferant() -> Lieferant {
    let mut satz = Satz::<Lieferant>::neu();
    for command in [
        json!({"Anlegen": {"name": "Düngerwerk Nord AG", "art": "handel", "ust_status": "regel"}}),
        json!({"AdresseSetzen": {"adresse": adresse("haupt", json!({}))}}),
        json!({"KonditionSetzen": {"zahlungsbedingung_id": Uuid::from_u128(5)}}),
        json!({"Freigeben": {}}),
    ] {
        satz.tu(command);
    }
    satz.stand
}

fn satz<T: aggregates::Aggregate>() -> Satz<T>
where
    T::Error: std::fmt::Debug,
{
    let mut welt = welt();
    welt.setzen(LIEFERANT, lieferant());
    welt.version = 0;
    Satz {
        welt,
        stand: T::default(),
    }
}

fn zeile(command: &str, mehr: Value) -> Value {
    let mut felder = json!({"artikel_id": KAS, "menge": "1", "einheit": "t",
        "preis": {"betrag": "300", "je": "1", "einheit": "t"}});
    felder
        .as_object_mut()
        .unwrap()
        .extend(mehr.as_object().unwrap().clone());
    json!({command: felder})
}

#[test]
fn eine_entfernte_position_einer_bestellung_vererbt_ihre_id_nicht() {
    let mut bestellung = satz::<Bestellung>();
    let id = bestellung.welt.id;
    let position = zeile("PositionHinzufuegen", json!({"lager_id": EMDEN}));
    bestellung.tu(json!({"Anlegen": {"lieferant_id": LIEFERANT}}));
    bestellung.tu(position.clone());
    let erste = bestellung.stand.positionen[0].position_id;
    assert_eq!(erste, part_id(id, "position/1"));
    bestellung.tu(json!({"PositionEntfernen": {"position_id": erste}}));
    bestellung.tu(position);
    let neu = &bestellung.stand.positionen[0];
    assert_eq!((neu.pos, neu.position_id), (1, part_id(id, "position/3")));
}

#[test]
fn eine_entfernte_position_eines_wareneingangs_vererbt_ihre_id_nicht() {
    let mut eingang = satz::<Wareneingang>();
    let id = eingang.welt.id;
    eingang.tu(json!({"Anlegen": {"lieferant_id": LIEFERANT, "lieferschein_nr": "L 1", "lager_id": EMDEN}}));
    eingang.tu(zeile("PositionErfassen", json!({})));
    let erste = eingang.stand.positionen[0].we_position_id;
    assert_eq!(erste, part_id(id, "position/1"));
    eingang.tu(json!({"PositionEntfernen": {"we_position_id": erste}}));
    eingang.tu(zeile("PositionErfassen", json!({})));
    assert_eq!(eingang.stand.positionen[0].we_position_id, part_id(id, "position/3"));
}
