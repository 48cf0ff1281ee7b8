//! Lieferant: number, duplicates, release, locks, certificates, terms, and what his Kreditor takes over.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod partner_welt;

use aggregates::{
    Aggregate, DomainError, Key,
    fibu::{Kreditor, kreditor::KreditorEvent},
    geschaeftspartner::Adresse,
    wawi::{
        Lieferant,
        lieferant::{LieferantError, LieferantEvent, LieferantStatus, ZertifikatArt},
    },
};
use partner_welt::{STILLGELEGT, Satz, adresse, tag};
use serde_json::{Value, json};
use uuid::Uuid;

const USTID: &str = "DE136695976";
const BEDINGUNG: Uuid = Uuid::from_u128(5);

type Satzlieferant = Satz<Lieferant>;

fn anlegen(weitere: Value) -> Value {
    let mut felder = json!({"name": "Düngerwerk Nord AG", "art": "handel", "ust_status": "regel", "ust_id": USTID});
    felder
        .as_object_mut()
        .unwrap()
        .extend(weitere.as_object().unwrap().clone());
    json!({"Anlegen": felder})
}

fn angelegt() -> Satzlieferant {
    let mut lieferant = Satz::neu();
    lieferant.tu(anlegen(json!({})));
    lieferant
}

fn freigegeben() -> Satzlieferant {
    let mut lieferant = angelegt();
    lieferant.tu(json!({"AdresseSetzen": {"adresse": adresse("haupt", json!({}))}}));
    lieferant.tu(json!({"KonditionSetzen": {"zahlungsbedingung_id": BEDINGUNG}}));
    lieferant.tu(json!({"Freigeben": {}}));
    lieferant
}

fn mit_kreditor(mut lieferant: Satzlieferant, weitere: Vec<KreditorEvent>) -> Satzlieferant {
    let stand = &lieferant.stand;
    let mut events = vec![KreditorEvent::Angelegt {
        nr: stand.lieferant_nr.clone(),
        name: stand.name.clone(),
        anschrift: stand.adressen.first().map(Adresse::anschrift),
        lieferant_id: None,
        sammelkonto: "3300".into(),
        zahlungsbedingung_id: Some(BEDINGUNG),
        waehrung: "EUR".into(),
        selbstabrechnung_ab: None,
    }];
    events.extend(weitere);
    lieferant.welt = lieferant.welt.with::<Kreditor>(stand.kreditor_id.unwrap(), events);
    lieferant
}

fn sperren(bereich: &str) -> Value {
    json!({"Sperren": {"bereich": bereich, "grund": "Mängel"}})
}

#[test]
fn ein_lieferant_haelt_seine_nummer_und_seine_ust_id() {
    let lieferant = angelegt();
    let schluessel = [
        Key::new(Lieferant::KEY_NR, "lieferant_nr", "70001"),
        Key::new(Lieferant::KEY_UST_ID, "ust_id", USTID),
    ];
    assert_eq!(lieferant.stand.keys(), schluessel);
    assert_eq!(Lieferant::default().keys(), []);
    lieferant.abgelehnt(anlegen(json!({})), "STATUS_UNZULAESSIG");
}

#[test]
fn dieselbe_ust_id_ist_nur_mit_grund_erlaubt() {
    let erster = angelegt();
    let mut zweiter: Satzlieferant = Satz::neu();
    let (id, anderer) = (Uuid::from_u128(0x51), erster.stand.clone());
    let event = LieferantEvent::Angelegt {
        lieferant_nr: "70009".into(),
        name: anderer.name,
        matchcode: None,
        art: anderer.art,
        ust_status: anderer.ust_status,
        ust_status_ab: tag("2026-01-01"),
        ust_id: anderer.ust_id,
        steuernummer: None,
        kunde_id: None,
        dublette: None,
        waehrung: "EUR".into(),
    };
    zweiter.welt = zweiter.welt.with::<Lieferant>(id, vec![event]);
    zweiter.abgelehnt(anlegen(json!({})), "LIEFERANT_DUBLETTE");
    assert_eq!(LieferantError::Dublette { id }.data(), json!({"id": id}));
    zweiter.tu(anlegen(json!({"dublette_grund": "zweites Werk"})));
    assert_eq!(zweiter.stand.dublette_von, Some(id));
    assert_eq!(zweiter.stand.keys().len(), 1);
    // Another VAT id of his own is no duplicate any more; the old one needs a reason again.
    zweiter.tu(json!({"StammdatenAendern": {"ust_id": "DE811907980"}}));
    assert_eq!((zweiter.stand.dublette_von, zweiter.stand.keys().len()), (None, 2));
    zweiter.abgelehnt(json!({"StammdatenAendern": {"ust_id": USTID}}), "LIEFERANT_DUBLETTE");
}

#[test]
fn eine_falsche_ust_id_und_ein_unbekannter_kunde_werden_abgelehnt() {
    let lieferant: Satzlieferant = Satz::neu();
    lieferant.abgelehnt(anlegen(json!({"ust_id": "DE136695975"})), "UST_ID_UNGUELTIG");
    lieferant.feld_falsch(anlegen(json!({"kunde_id": Uuid::nil()})), "/kunde_id");
    angelegt().feld_falsch(json!({"StammdatenAendern": {"kunde_id": Uuid::nil()}}), "/kunde_id");
}

#[test]
fn zur_freigabe_gehoeren_hauptadresse_und_kondition_von_heute() {
    let mut lieferant = angelegt();
    let fehlt = |lieferant: &Satzlieferant| {
        let fehler = lieferant.versuche(json!({"Freigeben": {}})).unwrap_err();
        let aggregates::Refused::Domain(fehler) = fehler else {
            panic!("{fehler}")
        };
        assert_eq!(fehler.code(), "LIEFERANT_UNVOLLSTAENDIG");
        fehler.data()["felder"].clone()
    };
    assert_eq!(fehlt(&lieferant), json!(["hauptadresse", "kondition"]));
    lieferant.tu(json!({"AdresseSetzen": {"adresse": adresse("abholung", json!({}))}}));
    lieferant.tu(json!({"KonditionSetzen": {"zahlungsbedingung_id": BEDINGUNG, "gueltig_ab": "2026-03-11"}}));
    assert_eq!(fehlt(&lieferant), json!(["hauptadresse", "kondition"]));
    lieferant.tu(json!({"KonditionSetzen": {"zahlungsbedingung_id": BEDINGUNG, "gueltig_ab": "2026-03-10"}}));
    assert_eq!(fehlt(&lieferant), json!(["hauptadresse"]));
    lieferant.tu(json!({"AdresseSetzen": {"adresse": adresse("haupt", json!({}))}}));
    let events = lieferant.tu(json!({"Freigeben": {}}));
    let LieferantEvent::Freigegeben {
        lieferant_nr,
        zahlungsbedingung_id,
        kreditor_id,
        ..
    } = &events[0]
    else {
        panic!("{events:?}")
    };
    assert_eq!((&**lieferant_nr, *zahlungsbedingung_id), ("70001", BEDINGUNG));
    assert_eq!(lieferant.stand.kreditor_id, Some(*kreditor_id));
    lieferant.abgelehnt(json!({"Freigeben": {}}), "STATUS_UNZULAESSIG");
}

#[test]
fn ein_freigegebener_lieferant_behaelt_eine_hauptadresse() {
    let mut lieferant = freigegeben();
    let id = lieferant.stand.adressen[0].adresse_id;
    let hof = json!({"AdresseSetzen": {"adresse_id": id, "adresse": adresse("hof", json!({}))}});
    lieferant.abgelehnt(hof.clone(), "LIEFERANT_UNVOLLSTAENDIG");
    lieferant.tu(json!({"AdresseSetzen": {"adresse": adresse("haupt", json!({}))}}));
    lieferant.tu(hof);
    assert_eq!(lieferant.stand.adressen.len(), 2);
    let fremd = json!({"AdresseSetzen": {"adresse_id": Uuid::nil(), "adresse": adresse("hof", json!({}))}});
    lieferant.feld_falsch(fremd, "/adresse_id");
}

#[test]
fn bestellt_wird_bei_freigegebenen_und_nicht_fuer_bestellungen_gesperrten() {
    let heute = tag("2026-03-10");
    let code = |l: &Satzlieferant| l.stand.bestellung_pruefen(heute).map_err(|e| e.code());
    assert_eq!(code(&angelegt()), Err("BESTELLUNG_LIEFERANT_GESPERRT"));
    assert_eq!(code(&freigegeben()), Ok(()));
    for (bereich, erwartet) in [
        ("bestellung", Err("BESTELLUNG_LIEFERANT_GESPERRT")),
        ("gesamt", Err("BESTELLUNG_LIEFERANT_GESPERRT")),
        ("zahlung", Ok(())),
    ] {
        let mut lieferant = mit_kreditor(freigegeben(), Vec::new());
        lieferant.tu(sperren(bereich));
        assert_eq!(code(&lieferant), erwartet, "{bereich}");
        assert_eq!(lieferant.stand.status, LieferantStatus::Gesperrt);
        lieferant.abgelehnt(sperren("gesamt"), "STATUS_UNZULAESSIG");
        lieferant.tu(json!({"Entsperren": {}}));
        assert_eq!(code(&lieferant), Ok(()));
        lieferant.abgelehnt(json!({"Entsperren": {}}), "STATUS_UNZULAESSIG");
    }
    angelegt().abgelehnt(sperren("gesamt"), "STATUS_UNZULAESSIG");
}

#[test]
fn nur_die_zahlungssperre_nennt_den_kreditor_und_nur_wenn_er_sich_aendern_muss() {
    let genannt = |lieferant: &Satzlieferant, json: Value| match &lieferant.versuche(json).unwrap()[0] {
        LieferantEvent::Gesperrt { kreditor_id, .. } | LieferantEvent::Entsperrt { kreditor_id, .. } => *kreditor_id,
        andere => panic!("{andere:?}"),
    };
    let offen = mit_kreditor(freigegeben(), Vec::new());
    let kreditor = offen.stand.kreditor_id;
    let ist = ["bestellung", "zahlung", "gesamt"].map(|bereich| genannt(&offen, sperren(bereich)));
    assert_eq!(ist, [None, kreditor, kreditor]);
    let zahlsperre = || KreditorEvent::ZahlsperreGesetzt {
        bis: None,
        grund: "Mängel".into(),
    };
    let entsperren = json!({"Entsperren": {"grund": "behoben"}});
    let mut gesperrt = offen.clone();
    gesperrt.tu(sperren("zahlung"));
    // Lifted in the ledger meanwhile: the lock can be lifted all the same.
    assert_eq!(genannt(&gesperrt, entsperren.clone()), None);
    assert_eq!(
        genannt(&mit_kreditor(gesperrt, vec![zahlsperre()]), entsperren.clone()),
        kreditor
    );
    // A Zahlsperre of the ledger's own stays when orders are free again.
    let mut andere = mit_kreditor(offen, vec![zahlsperre()]);
    andere.tu(sperren("bestellung"));
    assert_eq!(genannt(&andere, entsperren), None);
}

#[test]
fn ein_zertifikat_gilt_am_tag_der_lieferung() {
    // wawi 5, example V2.
    let mut lieferant = freigegeben();
    let erfassen = json!({"art": "qs", "nummer": "QS-1", "gueltig_von": "2025-01-01", "gueltig_bis": "2025-05-31"});
    lieferant.tu(json!({"ZertifikatErfassen": erfassen}));
    let pruefen = |l: &Satzlieferant, art, am| l.stand.zertifikat_pruefen(art, tag(am));
    assert_eq!(pruefen(&lieferant, ZertifikatArt::Qs, "2025-05-31"), Ok(()));
    let fehler = pruefen(&lieferant, ZertifikatArt::Qs, "2025-06-02").unwrap_err();
    assert_eq!(fehler.code(), "LIEFERANT_ZERTIFIKAT_FEHLT");
    assert_eq!(
        fehler.data(),
        json!({"art": "qs", "am": "2025-06-02", "gueltig_bis": "2025-05-31"})
    );
    assert!(pruefen(&lieferant, ZertifikatArt::Bio, "2025-05-31").is_err());
    let id = lieferant.stand.zertifikate[0].nachweis_id;
    let widerrufen = json!({"ZertifikatWiderrufen": {"zertifikat_id": id, "ab": "2025-03-01", "grund": "Audit"}});
    lieferant.tu(widerrufen.clone());
    assert_eq!(pruefen(&lieferant, ZertifikatArt::Qs, "2025-02-28"), Ok(()));
    assert!(pruefen(&lieferant, ZertifikatArt::Qs, "2025-03-01").is_err());
    lieferant.abgelehnt(widerrufen, "STATUS_UNZULAESSIG");
    let fremd = json!({"ZertifikatWiderrufen": {"zertifikat_id": Uuid::nil(), "grund": "x"}});
    lieferant.feld_falsch(fremd, "/zertifikat_id");
}

#[test]
fn die_juengste_begonnene_kondition_gilt_und_betraege_sind_nicht_negativ() {
    let mut lieferant = angelegt();
    for (ab, nr) in [("2026-01-01", 1_u128), ("2026-06-01", 2)] {
        let bedingung = Uuid::from_u128(nr);
        lieferant.tu(json!({"KonditionSetzen": {"zahlungsbedingung_id": bedingung, "gueltig_ab": ab}}));
    }
    let am = |t| {
        lieferant
            .stand
            .kondition(tag(t))
            .map(|k| k.zahlungsbedingung_id.as_u128())
    };
    assert_eq!(
        (am("2025-12-31"), am("2026-05-31"), am("2026-06-01")),
        (None, Some(1), Some(2))
    );
    let setzen = |bedingung: Uuid| json!({"KonditionSetzen": {"zahlungsbedingung_id": bedingung}});
    lieferant.feld_falsch(setzen(Uuid::nil()), "/zahlungsbedingung_id");
    lieferant.abgelehnt(setzen(STILLGELEGT), "ZAHLUNGSBEDINGUNG_STILLGELEGT");
    for feld in ["mindestbestellwert", "frachtfrei_ab"] {
        for betrag in ["-0.01", "1.001"] {
            let json = json!({"KonditionSetzen": {"zahlungsbedingung_id": BEDINGUNG, feld: betrag}});
            lieferant.feld_falsch(json, &format!("/{feld}"));
        }
    }
}

#[test]
fn ein_kontakt_wird_angelegt_geaendert_und_stillgelegt() {
    let mut lieferant = angelegt();
    lieferant.tu(json!({"KontaktSetzen": {"kontakt": {"name": "Frau Ems"}}}));
    let id = lieferant.stand.kontakte[0].kontakt_id;
    lieferant.tu(json!({"KontaktSetzen": {"kontakt_id": id, "kontakt": {"name": "Frau Ems-Weser"}, "aktiv": false}}));
    let kontakte: Vec<_> = lieferant
        .stand
        .kontakte
        .iter()
        .map(|k| (k.name.as_str(), k.aktiv))
        .collect();
    assert_eq!(kontakte, [("Frau Ems-Weser", false)]);
    lieferant.feld_falsch(
        json!({"KontaktSetzen": {"kontakt_id": Uuid::nil(), "kontakt": {"name": "A"}}}),
        "/kontakt_id",
    );
}

#[test]
fn uebergeben_wird_nur_was_beim_kreditor_abweicht() {
    let mut lieferant = mit_kreditor(freigegeben(), Vec::new());
    let uebergeben = json!({"StammdatenUebergeben": {"ust_id": false}});
    assert_eq!(lieferant.versuche(uebergeben.clone()), Ok(Vec::new()));
    assert_eq!(angelegt().versuche(uebergeben.clone()), Ok(Vec::new()));
    let neu = json!({"anschrift": {"plz": "26603", "ort": "Aurich", "land": "DE"}});
    lieferant.tu(json!({"AdresseSetzen": {"adresse": adresse("haupt", neu)}}));
    let events = lieferant.versuche(uebergeben).unwrap();
    let LieferantEvent::StammdatenUebergeben { name, anschrift, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (name, anschrift.as_ref().map(|a| a.ort.as_str())),
        (&None, Some("Aurich"))
    );
}

#[test]
fn mit_offenen_vorgaengen_wird_ein_lieferant_nicht_inaktiv_und_danach_ist_er_es_fuer_immer() {
    let lieferant = mit_kreditor(freigegeben(), Vec::new());
    let mut offen = lieferant.clone();
    offen.welt = offen.welt.fact("personenkonto_saldo", "70001", json!("-0.01"));
    offen.abgelehnt(json!({"Inaktivieren": {}}), "LIEFERANT_OFFENE_VORGAENGE");
    for fact in ["lieferant_bestellungen", "lieferant_wareneingaenge"] {
        let mut offen = lieferant.clone();
        offen.welt = offen.welt.fact(fact, &lieferant.welt.id.to_string(), json!(1));
        offen.abgelehnt(json!({"Inaktivieren": {}}), "LIEFERANT_OFFENE_VORGAENGE");
    }
    let mut lieferant = lieferant;
    lieferant.tu(json!({"Inaktivieren": {"grund": "insolvent"}}));
    lieferant.abgelehnt(json!({"StammdatenAendern": {"name": "B"}}), "STATUS_UNZULAESSIG");
    assert_eq!(
        lieferant.versuche(json!({"StammdatenUebergeben": {"ust_id": true}})),
        Ok(Vec::new())
    );
}
