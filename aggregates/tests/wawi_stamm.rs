//! Mengeneinheit, Artikelgruppe and Lager: every command, every refusal.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod stamm_welt;
mod wawi_welt;

use aggregates::{
    Aggregate,
    wawi::{
        Artikelgruppe, Lager, Mengeneinheit,
        lager::{FACT_BELEGT, LagerError},
    },
};
use serde_json::{Value, json};
use stamm_welt::{check, decide, grund, state};
use uuid::Uuid;
use wawi_welt::{EMDEN, GRUPPE, einheit, events, lager, welt};

const STATUS: Result<&[&str], &str> = Err("STATUS_UNZULAESSIG");
const EINGABE: Result<&[&str], &str> = Err("EINGABE_UNGUELTIG");

// ---- Mengeneinheit ----

fn neue_einheit(mehr: Value) -> Value {
    let mut felder =
        json!({"code": "dt", "bezeichnung": "Dezitonne", "dimension": "masse", "zaehler": 100, "nenner": 1});
    felder
        .as_object_mut()
        .unwrap()
        .extend(mehr.as_object().unwrap().clone());
    json!({"Anlegen": felder})
}

#[test]
fn eine_einheit_wird_angelegt_und_stillgelegt() {
    let welt = welt();
    let da = [einheit("dt", "masse", 100)];
    let weg = [da[0].clone(), json!({"Stillgelegt": grund()})];
    let pruefe = |given: &[Value], command, wanted| check::<Mengeneinheit>(&welt, given, command, wanted);
    pruefe(&[], neue_einheit(json!({"un_ece": "DTN"})), Ok(&["Angelegt"]));
    for falsch in [
        json!({"zaehler": 0}),
        json!({"nenner": -1}),
        json!({"zaehler": 1_000_001}),
        json!({"code": "d t"}),
        json!({"un_ece": "dtn"}),
        json!({"un_ece": "D"}),
    ] {
        pruefe(&[], neue_einheit(falsch), EINGABE);
    }
    pruefe(&da, neue_einheit(json!({})), STATUS);
    pruefe(&da, json!({"Stilllegen": grund()}), Ok(&["Stillgelegt"]));
    pruefe(&weg, json!({"Stilllegen": grund()}), STATUS);
    // The code stays taken, so that old documents keep their meaning.
    assert_eq!(state::<Mengeneinheit>(&weg).keys().len(), 1);
}

// ---- Artikelgruppe ----

#[test]
fn eine_gruppe_liegt_nie_ueber_sich_selbst() {
    let (oben, mitte, unten) = (GRUPPE, Uuid::from_u128(0x9002), Uuid::from_u128(0x9003));
    let gruppe = |nr: &str, eltern: Option<Uuid>| json!({"Angelegt": {"nr": nr, "name": nr, "eltern_id": eltern, "toleranz_ueber": "0", "toleranz_unter": "0"}});
    let mut welt = welt()
        .with::<Artikelgruppe>(mitte, events::<Artikelgruppe>(&[gruppe("11", Some(oben))]))
        .with::<Artikelgruppe>(unten, events::<Artikelgruppe>(&[gruppe("12", Some(mitte))]));
    let anlegen = |eltern: Value| json!({"Anlegen": {"nr": "13", "name": "Kalk", "eltern_id": eltern}});
    check::<Artikelgruppe>(&welt, &[], anlegen(json!(unten)), Ok(&["Angelegt"]));
    check::<Artikelgruppe>(&welt, &[], anlegen(json!(Uuid::from_u128(1))), EINGABE);
    welt.id = oben;
    let umhaengen = |eltern: Value| json!({"Umhaengen": {"eltern_id": eltern}});
    let da = [gruppe("10", None)];
    for eltern in [oben, mitte, unten] {
        check::<Artikelgruppe>(&welt, &da, umhaengen(json!(eltern)), Err("ARTIKELGRUPPE_ZYKLUS"));
    }
    check::<Artikelgruppe>(&welt, &da, umhaengen(json!(null)), Ok(&["Umgehaengt"]));
    welt.id = unten;
    check::<Artikelgruppe>(
        &welt,
        &[gruppe("12", Some(mitte))],
        umhaengen(json!(oben)),
        Ok(&["Umgehaengt"]),
    );
}

#[test]
fn ein_zu_tiefer_baum_wird_abgelehnt() {
    let mut welt = welt();
    let id = |ebene: u128| Uuid::from_u128(0x9100 + ebene);
    for ebene in 0..25 {
        let eltern = (ebene > 0).then(|| id(ebene - 1));
        let gruppe = json!({"Angelegt": {"nr": ebene.to_string(), "name": "x", "eltern_id": eltern,
            "toleranz_ueber": "0", "toleranz_unter": "0"}});
        welt = welt.with::<Artikelgruppe>(id(ebene), events::<Artikelgruppe>(&[gruppe]));
    }
    let anlegen = |eltern| json!({"Anlegen": {"nr": "t", "name": "tief", "eltern_id": eltern}});
    check::<Artikelgruppe>(&welt, &[], anlegen(id(18)), Ok(&["Angelegt"]));
    check::<Artikelgruppe>(&welt, &[], anlegen(id(24)), Err("ARTIKELGRUPPE_ZYKLUS"));
}

#[test]
fn toleranzen_und_ende_einer_gruppe() {
    let welt = welt();
    let da = [json!({"Angelegt": {"nr": "10", "name": "Dünger", "toleranz_ueber": "0", "toleranz_unter": "0"}})];
    let weg = [da[0].clone(), json!({"Stillgelegt": grund()})];
    let toleranz = json!({"ToleranzSetzen": {"toleranz_ueber": "5", "toleranz_unter": "2.5"}});
    check::<Artikelgruppe>(&welt, &da, toleranz.clone(), Ok(&["ToleranzGesetzt"]));
    check::<Artikelgruppe>(&welt, &da, json!({"Stilllegen": grund()}), Ok(&["Stillgelegt"]));
    for command in [
        toleranz.clone(),
        json!({"Stilllegen": grund()}),
        json!({"Umhaengen": {}}),
    ] {
        check::<Artikelgruppe>(&welt, &weg, command, STATUS);
    }
    check::<Artikelgruppe>(&welt, &da, json!({"Anlegen": {"nr": "1", "name": "x"}}), STATUS);
    let gesetzt = [
        da[0].clone(),
        json!({"ToleranzGesetzt": {"toleranz_ueber": "5", "toleranz_unter": "2.5"}}),
    ];
    let gruppe = state::<Artikelgruppe>(&gesetzt);
    assert_eq!(
        (gruppe.toleranz_ueber.to_string(), gruppe.toleranz_unter.to_string()),
        ("5".into(), "2.5".into())
    );
    // A group below a stopped one cannot be made.
    let welt = welt.with::<Artikelgruppe>(GRUPPE, events::<Artikelgruppe>(&weg));
    check::<Artikelgruppe>(
        &welt,
        &[],
        json!({"Anlegen": {"nr": "1", "name": "x", "eltern_id": GRUPPE}}),
        EINGABE,
    );
}

// ---- Lager ----

fn plaetze(muster: &str, von: i64, bis: i64) -> Value {
    json!({"PlaetzeGenerieren": {"zone": "L", "muster": muster, "von": von, "bis": bis, "typ": "regal"}})
}

#[test]
fn plaetze_entstehen_aus_einem_muster() {
    let welt = welt();
    let ok: Result<&[&str], &str> = Ok(&["PlaetzeGeneriert"]);
    let found = decide::<Lager>(&welt, &lager(), plaetze("B-{00}", 8, 11)).unwrap();
    let namen: Vec<&str> = found[0]["PlaetzeGeneriert"]["plaetze"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["nr"].as_str().unwrap())
        .collect();
    assert_eq!(namen, ["B-08", "B-09", "B-10", "B-11"]);
    for (command, wanted) in [
        (plaetze("A-{00}", 4, 9), ok),
        (plaetze("A-{00}", 2, 9), Err("LAGER_PLATZ_DOPPELT")),
        (plaetze("B", 1, 2), EINGABE),
        (plaetze("B-{JJJJ}-{00}", 1, 2), EINGABE),
        (plaetze("B-{00}", 5, 4), EINGABE),
        (plaetze("B-{00}", -1, 4), EINGABE),
        (plaetze("B-{00}", 1, 100), EINGABE),
        (plaetze("B-{0000}", 1, 5_001), EINGABE),
        (plaetze("B-{0000}", 1, i64::MAX), EINGABE),
        (plaetze("ein-viel-zu-langer-{000000}", 1, 2), EINGABE),
    ] {
        check::<Lager>(&welt, &lager(), command, wanted);
    }
    let mut fremd = plaetze("B-{00}", 1, 2);
    fremd["PlaetzeGenerieren"]["zone"] = json!("X");
    check::<Lager>(&welt, &lager(), fremd, EINGABE);
    let mut leer = plaetze("B-{00}", 1, 2);
    leer["PlaetzeGenerieren"]["kapazitaet_kg"] = json!("0");
    check::<Lager>(&welt, &lager(), leer, Err("MENGE_UNGUELTIG"));
    let zone = |nr: &str| json!({"ZoneHinzufuegen": {"nr": nr, "art": "we"}});
    check::<Lager>(&welt, &lager(), zone("W"), Ok(&["ZoneHinzugefuegt"]));
    check::<Lager>(&welt, &lager(), zone("L"), Err("LAGER_PLATZ_DOPPELT"));
}

#[test]
fn ein_gesperrter_platz_nimmt_und_gibt_nichts() {
    let welt = welt();
    let sperren = |platz: &str| json!({"PlatzSperren": {"platz": platz, "grund": "Dach undicht"}});
    let entsperren = |platz: &str| json!({"PlatzEntsperren": {"platz": platz}});
    check::<Lager>(&welt, &lager(), sperren("A-01"), Ok(&["PlatzGesperrt"]));
    check::<Lager>(&welt, &lager(), sperren("A-03"), Err("LAGER_PLATZ_GESPERRT"));
    check::<Lager>(&welt, &lager(), sperren("Z"), EINGABE);
    check::<Lager>(&welt, &lager(), entsperren("A-03"), Ok(&["PlatzEntsperrt"]));
    check::<Lager>(&welt, &lager(), entsperren("A-01"), EINGABE);
    check::<Lager>(&welt, &lager(), entsperren("Z"), EINGABE);
    let emden = state::<Lager>(&lager());
    assert_eq!(
        (emden.platz_pruefen(None), emden.platz_pruefen(Some("A-02"))),
        (Ok(()), Ok(()))
    );
    for platz in ["A-03", "Z"] {
        let platz = Some(platz.to_owned());
        assert_eq!(
            emden.platz_pruefen(platz.as_deref()),
            Err(LagerError::PlatzGesperrt { platz: platz.clone() })
        );
    }
    let mut offen = lager();
    offen.push(json!({"PlatzEntsperrt": {"platz": "A-03"}}));
    assert_eq!(state::<Lager>(&offen).platz_pruefen(Some("A-03")), Ok(()));
    let mut weg = lager();
    weg.push(json!({"Stillgelegt": grund()}));
    assert_eq!(
        state::<Lager>(&weg).platz_pruefen(None),
        Err(LagerError::PlatzGesperrt { platz: None })
    );
    check::<Lager>(&welt, &weg, sperren("A-01"), STATUS);
}

#[test]
fn der_bewertungskreis_steht_seit_dem_ersten_bestand_fest() {
    let welt = welt();
    let aendern = |kreis: &str| json!({"StammdatenAendern": {"name": "Emden Hafen", "bewertungskreis": kreis}});
    let mut gefuehrt = lager();
    gefuehrt.push(json!({"BestandsfuehrungBegonnen": {}}));
    check::<Lager>(&welt, &lager(), aendern("2"), Ok(&["StammdatenGeaendert"]));
    check::<Lager>(&welt, &gefuehrt, aendern("2"), Err("LAGER_BEWERTUNGSKREIS_FEST"));
    check::<Lager>(&welt, &gefuehrt, aendern("1"), Ok(&["StammdatenGeaendert"]));
    let land = json!({"StammdatenAendern": {"anschrift": {"plz": "26721", "ort": "Emden", "land": "xx"}}});
    check::<Lager>(&welt, &lager(), land, EINGABE);
    let beginnen = json!({"BestandsfuehrungBeginnen": {}});
    check::<Lager>(&welt, &lager(), beginnen.clone(), Ok(&["BestandsfuehrungBegonnen"]));
    check::<Lager>(&welt, &gefuehrt, beginnen, Ok(&[]));
}

#[test]
fn ein_lager_endet_erst_wenn_nichts_mehr_darin_liegt() {
    let mut voll = welt().fact(FACT_BELEGT, &EMDEN.to_string(), json!(2));
    let mut leer = welt().fact(FACT_BELEGT, &EMDEN.to_string(), json!(0));
    (voll.id, leer.id) = (EMDEN, EMDEN);
    let mut gefuehrt = lager();
    gefuehrt.push(json!({"BestandsfuehrungBegonnen": {}}));
    let stilllegen = json!({"Stilllegen": grund()});
    check::<Lager>(&voll, &gefuehrt, stilllegen.clone(), Err("LAGER_NICHT_LEER"));
    check::<Lager>(&leer, &gefuehrt, stilllegen.clone(), Ok(&["Stillgelegt"]));
    // Never used: the ledger need not be asked.
    check::<Lager>(&voll, &lager(), stilllegen, Ok(&["Stillgelegt"]));
    let anlegen = json!({"Anlegen": {"nr": "2", "name": "Aurich", "art": "eigen", "bewertungskreis": "2"}});
    check::<Lager>(&leer, &[], anlegen.clone(), Ok(&["Angelegt"]));
    check::<Lager>(&leer, &lager(), anlegen, STATUS);
}
