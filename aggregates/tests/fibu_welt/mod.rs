//! The world of the posting tests: chart, tax keys, partners, Nummernkreise and the Geschäftsjahr 2026.

use aggregates::{
    dienste::nummernkreis::{Nummernkreis, NummernkreisEvent},
    fibu::{
        Debitor, Geschaeftsjahr, Konto, Kreditor, SteuerSchluessel,
        debitor::DebitorEvent,
        geschaeftsjahr::{
            GeschaeftsjahrArt, GeschaeftsjahrEvent, GeschaeftsjahrStatus, PeriodeAngelegt, PeriodeStatus,
        },
        konto::{Automatik, KontoArt, KontoEvent, KontoFunktion, KontoStatus, KontoSteuerregel, KstRegel},
        kreditor::KreditorEvent,
        partner::{PartnerStatus, UmsatzsteuerStatus, UstArt},
        steuer_schluessel::{Richtung, SteuerSchluesselEvent, Steuersatz},
    },
    testing::World,
    types::Satz,
};
use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

/// Stream of the Geschäftsjahr.
pub const JAHR: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2026);

#[allow(unused_imports, reason = "not every test binary locks periods")]
pub use aggregates::fibu::geschaeftsjahr::{GeschaeftsjahrStatus as JahrStatus, PeriodeStatus as PeriodenStatus};

pub fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap()
}

/// Any stable id for a record of the world.
fn id(typ: &str, nr: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{typ}/{nr}").as_bytes())
}

/// The usual world: everything open.
pub fn welt() -> World {
    welt_mit(PeriodeStatus::Offen, 1, GeschaeftsjahrStatus::Eroeffnet)
}

/// The usual world with one period and the year in other states.
pub fn welt_mit(status: PeriodeStatus, periode: u8, jahr: GeschaeftsjahrStatus) -> World {
    mit_jahr(mit_konten(welt_ohne_alles()), status, periode, jahr)
}

/// Without a Geschäftsjahr.
pub fn welt_ohne_jahr() -> World {
    mit_konten(welt_ohne_alles())
}

/// Without accounts, keys and partners.
pub fn welt_ohne_konten() -> World {
    mit_jahr(
        welt_ohne_alles(),
        PeriodeStatus::Offen,
        1,
        GeschaeftsjahrStatus::Eroeffnet,
    )
}

fn welt_ohne_alles() -> World {
    let welt = World::new();
    let mandant = welt.frame.mandant_id;
    ["KA", "MB", "UM", "EB", "AB"].into_iter().fold(welt, |welt, code| {
        let angelegt = NummernkreisEvent::Angelegt {
            code: code.into(),
            muster: format!("{code}-{{JJJJ}}-{{000000}}"),
            gueltig_ab: tag(2000, 1, 1),
            start: 1,
            lueckenlos: true,
            chronologisch: false,
        };
        welt.with::<Nummernkreis>(Nummernkreis::stream_id(mandant, code), vec![angelegt])
    })
}

fn mit_jahr(welt: World, status: PeriodeStatus, periode: u8, jahr: GeschaeftsjahrStatus) -> World {
    let (beginn, ende) = (tag(2026, 1, 1), tag(2026, 12, 31));
    let mut perioden = vec![(0, beginn, beginn)];
    perioden.extend((1..=12_u32).map(|m| {
        let von = tag(2026, m, 1);
        let naechster = von.checked_add_months(chrono::Months::new(1)).unwrap();
        (u8::try_from(von.month()).unwrap(), von, naechster.pred_opt().unwrap())
    }));
    perioden.push((13, ende, ende));
    let angelegt = GeschaeftsjahrEvent::Angelegt {
        bezeichnung: "2026".into(),
        beginn,
        ende,
        art: GeschaeftsjahrArt::Normal,
        erstes: true,
        perioden: perioden
            .into_iter()
            .map(|(nr, von, bis)| PeriodeAngelegt { nr, von, bis })
            .collect(),
    };
    let mut events = vec![angelegt];
    if jahr != GeschaeftsjahrStatus::Geplant {
        events.push(GeschaeftsjahrEvent::Eroeffnet {});
    }
    match status {
        PeriodeStatus::Offen => {}
        PeriodeStatus::Gesperrt => events.push(GeschaeftsjahrEvent::PeriodeGesperrt {
            nr: periode,
            grund: None,
        }),
        PeriodeStatus::Festgeschrieben => events.push(GeschaeftsjahrEvent::PeriodeFestgeschrieben {
            nr: periode,
            bis_log_position: "41".into(),
            baum_groesse: "41".into(),
            wurzel: "ab".repeat(32),
            anzahl: None,
            summe_soll: None,
            summe_haben: None,
        }),
    }
    welt.with::<Geschaeftsjahr>(JAHR, events)
}

/// An account: number, Funktion, cost rule, automatic, fixed key, allowed keys, status.
type KontoZeile = (
    &'static str,
    KontoFunktion,
    KstRegel,
    Automatik,
    Option<&'static str>,
    &'static [&'static str],
    KontoStatus,
);

#[rustfmt::skip]
const KONTEN: &[KontoZeile] = {
    use Automatik::{Am, Keine, Ku};
    use KontoFunktion::{Geld, Sach, SammelDebitor, SammelKreditor, Steuer, Vortrag};
    use KontoStatus::{Aktiv, Gesperrt, Stillgelegt};
    use KstRegel as K;
    &[
        ("1200", SammelDebitor, K::Keine, Ku, None, &[], Aktiv),
        ("3300", SammelKreditor, K::Keine, Ku, None, &[], Aktiv),
        ("1600", Geld, K::Keine, Ku, None, &[], Aktiv),
        ("1800", Geld, K::Keine, Ku, None, &[], Aktiv),
        ("9000", Vortrag, K::Keine, Ku, None, &[], Aktiv),
        ("1401", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("1404", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("1406", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("1407", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("1433", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("3801", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("3804", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("3806", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("3837", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("3851", Steuer, K::Keine, Keine, None, &[], Aktiv),
        ("4125", Sach, K::Erlaubt, Am, Some("UIGL"), &[], Aktiv),
        ("4200", Sach, K::Erlaubt, Keine, None, &[], Aktiv),
        ("4300", Sach, K::Erlaubt, Am, Some("U7"), &[], Aktiv),
        ("4400", Sach, K::Erlaubt, Am, Some("U19"), &[], Aktiv),
        ("6020", Sach, K::Pflicht, Ku, None, &[], Aktiv),
        ("6300", Sach, K::Erlaubt, Keine, None, &["RC19EU", "IGE19", "V19"], Aktiv),
        ("6815", Sach, K::Erlaubt, Keine, None, &[], Aktiv),
        ("6998", Sach, K::Erlaubt, Keine, None, &[], Stillgelegt),
        ("6999", Sach, K::Erlaubt, Keine, None, &[], Gesperrt),
    ]
};

/// A key: code, direction, accounts for USt and VSt, rate in percent, VAT id demanded.
type SchluesselZeile = (
    &'static str,
    Richtung,
    Option<&'static str>,
    Option<&'static str>,
    Option<i64>,
    bool,
);

#[rustfmt::skip]
const SCHLUESSEL: &[SchluesselZeile] = {
    use Richtung::{Beide, Ohne, Umsatz, Vorsteuer};
    &[
        ("U19", Umsatz, Some("3806"), None, Some(19), false),
        ("U7", Umsatz, Some("3801"), None, Some(7), false),
        ("UIGL", Umsatz, None, None, Some(0), true),
        ("UNST", Ohne, None, None, None, false),
        ("V19", Vorsteuer, None, Some("1406"), Some(19), false),
        ("V7", Vorsteuer, None, Some("1401"), Some(7), false),
        ("V0", Vorsteuer, None, None, Some(0), false),
        ("VOHNE", Vorsteuer, None, Some("1499"), Some(19), false),
        ("VLEER", Vorsteuer, None, None, Some(19), false),
        ("VALT", Vorsteuer, None, Some("1406"), Some(19), false),
        ("RC19EU", Beide, Some("3837"), Some("1407"), Some(19), false),
        ("IGE19", Beide, Some("3804"), Some("1404"), Some(19), false),
        ("EUST", Vorsteuer, None, Some("1433"), None, false),
        ("U14C", Umsatz, Some("3851"), None, None, false),
    ]
};

fn mit_konten(mut welt: World) -> World {
    for zeile in KONTEN {
        welt = welt.with::<Konto>(id("konto", zeile.0), konto(*zeile));
    }
    for zeile in SCHLUESSEL {
        welt = welt.with::<SteuerSchluessel>(id("schluessel", zeile.0), schluessel(*zeile));
    }
    for (nr, ust_id, status) in [
        ("10001", None, PartnerStatus::Aktiv),
        ("10003", Some("NL123456789B01"), PartnerStatus::Aktiv),
        ("10008", None, PartnerStatus::Gesperrt),
        ("10009", None, PartnerStatus::Geschlossen),
    ] {
        welt = welt.with::<Debitor>(id("debitor", nr), debitor(nr, ust_id, status));
    }
    for (nr, status) in [
        ("70001", PartnerStatus::Aktiv),
        ("70008", PartnerStatus::Gesperrt),
        ("70009", PartnerStatus::Geschlossen),
    ] {
        welt = welt.with::<Kreditor>(id("kreditor", nr), kreditor(nr, status));
    }
    welt
}

fn konto((nr, funktion, kst_regel, automatik, fest, erlaubt, status): KontoZeile) -> Vec<KontoEvent> {
    let mut events = vec![KontoEvent::Angelegt {
        konto_nr: nr.into(),
        bezeichnung: nr.into(),
        art: KontoArt::Aktiv,
        funktion,
        kst_regel,
        steuerregel: KontoSteuerregel {
            gueltig_ab: tag(2000, 1, 1),
            automatik,
            fester_schluessel: fest.map(Into::into),
            erlaubte_schluessel: erlaubt.iter().map(|s| (*s).to_owned()).collect(),
            vorschlag_schluessel: None,
            schluessel_pflicht: false,
        },
        zuordnungen: vec![],
    }];
    match status {
        KontoStatus::Neu | KontoStatus::Aktiv => {}
        KontoStatus::Gesperrt => events.push(KontoEvent::Gesperrt { grund: "Test".into() }),
        KontoStatus::Stillgelegt => events.push(KontoEvent::Stillgelegt { grund: None }),
    }
    events
}

/// Rates since 2007, with the lower ones of the second half of 2020.
fn saetze(satz: i64) -> Vec<Steuersatz> {
    let gesenkt = match satz {
        19 => 16,
        7 => 5,
        satz => satz,
    };
    [
        (tag(2007, 1, 1), Some(tag(2020, 6, 30)), satz),
        (tag(2020, 7, 1), Some(tag(2020, 12, 31)), gesenkt),
        (tag(2021, 1, 1), None, satz),
    ]
    .into_iter()
    .map(|(gueltig_ab, gueltig_bis, satz)| Steuersatz {
        gueltig_ab,
        gueltig_bis,
        satz: Satz::percent(satz.into()),
    })
    .collect()
}

fn schluessel((code, richtung, ust, vst, satz, ust_id_pflicht): SchluesselZeile) -> Vec<SteuerSchluesselEvent> {
    let mut events = vec![SteuerSchluesselEvent::Angelegt {
        code: code.into(),
        bezeichnung: code.into(),
        richtung,
        konto_ust: ust.map(Into::into),
        konto_vst: vst.map(Into::into),
        ust_id_pflicht,
        zm_art: None,
        datev_bu: None,
        hinweistext: None,
        saetze: satz.map(saetze).unwrap_or_default(),
        kennzahlen: vec![],
    }];
    if code == "VALT" {
        events.push(SteuerSchluesselEvent::Stillgelegt { grund: "Test".into() });
    }
    events
}

fn debitor(nr: &str, ust_id: Option<&str>, status: PartnerStatus) -> Vec<DebitorEvent> {
    let angelegt = DebitorEvent::Angelegt {
        nr: nr.into(),
        name: nr.into(),
        anschrift: None,
        kunde_id: None,
        sammelkonto: "1200".into(),
        zahlungsbedingung_id: None,
        waehrung: "EUR".into(),
        verbraucher: false,
        mahnverfahren_id: None,
        zinsgruppe: None,
    };
    let ust_status = UmsatzsteuerStatus {
        gueltig_ab: tag(2000, 1, 1),
        art: UstArt::Regel,
        ust_id: ust_id.map(Into::into),
        geprueft_am: None,
        ergebnis: None,
    };
    let mut events = vec![angelegt, DebitorEvent::UstStatusGesetzt { ust_status }];
    match status {
        PartnerStatus::Neu | PartnerStatus::Aktiv => {}
        PartnerStatus::Gesperrt => events.push(DebitorEvent::Gesperrt {
            grund: "Zahlung".into(),
        }),
        PartnerStatus::Geschlossen => events.push(DebitorEvent::Geschlossen { grund: None }),
    }
    events
}

fn kreditor(nr: &str, status: PartnerStatus) -> Vec<KreditorEvent> {
    let mut events = vec![KreditorEvent::Angelegt {
        nr: nr.into(),
        name: nr.into(),
        anschrift: None,
        lieferant_id: None,
        sammelkonto: "3300".into(),
        zahlungsbedingung_id: None,
        waehrung: "EUR".into(),
        selbstabrechnung_ab: None,
    }];
    match status {
        PartnerStatus::Neu | PartnerStatus::Aktiv => {}
        PartnerStatus::Gesperrt => events.push(KreditorEvent::Gesperrt { grund: "Bank".into() }),
        PartnerStatus::Geschlossen => events.push(KreditorEvent::Geschlossen { grund: None }),
    }
    events
}
