//! What Debitor and Kreditor share, once for both sides: every command, every refusal, the form of events and state.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, unused_imports, reason = "most of that world is for postings")]
mod fibu_welt;
mod partner_welt;

use std::{fmt::Debug, sync::LazyLock};

use aggregates::{
    Context, Entry, Key, Refusal, Refused, Registry, Shared,
    context::State,
    fibu::{
        Debitor, Kontenplan, Konto, Kreditor,
        kontenplan::{Kontenfindungsregel, KontenplanEvent, Rahmen, Zweck},
        partner::{BankStatus, PartnerStatus, Personenkonto, UstArt, personenkontolaenge, sammelkonto},
    },
    registry::{NotDecided, Stored},
    testing::World,
    types::Akteur,
};
use chrono::NaiveDate;
use fibu_welt::{tag, welt_ohne_jahr, welt_ohne_konten};
use serde_json::{Value, from_value, json};
use uuid::Uuid;

const IBAN: &str = "DE89370400440532013000";
const ZWEITE_IBAN: &str = "NL91ABNA0417164300";
const NAME: &str = "Landhof Petersen GmbH";
const UST_ID: &str = "DE136695976";
const SACHKONTO: &str = "6300";

static REGISTRY: LazyLock<Registry> = LazyLock::new(aggregates::registry);

fn welt() -> World {
    partner_welt::mit_bedingungen(welt_ohne_jahr())
}

/// A side of the ledger: what differs in the tests of what is shared.
struct Seite {
    typ: &'static str,
    nr: &'static str,
    /// Scope of the number's claim.
    schluessel: &'static str,
    sammelkonto: &'static str,
    funktion: &'static str,
    zweck: Zweck,
    nr_bereich_code: &'static str,
    offene_posten_code: &'static str,
    /// Fields of its own that the event `Angelegt` always has.
    eigene_felder: &'static [(&'static str, bool)],
}

const SEITEN: [Seite; 2] = [
    Seite {
        typ: "debitor",
        nr: "10001",
        schluessel: Debitor::KEY_NR,
        sammelkonto: "1200",
        funktion: "sammel_debitor",
        zweck: Zweck::Forderung,
        nr_bereich_code: "DEBITOR_NR_BEREICH",
        offene_posten_code: "DEBITOR_OFFENE_POSTEN",
        eigene_felder: &[("verbraucher", false)],
    },
    Seite {
        typ: "kreditor",
        nr: "70001",
        schluessel: Kreditor::KEY_NR,
        sammelkonto: "3300",
        funktion: "sammel_kreditor",
        zweck: Zweck::Verbindlichkeit,
        nr_bereich_code: "KREDITOR_NR_BEREICH",
        offene_posten_code: "KREDITOR_OFFENE_POSTEN",
        eigene_felder: &[],
    },
];

impl Seite {
    fn entry(&self) -> &'static Entry {
        REGISTRY.entry(self.typ).unwrap()
    }

    fn falten(&self, events: &[Value]) -> State {
        let entry = self.entry();
        events.iter().fold(entry.empty(), |state, event| {
            let (event_type, payload) = event.as_object().unwrap().iter().next().unwrap();
            let stored = Stored {
                event_type,
                event_version: entry.event_version(event_type),
                payload,
            };
            entry
                .fold(&state, &[stored])
                .unwrap_or_else(|e| panic!("{}: {e}", self.typ))
        })
    }

    /// The shared part of the state, read back from its JSON.
    fn konto(&self, events: &[Value]) -> Personenkonto {
        from_value(self.entry().to_json(&self.falten(events))).unwrap_or_else(|e| panic!("{}: {e}", self.typ))
    }

    fn entscheiden(&self, welt: &World, gegeben: &[Value], befehl: Value) -> Result<Vec<Value>, Refusal> {
        let ctx = Context::new(welt.id, welt.version, &welt.frame, welt);
        match self.entry().decide(&self.falten(gegeben), &befehl, ctx) {
            Ok(decided) => Ok(decided
                .events
                .into_iter()
                .map(|e| json!({e.event_type: e.payload}))
                .collect()),
            Err(NotDecided::Refused(refusal)) => Err(refusal),
            Err(NotDecided::Missing(lookup)) => panic!("{}: {lookup:?}", self.typ),
        }
    }

    #[track_caller]
    fn gleich<T: Debug + PartialEq<U>, U: Debug>(&self, ist: T, soll: U) {
        assert_eq!(ist, soll, "{}", self.typ);
    }

    #[track_caller]
    fn erwarte_in(&self, welt: &World, gegeben: &[Value], befehl: Value, events: &[Value]) {
        let entschieden = self.entscheiden(welt, gegeben, befehl.clone());
        assert_eq!(entschieden, Ok(events.to_vec()), "{}: {befehl}", self.typ);
    }

    #[track_caller]
    fn erwarte_fehler_in(&self, welt: &World, gegeben: &[Value], befehl: Value, fehler: &Shared) {
        let entschieden = self.entscheiden(welt, gegeben, befehl.clone());
        assert_eq!(entschieden, Err(Refusal::of(fehler)), "{}: {befehl}", self.typ);
    }

    #[track_caller]
    fn erwarte(&self, gegeben: &[Value], befehl: Value, events: &[Value]) {
        self.erwarte_in(&welt(), gegeben, befehl, events);
    }

    #[track_caller]
    fn erwarte_fehler(&self, gegeben: &[Value], befehl: Value, fehler: &Shared) {
        self.erwarte_fehler_in(&welt(), gegeben, befehl, fehler);
    }

    fn anlegen(&self, weitere: Value) -> Value {
        let felder = json!({"nr": self.nr, "name": NAME, "sammelkonto": self.sammelkonto});
        json!({"Anlegen": mit(felder, weitere)})
    }

    fn anlegen_ohne_sammelkonto(&self) -> Value {
        json!({"Anlegen": {"nr": self.nr, "name": NAME}})
    }

    fn angelegt(&self) -> Value {
        let felder = json!({"nr": self.nr, "name": NAME, "sammelkonto": self.sammelkonto, "waehrung": "EUR"});
        json!({"Angelegt": mit(felder, self.eigene_felder.iter().copied().collect())})
    }

    /// A world whose Kontenfindung names an account for this side from a day on.
    fn welt_mit_kontenfindung(&self, welt: World, konto_nr: &str, gueltig_ab: NaiveDate) -> World {
        let regel = Kontenfindungsregel {
            nr: 1,
            zweck: self.zweck,
            schluessel: None,
            artikelgruppe: None,
            partnergruppe: None,
            konto_nr: konto_nr.to_owned(),
            gueltig_ab,
        };
        mit_plan(welt, 4, vec![KontenplanEvent::KontenfindungGesetzt { regel }])
    }
}

fn mit(mut felder: Value, weitere: Value) -> Value {
    let weitere = weitere.as_object().unwrap().clone();
    felder.as_object_mut().unwrap().extend(weitere);
    felder
}

fn mit_plan(welt: World, kontolaenge: u8, weitere: Vec<KontenplanEvent>) -> World {
    let angelegt = KontenplanEvent::Angelegt {
        rahmen: Rahmen::Skr04,
        kontolaenge,
        personenkontolaenge: kontolaenge + 1,
        hauswaehrung: "EUR".to_owned(),
    };
    let plan = Kontenplan::stream_id(welt.frame.mandant_id);
    welt.with::<Kontenplan>(plan, [vec![angelegt], weitere].concat())
}

fn gesperrt() -> Value {
    json!({"Gesperrt": {"grund": "zahlt nicht"}})
}

fn geschlossen() -> Value {
    json!({"Geschlossen": {}})
}

fn ust_gesetzt(ab: &str, weitere: Value) -> Value {
    json!({"UstStatusGesetzt": {"ust_status": mit(json!({"gueltig_ab": ab}), weitere)}})
}

fn erfasser() -> Akteur {
    welt().frame.akteur
}

fn pruefer() -> Akteur {
    Akteur::Benutzer(Uuid::from_u128(0xb))
}

fn bank(nr: i32, iban: &str) -> Value {
    json!({"BankverbindungErfasst": {"bankverbindung": {"nr": nr, "iban": iban, "erfasst_von": erfasser()}}})
}

fn freigegeben(nr: i32, weitere: Value) -> Value {
    json!({"BankverbindungFreigegeben": mit(json!({"nr": nr, "geprueft_von": pruefer()}), weitere)})
}

#[test]
fn ein_konto_wird_angelegt() {
    for seite in &SEITEN {
        seite.erwarte(&[], seite.anlegen(json!({})), &[seite.angelegt()]);
    }
}

#[test]
fn ein_konto_wird_mit_adresse_und_steuerstatus_angelegt() {
    for seite in &SEITEN {
        let befehl = seite.anlegen(json!({
            "anschrift": {"strasse": "Hafenstr. 1", "plz": "26721", "ort": "Emden", "land": "DE"},
            "waehrung": "USD",
            "ust_status": {"gueltig_ab": "2026-01-01", "art": "regel", "ust_id": UST_ID},
        }));
        let events = seite.entscheiden(&welt(), &[], befehl).unwrap();
        let konto = seite.konto(&events);
        seite.gleich(
            [konto.strasse.as_deref(), konto.plz.as_deref()],
            [Some("Hafenstr. 1"), Some("26721")],
        );
        seite.gleich(
            [konto.ort.as_deref(), konto.land.as_deref()],
            [Some("Emden"), Some("DE")],
        );
        seite.gleich(konto.waehrung.as_str(), "USD");
        seite.gleich(konto.ust_id_am(tag(2026, 3, 1)), Some(UST_ID));
        seite.gleich(konto.ust_id_am(tag(2025, 12, 31)), None);
    }
}

#[test]
fn die_nummer_ist_eindeutig_sobald_es_das_konto_gibt() {
    for seite in &SEITEN {
        let (entry, state) = (seite.entry(), seite.falten(&[seite.angelegt()]));
        seite.gleich(entry.nummer(&state).as_deref(), Some(seite.nr));
        let schluessel = Key::new(seite.schluessel, "nr", seite.nr);
        seite.gleich(entry.keys(&state), [schluessel]);
        let leer = entry.empty();
        seite.gleich((entry.nummer(&leer), entry.keys(&leer)), (None, vec![]));
    }
}

#[test]
fn der_zustand_ist_flach_und_laesst_sich_zuruecklesen() {
    for seite in &SEITEN {
        let umgezogen =
            json!({"StammdatenUebernommen": {"anschrift": {"plz": "26603", "ort": "Aurich", "land": "DE"}}});
        let events = [seite.angelegt(), umgezogen, bank(1, IBAN)];
        let json = seite.entry().to_json(&seite.falten(&events));
        for (feld, wert) in [
            ("nr", seite.nr),
            ("name", NAME),
            ("ort", "Aurich"),
            ("status", "aktiv"),
            ("sammelkonto", seite.sammelkonto),
        ] {
            assert_eq!(json[feld], wert, "{}: {feld}", seite.typ);
        }
        seite.gleich(json.get("konto"), None);
        let schema = &seite.entry().state_schema["properties"];
        let verschieden: Vec<_> = json
            .as_object()
            .unwrap()
            .keys()
            .filter(|k| schema[k].is_null())
            .collect();
        assert!(verschieden.is_empty(), "{}: {verschieden:?}", seite.typ);
        let gelesen = seite.entry().from_json(json.clone()).unwrap();
        seite.gleich(seite.entry().to_json(&gelesen), json);
    }
}

#[test]
fn ohne_kontenplan_hat_ein_personenkonto_fuenf_stellen_und_kein_sammelkonto() {
    for seite in &SEITEN {
        let welt = welt();
        let ctx = Context::new(welt.id, 0, &welt.frame, &welt);
        seite.gleich(personenkontolaenge(&ctx), Ok(5));
        let zweck: &str = seite.zweck.into();
        let meldung = format!("das Sammelkonto fehlt, und die Kontenfindung nennt keines für den Zweck {zweck}");
        let fehler = Shared::feld("/sammelkonto", meldung);
        seite.gleich(
            sammelkonto::<Shared>(&ctx, seite.zweck),
            Err(Refused::Shared(fehler.clone())),
        );
        assert!(fehler.to_string().contains("/sammelkonto"), "{}", seite.typ);
        seite.erwarte_fehler_in(&welt, &[], seite.anlegen_ohne_sammelkonto(), &fehler);
    }
}

#[test]
fn mit_kontenplan_hat_ein_personenkonto_eine_stelle_mehr_als_ein_sachkonto() {
    for seite in &SEITEN {
        let welt = mit_plan(welt(), 6, vec![]);
        let sieben = seite.anlegen(json!({"nr": format!("{}00", seite.nr)}));
        assert!(seite.entscheiden(&welt, &[], sieben).is_ok(), "{}", seite.typ);
        let fuenf = seite.entscheiden(&welt, &[], seite.anlegen(json!({})));
        seite.gleich(fuenf.unwrap_err().code, seite.nr_bereich_code);
    }
}

#[test]
fn die_kontenfindung_nennt_das_sammelkonto() {
    for seite in &SEITEN {
        let welt = seite.welt_mit_kontenfindung(welt(), seite.sammelkonto, tag(2026, 3, 10));
        seite.erwarte_in(&welt, &[], seite.anlegen_ohne_sammelkonto(), &[seite.angelegt()]);
    }
}

#[test]
fn eine_kontenfindung_von_morgen_nennt_noch_kein_sammelkonto() {
    for seite in &SEITEN {
        let welt = seite.welt_mit_kontenfindung(welt(), seite.sammelkonto, tag(2026, 3, 11));
        let ctx = Context::new(welt.id, 0, &welt.frame, &welt);
        let Err(Refused::Shared(fehler)) = sammelkonto::<Shared>(&ctx, seite.zweck) else {
            panic!("{}: nennt eines", seite.typ);
        };
        seite.erwarte_fehler_in(&welt, &[], seite.anlegen_ohne_sammelkonto(), &fehler);
    }
}

#[test]
fn ein_unbekanntes_sammelkonto_wird_abgelehnt() {
    for seite in &SEITEN {
        let fehler = |nr: &str| {
            let meldung = format!("das Konto {nr} gibt es nicht; zuerst anlegen");
            Shared::feld("/sammelkonto", meldung)
        };
        let genannt = seite.anlegen(json!({"sammelkonto": "9999"}));
        seite.erwarte_fehler(&[], genannt, &fehler("9999"));
        let welt = seite.welt_mit_kontenfindung(welt_ohne_konten(), seite.sammelkonto, tag(2026, 1, 1));
        let gefunden = seite.anlegen_ohne_sammelkonto();
        seite.erwarte_fehler_in(&welt, &[], gefunden, &fehler(seite.sammelkonto));
    }
}

#[test]
fn ein_sammelkonto_hat_die_funktion_seiner_seite() {
    for seite in &SEITEN {
        let andere = SEITEN.iter().find(|s| s.typ != seite.typ).unwrap();
        for nr in [SACHKONTO, andere.sammelkonto] {
            let meldung = format!("das Konto {nr} hat nicht die Funktion {}", seite.funktion);
            let fehler = Shared::feld("/sammelkonto", meldung);
            seite.erwarte_fehler(&[], seite.anlegen(json!({"sammelkonto": nr})), &fehler);
            let welt = seite.welt_mit_kontenfindung(welt(), nr, tag(2026, 1, 1));
            seite.erwarte_fehler_in(&welt, &[], seite.anlegen_ohne_sammelkonto(), &fehler);
        }
    }
}

#[test]
fn ein_gesperrtes_sammelkonto_wird_abgelehnt() {
    for seite in &SEITEN {
        let events = [
            json!({"Angelegt": {
                "konto_nr": seite.sammelkonto, "bezeichnung": "Sammelkonto", "art": "aktiv", "funktion": seite.funktion,
                "kst_regel": "keine", "zuordnungen": [],
                "steuerregel": {"gueltig_ab": "2026-01-01", "automatik": "ku", "erlaubte_schluessel": []},
            }}),
            json!({"Gesperrt": {"grund": "wird abgelöst"}}),
        ];
        let events = events.into_iter().map(|e| from_value(e).unwrap()).collect();
        let welt = welt_ohne_konten().with::<Konto>(Uuid::from_u128(0x5a), events);
        let meldung = format!("das Konto {} ist gesperrt; ein anderes wählen", seite.sammelkonto);
        let fehler = Shared::feld("/sammelkonto", meldung);
        seite.erwarte_fehler_in(&welt, &[], seite.anlegen(json!({})), &fehler);
    }
}

#[test]
fn zwei_gleich_gute_regeln_der_kontenfindung_sind_ein_fehler_keine_wahl() {
    for seite in &SEITEN {
        let regel = |nr: i32, konto_nr: &str| KontenplanEvent::KontenfindungGesetzt {
            regel: Kontenfindungsregel {
                nr,
                zweck: seite.zweck,
                schluessel: None,
                artikelgruppe: None,
                partnergruppe: None,
                konto_nr: konto_nr.to_owned(),
                gueltig_ab: tag(2026, 1, 1),
            },
        };
        let welt = mit_plan(welt(), 4, vec![regel(1, seite.sammelkonto), regel(2, SACHKONTO)]);
        let abgelehnt = seite.entscheiden(&welt, &[], seite.anlegen_ohne_sammelkonto());
        seite.gleich(abgelehnt.unwrap_err().code, "KONTENFINDUNG_MEHRDEUTIG");
    }
}

#[test]
fn falsche_felder_beim_anlegen_werden_genannt() {
    let falsch = [
        (json!({"sammelkonto": "12A0"}), "/sammelkonto"),
        (json!({"waehrung": "eur"}), "/waehrung"),
        (
            json!({"anschrift": {"plz": "1", "ort": "Emden", "land": "de"}}),
            "/anschrift/land",
        ),
    ];
    for seite in &SEITEN {
        for (weitere, feld) in &falsch {
            let abgelehnt = seite.entscheiden(&welt(), &[], seite.anlegen(weitere.clone()));
            let abgelehnt = abgelehnt.unwrap_err();
            assert_eq!(abgelehnt.code, "EINGABE_UNGUELTIG", "{}: {feld}", seite.typ);
            seite.gleich(abgelehnt.felder[0].feld.as_str(), *feld);
        }
    }
}

#[test]
fn eine_falsche_ust_id_wird_abgelehnt() {
    let status = json!({"gueltig_ab": "2026-01-01", "art": "regel", "ust_id": "DE136695977"});
    let fehler = |feld: &str| Shared::UstIdUngueltig { feld: feld.to_owned() };
    for seite in &SEITEN {
        let anlegen = seite.anlegen(json!({"ust_status": status}));
        seite.erwarte_fehler(&[], anlegen, &fehler("/ust_status/ust_id"));
        let gegeben = [seite.angelegt()];
        seite.erwarte_fehler(&gegeben, json!({"UstStatusSetzen": status}), &fehler("/ust_id"));
        let uebernehmen = json!({"StammdatenUebernehmen": {"ust_id": "DE1"}});
        seite.erwarte_fehler(&gegeben, uebernehmen, &fehler("/ust_id"));
    }
}

#[test]
fn der_steuerstatus_gilt_ab_seinem_tag() {
    let status = json!({
        "gueltig_ab": "2026-04-01", "art": "eu", "ust_id": "ATU12345678",
        "geprueft_am": "2026-03-10", "ergebnis": "gültig",
    });
    let gesetzt = || ust_gesetzt("2026-04-01", status.clone());
    for seite in &SEITEN {
        let setzen = json!({"UstStatusSetzen": status});
        seite.erwarte(&[seite.angelegt()], setzen, &[gesetzt()]);
        let frueherer = ust_gesetzt("2026-01-01", json!({"art": "regel"}));
        let konto = seite.konto(&[seite.angelegt(), gesetzt(), frueherer]);
        let art_am = |am: NaiveDate| konto.ust_status_am(am).map(|s| s.art);
        seite.gleich(art_am(tag(2026, 3, 31)), Some(UstArt::Regel));
        seite.gleich(art_am(tag(2026, 4, 1)), Some(UstArt::Eu));
        seite.gleich(konto.ust_status[0].gueltig_ab, tag(2026, 1, 1));
    }
}

#[test]
fn zwei_steuerstatus_desselben_tages_ueberlappen() {
    let gueltig_ab = tag(2026, 4, 1);
    let fehler = Shared::UstStatusUeberlappung { gueltig_ab };
    let abgelehnt = Refusal::of(&fehler);
    assert_eq!(
        (abgelehnt.code.as_str(), abgelehnt.status, abgelehnt.daten),
        ("UST_STATUS_UEBERLAPPUNG", 422, json!({"gueltig_ab": "2026-04-01"}))
    );
    for seite in &SEITEN {
        let gegeben = [seite.angelegt(), ust_gesetzt("2026-04-01", json!({"art": "regel"}))];
        let setzen = json!({"UstStatusSetzen": {"gueltig_ab": "2026-04-01", "art": "klein19"}});
        seite.erwarte_fehler(&gegeben, setzen, &fehler);
    }
}

#[test]
fn eine_pruefung_der_ust_id_liegt_nicht_in_der_zukunft() {
    let status = json!({"gueltig_ab": "2026-04-01", "art": "regel", "geprueft_am": "2026-03-11"});
    let fehler = |feld: &str| Shared::DatumZukunft {
        feld: feld.to_owned(),
        spaetestens: tag(2026, 3, 10),
    };
    for seite in &SEITEN {
        let setzen = json!({"UstStatusSetzen": status});
        seite.erwarte_fehler(&[seite.angelegt()], setzen, &fehler("/geprueft_am"));
        let anlegen = seite.anlegen(json!({"ust_status": status}));
        seite.erwarte_fehler(&[], anlegen, &fehler("/ust_status/geprueft_am"));
    }
}

#[test]
fn stammdaten_werden_uebernommen_und_fehlende_bleiben() {
    let bedingung = Uuid::from_u128(7);
    let umzug = json!({
        "anschrift": {"plz": "26603", "ort": "Aurich", "land": "DE"}, "zahlungsbedingung_id": bedingung,
    });
    let umgezogen = || json!({"StammdatenUebernommen": umzug});
    let umbenannt = || json!({"StammdatenUebernommen": {"name": "Petersen AG"}});
    for seite in &SEITEN {
        let mut gegeben = vec![seite.angelegt()];
        let uebernehmen = json!({"StammdatenUebernehmen": umzug});
        seite.erwarte(&gegeben, uebernehmen, &[umgezogen()]);
        gegeben.push(umgezogen());
        let konto = seite.konto(&gegeben);
        seite.gleich((konto.name.as_str(), konto.ort.as_deref()), (NAME, Some("Aurich")));
        let umbenennen = json!({"StammdatenUebernehmen": {"name": "Petersen AG"}});
        seite.erwarte(&gegeben, umbenennen, &[umbenannt()]);
        gegeben.push(umbenannt());
        let konto = seite.konto(&gegeben);
        seite.gleich(
            (konto.name.as_str(), konto.ort.as_deref()),
            ("Petersen AG", Some("Aurich")),
        );
        seite.gleich(konto.zahlungsbedingung_id, Some(bedingung));
        seite.erwarte(&gegeben, json!({"StammdatenUebernehmen": {}}), &[]);
    }
}

#[test]
fn eine_uebernommene_anschrift_hat_einen_laendercode() {
    let uebernehmen = json!({"StammdatenUebernehmen": {"anschrift": {"plz": "1", "ort": "Emden", "land": "de"}}});
    let meldung = "das Land ist ein Code nach ISO 3166 (alpha-2) in Großbuchstaben, z. B. DE";
    let fehler = Shared::feld("/anschrift/land", meldung);
    for seite in &SEITEN {
        seite.erwarte_fehler(&[seite.angelegt()], uebernehmen.clone(), &fehler);
    }
}

#[test]
fn eine_neue_ust_id_beginnt_heute_und_behaelt_die_besteuerung() {
    let uebernehmen = |id: &str| json!({"StammdatenUebernehmen": {"ust_id": id}});
    let heute = "2026-03-10";
    let inland = || ust_gesetzt(heute, json!({"art": "regel", "ust_id": UST_ID}));
    let ausland = || ust_gesetzt(heute, json!({"art": "eu", "ust_id": "ATU12345678"}));
    let landwirt = || ust_gesetzt("2026-01-01", json!({"art": "pauschal24"}));
    let landwirt_neu = || ust_gesetzt(heute, json!({"art": "pauschal24", "ust_id": UST_ID}));
    for seite in &SEITEN {
        let neu = [seite.angelegt()];
        seite.erwarte(&neu, uebernehmen(UST_ID), &[inland()]);
        let gegeben = [seite.angelegt(), inland()];
        seite.erwarte(&gegeben, uebernehmen("de136695976"), &[]);
        seite.erwarte(&neu, uebernehmen("ATU12345678"), &[ausland()]);
        let gegeben = [seite.angelegt(), landwirt()];
        seite.erwarte(&gegeben, uebernehmen(UST_ID), &[landwirt_neu()]);
    }
}

#[test]
fn name_und_ust_id_zusammen_ergeben_zwei_ereignisse() {
    let uebernehmen = json!({"StammdatenUebernehmen": {"name": "Petersen AG", "ust_id": UST_ID}});
    let events = [
        json!({"StammdatenUebernommen": {"name": "Petersen AG"}}),
        ust_gesetzt("2026-03-10", json!({"art": "regel", "ust_id": UST_ID})),
    ];
    for seite in &SEITEN {
        seite.erwarte(&[seite.angelegt()], uebernehmen.clone(), &events);
    }
}

#[test]
fn ein_steuerstatus_desselben_tages_weicht_dem_uebernommenen() {
    for seite in &SEITEN {
        let erster = ust_gesetzt("2026-03-10", json!({"art": "eu", "ust_id": "ATU12345678"}));
        let zweiter = ust_gesetzt("2026-03-10", json!({"art": "eu", "ust_id": "NL123456789B01"}));
        let konto = seite.konto(&[seite.angelegt(), erster, zweiter]);
        seite.gleich(konto.ust_status.len(), 1);
        let ust_id = konto.ust_id_am(tag(2026, 3, 10));
        seite.gleich(ust_id, Some("NL123456789B01"));
    }
}

#[test]
fn eine_zahlungsbedingung_wird_auch_bei_sperre_gesetzt() {
    let bedingung = Uuid::from_u128(7);
    let setzen = || json!({"BedingungSetzen": {"zahlungsbedingung_id": bedingung}});
    let gesetzt = || json!({"BedingungGesetzt": {"zahlungsbedingung_id": bedingung}});
    for seite in &SEITEN {
        let gegeben = [seite.angelegt(), gesperrt()];
        seite.erwarte(&gegeben, setzen(), &[gesetzt()]);
        let unbekannt = Shared::feld(
            "/zahlungsbedingung_id",
            "diese Zahlungsbedingung gibt es nicht; eine angelegte angeben",
        );
        let fremd = json!({"zahlungsbedingung_id": Uuid::nil()});
        seite.erwarte_fehler(&gegeben, json!({"BedingungSetzen": fremd}), &unbekannt);
        seite.erwarte_fehler(&[], seite.anlegen(fremd), &unbekannt);
        let konto = seite.konto(&[seite.angelegt(), gesetzt()]);
        seite.gleich(konto.zahlungsbedingung_id, Some(bedingung));
    }
}

#[test]
fn eine_bankverbindung_wird_erfasst() {
    let erfassen = || json!({"BankverbindungErfassen": {"iban": "DE89 3704 0044 0532 0130 00", "bic": "cobadeffxxx"}});
    let erfasst = || {
        json!({"BankverbindungErfasst": {"bankverbindung": {
            "nr": 1, "iban": IBAN, "bic": "COBADEFFXXX", "erfasst_von": erfasser(),
        }}})
    };
    for seite in &SEITEN {
        seite.erwarte(&[seite.angelegt()], erfassen(), &[erfasst()]);
        let konto = seite.konto(&[seite.angelegt(), erfasst()]);
        seite.gleich(konto.bankverbindungen[0].status, BankStatus::Neu);
        seite.gleich(konto.bank(), None);
    }
}

#[test]
fn eine_falsche_iban_wird_abgelehnt() {
    let erfassen = json!({"BankverbindungErfassen": {"iban": "DE89370400440532013001"}});
    let feld = "/iban".to_owned();
    let fehler = Shared::IbanUngueltig { feld };
    for seite in &SEITEN {
        seite.erwarte_fehler(&[seite.angelegt()], erfassen.clone(), &fehler);
    }
}

#[test]
fn eine_falsche_bic_und_eine_schon_erfasste_iban_werden_abgelehnt() {
    for seite in &SEITEN {
        for bic in ["COBADEFF1", "1OBADEFF", "COBADEÄX"] {
            let erfassen = json!({"BankverbindungErfassen": {"iban": IBAN, "bic": bic}});
            let fehler = Shared::feld("/bic", "eine BIC hat 8 oder 11 Stellen, z. B. COBADEFFXXX");
            seite.erwarte_fehler(&[seite.angelegt()], erfassen, &fehler);
        }
        let erfassen = json!({"BankverbindungErfassen": {"iban": IBAN}});
        let fehler = Shared::feld("/iban", "diese IBAN ist schon als Bankverbindung 1 erfasst");
        seite.erwarte_fehler(&[seite.angelegt(), bank(1, IBAN)], erfassen, &fehler);
    }
}

#[test]
fn eine_abgeloeste_iban_darf_wieder_erfasst_werden() {
    for seite in &SEITEN {
        let gegeben = [
            seite.angelegt(),
            bank(1, IBAN),
            freigegeben(1, json!({})),
            bank(2, ZWEITE_IBAN),
            freigegeben(2, json!({"abgeloest": 1})),
        ];
        let erfassen = json!({"BankverbindungErfassen": {"iban": IBAN}});
        seite.erwarte(&gegeben, erfassen, &[bank(3, IBAN)]);
    }
}

#[test]
fn wer_eine_bankverbindung_erfasst_hat_gibt_sie_nicht_frei() {
    let freigeben = json!({"BankverbindungFreigeben": {"nr": 1}});
    let regel = Some("bankverbindung".to_owned());
    let fehler = Shared::VierAugen { regel };
    for seite in &SEITEN {
        seite.erwarte_fehler(&[seite.angelegt(), bank(1, IBAN)], freigeben.clone(), &fehler);
    }
}

#[test]
fn eine_freigabe_loest_die_bisherige_bankverbindung_ab() {
    let freigeben = |nr: i32| json!({"BankverbindungFreigeben": {"nr": nr}});
    let erste = || freigegeben(1, json!({}));
    let zweite = || freigegeben(2, json!({"abgeloest": 1}));
    let welt = welt().akteur(pruefer());
    for seite in &SEITEN {
        let mut gegeben = vec![seite.angelegt(), bank(1, IBAN)];
        seite.erwarte_in(&welt, &gegeben, freigeben(1), &[erste()]);
        gegeben.extend([erste(), bank(2, ZWEITE_IBAN)]);
        seite.erwarte_in(&welt, &gegeben, freigeben(2), &[zweite()]);
        gegeben.push(zweite());
        let konto = seite.konto(&gegeben);
        let status: Vec<BankStatus> = konto.bankverbindungen.iter().map(|b| b.status).collect();
        seite.gleich(status, [BankStatus::Abgeloest, BankStatus::Bestaetigt]);
        let geprueft_von = konto.bank().map(|b| b.geprueft_von.clone());
        seite.gleich(geprueft_von, Some(Some(pruefer())));
    }
}

#[test]
fn nur_eine_neue_bankverbindung_wird_freigegeben() {
    let freigeben = |nr: i32| json!({"BankverbindungFreigeben": {"nr": nr}});
    for seite in &SEITEN {
        let fehler = Shared::feld("/nr", "die Bankverbindung 9 gibt es nicht");
        seite.erwarte_fehler(&[seite.angelegt(), bank(1, IBAN)], freigeben(9), &fehler);
        let gegeben = [seite.angelegt(), bank(1, IBAN), freigegeben(1, json!({}))];
        seite.erwarte_fehler(&gegeben, freigeben(1), &Shared::status("bestaetigt", &["neu"]));
    }
}

#[test]
fn ein_konto_wird_gesperrt_und_entsperrt() {
    let sperren = || json!({"Sperren": {"grund": "zahlt nicht"}});
    let entsperren = || json!({"Entsperren": {}});
    let entsperrt = || json!({"Entsperrt": {}});
    for seite in &SEITEN {
        let aktiv = [seite.angelegt()];
        let zu = [seite.angelegt(), gesperrt()];
        let offen = [seite.angelegt(), gesperrt(), entsperrt()];
        seite.erwarte(&aktiv, sperren(), &[gesperrt()]);
        seite.erwarte(&zu, entsperren(), &[entsperrt()]);
        seite.gleich(seite.konto(&zu).status, PartnerStatus::Gesperrt);
        seite.gleich(seite.konto(&offen).status, PartnerStatus::Aktiv);
        seite.erwarte_fehler(&zu, sperren(), &Shared::status("gesperrt", &["aktiv"]));
        seite.erwarte_fehler(&aktiv, entsperren(), &Shared::status("aktiv", &["gesperrt"]));
    }
}

#[test]
fn ein_ausgeglichenes_konto_wird_geschlossen() {
    let schliessen = || json!({"Schliessen": {}});
    for seite in &SEITEN {
        seite.erwarte(&[seite.angelegt()], schliessen(), &[geschlossen()]);
        let welt = welt().fact("personenkonto_saldo", seite.nr, json!("0.00"));
        let gegeben = [seite.angelegt(), gesperrt()];
        seite.erwarte_in(&welt, &gegeben, schliessen(), &[geschlossen()]);
    }
}

#[test]
fn ein_konto_mit_saldo_wird_auch_gesperrt_nicht_geschlossen() {
    for seite in &SEITEN {
        let welt = welt().fact("personenkonto_saldo", seite.nr, json!("-10.00"));
        for gegeben in [vec![seite.angelegt()], vec![seite.angelegt(), gesperrt()]] {
            let abgelehnt = seite.entscheiden(&welt, &gegeben, json!({"Schliessen": {}}));
            let abgelehnt = abgelehnt.unwrap_err();
            seite.gleich(abgelehnt.code, seite.offene_posten_code);
            seite.gleich(abgelehnt.daten, json!({"saldo": "-10.00", "posten": 0}));
        }
    }
}

#[test]
fn ein_unlesbarer_saldo_gilt_nicht_als_null() {
    for seite in &SEITEN {
        for wert in [json!("zehn"), json!({"saldo": 0})] {
            let welt = welt().fact("personenkonto_saldo", seite.nr, wert);
            let meldung = format!("der Saldo von {} ist nicht lesbar; nicht geschlossen", seite.nr);
            let fehler = Shared::feld("/nr", meldung);
            seite.erwarte_fehler_in(&welt, &[seite.angelegt()], json!({"Schliessen": {}}), &fehler);
        }
    }
}

#[test]
fn ein_geschlossenes_konto_nimmt_nichts_mehr_an() {
    let befehle = [
        json!({"Schliessen": {}}),
        json!({"StammdatenUebernehmen": {"name": "x"}}),
        json!({"BedingungSetzen": {"zahlungsbedingung_id": Uuid::from_u128(7)}}),
        json!({"UstStatusSetzen": {"gueltig_ab": "2026-04-01", "art": "regel"}}),
        json!({"BankverbindungErfassen": {"iban": IBAN}}),
        json!({"BankverbindungFreigeben": {"nr": 1}}),
    ];
    for seite in &SEITEN {
        let gegeben = [seite.angelegt(), bank(1, IBAN), geschlossen()];
        for befehl in &befehle {
            let fehler = Shared::status("geschlossen", &["aktiv", "gesperrt"]);
            seite.erwarte_fehler(&gegeben, befehl.clone(), &fehler);
        }
        let fehler = Shared::status("geschlossen", &["aktiv"]);
        seite.erwarte_fehler(&gegeben, json!({"Sperren": {"grund": "x"}}), &fehler);
        let fehler = Shared::status("geschlossen", &["gesperrt"]);
        seite.erwarte_fehler(&gegeben, json!({"Entsperren": {}}), &fehler);
        let fehler = Shared::status("geschlossen", &["neu"]);
        seite.erwarte_fehler(&gegeben, seite.anlegen(json!({})), &fehler);
    }
}

#[test]
fn ein_konto_wird_nicht_zweimal_angelegt_und_vorher_nicht_gesperrt() {
    for seite in &SEITEN {
        let fehler = Shared::status("aktiv", &["neu"]);
        seite.erwarte_fehler(&[seite.angelegt()], seite.anlegen(json!({})), &fehler);
        let fehler = Shared::status("neu", &["aktiv"]);
        seite.erwarte_fehler(&[], json!({"Sperren": {"grund": "x"}}), &fehler);
    }
}

#[test]
fn unbekannte_felder_werden_auch_in_der_tiefe_abgelehnt() {
    for seite in &SEITEN {
        for befehl in [
            seite.anlegen(json!({"farbe": "rot"})),
            seite.anlegen(json!({"anschrift": {"plz": "1", "ort": "Emden", "land": "DE", "farbe": "rot"}})),
            seite.anlegen(json!({"ust_status": {"gueltig_ab": "2026-01-01", "art": "regel", "farbe": "rot"}})),
            json!({"StammdatenUebernehmen": {"farbe": "rot"}}),
            json!({"UstStatusSetzen": {"gueltig_ab": "2026-01-01", "art": "regel", "farbe": "rot"}}),
            json!({"BankverbindungErfassen": {"iban": IBAN, "farbe": "rot"}}),
        ] {
            let abgelehnt = seite.entscheiden(&welt(), &[], befehl.clone()).unwrap_err();
            assert_eq!(
                (abgelehnt.code.as_str(), abgelehnt.status),
                ("EINGABE_UNGUELTIG", 400),
                "{}: {befehl}",
                seite.typ
            );
            let feld = &abgelehnt.felder[0];
            assert_eq!(feld.code, "FELD_UNBEKANNT", "{}: {befehl}", seite.typ);
            assert!(feld.feld.ends_with("/farbe"), "{}: {feld:?}", seite.typ);
        }
    }
}
