//! Wareneingang: lines with and without an order, booking and reversal with what they send, every refusal.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod einkauf_welt;
mod partner_welt;
mod wawi_welt;

use aggregates::{
    Aggregate, Key,
    policy::{Kind, PolicyContext},
    types::{Betrag, Menge},
    wawi::{
        Artikel, Wareneingang,
        wareneingang::{WareneingangEvent, WareneingangStatus},
    },
};
use einkauf_welt::{BESTELLUNG, LIEFERANT, RAPS, bestellt, entwurf, euro, menge, nr, position, preis, wareneingang};
use partner_welt::{Satz, tag};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;
use wawi_welt::{EMDEN, ENTWURF, FRACHT, KAS};

fn zeile(felder: Value) -> Value {
    let mut body = json!({"menge": "10", "einheit": "t"});
    body.as_object_mut()
        .unwrap()
        .extend(felder.as_object().unwrap().clone());
    json!({"PositionErfassen": body})
}

fn buchen() -> Value {
    json!({"Buchen": {"buchungsdatum": "2026-03-09"}})
}

fn stornieren() -> Value {
    json!({"Stornieren": {"grund": "falscher Lieferschein"}})
}

fn berechnet(satz: &Satz<Wareneingang>, menge: &str) -> Value {
    json!({"BerechnungErfassen": {"eingangsrechnung_id": KAS, "buchungsdatum": "2026-03-10",
        "positionen": [{"we_position_id": satz.stand.positionen[0].we_position_id, "menge": menge}]}})
}

/// A receipt without order, with a line of 10 t at 300.00.
fn ohne_bestellung() -> Satz<Wareneingang> {
    let mut satz = wareneingang(&bestellt("25", "400"));
    satz.tu(zeile(json!({"artikel_id": KAS, "preis": preis("300")})));
    satz
}

/// What an event sends on, in the same unit of work: aggregate type and command.
fn folgen(satz: &Satz<Wareneingang>, event: &WareneingangEvent) -> Vec<(&'static str, Value)> {
    let ctx = PolicyContext {
        mandant_id: satz.welt.frame.mandant_id,
        id: satz.welt.id,
        event_id: Uuid::from_u128(1),
        zeit: satz.welt.frame.jetzt,
        heute: satz.welt.frame.heute,
    };
    let registry = aggregates::registry();
    let policies = registry.policies(Kind::Inline, Wareneingang::TYPE);
    policies
        .flat_map(|p| p.react(event, &ctx))
        .map(|f| (f.typ, f.command))
        .collect()
}

#[test]
fn eine_zeile_ihrer_bestellung_traegt_deren_artikel_preis_und_einheit() {
    let bestellung = bestellt("25", "400");
    let mut we = wareneingang(&bestellung);
    let bestellt = json!({"bestellung_id": BESTELLUNG, "position_id": nr(&bestellung, 0)});
    let mit = |felder: Value| {
        let mut alle = bestellt.clone();
        alle.as_object_mut()
            .unwrap()
            .extend(felder.as_object().unwrap().clone());
        zeile(alle)
    };
    we.feld_falsch(mit(json!({"artikel_id": KAS})), "/artikel_id");
    we.feld_falsch(mit(json!({"preis": preis("1")})), "/preis");
    we.feld_falsch(mit(json!({"position_id": KAS})), "/position_id");
    we.feld_falsch(mit(json!({"bestellung_id": KAS})), "/bestellung_id");
    we.feld_falsch(zeile(json!({"bestellung_id": BESTELLUNG})), "/position_id");
    we.tu(mit(json!({"menge": "23900", "einheit": "kg", "platz": "A-01"})));
    let position = &we.stand.positionen[0];
    assert_eq!((position.artikel_id, position.netto), (RAPS, euro("9560.00")));
    assert_eq!(
        (position.basismenge, position.bestellmenge),
        (menge("23900"), Some(menge("23.9")))
    );
    assert_eq!(position.preis(), serde_json::from_value(preis("400")).unwrap());
}

#[test]
fn was_bestellt_ist_kommt_auch_von_einem_artikel_der_auslaeuft() {
    let bestellung = bestellt("25", "400");
    let mut we = wareneingang(&bestellung);
    let auslaufend = json!({"AuslaufGesetzt": {}});
    let artikel = [wawi_welt::kas(), vec![auslaufend]].concat();
    we.welt = we.welt.with::<Artikel>(RAPS, wawi_welt::events::<Artikel>(&artikel));
    we.abgelehnt(
        zeile(json!({"artikel_id": RAPS, "preis": preis("1")})),
        "ARTIKEL_GESPERRT",
    );
    we.tu(zeile(
        json!({"bestellung_id": BESTELLUNG, "position_id": nr(&bestellung, 0)}),
    ));
}

#[test]
fn nur_eine_bestellung_die_ware_erwartet_aus_diesem_lager_und_von_diesem_lieferanten() {
    let mut draft = entwurf();
    draft.tu(position(RAPS, "25", "400"));
    let bestellt_von = |satz: &Satz<_>| zeile(json!({"bestellung_id": BESTELLUNG, "position_id": nr(satz, 0)}));
    wareneingang(&draft).abgelehnt(bestellt_von(&draft), "STATUS_UNZULAESSIG");
    let mut anderer = bestellt("25", "400");
    anderer.stand.lieferant_id = KAS;
    wareneingang(&anderer).feld_falsch(bestellt_von(&anderer), "/bestellung_id");
    let mut anderswo = bestellt("25", "400");
    anderswo.stand.positionen[0].lager_id = KAS;
    wareneingang(&anderswo).feld_falsch(bestellt_von(&anderswo), "/position_id");
}

#[test]
fn ohne_bestellung_sind_artikel_und_preis_noetig() {
    let we = wareneingang(&bestellt("25", "400"));
    we.feld_falsch(zeile(json!({})), "/artikel_id");
    we.feld_falsch(
        zeile(json!({"artikel_id": Uuid::nil(), "preis": preis("1")})),
        "/artikel_id",
    );
    we.abgelehnt(zeile(json!({"artikel_id": KAS})), "WARENEINGANG_PREIS_FEHLT");
    we.abgelehnt(
        zeile(json!({"artikel_id": KAS, "menge": "0", "preis": preis("1")})),
        "MENGE_UNGUELTIG",
    );
    let je_null = json!({"betrag": "1", "je": "0", "einheit": "t"});
    we.abgelehnt(zeile(json!({"artikel_id": KAS, "preis": je_null})), "MENGE_UNGUELTIG");
    we.abgelehnt(
        zeile(json!({"artikel_id": ENTWURF, "preis": preis("1")})),
        "ARTIKEL_GESPERRT",
    );
    we.abgelehnt(
        zeile(json!({"artikel_id": KAS, "platz": "A-03", "preis": preis("1")})),
        "LAGER_PLATZ_GESPERRT",
    );
    we.abgelehnt(
        zeile(json!({"artikel_id": KAS, "platz": "Z-99", "preis": preis("1")})),
        "LAGER_PLATZ_GESPERRT",
    );
}

#[test]
fn derselbe_lieferschein_kommt_nur_einmal() {
    let mut we = wareneingang(&bestellt("25", "400"));
    let schluessel = Key::new(
        Wareneingang::KEY_LIEFERSCHEIN,
        "lieferschein_nr",
        format!("{LIEFERANT}/L-1"),
    );
    assert_eq!(we.stand.keys(), [schluessel]);
    let anlegen = |lieferant: Uuid, lager: Uuid, nr: &str| json!({"Anlegen": {"lieferant_id": lieferant, "lieferschein_nr": nr, "lager_id": lager}});
    we.abgelehnt(anlegen(LIEFERANT, EMDEN, "L-2"), "STATUS_UNZULAESSIG");
    let mut zweiter = we.clone();
    zweiter.stand = Wareneingang::default();
    zweiter.welt.setzen(Uuid::from_u128(0x3e1), we.stand.clone());
    zweiter.abgelehnt(anlegen(LIEFERANT, EMDEN, "L-1"), "WARENEINGANG_LIEFERSCHEIN_DOPPELT");
    zweiter.feld_falsch(anlegen(KAS, EMDEN, "L-2"), "/lieferant_id");
    zweiter.feld_falsch(anlegen(LIEFERANT, KAS, "L-2"), "/lager_id");
    zweiter.abgelehnt(buchen(), "STATUS_UNZULAESSIG");
    // A reversed receipt gives the number free.
    we.tu(zeile(json!({"artikel_id": KAS, "preis": preis("300")})));
    we.tu(buchen());
    we.tu(stornieren());
    assert_eq!(we.stand.keys(), []);
}

#[test]
fn gebucht_wird_mit_nummer_und_datum_und_danach_nichts_mehr_geaendert() {
    let mut we = wareneingang(&bestellt("25", "400"));
    we.feld_falsch(buchen(), "/positionen");
    we.feld_falsch(json!({"PositionEntfernen": {"we_position_id": KAS}}), "/we_position_id");
    we.tu(zeile(json!({"artikel_id": KAS, "preis": preis("300")})));
    we.tu(zeile(json!({"artikel_id": KAS, "preis": preis("310")})));
    we.tu(json!({"PositionEntfernen": {"we_position_id": we.stand.positionen[0].we_position_id}}));
    we.abgelehnt(json!({"Buchen": {"buchungsdatum": "2026-03-11"}}), "DATUM_ZUKUNFT");
    we.abgelehnt(stornieren(), "STATUS_UNZULAESSIG");
    we.abgelehnt(berechnet(&we, "1"), "STATUS_UNZULAESSIG");
    we.tu(buchen());
    assert_eq!(we.stand.nummer().as_deref(), Some("WE-2026-000001"));
    assert_eq!(
        (we.stand.status, we.stand.buchungsdatum),
        (WareneingangStatus::Gebucht, Some(tag("2026-03-09")))
    );
    for command in [buchen(), zeile(json!({"artikel_id": KAS, "preis": preis("1")}))] {
        we.abgelehnt(command, "STATUS_UNZULAESSIG");
    }
}

#[test]
fn was_berechnet_ist_wird_nicht_storniert() {
    let mut we = ohne_bestellung();
    we.tu(buchen());
    let zeile = we.stand.positionen[0].we_position_id;
    we.tu(berechnet(&we, "4"));
    assert_eq!((we.stand.offen(zeile), we.stand.offen(KAS)), (menge("6"), Menge::NULL));
    we.abgelehnt(stornieren(), "WARENEINGANG_BERECHNET");
    we.tu(berechnet(&we, "-4"));
    we.abgelehnt(
        json!({"Stornieren": {"grund": "x", "buchungsdatum": "2026-03-11"}}),
        "DATUM_ZUKUNFT",
    );
    we.feld_falsch(
        json!({"Stornieren": {"grund": "x", "buchungsdatum": "2026-03-08"}}),
        "/buchungsdatum",
    );
    we.tu(stornieren());
    we.abgelehnt(stornieren(), "STATUS_UNZULAESSIG");
    we.abgelehnt(berechnet(&we, "1"), "STATUS_UNZULAESSIG");
}

#[test]
fn buchen_und_stornieren_erreichen_die_bestellung_einmal_und_den_bestand_je_zeile() {
    let bestellung = bestellt("25", "400");
    let mut we = wareneingang(&bestellung);
    for menge in ["10", "2.5"] {
        we.tu(zeile(
            json!({"bestellung_id": BESTELLUNG, "position_id": nr(&bestellung, 0), "menge": menge}),
        ));
    }
    we.tu(zeile(
        json!({"artikel_id": FRACHT, "menge": "1", "einheit": "kg", "preis": {"betrag": "5", "je": "1",
        "einheit": "kg"}}),
    ));
    let gebucht = we.tu(buchen());
    let folgen_gebucht = folgen(&we, &gebucht[0]);
    let typen: Vec<&str> = folgen_gebucht.iter().map(|(typ, _)| *typ).collect();
    assert_eq!(
        typen,
        ["bestellung", "lagerbestand", "lagerbestand"],
        "no stock of a service"
    );
    let mengen = |folge: &Value| folge["WareneingangErfassen"]["positionen"][0]["menge"].clone();
    assert_eq!(mengen(&folgen_gebucht[0].1), json!("12.5"));
    assert_eq!(
        folgen_gebucht[0].1["WareneingangErfassen"]["buchungsdatum"],
        json!("2026-03-09")
    );
    assert_eq!(folgen_gebucht[1].1["ZugangBuchen"]["menge"], json!("10000"));
    let storniert = we.tu(stornieren());
    let folgen = folgen(&we, &storniert[0]);
    assert_eq!(mengen(&folgen[0].1), json!("-12.5"));
    assert_eq!(
        folgen[0].1["WareneingangErfassen"]["buchungsdatum"],
        json!("2026-03-10")
    );
    assert_eq!(folgen.len(), 3);
}

proptest! {
    /// The value of a line is its quantity at its price, rounded once, and what is invoiced and open is what came.
    #[test]
    fn wert_und_berechnung_gehen_auf(kilo in 1_i64..50_000_000, cent in 1_i64..1_000_000, teile in prop::collection::vec(1_i64..100, 1..6)) {
        let mut we = wareneingang(&bestellt("25", "400"));
        let betrag = Betrag::cent(cent).to_string();
        let gekommen = Menge::rounded(rust_decimal::Decimal::new(kilo, 3), 6);
        we.tu(zeile(json!({"artikel_id": KAS, "menge": gekommen.to_string(), "preis": preis(&betrag)})));
        let wert = (i128::from(kilo) * i128::from(cent) + 500) / 1_000;
        prop_assert_eq!(we.stand.positionen[0].netto, Betrag::cent(i64::try_from(wert).unwrap()));
        we.tu(buchen());
        let zeile = we.stand.positionen[0].we_position_id;
        let mut berechnet_bisher = Menge::NULL;
        for teil in teile {
            let menge = Menge::rounded(rust_decimal::Decimal::new(teil, 1), 6);
            berechnet_bisher += menge;
            we.tu(berechnet(&we, &menge.to_string()));
            prop_assert_eq!(we.stand.offen(zeile) + berechnet_bisher, gekommen);
        }
    }
}
