//! Versand: from the plan to the customer, every refusal, and what the order answers.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod partner_welt;
mod verkauf_welt;
mod wawi_welt;

use aggregates::{
    Aggregate,
    crm::{Auftrag, Kunde},
    types::Menge,
    wawi::{
        Versand,
        versand::{VersandEvent, VersandStatus},
    },
};
use partner_welt::Satz;
use serde_json::{Value, json};
use uuid::Uuid;
use verkauf_welt::{KUNDE, MLF, erfasst, freigegeben, kunde, lieferung, sperre, welt};
use wawi_welt::{EMDEN, events};

const AUFTRAG: Uuid = Uuid::from_u128(0x800);

/// A released order of 10 t, of which some went already, and a delivery not planned yet.
fn versand(schon: Option<&str>) -> (Satz<Versand>, Uuid) {
    let mut auftrag = freigegeben(welt(), MLF, "10", Some("300"));
    if let Some(schon) = schon {
        auftrag.tu(lieferung(&auftrag, schon, false));
    }
    let position = auftrag.stand.positionen[0].position_id;
    let versand = Satz {
        welt: mit_auftrag(&auftrag),
        stand: Versand::default(),
    };
    (versand, position)
}

fn mit_auftrag(auftrag: &Satz<Auftrag>) -> aggregates::testing::World {
    let mut welt = auftrag.welt.clone();
    welt.setzen::<Auftrag>(AUFTRAG, auftrag.stand.clone());
    welt
}

fn planen(position: Uuid, menge: &str) -> Value {
    json!({"Planen": {"auftrag_id": AUFTRAG, "positionen": [{"position_id": position, "menge": menge}]}})
}

fn gepickt(position: Uuid, menge: &str) -> Value {
    json!({"KommissionierungMelden": {"positionen": [{"position_id": position, "menge": menge}]}})
}

fn menge(text: &str) -> Menge {
    text.parse().unwrap()
}

#[test]
fn t4_der_auftrag_sagt_wieviel_noch_gehen_darf() {
    let (mut versand, position) = versand(Some("6"));
    versand.abgelehnt(planen(position, "4.6"), "AUFTRAG_UEBERLIEFERUNG");
    versand.tu(planen(position, "4"));
    versand.abgelehnt(
        json!({"PositionSetzen": {"position_id": position, "menge": "4.6"}}),
        "AUFTRAG_UEBERLIEFERUNG",
    );
    versand.tu(json!({"PositionSetzen": {"position_id": position, "menge": "4.2"}}));
    versand.tu(json!({"Freigeben": {}}));
    versand.abgelehnt(gepickt(position, "4.6"), "AUFTRAG_UEBERLIEFERUNG");
    versand.tu(gepickt(position, "4.4"));
    versand.tu(json!({"Verladen": {}}));
    let events = versand.tu(json!({"WarenausgangBuchen": {}}));
    let VersandEvent::WarenausgangGebucht {
        lieferschein_nr,
        positionen,
        ..
    } = &events[0]
    else {
        panic!("{events:?}");
    };
    assert_eq!(lieferschein_nr, "LS-2026-000001");
    assert_eq!(
        (positionen[0].menge, positionen[0].basismenge),
        (menge("4.4"), menge("4400"))
    );
    assert_eq!(versand.stand.keys().len(), 2);
    versand.abgelehnt(json!({"Stornieren": {"grund": "x"}}), "STATUS_UNZULAESSIG");
    versand.feld_falsch(
        json!({"ZustellungBestaetigen": {"name": "Petersen", "am": "2026-03-11"}}),
        "/am",
    );
    versand.tu(json!({"ZustellungBestaetigen": {"name": "Petersen", "vorbehalt": "Sack offen"}}));
    assert_eq!(versand.stand.status, VersandStatus::Zugestellt);
}

#[test]
fn fuer_den_auftrag_wird_nur_geplant_was_noch_zu_liefern_ist() {
    let rest = |position: Uuid, menge: &str| json!({"RestPlanen": {"auftrag_id": AUFTRAG, "positionen": [{"position_id": position, "menge": menge}]}});
    for (schon, gewollt, geplant) in [(None, "10", "10"), (Some("6"), "10", "4"), (Some("6"), "3", "3")] {
        let (mut versand, position) = versand(schon);
        versand.tu(rest(position, gewollt));
        assert_eq!(versand.stand.positionen[0].soll, menge(geplant));
        // Told again, whatever it is by then.
        assert_eq!(versand.tu(rest(position, "1")), []);
    }
    let (mut fertig, position) = versand(Some("10"));
    assert_eq!(fertig.tu(rest(position, "10")), []);
    let mut auftrag = freigegeben(welt(), MLF, "10", Some("300"));
    auftrag.tu(json!({"Stornieren": {"grund": "abgesagt"}}));
    let mut zu_spaet = Satz {
        welt: mit_auftrag(&auftrag),
        stand: Versand::default(),
    };
    let position = auftrag.stand.positionen[0].position_id;
    assert_eq!(zu_spaet.tu(rest(position, "10")), []);
    assert_eq!(zu_spaet.stand.status, VersandStatus::Neu);
}

#[test]
fn ohne_kommissionierung_geht_nichts() {
    let (mut versand, position) = versand(None);
    versand.abgelehnt(json!({"Freigeben": {}}), "STATUS_UNZULAESSIG");
    versand.tu(planen(position, "10"));
    versand.abgelehnt(planen(position, "1"), "STATUS_UNZULAESSIG");
    versand.abgelehnt(json!({"WarenausgangBuchen": {}}), "STATUS_UNZULAESSIG");
    versand.tu(json!({"Freigeben": {}}));
    versand.abgelehnt(json!({"WarenausgangBuchen": {}}), "VERSAND_NICHT_KOMMISSIONIERT");
    versand.abgelehnt(gepickt(position, "-1"), "MENGE_UNGUELTIG");
    versand.feld_falsch(gepickt(EMDEN, "1"), "/position_id");
    versand.tu(gepickt(position, "0"));
    versand.abgelehnt(json!({"Verladen": {}}), "VERSAND_NICHT_KOMMISSIONIERT");
    versand.tu(gepickt(position, "10"));
    versand.abgelehnt(
        json!({"WarenausgangBuchen": {"buchungsdatum": "2026-03-11"}}),
        "DATUM_ZUKUNFT",
    );
}

#[test]
fn an_einen_gesperrten_kunden_geht_nichts() {
    let (mut versand, position) = versand(None);
    versand.tu(planen(position, "10"));
    let frei = versand.welt.clone();
    let mut gesperrt = kunde();
    gesperrt.push(sperre("liefer"));
    let gesperrt = frei.clone().with::<Kunde>(KUNDE, events::<Kunde>(&gesperrt));
    versand.welt = gesperrt.clone();
    versand.abgelehnt(json!({"Freigeben": {}}), "VERSAND_LIEFERSPERRE");
    versand.welt = frei;
    versand.tu(json!({"Freigeben": {}}));
    versand.tu(gepickt(position, "10"));
    versand.welt = gesperrt;
    versand.abgelehnt(json!({"WarenausgangBuchen": {}}), "VERSAND_LIEFERSPERRE");
}

#[test]
fn ein_gesperrter_oder_fremder_auftrag_wird_nicht_geliefert() {
    let sperren = json!({"SperreSetzen": {"art": "manuell", "grund": "x"}});
    let neuer = |auftrag: &Satz<Auftrag>| Satz {
        welt: mit_auftrag(auftrag),
        stand: Versand::default(),
    };
    let mut auftrag = erfasst(welt(), MLF, "10", Some("300"));
    auftrag.tu(sperren.clone());
    auftrag.tu(json!({"Bestaetigen": {}}));
    let position = auftrag.stand.positionen[0].position_id;
    neuer(&auftrag).abgelehnt(planen(position, "1"), "AUFTRAG_GESPERRT");
    // A lock that comes after the release holds up the goods, not the plan that follows the release.
    let mut auftrag = freigegeben(welt(), MLF, "10", Some("300"));
    let position = auftrag.stand.positionen[0].position_id;
    auftrag.tu(sperren);
    let mut gesperrt = neuer(&auftrag);
    gesperrt.tu(planen(position, "1"));
    gesperrt.abgelehnt(json!({"Freigeben": {}}), "AUFTRAG_GESPERRT");
    let (versand, position) = versand(None);
    let mit = |mehr: Value| {
        let mut body = planen(position, "1");
        body["Planen"]
            .as_object_mut()
            .unwrap()
            .extend(mehr.as_object().unwrap().clone());
        body
    };
    versand.feld_falsch(mit(json!({"auftrag_id": EMDEN})), "/auftrag_id");
    versand.feld_falsch(mit(json!({"kunde_id": EMDEN})), "/kunde_id");
    versand.feld_falsch(mit(json!({"positionen": []})), "/positionen");
    let eine = |p: Value| mit(json!({"positionen": [p]}));
    versand.feld_falsch(
        eine(json!({"position_id": EMDEN, "menge": "1"})),
        "/positionen/0/position_id",
    );
    let anders = json!({"position_id": position, "menge": "1", "lager_id": MLF});
    versand.feld_falsch(eine(anders), "/positionen/0/lager_id");
    let doppelt = json!({"position_id": position, "menge": "1"});
    versand.feld_falsch(
        mit(json!({"positionen": [doppelt, doppelt]})),
        "/positionen/1/position_id",
    );
}

#[test]
fn gekuerzt_wird_nur_was_noch_im_haus_ist() {
    let kuerzen = |position: Uuid, menge: &str| json!({"MengeKuerzen": {"position_id": position, "menge": menge}});
    let (mut versand, position) = versand(None);
    versand.tu(planen(position, "10"));
    versand.abgelehnt(kuerzen(position, "-1"), "MENGE_UNGUELTIG");
    assert!(versand.tu(kuerzen(position, "12")).is_empty());
    versand.tu(kuerzen(position, "7"));
    assert_eq!(versand.stand.positionen[0].soll, menge("7"));
    let events = versand.tu(kuerzen(position, "0"));
    assert_eq!(events.len(), 2);
    assert_eq!(versand.stand.status, VersandStatus::Storniert);
    assert!(versand.tu(kuerzen(position, "0")).is_empty());
}
