#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! Firmenstammdaten: what the policy brings over from the Mandant, and which data hold on a day.

use aggregates::{
    Aggregate,
    dienste::{
        Firmenstammdaten,
        firmenstammdaten::{FirmenstammdatenCommand, FirmenstammdatenEvent},
        mandant::{MandantEvent, Stammdaten},
    },
    policy::{Consequence, Kind, PolicyContext},
    testing::World,
};
use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

const FIRMA: Uuid = Uuid::from_u128(0x77);

fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap()
}

fn stammdaten(firma: &str) -> Stammdaten {
    serde_json::from_value(json!({"firma": firma})).unwrap()
}

/// What the policy sends for an event of the Mandant.
fn gesendet(event: &MandantEvent) -> Vec<Consequence> {
    let welt = World::new();
    let ctx = PolicyContext {
        mandant_id: Uuid::nil(),
        id: FIRMA,
        event_id: welt.frame.befehl_id,
        zeit: welt.frame.jetzt,
        heute: welt.frame.heute,
    };
    let registry = aggregates::registry();
    let policies = registry.policies(Kind::Following, "mandant");
    let policies = policies.filter(|p| p.name == "firmenstammdaten");
    policies.flat_map(|p| p.react(event, &ctx)).collect()
}

#[test]
fn die_firma_bekommt_ihre_stammdaten_in_ihr_eigenes_journal() {
    let angelegt = MandantEvent::Angelegt {
        kuerzel: "DEMO".into(),
        ab: tag(2026, 1, 1),
        stammdaten: stammdaten("Alt GmbH"),
        hauswaehrung: "EUR".into(),
    };
    let geaendert = MandantEvent::StammdatenGeaendert {
        ab: tag(2026, 4, 1),
        stammdaten: stammdaten("Neu GmbH"),
    };
    let mut firma = Firmenstammdaten::default();
    for event in [&angelegt, &geaendert] {
        let folgen = gesendet(event);
        assert_eq!(folgen.len(), 1);
        assert_eq!(
            (folgen[0].mandant_id, folgen[0].id),
            (Some(FIRMA), Firmenstammdaten::stream_id(FIRMA))
        );
        let command: FirmenstammdatenCommand = serde_json::from_value(folgen[0].command.clone()).unwrap();
        for event in World::new().decide(&firma, command).unwrap() {
            firma.evolve(event);
        }
    }
    let am = |datum| firma.am(datum).map(|s| s.firma.as_str());
    assert_eq!(
        (am(tag(2025, 12, 31)), am(tag(2026, 3, 31)), am(tag(2026, 4, 1))),
        (Some("Alt GmbH"), Some("Alt GmbH"), Some("Neu GmbH"))
    );
    assert!(gesendet(&MandantEvent::Stillgelegt { grund: "Ende".into() }).is_empty());
}

#[test]
fn daten_desselben_tages_loesen_einander_ab() {
    let mut firma = Firmenstammdaten::default();
    for name in ["Alt GmbH", "Neu GmbH"] {
        let (ab, stammdaten) = (tag(2026, 1, 1), stammdaten(name));
        firma.evolve(FirmenstammdatenEvent::Uebernommen { ab, stammdaten });
    }
    assert_eq!((firma.stammdaten.len(), firma.firma.as_str()), (1, "Neu GmbH"));
}
