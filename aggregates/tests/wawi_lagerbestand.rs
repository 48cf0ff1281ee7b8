//! Lagerbestand: moves, promises, backdating, reversal; every command and refusal, the examples L2 and L3, invariants.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod stamm_welt;
mod wawi_welt;

use std::collections::BTreeMap;

use aggregates::{
    Aggregate, DomainError, Refused,
    testing::World,
    types::Menge,
    wawi::{
        Lager, Lagerbestand, Wareneingang,
        lagerbestand::{
            Bewegung, Bewegungsart, FACT_BEWEGUNG, LagerbestandCommand, LagerbestandError, LagerbestandEvent, Richtung,
            tage::{RUECKDATIERUNG_MAX_TAGE, fruehestens},
        },
    },
};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::{Value, from_value, json};
use stamm_welt::{check, decide, grund, state};
use uuid::Uuid;
use wawi_welt::{EMDEN, ENTWURF, FRACHT, KAS, events, lager, welt};

const EINGABE: Result<&[&str], &str> = Err("EINGABE_UNGUELTIG");
const RES: Uuid = Uuid::from_u128(0xe001);

fn menge(text: &str) -> Menge {
    text.parse().unwrap()
}

fn tag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn beleg() -> Value {
    json!({"typ": "wareneingang", "id": Uuid::from_u128(0xbe), "nummer": "WE-2026-000001"})
}

fn mit(mut felder: Value, mehr: &Value) -> Value {
    felder
        .as_object_mut()
        .unwrap()
        .extend(mehr.as_object().unwrap().clone());
    felder
}

fn zugang(menge: &str, mehr: &Value) -> Value {
    let felder =
        json!({"artikel_id": KAS, "lager_id": EMDEN, "menge": menge, "bewegungsart": "wareneingang", "beleg": beleg()});
    json!({"ZugangBuchen": mit(felder, mehr)})
}

fn abgang(menge: &str, mehr: &Value) -> Value {
    let felder = json!({"menge": menge, "bewegungsart": "warenausgang", "beleg": beleg()});
    json!({"AbgangBuchen": mit(felder, mehr)})
}

fn reservieren(menge: &str, mehr: &Value) -> Value {
    json!({"Reservieren": mit(json!({"id": RES, "menge": menge, "beleg": beleg()}), mehr)})
}

/// Decides commands one after the other, each on the state that the ones before left.
fn lauf(welt: &World, commands: &[Value]) -> Result<Vec<Value>, String> {
    let mut given = Vec::new();
    for command in commands {
        given.extend(decide::<Lagerbestand>(welt, &given, command.clone())?);
    }
    Ok(given)
}

/// The refusal with its data.
fn fehler(welt: &World, given: &[Value], command: Value) -> LagerbestandError {
    match welt.decide(&state::<Lagerbestand>(given), from_value(command).unwrap()) {
        Err(Refused::Domain(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn bestand(given: &[Value]) -> String {
    state::<Lagerbestand>(given).bestand.to_string()
}

// ---- moves ----

#[test]
fn der_erste_zugang_eroeffnet_den_bestand() {
    let welt = welt();
    let erster = decide::<Lagerbestand>(&welt, &[], zugang("100", &json!({"platz": "A-01"}))).unwrap();
    assert_eq!(
        erster[0]["Eroeffnet"],
        json!({"artikel_id": KAS, "lager_id": EMDEN, "einheit": "kg", "stellen": 3})
    );
    let bewegung = &erster[1]["Zugegangen"];
    assert_eq!(
        (&bewegung["von"], &bewegung["nach"]),
        (&json!({"art": "lieferant"}), &json!({"art": "platz", "platz": "A-01"}))
    );
    assert_eq!(
        (&bewegung["buchungsdatum"], &bewegung["menge"]),
        (&json!("2026-03-10"), &json!("100"))
    );
    check::<Lagerbestand>(&welt, &erster, zugang("1", &json!({})), Ok(&["Zugegangen"]));
    let danach = lauf(
        &welt,
        &[zugang("100", &json!({"platz": "A-01"})), zugang("50.5", &json!({}))],
    )
    .unwrap();
    let bestand = state::<Lagerbestand>(&danach);
    assert_eq!(
        (bestand.bestand, bestand.auf_platz("A-01"), bestand.auf_platz("")),
        (menge("150.5"), menge("100"), menge("50.5"))
    );
}

#[test]
fn ein_zugang_braucht_artikel_platz_datum_und_menge() {
    let welt = welt();
    for (mehr, wanted) in [
        (json!({"artikel_id": EMDEN}), EINGABE),
        (json!({"artikel_id": FRACHT}), EINGABE),
        (json!({"artikel_id": ENTWURF}), Err("ARTIKEL_GESPERRT")),
        (json!({"lager_id": KAS}), EINGABE),
        (json!({"platz": "A-03"}), Err("LAGER_PLATZ_GESPERRT")),
        (json!({"platz": "Z-01"}), Err("LAGER_PLATZ_GESPERRT")),
        (json!({"buchungsdatum": "2026-03-11"}), Err("DATUM_ZUKUNFT")),
        (json!({"bewegt_um": "2026-03-10T09:00:01Z"}), Err("DATUM_ZUKUNFT")),
        (
            json!({"buchungsdatum": "2026-02-06"}),
            Err("LAGERBESTAND_RUECKDATIERUNG_ZU_WEIT"),
        ),
        (
            json!({"buchungsdatum": "2026-02-07"}),
            Ok(&["Eroeffnet", "Zugegangen"][..]),
        ),
        (json!({"menge": "0"}), Err("MENGE_UNGUELTIG")),
        (json!({"menge": "1.2345"}), Err("MENGE_UNGUELTIG")),
        (json!({"bewegungsart": "warenausgang"}), EINGABE),
        (json!({"bewegungsart": "inventur_plus"}), EINGABE),
        (json!({"bewegungsart": "umbuchung"}), EINGABE),
        (json!({"bewegungsart": "eroeffnung"}), Ok(&["Eroeffnet", "Zugegangen"])),
        // Master data before date before quantity (wawi 0.6).
        (
            json!({"platz": "A-03", "buchungsdatum": "2026-03-11", "menge": "0"}),
            Err("LAGER_PLATZ_GESPERRT"),
        ),
        (
            json!({"buchungsdatum": "2026-03-11", "menge": "0"}),
            Err("DATUM_ZUKUNFT"),
        ),
    ] {
        check::<Lagerbestand>(&welt, &[], zugang("5", &mehr), wanted);
    }
    let zu = [lager(), vec![json!({"Stillgelegt": grund()})]].concat();
    let zu = welt.with::<Lager>(EMDEN, events::<Lager>(&zu));
    check::<Lagerbestand>(&zu, &[], zugang("5", &json!({})), Err("LAGER_PLATZ_GESPERRT"));
}

#[test]
fn auf_einem_platz_liegt_nie_weniger_als_nichts() {
    let welt = welt();
    let given = lauf(
        &welt,
        &[zugang("100", &json!({"platz": "A-01"})), zugang("20", &json!({}))],
    )
    .unwrap();
    assert_eq!(
        fehler(&welt, &given, abgang("20.001", &json!({}))),
        LagerbestandError::Fehlt {
            verfuegbar: menge("20")
        }
    );
    for (command, wanted) in [
        (abgang("20", &json!({})), Ok(&["Abgegangen"][..])),
        (abgang("100", &json!({"platz": "A-01"})), Ok(&["Abgegangen"])),
        (abgang("1", &json!({"platz": "A-02"})), Err("LAGERBESTAND_FEHLT")),
        (abgang("1", &json!({"platz": "A-03"})), Err("LAGER_PLATZ_GESPERRT")),
        (abgang("0", &json!({})), Err("MENGE_UNGUELTIG")),
        (
            abgang("1", &json!({"buchungsdatum": "2026-04-01"})),
            Err("DATUM_ZUKUNFT"),
        ),
        (abgang("1", &json!({"bewegungsart": "wareneingang"})), EINGABE),
        (abgang("1", &json!({"bewegungsart": "umbuchung"})), EINGABE),
        (abgang("1", &json!({"bewegungsart": "schwund"})), Ok(&["Abgegangen"])),
        (
            abgang("1", &json!({"bewegungsart": "eigenverbrauch"})),
            Ok(&["Abgegangen"]),
        ),
        (
            abgang("1", &json!({"bewegungsart": "verschrottung"})),
            Ok(&["Abgegangen"]),
        ),
    ] {
        check::<Lagerbestand>(&welt, &given, command, wanted);
    }
    // A line without stock drops out, and a stock that never was answers like an empty one.
    let leer = [
        given.clone(),
        decide::<Lagerbestand>(&welt, &given, abgang("20", &json!({}))).unwrap(),
    ]
    .concat();
    assert_eq!(state::<Lagerbestand>(&leer).zeilen.len(), 1);
    for command in [
        abgang("1", &json!({})),
        json!({"Umbuchen": {"nach_platz": "A-01", "menge": "1"}}),
        json!({"Leermelden": {}}),
        json!({"MehrmengeBuchen": {"menge": "1", "grund": "gefunden"}}),
        json!({"BewegungStornieren": {"bewegung_id": RES, "grund": "x"}}),
    ] {
        check::<Lagerbestand>(&welt, &[], command, Err("LAGERBESTAND_FEHLT"));
    }
}

#[test]
fn umbuchen_leermelden_und_mehrmenge() {
    let welt = welt();
    let given = lauf(&welt, &[zugang("100", &json!({"platz": "A-01"}))]).unwrap();
    let umbuchen = |von: Value, nach: Value, menge: &str| json!({"Umbuchen": {"von_platz": von, "nach_platz": nach, "menge": menge}});
    for (command, wanted) in [
        (umbuchen(json!("A-01"), json!(null), "40"), Ok(&["Umgebucht"][..])),
        (umbuchen(json!("A-01"), json!("A-02"), "101"), Err("LAGERBESTAND_FEHLT")),
        (umbuchen(json!("A-01"), json!("A-03"), "1"), Err("LAGER_PLATZ_GESPERRT")),
        (umbuchen(json!("A-01"), json!("A-01"), "1"), EINGABE),
        (umbuchen(json!("A-01"), json!("A-02"), "0"), Err("MENGE_UNGUELTIG")),
        (json!({"Leermelden": {"platz": "A-02"}}), Err("LAGERBESTAND_FEHLT")),
        (json!({"Leermelden": {"platz": "A-03"}}), Err("LAGER_PLATZ_GESPERRT")),
        (
            json!({"MehrmengeBuchen": {"platz": "A-02", "menge": "3", "grund": "gefunden"}}),
            Ok(&["MehrmengeGebucht"]),
        ),
        (
            json!({"MehrmengeBuchen": {"platz": "A-03", "menge": "3", "grund": "gefunden"}}),
            Err("LAGER_PLATZ_GESPERRT"),
        ),
        (
            json!({"MehrmengeBuchen": {"menge": "-3", "grund": "gefunden"}}),
            Err("MENGE_UNGUELTIG"),
        ),
    ] {
        check::<Lagerbestand>(&welt, &given, command, wanted);
    }
    // A promise is on the whole stock: moving inside does not touch it, reporting a place empty does.
    let alles = lauf(
        &welt,
        &[zugang("100", &json!({"platz": "A-01"})), reservieren("100", &json!({}))],
    )
    .unwrap();
    check::<Lagerbestand>(
        &welt,
        &alles,
        umbuchen(json!("A-01"), json!("A-02"), "100"),
        Ok(&["Umgebucht"]),
    );
    check::<Lagerbestand>(
        &welt,
        &alles,
        json!({"Leermelden": {"platz": "A-01"}}),
        Err("LAGERBESTAND_RESERVIERT"),
    );
    let leer = decide::<Lagerbestand>(&welt, &given, json!({"Leermelden": {"platz": "A-01"}})).unwrap();
    let bewegung = &leer[0]["Leergemeldet"];
    assert_eq!(
        (&bewegung["menge"], &bewegung["bewegungsart"], &bewegung["nach"]["art"]),
        (&json!("100"), &json!("schwund"), &json!("schwund"))
    );
}

// ---- promises ----

#[test]
fn l2_was_reserviert_ist_geht_nur_auf_seine_reservierung_hinaus() {
    let welt = welt();
    let given = lauf(&welt, &[zugang("100", &json!({})), reservieren("70", &json!({}))]).unwrap();
    assert_eq!(
        fehler(&welt, &given, abgang("40", &json!({}))),
        LagerbestandError::Reserviert { frei: menge("30") }
    );
    let beide = lauf(
        &welt,
        &[
            zugang("100", &json!({})),
            reservieren("70", &json!({})),
            abgang("70", &json!({"reservierung_id": RES})),
            abgang("30", &json!({})),
        ],
    )
    .unwrap();
    let ende = state::<Lagerbestand>(&beide);
    assert_eq!(
        (ende.bestand, ende.reserviert, ende.frei),
        (Menge::NULL, Menge::NULL, Menge::NULL)
    );
    assert!(ende.reservierungen.is_empty() && ende.zeilen.is_empty());
    // Part of it used, more than it used, and one that does not exist.
    let rest = |m: &str, id: Uuid| {
        let mehr = json!({"reservierung_id": id});
        decide::<Lagerbestand>(&welt, &given, abgang(m, &mehr)).map(|e| e[0]["Abgegangen"]["reservierung"].clone())
    };
    assert_eq!(rest("50", RES), Ok(json!({"id": RES, "menge": "50", "rest": "20"})));
    assert_eq!(rest("80", RES), Ok(json!({"id": RES, "menge": "70", "rest": "0"})));
    assert_eq!(rest("30", KAS), Ok(json!(null)));
    assert_eq!(rest("31", KAS), Err("LAGERBESTAND_RESERVIERT".to_owned()));
}

#[test]
fn mit_eigener_reservierung_zaehlen_nur_die_der_anderen() {
    let welt = welt();
    let andere = Uuid::from_u128(0xe002);
    let given = lauf(
        &welt,
        &[
            zugang("100", &json!({})),
            reservieren("30", &json!({})),
            reservieren("60", &json!({"id": andere})),
        ],
    )
    .unwrap();
    let mehr = json!({"reservierung_id": RES});
    check::<Lagerbestand>(&welt, &given, abgang("40", &mehr), Ok(&["Abgegangen"]));
    assert_eq!(
        fehler(&welt, &given, abgang("41", &mehr)),
        LagerbestandError::Reserviert { frei: menge("40") }
    );
}

#[test]
fn reservieren_aendern_und_aufheben() {
    let welt = welt();
    let given = lauf(&welt, &[zugang("100", &json!({})), reservieren("70", &json!({}))]).unwrap();
    let neu = |m: &str, teilweise: bool| reservieren(m, &json!({"id": KAS, "teilweise": teilweise}));
    assert_eq!(
        fehler(&welt, &given, neu("31", false)),
        LagerbestandError::Reserviert { frei: menge("30") }
    );
    assert_eq!(
        fehler(&welt, &given, neu("101", false)),
        LagerbestandError::Fehlt {
            verfuegbar: menge("100")
        }
    );
    let teil = decide::<Lagerbestand>(&welt, &given, neu("50", true)).unwrap();
    assert_eq!(
        (&teil[0]["Reserviert"]["gewuenscht"], &teil[0]["Reserviert"]["menge"]),
        (&json!("50"), &json!("30"))
    );
    let aendern = |id: Uuid, m: &str, teilweise: bool| json!({"ReservierungAendern": {"id": id, "menge": m, "teilweise": teilweise}});
    for (command, wanted) in [
        (reservieren("1", &json!({})), Err("NUMMER_VERGEBEN")),
        (neu("0", true), Err("MENGE_UNGUELTIG")),
        (
            reservieren("1", &json!({"id": KAS, "gueltig_bis": "2026-03-09"})),
            EINGABE,
        ),
        (aendern(RES, "100", false), Ok(&["ReservierungGeaendert"][..])),
        (aendern(RES, "20", false), Ok(&["ReservierungGeaendert"])),
        (aendern(RES, "70", false), Ok(&[])),
        (aendern(RES, "101", false), Err("LAGERBESTAND_FEHLT")),
        (aendern(RES, "101", true), Ok(&["ReservierungGeaendert"])),
        (aendern(RES, "0", true), Err("MENGE_UNGUELTIG")),
        (aendern(KAS, "5", false), EINGABE),
        (aendern(KAS, "5", true), Ok(&[])),
        (
            json!({"ReservierungAufheben": {"id": RES}}),
            Ok(&["ReservierungAufgehoben"]),
        ),
        (json!({"ReservierungAufheben": {"id": KAS}}), Ok(&[])),
    ] {
        check::<Lagerbestand>(&welt, &given, command, wanted);
    }
    // Nothing free: nothing is promised, and the answer says so; also where there never was any stock.
    let voll = lauf(&welt, &[zugang("70", &json!({})), reservieren("70", &json!({}))]).unwrap();
    for given in [&voll[..], &[]] {
        check::<Lagerbestand>(&welt, given, neu("5", true), Ok(&[]));
        assert_eq!(welt.effects().warnings[0].code, "LAGERBESTAND_FEHLT");
    }
    check::<Lagerbestand>(&welt, &[], neu("5", false), Err("LAGERBESTAND_FEHLT"));
    let auf = decide::<Lagerbestand>(&welt, &given, json!({"ReservierungAufheben": {"id": RES}})).unwrap();
    let auf = &auf[0]["ReservierungAufgehoben"];
    assert_eq!(
        (&auf["menge"], &auf["beleg"]["nummer"]),
        (&json!("70"), &json!("WE-2026-000001"))
    );
}

#[test]
fn eine_reservierung_verfaellt_nach_ihrem_letzten_tag() {
    let given = lauf(
        &welt(),
        &[
            zugang("100", &json!({})),
            reservieren("70", &json!({"gueltig_bis": "2026-03-20"})),
        ],
    )
    .unwrap();
    let verfallen = json!({"ReservierungVerfallenLassen": {"id": RES}});
    check::<Lagerbestand>(&welt().heute(tag("2026-03-20")), &given, verfallen.clone(), Ok(&[]));
    let danach = welt().heute(tag("2026-03-21"));
    check::<Lagerbestand>(&danach, &given, verfallen.clone(), Ok(&["ReservierungAufgehoben"]));
    check::<Lagerbestand>(&danach, &[], verfallen.clone(), Ok(&[]));
    let ohne_ende = lauf(&welt(), &[zugang("100", &json!({})), reservieren("70", &json!({}))]).unwrap();
    check::<Lagerbestand>(&danach, &ohne_ende, verfallen, Ok(&[]));
}

#[test]
fn die_frist_einer_reservierung_ist_das_ende_ihres_letzten_tages() {
    let registry = aggregates::registry();
    let policy = registry
        .all_policies()
        .iter()
        .find(|p| p.name == "reservierung_fristen")
        .unwrap();
    let ctx = aggregates::policy::PolicyContext {
        mandant_id: EMDEN,
        id: KAS,
        event_id: Uuid::now_v7(),
        zeit: welt().frame.jetzt,
        heute: tag("2026-03-10"),
    };
    let reserviert = |mehr: Value| {
        let given = lauf(&welt(), &[zugang("100", &json!({})), reservieren("70", &mehr)]).unwrap();
        policy.react(&from_value::<LagerbestandEvent>(given[2].clone()).unwrap(), &ctx)
    };
    let folgen = reserviert(json!({"gueltig_bis": "2026-03-20"}));
    assert_eq!(folgen[0].command, json!({"ReservierungVerfallenLassen": {"id": RES}}));
    assert_eq!(
        folgen[0].due.map(|d| d.to_rfc3339()).as_deref(),
        Some("2026-03-20T23:00:00+00:00")
    );
    assert!(reserviert(json!({})).is_empty());
}

// ---- backdating ----

/// The moves of L3, each entered on its day.
fn l3() -> Vec<Value> {
    let mut given = Vec::new();
    for (am, command) in [
        ("2025-03-01", zugang("50", &json!({}))),
        ("2025-03-10", abgang("40", &json!({}))),
        ("2025-03-15", zugang("30", &json!({}))),
    ] {
        given.extend(decide::<Lagerbestand>(&welt().heute(tag(am)), &given, command).unwrap());
    }
    given
}

#[test]
fn l3_eine_rueckdatierung_darf_keinen_tag_negativ_machen() {
    let welt = welt().heute(tag("2025-03-20"));
    let zurueck = |m: &str, am: &str| abgang(m, &json!({"buchungsdatum": am}));
    assert_eq!(
        fehler(&welt, &l3(), zurueck("20", "2025-03-12")),
        LagerbestandError::RueckdatierungNegativ {
            datum: tag("2025-03-12"),
            saldo: menge("-10")
        }
    );
    let passt = decide::<Lagerbestand>(&welt, &l3(), zurueck("10", "2025-03-12")).unwrap();
    assert_eq!(bestand(&[l3(), passt].concat()), "30");
    // The first negative day is named, not the day of the move.
    assert_eq!(
        fehler(&welt, &l3(), zurueck("15", "2025-03-02")),
        LagerbestandError::RueckdatierungNegativ {
            datum: tag("2025-03-10"),
            saldo: menge("-5")
        }
    );
    // Before the first receipt there was nothing.
    assert_eq!(
        fehler(&welt, &l3(), zurueck("1", "2025-02-28")),
        LagerbestandError::RueckdatierungNegativ {
            datum: tag("2025-02-28"),
            saldo: menge("-1")
        }
    );
    // Quantity and reservation come before backdating (wawi 0.6).
    check::<Lagerbestand>(&welt, &l3(), zurueck("41", "2025-03-12"), Err("LAGERBESTAND_FEHLT"));
    let reserviert = [
        l3(),
        decide::<Lagerbestand>(&welt, &l3(), reservieren("35", &json!({}))).unwrap(),
    ]
    .concat();
    check::<Lagerbestand>(
        &welt,
        &reserviert,
        zurueck("20", "2025-03-12"),
        Err("LAGERBESTAND_RESERVIERT"),
    );
}

#[test]
fn weiter_als_die_grenze_geht_nur_mit_recht_und_nie_vor_die_bekannten_tage() {
    let heute = welt().heute(tag("2026-03-10"));
    let recht = heute.clone().sonderrechte(&["wawi.fibu"]);
    let alt = |am: &str| zugang("5", &json!({"buchungsdatum": am}));
    assert_eq!(
        fehler(&heute, &[], alt("2025-06-01")),
        LagerbestandError::RueckdatierungZuWeit {
            fruehestens: tag("2026-02-07")
        }
    );
    let eroeffnet = decide::<Lagerbestand>(&recht, &[], alt("2025-06-01")).unwrap();
    check::<Lagerbestand>(&recht, &eroeffnet, alt("2025-05-01"), Ok(&["Zugegangen"]));
    assert_eq!(
        fehler(&recht, &eroeffnet, alt("2025-04-30")),
        LagerbestandError::RueckdatierungZuWeit {
            fruehestens: tag("2025-05-01")
        }
    );
    check::<Lagerbestand>(
        &heute,
        &eroeffnet,
        alt("2025-06-01"),
        Err("LAGERBESTAND_RUECKDATIERUNG_ZU_WEIT"),
    );
}

// ---- reversal ----

/// The world in which the ledger tells of a move.
fn mit_fakt(welt: World, bewegung: &Bewegung, storniert: bool) -> World {
    let mut fakt = serde_json::to_value(bewegung).unwrap();
    fakt["storniert"] = json!(storniert);
    welt.fact(FACT_BEWEGUNG, &bewegung.bewegung_id.to_string(), fakt)
}

fn bewegung(event: &Value) -> Bewegung {
    let (_, inhalt) = event.as_object().unwrap().iter().next().unwrap();
    from_value(inhalt.clone()).unwrap()
}

fn stornieren(id: Uuid) -> Value {
    json!({"BewegungStornieren": {"bewegung_id": id, "grund": "falscher Artikel"}})
}

#[test]
fn ein_storno_ist_die_spiegelbewegung() {
    let given = lauf(&welt(), &[zugang("100", &json!({"platz": "A-01"}))]).unwrap();
    let original = bewegung(&given[1]);
    let welt_da = mit_fakt(welt(), &original, false);
    // The id of a move follows from the command and the version of the stream.
    let mut welt_da = welt_da;
    welt_da.version = 2;
    let found = decide::<Lagerbestand>(&welt_da, &given, stornieren(original.bewegung_id)).unwrap();
    let spiegel = bewegung(&found[0]);
    assert!(found[0].get("BewegungStorniert").is_some());
    assert_eq!((&spiegel.von, &spiegel.nach), (&original.nach, &original.von));
    assert_eq!(
        (spiegel.menge, spiegel.storno_von),
        (original.menge, Some(original.bewegung_id))
    );
    assert_ne!(spiegel.bewegung_id, original.bewegung_id);
    assert_eq!(bestand(&[given.clone(), found].concat()), "0");
    let ab = decide::<Lagerbestand>(&welt(), &given, abgang("60", &json!({"platz": "A-01"}))).unwrap();
    let weniger = [given.clone(), ab].concat();
    // What has gone cannot be taken back, what is promised neither.
    check::<Lagerbestand>(
        &welt_da,
        &weniger,
        stornieren(original.bewegung_id),
        Err("LAGERBESTAND_FEHLT"),
    );
    let zugesagt = [
        given.clone(),
        decide::<Lagerbestand>(&welt(), &given, reservieren("1", &json!({}))).unwrap(),
    ]
    .concat();
    check::<Lagerbestand>(
        &welt_da,
        &zugesagt,
        stornieren(original.bewegung_id),
        Err("LAGERBESTAND_RESERVIERT"),
    );
    // The issue itself can, and it makes no day negative.
    let welt_ab = mit_fakt(welt(), &bewegung(weniger.last().unwrap()), false);
    let id = bewegung(weniger.last().unwrap()).bewegung_id;
    check::<Lagerbestand>(&welt_ab, &weniger, stornieren(id), Ok(&["BewegungStorniert"]));
}

#[test]
fn was_ein_wareneingang_brachte_geht_mit_ihm_zurueck_und_nicht_allein() {
    let (eingang, zeile) = (Uuid::from_u128(0xbe), Uuid::from_u128(0xe002));
    let mut von_beleg = beleg();
    von_beleg["position"] = json!(zeile);
    let given = lauf(&welt(), &[zugang("100", &json!({"beleg": von_beleg}))]).unwrap();
    let original = bewegung(&given[1]);
    let position = json!({"we_position_id": zeile, "pos": 1, "artikel_id": KAS, "artikel_nr": "KAS",
        "bezeichnung": "KAS", "lagergefuehrt": true, "menge": "100", "einheit": "kg", "basismenge": "100",
        "preis": {"betrag": "1.00", "je": "1", "einheit": "kg"}, "netto": "100.00"});
    let kopf = json!({"lieferant_id": RES, "lieferschein_nr": "L 1", "lager_id": EMDEN});
    let namen = json!({"lieferant_nr": "70001", "lieferant_name": "Düngerwerk Nord AG"});
    let gebucht = json!({"we_nr": "WE-2026-000001", "buchungsdatum": "2026-03-10", "positionen": [&position]});
    let storno = json!({"we_nr": "WE-2026-000001", "buchungsdatum": "2026-03-10", "positionen": [&position],
        "grund": "falsche Ware", "lager_id": EMDEN});
    let gekommen = [
        json!({"Angelegt": mit(kopf.clone(), &namen)}),
        json!({"PositionErfasst": {"position": &position}}),
        json!({"Gebucht": mit(kopf, &gebucht)}),
    ];
    let zurueck = [gekommen.to_vec(), vec![json!({"Storniert": storno})]].concat();
    let fall = |ereignisse: &[Value]| {
        let welt = mit_fakt(welt(), &original, false);
        welt.with::<Wareneingang>(eingang, events::<Wareneingang>(ereignisse))
    };
    let id = original.bewegung_id;
    assert_eq!(
        fehler(&fall(&gekommen), &given, stornieren(id)),
        LagerbestandError::BewegungVonBeleg {
            nummer: "WE-2026-000001".into()
        }
    );
    // With the receipt it goes back; so does what only names it.
    check::<Lagerbestand>(&fall(&zurueck), &given, stornieren(id), Ok(&["BewegungStorniert"]));
    let von_hand = lauf(&welt(), &[zugang("100", &json!({}))]).unwrap();
    let genannt = bewegung(&von_hand[1]);
    let welt = mit_fakt(fall(&gekommen), &genannt, false);
    check::<Lagerbestand>(
        &welt,
        &von_hand,
        stornieren(genannt.bewegung_id),
        Ok(&["BewegungStorniert"]),
    );
}

#[test]
fn storniert_wird_einmal_und_nur_was_hier_gebucht_ist() {
    let given = lauf(&welt(), &[zugang("100", &json!({}))]).unwrap();
    let original = bewegung(&given[1]);
    let id = original.bewegung_id;
    let fall = |original: &Bewegung, storniert| mit_fakt(welt(), original, storniert);
    check::<Lagerbestand>(
        &fall(&original, true),
        &given,
        stornieren(id),
        Err("LAGERBESTAND_SCHON_STORNIERT"),
    );
    check::<Lagerbestand>(&welt(), &given, stornieren(id), EINGABE);
    let mut anderswo = original.clone();
    anderswo.lager_id = KAS;
    check::<Lagerbestand>(&fall(&anderswo, false), &given, stornieren(id), EINGABE);
    let mut spiegel = original.clone();
    spiegel.storno_von = Some(RES);
    check::<Lagerbestand>(&fall(&spiegel, false), &given, stornieren(id), EINGABE);
    let mut gesperrt = original;
    gesperrt.nach.platz = Some("A-03".to_owned());
    check::<Lagerbestand>(
        &fall(&gesperrt, false),
        &given,
        stornieren(id),
        Err("LAGER_PLATZ_GESPERRT"),
    );
    // A receipt of the past is taken back today unless a day is named on which it was already used.
    let zurueck = json!({"BewegungStornieren": {"bewegung_id": id, "grund": "x", "buchungsdatum": "2026-03-09"}});
    let welt_da = fall(&bewegung(&given[1]), false);
    check::<Lagerbestand>(&welt_da, &given, zurueck, Err("LAGERBESTAND_RUECKDATIERUNG_NEGATIV"));
}

// ---- invariants ----

#[derive(Debug, Clone)]
enum Schritt {
    Zugang(u32, u8),
    Abgang(u32, u8, Option<u8>),
    Umbuchen(u32, u8, u8),
    Reservieren(u32, u8, bool),
    Aendern(u32, u8, bool),
    Aufheben(u8),
    Leermelden(u8),
    Mehrmenge(u32, u8),
    Stornieren(prop::sample::Index),
}

const PLAETZE: [Option<&str>; 3] = [None, Some("A-01"), Some("A-02")];

fn schritt() -> impl Strategy<Value = Schritt> {
    let menge = || 1_u32..120;
    let nr = || 0_u8..3;
    prop_oneof![
        4 => (menge(), nr()).prop_map(|(m, p)| Schritt::Zugang(m, p)),
        6 => (menge(), nr(), prop::option::of(nr())).prop_map(|(m, p, r)| Schritt::Abgang(m, p, r)),
        2 => (menge(), nr(), nr()).prop_map(|(m, v, n)| Schritt::Umbuchen(m, v, n)),
        3 => (menge(), nr(), any::<bool>()).prop_map(|(m, r, t)| Schritt::Reservieren(m, r, t)),
        2 => (menge(), nr(), any::<bool>()).prop_map(|(m, r, t)| Schritt::Aendern(m, r, t)),
        1 => nr().prop_map(Schritt::Aufheben),
        1 => nr().prop_map(Schritt::Leermelden),
        1 => (menge(), nr()).prop_map(|(m, p)| Schritt::Mehrmenge(m, p)),
        3 => any::<prop::sample::Index>().prop_map(Schritt::Stornieren),
    ]
}

/// A history, its moves, and the clock.
struct Lauf {
    stand: Lagerbestand,
    events: Vec<LagerbestandEvent>,
    bewegungen: Vec<Bewegung>,
    heute: NaiveDate,
}

fn res(nr: u8) -> Uuid {
    Uuid::from_u128(0xe100 + u128::from(nr))
}

fn ist_bewegung(event: &LagerbestandEvent) -> Option<&Bewegung> {
    use LagerbestandEvent as E;
    match event {
        E::Zugegangen(b)
        | E::Abgegangen(b)
        | E::Umgebucht(b)
        | E::Leergemeldet(b)
        | E::MehrmengeGebucht(b)
        | E::BewegungStorniert(b) => Some(b),
        _ => None,
    }
}

impl Lauf {
    fn command(&self, schritt: &Schritt, datum: NaiveDate) -> Option<Value> {
        let platz = |p: &u8| json!(PLAETZE[usize::from(*p)]);
        let am = json!({"buchungsdatum": datum});
        let wo = |p: &u8| mit(am.clone(), &json!({"platz": platz(p)}));
        Some(match schritt {
            Schritt::Zugang(m, p) => zugang(&m.to_string(), &wo(p)),
            Schritt::Abgang(m, p, None) => abgang(&m.to_string(), &wo(p)),
            Schritt::Abgang(m, p, Some(r)) => abgang(&m.to_string(), &mit(wo(p), &json!({"reservierung_id": res(*r)}))),
            Schritt::Umbuchen(m, v, n) => {
                json!({"Umbuchen": mit(am.clone(), &json!({"von_platz": platz(v), "nach_platz": platz(n), "menge": m}))})
            }
            Schritt::Reservieren(m, r, t) => reservieren(&m.to_string(), &json!({"id": res(*r), "teilweise": t})),
            Schritt::Aendern(m, r, t) => json!({"ReservierungAendern": {"id": res(*r), "menge": m, "teilweise": t}}),
            Schritt::Aufheben(r) => json!({"ReservierungAufheben": {"id": res(*r)}}),
            Schritt::Leermelden(p) => json!({"Leermelden": wo(p)}),
            Schritt::Mehrmenge(m, p) => {
                json!({"MehrmengeBuchen": mit(wo(p), &json!({"menge": m, "grund": "gefunden"}))})
            }
            Schritt::Stornieren(index) => {
                let kandidaten: Vec<&Bewegung> = self.bewegungen.iter().filter(|b| b.storno_von.is_none()).collect();
                if kandidaten.is_empty() {
                    return None;
                }
                let id = index.get(&kandidaten).bewegung_id;
                json!({"BewegungStornieren": {"bewegung_id": id, "grund": "x", "buchungsdatum": datum}})
            }
        })
    }

    fn welt(&self, command: &Value) -> World {
        let mut welt = welt().heute(self.heute);
        welt.version = i64::try_from(self.events.len()).unwrap();
        let id = command
            .pointer("/BewegungStornieren/bewegung_id")
            .and_then(Value::as_str);
        match self
            .bewegungen
            .iter()
            .find(|b| Some(b.bewegung_id.to_string().as_str()) == id)
        {
            Some(original) => {
                let storniert = self
                    .bewegungen
                    .iter()
                    .any(|b| b.storno_von == Some(original.bewegung_id));
                mit_fakt(welt, original, storniert)
            }
            None => welt,
        }
    }

    /// The whole truth about a move, from all moves there ever were.
    fn saldo_nach(&self, am: NaiveDate) -> Menge {
        self.bewegungen
            .iter()
            .filter(|b| b.buchungsdatum <= am)
            .map(Bewegung::delta)
            .sum()
    }

    fn tage(&self) -> impl Iterator<Item = NaiveDate> {
        let tage: std::collections::BTreeSet<NaiveDate> = self.bewegungen.iter().map(|b| b.buchungsdatum).collect();
        tage.into_iter()
    }

    fn pruefe(&self) -> Result<(), TestCaseError> {
        let stand = &self.stand;
        prop_assert!(stand.zeilen.iter().all(|z| z.menge > Menge::NULL), "{:?}", stand.zeilen);
        prop_assert_eq!(stand.zeilen.iter().map(|z| z.menge).sum::<Menge>(), stand.bestand);
        prop_assert!(stand.reserviert <= stand.bestand && stand.reserviert >= Menge::NULL);
        prop_assert_eq!(
            stand.reservierungen.iter().map(|r| r.menge).sum::<Menge>(),
            stand.reserviert
        );
        prop_assert_eq!(stand.frei, stand.bestand - stand.reserviert);
        // Double entry: over all locations the moves sum to 0, over the places to what is there.
        let mut orte: BTreeMap<String, Menge> = BTreeMap::new();
        for b in &self.bewegungen {
            *orte.entry(format!("{:?}", b.von)).or_default() -= b.menge;
            *orte.entry(format!("{:?}", b.nach)).or_default() += b.menge;
        }
        prop_assert!(orte.values().copied().sum::<Menge>().is_null());
        let im_lager = orte
            .iter()
            .filter(|(ort, _)| ort.contains("art: Platz"))
            .map(|(_, m)| *m)
            .sum::<Menge>();
        prop_assert_eq!(im_lager, stand.bestand);
        // No day ended below nothing, and the days that are kept are exact.
        for tag in self.tage() {
            prop_assert!(self.saldo_nach(tag) >= Menge::NULL, "{tag}");
        }
        for t in &stand.tagessalden {
            prop_assert_eq!(self.saldo_nach(t.tag), t.saldo, "{}", t.tag);
        }
        prop_assert!(stand.tagessalden.len() <= usize::try_from(RUECKDATIERUNG_MAX_TAGE).unwrap() + 1);
        Ok(())
    }

    /// A refusal is right: by all moves there ever were, too.
    fn zu_recht(&self, error: &LagerbestandError, command: &Value, datum: NaiveDate) -> Result<(), TestCaseError> {
        match error {
            LagerbestandError::RueckdatierungZuWeit { fruehestens: f } => {
                let letzter = self.tage().last();
                prop_assert!(
                    datum < *f && *f == letzter.map_or(NaiveDate::MIN, fruehestens).max(fruehestens(self.heute))
                );
            }
            LagerbestandError::RueckdatierungNegativ { datum: tag, saldo } => {
                prop_assert!(*tag >= datum && *saldo < Menge::NULL, "{command}");
                let frueher = self.tage().filter(|t| *t >= datum && t < tag);
                let delta = *saldo - self.saldo_nach(*tag);
                for t in frueher.chain((datum < *tag).then_some(datum)) {
                    prop_assert!(self.saldo_nach(t) + delta >= Menge::NULL, "{t} is before {tag}");
                }
            }
            LagerbestandError::Fehlt { .. }
            | LagerbestandError::Reserviert { .. }
            | LagerbestandError::SchonStorniert { .. } => {}
            LagerbestandError::BewegungVonBeleg { .. } => prop_assert!(false, "no receipt is in this world"),
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn kein_verlauf_verletzt_den_bestand(
        schritte in prop::collection::vec((schritt(), 0_u64..6, prop_oneof![3 => Just(0_u64), 2 => 0_u64..36]), 1..80)
    ) {
        let mut lauf = Lauf { stand: Lagerbestand::default(), events: Vec::new(), bewegungen: Vec::new(), heute: tag("2026-01-05") };
        for (schritt, vor, zurueck) in schritte {
            lauf.heute = lauf.heute + Days::new(vor);
            let datum = lauf.heute - Days::new(zurueck);
            let Some(command) = lauf.command(&schritt, datum) else { continue };
            let befehl: LagerbestandCommand = from_value(command.clone()).unwrap();
            match lauf.welt(&command).decide(&lauf.stand, befehl) {
                Ok(events) => {
                    for event in events {
                        // As stored: the event survives its way through the log.
                        let event: LagerbestandEvent = from_value(serde_json::to_value(&event).unwrap()).unwrap();
                        lauf.bewegungen.extend(ist_bewegung(&event).cloned());
                        lauf.stand.evolve(event.clone());
                        lauf.events.push(event);
                    }
                }
                Err(Refused::Domain(error)) => lauf.zu_recht(&error, &command, datum)?,
                Err(Refused::Shared(error)) => prop_assert!(
                    ["EINGABE_UNGUELTIG", "NUMMER_VERGEBEN"].contains(&error.code()), "{} {}", error, command
                ),
                Err(Refused::Missing(lookup)) => prop_assert!(false, "{:?}", lookup),
            }
            lauf.pruefe()?;
        }
        // Replay gives the state, with a snapshot in the middle or without.
        let mitte = lauf.events.len() / 2;
        let mut neu = Lagerbestand::default();
        for (i, event) in lauf.events.iter().enumerate() {
            if i == mitte {
                neu = from_value(serde_json::to_value(&neu).unwrap()).unwrap();
            }
            neu.evolve(event.clone());
        }
        prop_assert_eq!(&neu, &lauf.stand);
    }

    #[test]
    fn alles_rueckwaerts_storniert_ist_leer(
        schritte in prop::collection::vec(schritt(), 1..40)
    ) {
        let mut lauf = Lauf { stand: Lagerbestand::default(), events: Vec::new(), bewegungen: Vec::new(), heute: tag("2026-01-05") };
        let tun = |lauf: &mut Lauf, command: Value| -> bool {
            let Ok(events) = lauf.welt(&command).decide(&lauf.stand, from_value(command).unwrap()) else { return false };
            for event in events {
                lauf.bewegungen.extend(ist_bewegung(&event).cloned());
                lauf.stand.evolve(event.clone());
                lauf.events.push(event);
            }
            true
        };
        for schritt in schritte {
            let heute = lauf.heute;
            if let Some(command) = lauf.command(&schritt, heute) {
                tun(&mut lauf, command);
            }
        }
        for nr in 0..3 {
            let aufgehoben = tun(&mut lauf, json!({"ReservierungAufheben": {"id": res(nr)}}));
            prop_assert!(aufgehoben);
        }
        let alle = lauf.bewegungen.clone();
        let storniert = |b: &Bewegung| alle.iter().any(|s| s.storno_von == Some(b.bewegung_id));
        for b in alle.iter().rev().filter(|b| b.storno_von.is_none() && !storniert(b)) {
            // A reversal in between may have moved what the next one needs from its place; then it is refused for that.
            if !tun(&mut lauf, stornieren(b.bewegung_id)) {
                prop_assert!(alle.iter().any(|s| s.storno_von.is_some()));
                return Ok(());
            }
        }
        prop_assert!(lauf.stand.bestand.is_null() && lauf.stand.zeilen.is_empty());
    }
}

#[test]
fn jede_bewegungsart_hat_genau_eine_richtung() {
    use strum::IntoEnumIterator as _;
    for art in Bewegungsart::iter() {
        let innen = art.richtung() == Richtung::Innen;
        assert_eq!(
            innen,
            art.gegenort() == aggregates::wawi::lagerbestand::Ortsart::Platz,
            "{art:?}"
        );
    }
}
