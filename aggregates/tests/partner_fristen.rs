//! The days on which locks, limits, addresses and terms of partners begin and end are timers.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod partner_welt;

use aggregates::{
    Aggregate,
    crm::{Kreditlinie, Kunde},
    policy::{Kind, PolicyContext},
    types::kalender,
    wawi::Lieferant,
};
use chrono::{DateTime, NaiveDate, Utc};
use partner_welt::{adresse, tag, welt};
use serde_json::{Value, from_value, json};
use uuid::Uuid;

/// What the following policies want after an event: command and due time.
fn folgen<T: Aggregate>(event: Value) -> Vec<(Value, Option<DateTime<Utc>>)> {
    let welt = welt();
    let ctx = PolicyContext {
        mandant_id: welt.frame.mandant_id,
        id: welt.id,
        event_id: Uuid::from_u128(1),
        zeit: welt.frame.jetzt,
        heute: welt.frame.heute,
    };
    let event: T::Event = from_value(event).unwrap();
    let registry = aggregates::registry();
    let policies = registry.policies(Kind::Following, T::TYPE);
    let folgen = policies.flat_map(|policy| policy.react(&event, &ctx));
    folgen.map(|f| (f.command, f.due)).collect()
}

fn beginn(am: &str) -> DateTime<Utc> {
    kalender::beginn(tag(am))
}

fn ende(am: &str) -> DateTime<Utc> {
    kalender::ende(tag(am))
}

/// An address of an event.
fn erfasst(art: &str, von: NaiveDate, bis: Option<NaiveDate>) -> Value {
    let mut adresse = adresse(
        art,
        json!({"adresse_id": Uuid::from_u128(2), "gueltig_von": von, "gueltig_bis": bis}),
    );
    let felder = adresse.as_object_mut().unwrap();
    let anschrift = felder.remove("anschrift").unwrap();
    felder.extend(anschrift.as_object().unwrap().clone());
    adresse
}

#[test]
fn eine_befristete_sperre_laeuft_nach_ihrem_letzten_tag_ab() {
    let gesetzt = |bis: Option<&str>| json!({"SperreGesetzt": {"sperre": {"art": "liefer", "grund": "x", "von": "2026-03-10", "bis": bis}}});
    let ablaufen = json!({"SperreAblaufen": {"art": "liefer", "bis": "2026-03-31"}});
    assert_eq!(
        folgen::<Kunde>(gesetzt(Some("2026-03-31"))),
        [(ablaufen, Some(ende("2026-03-31")))]
    );
    assert_eq!(folgen::<Kunde>(gesetzt(None)), []);
}

#[test]
fn ein_limit_wird_am_ersten_und_nach_dem_letzten_tag_neu_geprueft() {
    let freigegeben = |ab: &str, bis: Option<&str>| json!({"LimitFreigegeben": {"nr": 1, "freigegeben_von": "dienst:x", "gueltig_ab": ab, "gueltig_bis": bis}});
    let pruefen = || json!({"NeuPruefen": {}});
    assert_eq!(
        folgen::<Kreditlinie>(freigegeben("2026-06-01", Some("2026-08-31"))),
        [
            (pruefen(), Some(beginn("2026-06-01"))),
            (pruefen(), Some(ende("2026-08-31")))
        ]
    );
    assert_eq!(folgen::<Kreditlinie>(freigegeben("2026-03-10", None)), []);
}

#[test]
fn eine_geplante_adresse_wird_an_ihren_tagen_uebergeben() {
    let uebergeben = |ust_id: bool| json!({"StammdatenUebergeben": {"ust_id": ust_id}});
    let (von, bis) = (tag("2026-04-01"), Some(tag("2026-12-31")));
    let geplant = [
        (uebergeben(false), None),
        (uebergeben(false), Some(beginn("2026-04-01"))),
        (uebergeben(false), Some(ende("2026-12-31"))),
    ];
    let event = |art: &str| json!({"AdresseHinzugefuegt": {"adresse": erfasst(art, von, bis)}});
    assert_eq!(folgen::<Kunde>(event("rechnung")), geplant);
    assert_eq!(folgen::<Kunde>(event("hof")), []);
    let event = |art: &str| json!({"AdresseGesetzt": {"adresse": erfasst(art, von, bis)}});
    assert_eq!(folgen::<Lieferant>(event("haupt")), geplant);
    assert_eq!(folgen::<Lieferant>(event("abholung")), []);
    // One that holds already has no day to come.
    let event = json!({"AdresseGeaendert": {"adresse": erfasst("rechnung", tag("2026-03-10"), None)}});
    assert_eq!(folgen::<Kunde>(event), [(uebergeben(false), None)]);
    let kondition = json!({"gueltig_ab": "2026-07-01", "zahlungsbedingung_id": Uuid::from_u128(5)});
    assert_eq!(
        folgen::<Lieferant>(json!({"KonditionGesetzt": {"kondition": kondition}})),
        [
            (uebergeben(false), None),
            (uebergeben(false), Some(beginn("2026-07-01")))
        ]
    );
    let ust_id = json!({"StammdatenGeaendert": {"ust_id": "DE136695976"}});
    assert_eq!(folgen::<Kunde>(ust_id.clone()), [(uebergeben(true), None)]);
    assert_eq!(folgen::<Lieferant>(ust_id), [(uebergeben(true), None)]);
}
