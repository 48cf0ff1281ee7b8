//! The world of the invoice tests: the delivered chart SKR04 with its keys and account finding, seller, partners, terms.
#![allow(dead_code, reason = "each test binary uses its part")]

#[path = "../fibu_welt/mod.rs"]
pub mod fibu_welt;

use aggregates::{
    dienste::{
        Firmenstammdaten, Nummernkreis, firmenstammdaten::FirmenstammdatenEvent, mandant::Stammdaten,
        nummernkreis::NummernkreisEvent,
    },
    fibu::{
        Buchung, Debitor, Kontenplan, Konto, Kreditor, SteuerSchluessel, Zahlungsbedingung,
        buchung::{BuchungCommand, BuchungEvent, BuchungsPosition, Seite},
        debitor::DebitorEvent,
        kontenplan::{KontenplanEvent, Rahmen},
        konto::{KontoEvent, KontoSteuerregel},
        kreditor::KreditorEvent,
        partner::{UmsatzsteuerStatus, UstArt},
        steuer_schluessel::SteuerSchluesselEvent,
        vorlage,
        zahlungsbedingung::{Bedingungsfassung, FaelligArt, SkontoTage, ZahlungsbedingungEvent},
    },
    policy::{Consequence, Kind, PolicyContext},
    testing::World,
    types::Satz,
};
pub use fibu_welt::tag;
use serde_json::{Value, json};
use uuid::Uuid;

/// Terms: 30 days net, 2 % within 10 days.
pub const BEDINGUNG: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0030);

fn id(typ: &str, nr: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{typ}/{nr}").as_bytes())
}

/// The seller's data; `mehr` replaces fields.
pub fn stammdaten(mehr: Value) -> Stammdaten {
    let mut daten = json!({
        "firma": "Landhandel Demo GmbH", "steuernummer": "58/201/12345",
        "anschrift": {"strasse": "Am Delft 1", "plz": "26721", "ort": "Emden", "land": "DE"},
    });
    let felder = daten.as_object_mut().unwrap();
    felder.extend(mehr.as_object().cloned().unwrap());
    serde_json::from_value(daten).unwrap()
}

/// Everything that an invoice needs.
pub fn welt() -> World {
    mit_verkaeufer(ohne_verkaeufer(), json!({}))
}

pub fn mit_verkaeufer(welt: World, mehr: Value) -> World {
    let firma = Firmenstammdaten::stream_id(welt.frame.mandant_id);
    let ab = tag(2026, 1, 1);
    let stammdaten = stammdaten(mehr);
    welt.with::<Firmenstammdaten>(firma, vec![FirmenstammdatenEvent::Uebernommen { ab, stammdaten }])
}

pub fn ohne_verkaeufer() -> World {
    let mut welt = fibu_welt::welt_ohne_konten();
    let mandant = welt.frame.mandant_id;
    for (code, chronologisch) in [("AR", true), ("ER", false)] {
        let angelegt = NummernkreisEvent::Angelegt {
            code: code.into(),
            muster: format!("{code}-{{JJJJ}}-{{000000}}"),
            gueltig_ab: tag(2000, 1, 1),
            start: 1,
            lueckenlos: true,
            chronologisch,
        };
        welt = welt.with::<Nummernkreis>(Nummernkreis::stream_id(mandant, code), vec![angelegt]);
    }
    let skr04 = Rahmen::Skr04;
    let plan = vec![
        KontenplanEvent::Angelegt {
            rahmen: skr04,
            kontolaenge: 4,
            personenkontolaenge: 5,
            hauswaehrung: "EUR".into(),
        },
        KontenplanEvent::VorlageUebernommen {
            rahmen: skr04,
            stand: vorlage::STAND.into(),
            am: tag(2026, 1, 1),
            gruppen: vorlage::gruppen(skr04),
            gliederungszeilen: vorlage::gliederung(),
            kontenfindung: vorlage::kontenfindung(skr04),
        },
    ];
    welt = welt.with::<Kontenplan>(Kontenplan::stream_id(mandant), plan);
    for s in vorlage::schluessel(skr04) {
        let code = s.code.clone();
        let angelegt = SteuerSchluesselEvent::Angelegt {
            code: s.code,
            bezeichnung: s.bezeichnung,
            richtung: s.richtung,
            konto_ust: s.konto_ust,
            konto_vst: s.konto_vst,
            ust_id_pflicht: s.ust_id_pflicht,
            zm_art: s.zm_art,
            datev_bu: s.datev_bu,
            hinweistext: s.hinweistext,
            saetze: s.saetze,
            kennzahlen: s.kennzahlen,
        };
        welt = welt.with::<SteuerSchluessel>(id("schluessel", &code), vec![angelegt]);
    }
    for k in vorlage::konten(skr04) {
        let nr = k.konto_nr.clone();
        let regel = k.steuerregel;
        let angelegt = KontoEvent::Angelegt {
            konto_nr: k.konto_nr,
            bezeichnung: k.bezeichnung,
            art: k.art,
            funktion: k.funktion,
            kst_regel: k.kst_regel,
            steuerregel: KontoSteuerregel {
                gueltig_ab: tag(2000, 1, 1),
                automatik: regel.automatik,
                fester_schluessel: regel.fester_schluessel,
                erlaubte_schluessel: regel.erlaubte_schluessel,
                vorschlag_schluessel: regel.vorschlag_schluessel,
                schluessel_pflicht: regel.schluessel_pflicht,
            },
            zuordnungen: k.zuordnungen,
        };
        welt = welt.with::<Konto>(id("konto", &nr), vec![angelegt]);
    }
    let fassung = Bedingungsfassung {
        gueltig_ab: tag(2000, 1, 1),
        faellig: FaelligArt::TageNetto,
        tage: 30,
        valuta: None,
        skonto: vec![SkontoTage {
            tage: 10,
            prozent: Satz::percent(2.into()),
        }],
        nettoskontierfaehig: false,
    };
    let angelegt = ZahlungsbedingungEvent::Angelegt {
        code: "30".into(),
        bezeichnung: "30 Tage".into(),
        fassung,
    };
    welt = welt.with::<Zahlungsbedingung>(BEDINGUNG, vec![angelegt]);
    for (nr, mehr) in [
        ("10001", json!({})),
        ("10002", json!({"ust_id": "NL123456789B01"})),
        ("10004", json!({"verbraucher": true})),
        ("10007", json!({"anschrift": null})),
        ("10008", json!({"gesperrt": true})),
    ] {
        welt = welt.with::<Debitor>(id("debitor", nr), debitor(nr, &mehr));
    }
    for (nr, art) in [
        ("70001", UstArt::Regel),
        ("70003", UstArt::Pauschal24),
        ("70004", UstArt::Eu),
    ] {
        welt = welt.with::<Kreditor>(id("kreditor", nr), kreditor(nr, art));
    }
    welt
}

/// A Debitor's events; `mehr` sets ust_id, verbraucher, anschrift: null, gesperrt.
pub fn debitor(nr: &str, mehr: &Value) -> Vec<DebitorEvent> {
    let anschrift = json!({"strasse": "Deichstr. 2", "plz": "26721", "ort": "Emden", "land": "DE"});
    let anschrift = mehr.get("anschrift").cloned().unwrap_or(anschrift);
    let mut events = vec![DebitorEvent::Angelegt {
        nr: nr.into(),
        name: "Landhof Petersen GmbH".into(),
        anschrift: serde_json::from_value(anschrift).unwrap(),
        kunde_id: None,
        sammelkonto: "1200".into(),
        zahlungsbedingung_id: None,
        waehrung: "EUR".into(),
        verbraucher: mehr["verbraucher"] == true,
        mahnverfahren_id: None,
        zinsgruppe: None,
    }];
    if let Some(ust_id) = mehr["ust_id"].as_str() {
        events.push(DebitorEvent::UstStatusGesetzt {
            ust_status: ust_status(UstArt::Eu, Some(ust_id)),
        });
    }
    if mehr["gesperrt"] == true {
        events.push(DebitorEvent::Gesperrt {
            grund: "Zahlung".into(),
        });
    }
    events
}

fn kreditor(nr: &str, art: UstArt) -> Vec<KreditorEvent> {
    vec![
        KreditorEvent::Angelegt {
            nr: nr.into(),
            name: format!("Lieferant {nr}"),
            anschrift: None,
            lieferant_id: None,
            sammelkonto: "3300".into(),
            zahlungsbedingung_id: Some(BEDINGUNG),
            waehrung: "EUR".into(),
            selbstabrechnung_ab: None,
        },
        KreditorEvent::UstStatusGesetzt {
            ust_status: ust_status(art, None),
        },
    ]
}

fn ust_status(art: UstArt, ust_id: Option<&str>) -> UmsatzsteuerStatus {
    UmsatzsteuerStatus {
        gueltig_ab: tag(2000, 1, 1),
        art,
        ust_id: ust_id.map(Into::into),
        geprueft_am: None,
        ergebnis: None,
    }
}

/// What the inline policies of an event want.
pub fn folgen(typ: &str, stream: Uuid, event: &(dyn std::any::Any + Send + Sync), welt: &World) -> Vec<Consequence> {
    let ctx = PolicyContext {
        mandant_id: welt.frame.mandant_id,
        id: stream,
        event_id: Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0e01),
        zeit: welt.frame.jetzt,
        heute: welt.frame.heute,
    };
    let registry = aggregates::registry();
    registry
        .policies(Kind::Inline, typ)
        .flat_map(|p| p.react(event, &ctx))
        .collect()
}

/// The voucher that comes of a consequence, decided in this world.
pub fn buchung(welt: &World, folge: &Consequence) -> BuchungEvent {
    assert_eq!(folge.typ, "buchung");
    let command: BuchungCommand = serde_json::from_value(folge.command.clone()).unwrap();
    welt.decide(&Buchung::default(), command).unwrap().remove(0)
}

pub fn positionen(event: &BuchungEvent) -> &[BuchungsPosition] {
    match event {
        BuchungEvent::Erfasst { positionen, .. } => positionen,
        _ => &[],
    }
}

/// Konto (or Personenkonto), side and amount of each line.
pub fn kurz(event: &BuchungEvent) -> Vec<String> {
    let zeile = |p: &BuchungsPosition| {
        let seite = if p.seite == Seite::Soll { "S" } else { "H" };
        format!("{} {seite} {}", p.personenkonto.as_ref().unwrap_or(&p.konto), p.betrag)
    };
    positionen(event).iter().map(zeile).collect()
}

/// Merges fields.
pub fn mische(mut basis: Value, mehr: Value) -> Value {
    let (Value::Object(felder), Value::Object(neu)) = (&mut basis, mehr) else {
        return basis;
    };
    felder.extend(neu);
    basis
}
