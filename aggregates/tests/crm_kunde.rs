//! Kunde: number, release, addresses, contacts, locks, merging, and what his Debitor takes over.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod partner_welt;

use aggregates::{
    Key,
    crm::{
        Kreditlinie, Kunde,
        kreditlinie::{KreditBeleg, KreditBelegTyp, KreditlinieEvent},
        kunde::{KundeEvent, KundeStatus, NachweisArt, SperreArt},
    },
    fibu::{Debitor, debitor::DebitorEvent},
    geschaeftspartner::Adresse,
    testing::World,
    types::Betrag,
};
use partner_welt::{Satz, adresse, tag};
use serde_json::{Value, json};
use uuid::Uuid;

const USTID: &str = "DE136695976";

type Satzkunde = Satz<Kunde>;

fn entwurf() -> Satzkunde {
    let mut kunde = Satz::neu();
    kunde.tu(json!({"Anlegen": {
        "kunden_art": "firma", "name": "Landhof Petersen GmbH", "ust_status": "regel", "ust_id": USTID,
    }}));
    kunde
}

fn aktiv() -> Satzkunde {
    let mut kunde = entwurf();
    kunde.tu(json!({"AdresseHinzufuegen": {"adresse": adresse("rechnung", json!({}))}}));
    kunde.tu(json!({"Freigeben": {}}));
    kunde
}

fn debitor_angelegt(kunde: &Kunde) -> DebitorEvent {
    DebitorEvent::Angelegt {
        nr: kunde.kunden_nr.clone(),
        name: kunde.name.clone(),
        anschrift: kunde.adressen.first().map(Adresse::anschrift),
        kunde_id: None,
        sammelkonto: "1200".into(),
        zahlungsbedingung_id: None,
        waehrung: "EUR".into(),
        verbraucher: false,
        mahnverfahren_id: None,
        zinsgruppe: None,
    }
}

/// The customer with his Debitor beside him, after these facts of it.
fn mit_debitor(mut kunde: Satzkunde, weitere: Vec<DebitorEvent>) -> Satzkunde {
    let mut events = vec![debitor_angelegt(&kunde.stand)];
    events.extend(weitere);
    kunde.welt = kunde.welt.with::<Debitor>(kunde.stand.debitor_id.unwrap(), events);
    kunde
}

fn sperren(art: &str) -> Value {
    json!({"SperreSetzen": {"art": art, "grund": "Zahlungsverzug"}})
}

#[test]
fn ein_kunde_bekommt_seine_nummer_beim_anlegen_und_haelt_sie() {
    let kunde = entwurf();
    assert_eq!(kunde.stand.kunden_nr, "10001");
    assert_eq!(kunde.stand.status, KundeStatus::Entwurf);
    let schluessel = aggregates::Aggregate::keys(&kunde.stand);
    assert_eq!(schluessel, [Key::new(Kunde::KEY_NR, "kunden_nr", "10001")]);
    assert_eq!(aggregates::Aggregate::keys(&Kunde::default()), []);
}

#[test]
fn eine_falsche_ust_id_wird_abgelehnt() {
    // crm C1, acceptance 3.
    let anlegen =
        |id: &str| json!({"Anlegen": {"kunden_art": "firma", "name": "A", "ust_status": "regel", "ust_id": id}});
    let kunde: Satzkunde = Satz::neu();
    kunde.abgelehnt(anlegen("DE136695975"), "UST_ID_UNGUELTIG");
    assert!(kunde.versuche(anlegen("DE136695976")).is_ok());
    entwurf().abgelehnt(
        json!({"StammdatenAendern": {"ust_id": "DE136695975"}}),
        "UST_ID_UNGUELTIG",
    );
}

#[test]
fn verbraucher_ist_nur_eine_person() {
    let anlegen =
        |art: &str| json!({"Anlegen": {"kunden_art": art, "name": "A", "ust_status": "regel", "verbraucher": true}});
    let mut kunde: Satzkunde = Satz::neu();
    kunde.feld_falsch(anlegen("firma"), "/kunden_art");
    kunde.tu(anlegen("person"));
    kunde.feld_falsch(json!({"StammdatenAendern": {"kunden_art": "behoerde"}}), "/kunden_art");
}

#[test]
fn ohne_genau_eine_rechnungsadresse_wird_nicht_freigegeben() {
    let mut kunde = entwurf();
    kunde.abgelehnt(json!({"Freigeben": {}}), "KUNDE_RECHNUNGSADRESSE_FEHLT");
    for art in ["lieferung", "rechnung"] {
        kunde.tu(json!({"AdresseHinzufuegen": {"adresse": adresse(art, json!({"gueltig_von": "2026-03-11"}))}}));
    }
    kunde.abgelehnt(json!({"Freigeben": {}}), "KUNDE_RECHNUNGSADRESSE_FEHLT");
    for _ in 0..2 {
        kunde.tu(json!({"AdresseHinzufuegen": {"adresse": adresse("rechnung", json!({}))}}));
    }
    kunde.abgelehnt(json!({"Freigeben": {}}), "KUNDE_RECHNUNGSADRESSE_FEHLT");
}

#[test]
fn die_freigabe_traegt_alles_womit_der_debitor_beginnt() {
    let mut kunde = entwurf();
    let bedingung = Uuid::from_u128(5);
    kunde.tu(json!({"AdresseHinzufuegen": {"adresse": adresse("rechnung", json!({}))}}));
    for (feld, wert) in [("zahlungsbedingung_id", Uuid::nil()), ("preisliste_id", Uuid::nil())] {
        kunde.feld_falsch(json!({"KonditionenSetzen": {feld: wert}}), &format!("/{feld}"));
    }
    let stillgelegt = json!({"KonditionenSetzen": {"zahlungsbedingung_id": partner_welt::STILLGELEGT}});
    kunde.abgelehnt(stillgelegt.clone(), "ZAHLUNGSBEDINGUNG_STILLGELEGT");
    // What he has already stays his until he gets other terms.
    let mut alt = kunde.clone();
    alt.stand.konditionen.zahlungsbedingung_id = Some(partner_welt::STILLGELEGT);
    alt.tu(stillgelegt);
    kunde.tu(json!({"KonditionenSetzen": {"zahlungsbedingung_id": bedingung, "rechnungsart": "sammel"}}));
    let events = kunde.tu(json!({"Freigeben": {}}));
    let [
        KundeEvent::Freigegeben {
            debitor_id,
            kunden_nr,
            name,
            anschrift,
            zahlungsbedingung_id,
            ust_id,
            ust_status_ab,
            waehrung,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (&**kunden_nr, &**name, &**waehrung),
        ("10001", "Landhof Petersen GmbH", "EUR")
    );
    assert_eq!(
        (anschrift.plz.as_str(), *zahlungsbedingung_id),
        ("26721", Some(bedingung))
    );
    assert_eq!((ust_id.as_deref(), *ust_status_ab), (Some(USTID), tag("2026-03-10")));
    assert_eq!(kunde.stand.debitor_id, Some(*debitor_id));
    kunde.abgelehnt(json!({"Freigeben": {}}), "STATUS_UNZULAESSIG");
}

#[test]
fn adressen_gelten_in_der_zeit_und_die_lieferadresse_folgt_ihrem_rang() {
    let mut kunde = aktiv();
    let heute = tag("2026-03-10");
    let art = |kunde: &Satzkunde, am| kunde.stand.lieferadresse(None, am).map(|a| a.art);
    let rechnung = kunde.stand.adressen[0].adresse_id;
    assert_eq!(kunde.stand.lieferadresse(None, heute).unwrap().adresse_id, rechnung);
    kunde.tu(json!({"AdresseHinzufuegen": {"adresse": adresse("hof", json!({"gueltig_bis": "2026-03-31"}))}}));
    kunde.tu(json!({"AdresseHinzufuegen": {"adresse": adresse("lieferung", json!({"gueltig_von": "2026-03-20"}))}}));
    let namen =
        |tage: &[&str]| -> Vec<&'static str> { tage.iter().map(|t| art(&kunde, tag(t)).unwrap().into()).collect() };
    assert_eq!(
        namen(&["2026-03-10", "2026-03-20", "2026-04-01"]),
        ["hof", "lieferung", "lieferung"]
    );
    let hof = kunde.stand.adressen[1].adresse_id;
    assert!(kunde.stand.lieferadresse(Some(hof), tag("2026-03-31")).is_some());
    assert!(kunde.stand.lieferadresse(Some(hof), tag("2026-04-01")).is_none());
}

#[test]
fn ein_aktiver_kunde_behaelt_eine_rechnungsadresse() {
    let mut kunde = aktiv();
    let id = kunde.stand.adressen[0].adresse_id;
    let schliessen = |bis: &str| json!({"AdresseSchliessen": {"adresse_id": id, "bis": bis}});
    let mut gestern = kunde.clone();
    gestern.stand.adressen[0].gueltig_von = tag("2026-01-01");
    gestern.abgelehnt(schliessen("2026-03-09"), "KUNDE_RECHNUNGSADRESSE_FEHLT");
    let hof = json!({"AdresseAendern": {"adresse_id": id, "adresse": adresse("hof", json!({}))}});
    kunde.abgelehnt(hof.clone(), "KUNDE_RECHNUNGSADRESSE_FEHLT");
    kunde.feld_falsch(schliessen("2026-03-09"), "/bis");
    // With a second one the first may go; the younger one holds while both do.
    let neu = json!({"anschrift": {"plz": "26603", "ort": "Aurich", "land": "DE"}, "gueltig_von": "2026-03-10"});
    kunde.tu(json!({"AdresseHinzufuegen": {"adresse": adresse("rechnung", neu)}}));
    kunde.tu(hof);
    assert_eq!(kunde.stand.rechnungsadresse(tag("2026-03-10")).unwrap().ort, "Aurich");
}

#[test]
fn eine_adresse_wird_geprueft() {
    let kunde = entwurf();
    let land = json!({"anschrift": {"plz": "1", "ort": "A", "land": "de"}});
    let hinzufuegen = |weitere: Value| json!({"AdresseHinzufuegen": {"adresse": adresse("hof", weitere)}});
    kunde.feld_falsch(hinzufuegen(land), "/adresse/anschrift/land");
    let zeit = json!({"gueltig_von": "2026-03-02", "gueltig_bis": "2026-03-01"});
    kunde.feld_falsch(hinzufuegen(zeit), "/adresse/gueltig_bis");
    let fremde = json!({"AdresseAendern": {"adresse_id": Uuid::from_u128(9), "adresse": adresse("hof", json!({}))}});
    kunde.feld_falsch(fremde, "/adresse_id");
}

#[test]
fn der_hauptkontakt_ist_aktiv_und_endet_mit_dem_kontakt() {
    let mut kunde = entwurf();
    let kontakt = json!({"name": "Onno Harms", "email": "onno@harms.de", "empfang": ["rechnung", "avis", "rechnung"]});
    kunde.tu(json!({"KontaktHinzufuegen": {"kontakt": kontakt}}));
    let (id, person) = (
        kunde.stand.kontakte[0].kontakt_id,
        kunde.stand.kontakte[0].betroffener_id,
    );
    assert_eq!(kunde.stand.kontakte[0].empfang.len(), 2);
    kunde.tu(json!({"HauptkontaktSetzen": {"kontakt_id": id}}));
    kunde.tu(json!({"KontaktAendern": {"kontakt_id": id, "kontakt": {"name": "Onno Harms jun."}}}));
    assert_eq!(kunde.stand.kontakte[0].betroffener_id, person);
    kunde.tu(json!({"KontaktDeaktivieren": {"kontakt_id": id}}));
    assert_eq!(kunde.stand.hauptkontakt_id, None);
    kunde.abgelehnt(
        json!({"HauptkontaktSetzen": {"kontakt_id": id}}),
        "KUNDE_HAUPTKONTAKT_INAKTIV",
    );
    kunde.abgelehnt(json!({"KontaktDeaktivieren": {"kontakt_id": id}}), "STATUS_UNZULAESSIG");
    kunde.feld_falsch(
        json!({"HauptkontaktSetzen": {"kontakt_id": Uuid::nil()}}),
        "/kontakt_id",
    );
    for email in ["onno", "@harms.de", "onno@harms", "onno @harms.de", "onno@.de"] {
        let kontakt = json!({"name": "Onno Harms", "email": email});
        kunde.feld_falsch(json!({"KontaktHinzufuegen": {"kontakt": kontakt}}), "/kontakt/email");
    }
}

#[test]
fn eine_sperre_blockt_genau_ihren_schritt_bis_zu_ihrem_letzten_tag() {
    let mut kunde = mit_debitor(aktiv(), Vec::new());
    kunde.tu(json!({"SperreSetzen": {"art": "liefer", "grund": "Verzug", "bis": "2026-03-12"}}));
    let gesperrt = |art, am| kunde.stand.gesperrt(art, tag(am));
    assert!(gesperrt(SperreArt::Liefer, "2026-03-10") && gesperrt(SperreArt::Liefer, "2026-03-12"));
    assert!(!gesperrt(SperreArt::Liefer, "2026-03-13") && !gesperrt(SperreArt::Auftrag, "2026-03-10"));
    kunde.abgelehnt(sperren("liefer"), "KUNDE_SPERRE_DOPPELT");
    kunde.feld_falsch(
        json!({"SperreSetzen": {"art": "auftrag", "grund": "x", "bis": "2026-03-09"}}),
        "/bis",
    );
    kunde.abgelehnt(
        json!({"SperreAufheben": {"art": "auftrag", "grund": "x"}}),
        "STATUS_UNZULAESSIG",
    );
    entwurf().abgelehnt(sperren("liefer"), "KUNDE_NICHT_AKTIV");
}

#[test]
fn eine_sperre_laeuft_nach_ihrem_letzten_tag_ab_und_keine_andere_mit_ihr() {
    let mut kunde = aktiv();
    let ablaufen = json!({"SperreAblaufen": {"art": "liefer", "bis": "2026-03-12"}});
    kunde.tu(json!({"SperreSetzen": {"art": "liefer", "grund": "Verzug", "bis": "2026-03-12"}}));
    assert_eq!(kunde.versuche(ablaufen.clone()), Ok(Vec::new()));
    let mut spaeter = kunde.clone();
    spaeter.welt = spaeter.welt.heute(tag("2026-03-13"));
    let mut andere = spaeter.clone();
    andere.tu(json!({"SperreAufheben": {"art": "liefer", "grund": "bezahlt"}}));
    assert_eq!(andere.versuche(ablaufen.clone()), Ok(Vec::new()));
    andere.tu(sperren("liefer"));
    assert_eq!(andere.versuche(ablaufen.clone()), Ok(Vec::new()));
    assert_eq!(spaeter.tu(ablaufen).len(), 1);
    assert!(spaeter.stand.sperren.is_empty());
}

#[test]
fn die_fakturasperre_nennt_den_debitor_nur_wenn_er_sich_aendern_muss() {
    let gesperrt = || DebitorEvent::Gesperrt {
        grund: "Buchhaltung".into(),
    };
    let genannt = |kunde: &Satzkunde, json: Value| match &kunde.versuche(json).unwrap()[0] {
        KundeEvent::SperreGesetzt { debitor_id, .. } | KundeEvent::SperreAufgehoben { debitor_id, .. } => *debitor_id,
        andere => panic!("{andere:?}"),
    };
    let offen = mit_debitor(aktiv(), Vec::new());
    let debitor = offen.stand.debitor_id;
    assert_eq!(genannt(&offen, sperren("faktura")), debitor);
    assert_eq!(genannt(&offen, sperren("auftrag")), None);
    assert_eq!(
        genannt(&mit_debitor(aktiv(), vec![gesperrt()]), sperren("faktura")),
        None
    );
    let geschlossen = DebitorEvent::Geschlossen { grund: None };
    assert_eq!(
        genannt(&mit_debitor(aktiv(), vec![geschlossen]), sperren("faktura")),
        None
    );
    let mut kunde = offen.clone();
    kunde.tu(sperren("faktura"));
    let aufheben = json!({"SperreAufheben": {"art": "faktura", "grund": "bezahlt"}});
    // Unlocked by hand meanwhile: the lock can be lifted all the same.
    assert_eq!(genannt(&kunde, aufheben.clone()), None);
    assert_eq!(genannt(&mit_debitor(kunde, vec![gesperrt()]), aufheben), debitor);
}

#[test]
fn uebergeben_wird_nur_was_beim_debitor_abweicht() {
    let mut kunde = mit_debitor(aktiv(), Vec::new());
    let uebergeben = json!({"StammdatenUebergeben": {"ust_id": false}});
    assert_eq!(kunde.versuche(uebergeben.clone()), Ok(Vec::new()));
    assert_eq!(entwurf().versuche(uebergeben.clone()), Ok(Vec::new()));
    kunde.tu(json!({"StammdatenAendern": {"name": "Landhof Petersen KG"}}));
    kunde.tu(json!({"KonditionenSetzen": {"zahlungsbedingung_id": Uuid::from_u128(5)}}));
    let events = kunde.versuche(uebergeben).unwrap();
    let KundeEvent::StammdatenUebergeben {
        name,
        anschrift,
        ust_id,
        zahlungsbedingung_id,
        ..
    } = &events[0]
    else {
        panic!("{events:?}")
    };
    assert_eq!((name.as_deref(), anschrift), (Some("Landhof Petersen KG"), &None));
    assert_eq!((ust_id, *zahlungsbedingung_id), (&None, Some(Uuid::from_u128(5))));
    let events = kunde
        .versuche(json!({"StammdatenUebergeben": {"ust_id": true}}))
        .unwrap();
    assert!(matches!(&events[0], KundeEvent::StammdatenUebergeben { ust_id: Some(id), .. } if id == USTID));
}

#[test]
fn ein_nachweis_gilt_in_seiner_zeit() {
    let mut kunde = aktiv();
    let nachweis =
        json!({"art": "sachkunde_psm", "nummer": "NI-1", "gueltig_von": "2026-01-01", "gueltig_bis": "2026-12-31"});
    kunde.tu(json!({"NachweisErfassen": nachweis}));
    let gilt = |art, am| kunde.stand.nachweis(art, tag(am)).is_some();
    assert!(gilt(NachweisArt::SachkundePsm, "2026-01-01") && gilt(NachweisArt::SachkundePsm, "2026-12-31"));
    assert!(!gilt(NachweisArt::SachkundePsm, "2027-01-01") && !gilt(NachweisArt::SachkundePsm, "2025-12-31"));
    assert!(!gilt(NachweisArt::Bio, "2026-01-01"));
    let verkehrt = json!({"art": "bio", "nummer": "1", "gueltig_von": "2026-01-02", "gueltig_bis": "2026-01-01"});
    kunde.feld_falsch(json!({"NachweisErfassen": verkehrt}), "/gueltig_bis");
}

#[test]
fn valuta_hat_eine_grenze() {
    let setzen = |tage: u16| json!({"KonditionenSetzen": {"valuta_tage": tage}});
    assert!(entwurf().versuche(setzen(365)).is_ok());
    entwurf().feld_falsch(setzen(366), "/valuta_tage");
}

/// A world in which the customer's line carries an order.
fn mit_auftrag(welt: World) -> World {
    let beleg = KreditBeleg {
        typ: KreditBelegTyp::Auftrag,
        id: Uuid::from_u128(7),
        nummer: None,
    };
    let kunde_id = welt.id;
    let belegt = KreditlinieEvent::Belegt {
        beleg,
        betrag: Betrag::cent(100),
        war_vorgemerkt: false,
        obligo: Betrag::cent(100),
    };
    let eingerichtet = KreditlinieEvent::Eingerichtet {
        kunde_id,
        waehrung: "EUR".into(),
    };
    let id = Kreditlinie::stream_id(welt.frame.mandant_id, kunde_id);
    welt.with::<Kreditlinie>(id, vec![eingerichtet, belegt])
}

#[test]
fn mit_offenen_vorgaengen_wird_weder_archiviert_noch_zusammengefuehrt() {
    let ziel = Uuid::from_u128(0x20);
    let archivieren = json!({"Archivieren": {}});
    let zusammenfuehren = json!({"ZusammenfuehrenIn": {"ziel_id": ziel}});
    let andere = aktiv();
    let mut kunde = mit_debitor(aktiv(), Vec::new());
    let events = vec![andere_angelegt(&andere), freigegeben(&andere)];
    kunde.welt = kunde.welt.with::<Kunde>(ziel, events);
    let mit_saldo = |kunde: &Satzkunde| Satz {
        welt: kunde.welt.clone().fact("personenkonto_saldo", "10001", json!("0.01")),
        stand: kunde.stand.clone(),
    };
    let mit_auftrag = Satz {
        welt: mit_auftrag(kunde.welt.clone()),
        stand: kunde.stand.clone(),
    };
    for json in [&archivieren, &zusammenfuehren] {
        mit_saldo(&kunde).abgelehnt(json.clone(), "KUNDE_OFFENE_VORGAENGE");
        mit_auftrag.abgelehnt(json.clone(), "KUNDE_OFFENE_VORGAENGE");
        assert!(kunde.versuche(json.clone()).is_ok());
    }
    kunde.tu(zusammenfuehren);
    assert_eq!(kunde.stand.zusammengefuehrt_in, Some(ziel));
    kunde.abgelehnt(json!({"StammdatenAendern": {"name": "B"}}), "KUNDE_NICHT_AKTIV");
}

fn andere_angelegt(kunde: &Satzkunde) -> KundeEvent {
    KundeEvent::Angelegt {
        kunden_nr: "10002".into(),
        kunden_art: kunde.stand.kunden_art,
        name: "Hof Meyer GbR".into(),
        verbraucher: false,
        ust_status: kunde.stand.ust_status,
        ust_status_ab: tag("2026-01-01"),
        ust_id: None,
        waehrung: "EUR".into(),
    }
}

fn freigegeben(kunde: &Satzkunde) -> KundeEvent {
    KundeEvent::Freigegeben {
        debitor_id: Uuid::from_u128(0xd),
        kunden_nr: "10002".into(),
        name: "Hof Meyer GbR".into(),
        anschrift: kunde.stand.adressen[0].anschrift(),
        zahlungsbedingung_id: None,
        ust_art: kunde.stand.ust_status,
        ust_status_ab: tag("2026-01-01"),
        ust_id: None,
        waehrung: "EUR".into(),
        verbraucher: false,
    }
}

#[test]
fn ein_kunde_geht_nicht_im_kreis_und_nur_in_einem_aktiven_auf() {
    let kunde = aktiv();
    let (eins, zwei) = (Uuid::from_u128(0x21), Uuid::from_u128(0x22));
    let in_ihm = |ziel_id| KundeEvent::Zusammengefuehrt { ziel_id };
    let angelegt = || vec![andere_angelegt(&kunde), freigegeben(&kunde)];
    let mut satz = kunde.clone();
    let mut events = angelegt();
    events.push(in_ihm(zwei));
    satz.welt = satz.welt.with::<Kunde>(eins, events);
    let mut events = angelegt();
    events.push(in_ihm(satz.welt.id));
    satz.welt = satz.welt.clone().with::<Kunde>(zwei, events);
    let ziel = |id: Uuid| json!({"ZusammenfuehrenIn": {"ziel_id": id}});
    for id in [eins, zwei, satz.welt.id] {
        satz.abgelehnt(ziel(id), "KUNDE_ZYKLISCHE_ZUSAMMENFUEHRUNG");
    }
    satz.feld_falsch(ziel(Uuid::nil()), "/ziel_id");
    let mut events = angelegt();
    events.push(KundeEvent::Archiviert { grund: None });
    satz.welt = satz.welt.clone().with::<Kunde>(eins, events);
    satz.abgelehnt(ziel(eins), "KUNDE_NICHT_AKTIV");
    entwurf().abgelehnt(ziel(eins), "KUNDE_NICHT_AKTIV");
}

#[test]
fn aus_dem_archiv_kommt_ein_kunde_zurueck_in_seinen_status() {
    for (mut kunde, status) in [(entwurf(), KundeStatus::Entwurf), (aktiv(), KundeStatus::Aktiv)] {
        kunde.abgelehnt(json!({"Reaktivieren": {}}), "STATUS_UNZULAESSIG");
        kunde.tu(json!({"Archivieren": {"grund": "verzogen"}}));
        kunde.abgelehnt(sperren("liefer"), "KUNDE_NICHT_AKTIV");
        kunde.abgelehnt(json!({"Archivieren": {}}), "KUNDE_NICHT_AKTIV");
        kunde.tu(json!({"Reaktivieren": {}}));
        assert_eq!(kunde.stand.status, status);
    }
}
