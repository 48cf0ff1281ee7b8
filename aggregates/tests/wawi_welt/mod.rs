//! The world of the goods tests: units, a group, a tax key, the article KAS and the Lager Emden of the demo company.
#![allow(dead_code, reason = "each test binary uses its part")]

use aggregates::{
    Aggregate,
    fibu::SteuerSchluessel,
    testing::World,
    wawi::{Artikel, Artikelgruppe, Lager, Mengeneinheit},
};
use serde_json::{Value, json};
use uuid::Uuid;

pub const GRUPPE: Uuid = Uuid::from_u128(0x9001);
pub const KAS: Uuid = Uuid::from_u128(0xa001);
pub const ENTWURF: Uuid = Uuid::from_u128(0xa002);
pub const FRACHT: Uuid = Uuid::from_u128(0xa003);
pub const EMDEN: Uuid = Uuid::from_u128(0x1001);

/// Events given as JSON.
pub fn events<T: Aggregate>(events: &[Value]) -> Vec<T::Event> {
    let event = |e: &Value| serde_json::from_value(e.clone()).unwrap_or_else(|error| panic!("{e}: {error}"));
    events.iter().map(event).collect()
}

pub fn einheit(code: &str, dimension: &str, zaehler: i64) -> Value {
    json!({"Angelegt": {"code": code, "bezeichnung": code, "dimension": dimension, "zaehler": zaehler, "nenner": 1}})
}

/// A draft of an article in kg with three decimals.
pub fn artikel(nr: &str, typ: &str) -> Value {
    json!({"Angelegt": {"artikel_nr": nr, "bezeichnung": nr, "gruppe_id": GRUPPE, "typ": typ, "basiseinheit": "kg",
        "stellen": 3, "lose": false, "steuerschluessel": "U19"}})
}

pub fn alternativ(code: &str, zaehler: i64, nenner: i64, ganzzahlig: bool) -> Value {
    json!({"EinheitHinzugefuegt": {"einheit": {"einheit": code, "zaehler": zaehler, "nenner": nenner,
        "ganzzahlig": ganzzahlig, "verwendung": [], "entfallen": false}}})
}

/// KAS with the units of the demo company, in use.
pub fn kas() -> Vec<Value> {
    vec![
        artikel("KAS", "ware"),
        alternativ("Sack", 25, 1, true),
        alternativ("Palette", 1_000, 1, true),
        alternativ("BigBag", 600, 1, true),
        alternativ("dt", 100, 1, false),
        alternativ("t", 1_000, 1, false),
        json!({"Aktiviert": {}}),
    ]
}

pub fn lager() -> Vec<Value> {
    let platz = |nr: &str, gesperrt: bool| json!({"nr": nr, "zone": "L", "typ": "regal", "gesperrt": gesperrt});
    vec![
        json!({"Angelegt": {"nr": "1", "name": "Emden", "art": "eigen", "bewertungskreis": "1"}}),
        json!({"ZoneHinzugefuegt": {"zone": {"nr": "L", "art": "lager"}}}),
        json!({"PlaetzeGeneriert": {"plaetze": [platz("A-01", false), platz("A-02", false), platz("A-03", true)]}}),
    ]
}

pub fn welt() -> World {
    let u19 = json!({"Angelegt": {"code": "U19", "bezeichnung": "19 %", "richtung": "umsatz", "ust_id_pflicht": false,
        "saetze": [], "kennzahlen": []}});
    let mut welt = World::new()
        .with::<SteuerSchluessel>(Uuid::from_u128(0x501), events::<SteuerSchluessel>(&[u19]))
        .with::<Artikelgruppe>(
            GRUPPE,
            events::<Artikelgruppe>(&[json!({"Angelegt": {"nr": "10", "name": "Dünger",
                "toleranz_ueber": "0", "toleranz_unter": "0"}})]),
        )
        .with::<Artikel>(KAS, events::<Artikel>(&kas()))
        .with::<Artikel>(ENTWURF, events::<Artikel>(&[artikel("NEU", "ware")]))
        .with::<Artikel>(
            FRACHT,
            events::<Artikel>(&[artikel("FRACHT", "leistung"), json!({"Aktiviert": {}})]),
        )
        .with::<Lager>(EMDEN, events::<Lager>(&lager()));
    let einheiten = [
        ("kg", "masse", 1),
        ("dt", "masse", 100),
        ("t", "masse", 1_000),
        ("l", "volumen", 1),
        ("Sack", "stueck", 1),
        ("BigBag", "stueck", 1),
    ];
    for (i, (code, dimension, zaehler)) in einheiten.into_iter().enumerate() {
        let id = Uuid::from_u128(0x601 + u128::try_from(i).unwrap_or_default());
        welt = welt.with::<Mengeneinheit>(id, events::<Mengeneinheit>(&[einheit(code, dimension, zaehler)]));
    }
    let alt = [
        einheit("Zentner", "masse", 50),
        json!({"Stillgelegt": {"grund": "Test"}}),
    ];
    welt.with::<Mengeneinheit>(Uuid::from_u128(0x6ff), events::<Mengeneinheit>(&alt))
}
