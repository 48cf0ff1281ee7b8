//! Auftrag: the examples of crm C1, C2 and C3 to the cent, every refusal, and what holds for any deliveries.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod partner_welt;
mod verkauf_welt;
mod wawi_welt;

use aggregates::{
    Aggregate,
    context::part_id,
    crm::{
        Auftrag, Kunde,
        auftrag::{AuftragEvent, AuftragStatus, Kreditfolge},
        preisfindung::Preisquelle,
    },
    types::{Betrag, Menge},
    wawi::{Artikel, Preisliste, belegposition::Positionsstatus},
};
use partner_welt::Satz;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;
use verkauf_welt::{
    KUNDE, MLF, erfasst, freigegeben, kunde, lieferung, linie, liste, mit_linie, position, sperre, welt,
};
use wawi_welt::{EMDEN, FRACHT, KAS, kas};

fn euro(text: &str) -> Betrag {
    text.parse().unwrap()
}

fn menge(text: &str) -> Menge {
    text.parse().unwrap()
}

fn kilo(kg: i64) -> Menge {
    Menge::rounded(rust_decimal::Decimal::new(kg, 3), 3)
}

/// With 19 % tax, rounded once.
fn brutto(netto: Betrag) -> Betrag {
    netto + Betrag::rounded(netto.as_decimal() * rust_decimal::Decimal::new(19, 2)).unwrap()
}

fn namen(events: &[AuftragEvent]) -> Vec<&'static str> {
    events.iter().map(Into::into).collect()
}

/// Net and gross of the delivery that comes first among the events.
fn geliefert(events: &[AuftragEvent]) -> (Betrag, Betrag) {
    match &events[0] {
        AuftragEvent::LieferungErfasst { positionen, brutto, .. } => (positionen[0].netto, *brutto),
        anderes => panic!("{anderes:?}"),
    }
}

fn faktura(satz: &Satz<Auftrag>, command: &str, menge: &str, netto: &str) -> Value {
    let art = if command == "FakturaErfassen" {
        "rechnung"
    } else {
        "storno"
    };
    let zeile = json!({"position_id": satz.stand.positionen[0].position_id, "menge": menge, "einheit": "t",
        "netto": netto});
    let mut body = json!({"rechnung_id": Uuid::from_u128(0x99), "nummer": "AR-2026-000001", "art": art,
        "positionen": [zeile]});
    if command == "FakturaErfassen" {
        body["kunde_id"] = json!(KUNDE);
    }
    json!({command: body})
}

fn storno(satz: &Satz<Auftrag>, menge: Option<&str>) -> Value {
    json!({"PositionStornieren": {"position_id": satz.stand.positionen[0].position_id, "menge": menge, "grund": "Test"}})
}

fn aendern(satz: &Satz<Auftrag>, felder: Value) -> Value {
    let mut body = json!({"position_id": satz.stand.positionen[0].position_id});
    body.as_object_mut()
        .unwrap()
        .extend(felder.as_object().unwrap().clone());
    json!({"PositionAendern": body})
}

#[test]
fn c3_1_lieferungen_und_rechnungen_nehmen_ihren_anteil_am_beschlossenen_netto() {
    let mut auftrag = freigegeben(welt(), MLF, "25", Some("312.40"));
    let nr = auftrag.stand.positionen[0].position_id;
    assert_eq!(
        (auftrag.stand.netto, auftrag.stand.brutto),
        (euro("7810.00"), euro("8356.70"))
    );
    assert_eq!(auftrag.stand.lieferbar(nr), menge("26.25"));
    let mut netto = Betrag::NULL;
    for (geht, anteil) in [("9.8", "3061.52"), ("10.1", "3155.24"), ("5.2", "1624.48")] {
        let events = auftrag.tu(lieferung(&auftrag, geht, false));
        assert_eq!(geliefert(&events).0, euro(anteil), "{geht}");
        netto += geliefert(&events).0;
        if netto < euro("7000.00") {
            assert_eq!(auftrag.stand.positionen[0].status, Positionsstatus::TeilGeliefert);
        }
    }
    assert_eq!(euro("3061.52") + euro("3155.24"), euro("6216.76"));
    assert_eq!(auftrag.stand.positionen[0].geliefert, menge("25.1"));
    auftrag.abgelehnt(lieferung(&auftrag, "1.2", false), "AUFTRAG_UEBERLIEFERUNG");
    assert_eq!(auftrag.stand.lieferbar(nr), menge("1.15"));

    auftrag.abgelehnt(
        faktura(&auftrag, "FakturaErfassen", "25.2", "7872.48"),
        "AUFTRAG_UEBERBERECHNUNG",
    );
    auftrag.tu(faktura(&auftrag, "FakturaErfassen", "19.9", "6216.76"));
    assert_eq!(auftrag.stand.status, AuftragStatus::Bestaetigt);
    let events = auftrag.tu(faktura(&auftrag, "FakturaErfassen", "5.2", "1624.48"));
    assert_eq!(namen(&events), ["FakturaErfasst", "Abgeschlossen"]);
    assert_eq!(auftrag.stand.positionen[0].berechnet_netto, netto);
    assert!(!auftrag.stand.kredit_offen, "the line forgets the order");
    auftrag.abgelehnt(
        faktura(&auftrag, "FakturaErfassen", "0.1", "31.24"),
        "AUFTRAG_UEBERBERECHNUNG",
    );
    auftrag.feld_falsch(
        faktura(&auftrag, "GutschriftErfassen", "25.2", "0.00"),
        "/positionen/menge",
    );
    // A cancelled invoice is to be written again.
    auftrag.tu(faktura(&auftrag, "GutschriftErfassen", "5.2", "1624.48"));
    assert_eq!(auftrag.stand.status, AuftragStatus::Bestaetigt);
    auftrag.tu(faktura(&auftrag, "FakturaErfassen", "5.2", "1624.48"));
    assert_eq!(auftrag.stand.status, AuftragStatus::Abgeschlossen);
}

#[test]
fn t4_mehr_als_die_toleranz_geht_nicht_und_in_ihr_ist_die_position_erfuellt() {
    let mut auftrag = freigegeben(welt(), MLF, "10", Some("300"));
    auftrag.tu(lieferung(&auftrag, "6", false));
    auftrag.abgelehnt(lieferung(&auftrag, "4.6", false), "AUFTRAG_UEBERLIEFERUNG");
    assert_eq!(
        auftrag.stand.lieferbar(auftrag.stand.positionen[0].position_id),
        menge("4.5")
    );
    auftrag.tu(lieferung(&auftrag, "4.4", false));
    let position = &auftrag.stand.positionen[0];
    assert_eq!(
        (position.geliefert, position.status),
        (menge("10.4"), Positionsstatus::Geliefert)
    );
    assert_eq!(auftrag.stand.kredit, Betrag::NULL);
}

#[test]
fn c1_1_ohne_kredit_steht_der_auftrag_und_mit_ihm_geht_er_von_selbst() {
    let mut belegt = linie("25000.00");
    belegt.push(
        json!({"Belegt": {"beleg": {"typ": "op", "id": Uuid::from_u128(0x50)}, "betrag": "19635.00",
        "war_vorgemerkt": false, "obligo": "19635.00"}}),
    );
    let mut auftrag = erfasst(mit_linie(welt(), &belegt), KAS, "10", Some("510.00"));
    let events = auftrag.tu(json!({"Bestaetigen": {}}));
    assert_eq!(namen(&events), ["Bestaetigt", "SperreGesetzt"]);
    assert_eq!(auftrag.stand.brutto, euro("6069.00"));
    auftrag.abgelehnt(json!({"Freigeben": {}}), "AUFTRAG_GESPERRT");
    auftrag.abgelehnt(lieferung(&auftrag, "1", false), "AUFTRAG_GESPERRT");
    auftrag.feld_falsch(json!({"SperreAufheben": {"art": "kredit", "grund": "x"}}), "/art");
    let events = auftrag.tu(json!({"KreditFreigeben": {}}));
    assert_eq!(namen(&events), ["SperreAufgehoben", "Freigegeben"]);
    assert!(auftrag.tu(json!({"KreditFreigeben": {}})).is_empty());
    let events = auftrag.tu(lieferung(&auftrag, "6", false));
    assert_eq!(geliefert(&events), (euro("3060.00"), euro("3641.40")));
    assert_eq!(auftrag.stand.kredit, euro("2427.60"));
}

#[test]
fn die_ablehnung_nennt_zu_jeder_sperre_den_weg() {
    let mut auftrag = erfasst(mit_linie(welt(), &linie("0.00")), KAS, "10", Some("510.00"));
    auftrag.tu(json!({"Bestaetigen": {}}));
    auftrag.tu(json!({"SperreSetzen": {"art": "manuell", "grund": "x"}}));
    let text = auftrag.versuche(json!({"Freigeben": {}})).unwrap_err().to_string();
    for weg in [
        "(kredit, manuell)",
        "Zahlung buchen",
        "LimitSetzen",
        "LimitFreigeben",
        "manuell mit SperreAufheben",
    ] {
        assert!(text.contains(weg), "{weg}: {text}");
    }
}

#[test]
fn eine_gesperrte_ware_haelt_die_freigabe_auf_aber_nicht_die_entlastung() {
    let knapp = mit_linie(welt(), &linie("0.00"));
    let mut auftrag = erfasst(knapp, KAS, "10", Some("510.00"));
    auftrag.tu(json!({"Bestaetigen": {}}));
    let mut gesperrt = kas();
    gesperrt.push(json!({"Gesperrt": {"bereich": "vk", "grund": "Test"}}));
    auftrag.welt = auftrag
        .welt
        .clone()
        .with::<Artikel>(KAS, wawi_welt::events::<Artikel>(&gesperrt));
    let events = auftrag.tu(json!({"KreditFreigeben": {}}));
    assert_eq!(namen(&events), ["SperreAufgehoben", "HinweisGesetzt"]);
    auftrag.abgelehnt(json!({"Freigeben": {}}), "ARTIKEL_GESPERRT");
    let hinweis_id = auftrag.stand.hinweise[0].hinweis_id;
    auftrag.tu(json!({"HinweisErledigen": {"hinweis_id": hinweis_id}}));
    auftrag.feld_falsch(json!({"HinweisErledigen": {"hinweis_id": hinweis_id}}), "/hinweis_id");
    auftrag.welt = auftrag
        .welt
        .clone()
        .with::<Artikel>(KAS, wawi_welt::events::<Artikel>(&kas()));
    assert_eq!(namen(&auftrag.tu(json!({"Freigeben": {}}))), ["Freigegeben"]);
    auftrag.abgelehnt(json!({"Freigeben": {}}), "STATUS_UNZULAESSIG");
}

#[test]
fn c2_4_die_staffel_der_liste_gilt_fuer_die_ganze_menge() {
    for (tonnen, netto) in [
        ("7.5", "2490.00"),
        ("5", "1660.00"),
        ("4.999", "1724.66"),
        ("30", "9570.00"),
    ] {
        let auftrag = erfasst(welt(), KAS, tonnen, None);
        assert_eq!(auftrag.stand.positionen[0].netto, euro(netto), "{tonnen}");
        assert_eq!(auftrag.stand.positionen[0].preis_quelle, Preisquelle::StandardListe);
    }
}

#[test]
fn die_naechste_liste_mit_preis_gewinnt_und_ein_preis_von_hand_ueber_alle() {
    let eine = |preis: &str| json!([{"ab_menge": "0", "preis": preis}]);
    let (lager, eigene) = (Uuid::from_u128(0xb002), Uuid::from_u128(0xb003));
    let liste_lager = liste("Emden", false, Some(EMDEN), KAS, eine("33"));
    let mit_lager = welt().with::<Preisliste>(lager, wawi_welt::events::<Preisliste>(&liste_lager));
    let quelle = |satz: &Satz<Auftrag>| satz.stand.positionen[0].preis_quelle;
    assert_eq!(
        quelle(&erfasst(mit_lager.clone(), KAS, "1", None)),
        Preisquelle::LagerListe
    );
    let mut stamm = kunde();
    stamm.push(
        json!({"KonditionenGesetzt": {"preisliste_id": eigene, "lieferart": "lieferung",
        "rechnungsart": "sammel"}}),
    );
    // His own list has no step for a small quantity: the next level answers.
    let liste_kunde = liste("Petersen", false, None, KAS, json!([{"ab_menge": "20", "preis": "30"}]));
    let welt = mit_lager
        .with::<Preisliste>(eigene, wawi_welt::events::<Preisliste>(&liste_kunde))
        .with::<Kunde>(KUNDE, wawi_welt::events::<Kunde>(&stamm));
    assert_eq!(quelle(&erfasst(welt.clone(), KAS, "1", None)), Preisquelle::LagerListe);
    let mut auftrag = erfasst(welt, KAS, "2", None);
    assert_eq!(quelle(&auftrag), Preisquelle::KundeListe);
    assert_eq!(auftrag.stand.netto, euro("600.00"));
    // A changed quantity keeps its price until it is asked for anew.
    auftrag.tu(aendern(&auftrag, json!({"menge": "1"})));
    assert_eq!(auftrag.stand.netto, euro("300.00"));
    auftrag.tu(json!({"PreiseNeuErmitteln": {}}));
    assert_eq!(
        (auftrag.stand.netto, quelle(&auftrag)),
        (euro("330.00"), Preisquelle::LagerListe)
    );
    let hand = json!({"betrag": "29.50", "je": "1", "einheit": "dt"});
    auftrag.tu(aendern(&auftrag, json!({"manueller_preis": hand})));
    auftrag.tu(json!({"PreiseNeuErmitteln": {}}));
    assert_eq!(
        (auftrag.stand.netto, quelle(&auftrag)),
        (euro("295.00"), Preisquelle::Manuell)
    );
    auftrag.abgelehnt(
        aendern(
            &auftrag,
            json!({"manueller_preis": {"betrag": "1", "je": "0", "einheit": "dt"}}),
        ),
        "MENGE_UNGUELTIG",
    );
    auftrag.abgelehnt(position(MLF, "1", None), "ARTIKEL_KEIN_PREIS");
}

#[test]
fn anlegen_und_bestaetigen_lehnen_ab_was_nicht_geht() {
    let mut auftrag = Satz {
        welt: welt(),
        stand: Auftrag::default(),
    };
    auftrag.abgelehnt(json!({"Bestaetigen": {}}), "STATUS_UNZULAESSIG");
    auftrag.feld_falsch(json!({"Anlegen": {"kunde_id": EMDEN}}), "/kunde_id");
    auftrag.feld_falsch(
        json!({"Anlegen": {"kunde_id": KUNDE, "lieferadresse_id": EMDEN}}),
        "/lieferadresse_id",
    );
    auftrag.tu(json!({"Anlegen": {"kunde_id": KUNDE, "kunden_bestellnr": "B-7"}}));
    assert_eq!(auftrag.stand.auftrag_nr, "AU-2026-000001");
    auftrag.abgelehnt(json!({"Bestaetigen": {}}), "AUFTRAG_LEER");
    auftrag.feld_falsch(position(Uuid::from_u128(5), "1", Some("1")), "/artikel_id");
    let ohne_lager = json!({"PositionHinzufuegen": {"artikel_id": KAS, "lager_id": KAS, "menge": "1", "einheit": "t"}});
    auftrag.feld_falsch(ohne_lager, "/lager_id");
    auftrag.abgelehnt(position(wawi_welt::ENTWURF, "1", Some("1")), "ARTIKEL_GESPERRT");
    auftrag.abgelehnt(position(FRACHT, "1", Some("1")), "ARTIKEL_UMRECHNUNG_FEHLT");
    auftrag.abgelehnt(position(KAS, "0", None), "MENGE_UNGUELTIG");
    auftrag.feld_falsch(aendern_unbekannt(), "/position_id");
    auftrag.abgelehnt(json!({"Anlegen": {"kunde_id": KUNDE}}), "STATUS_UNZULAESSIG");

    let schluessel = format!("{KUNDE}/B-7");
    assert!(auftrag.stand.keys().iter().any(|k| k.wert == schluessel));
    let mit_erstem = welt().with::<Auftrag>(Uuid::from_u128(0x900), vec![angelegt("B-7")]);
    let mut zweiter = Satz {
        welt: mit_erstem,
        stand: Auftrag::default(),
    };
    let anlegen = |geprueft: bool| json!({"Anlegen": {"kunde_id": KUNDE, "kunden_bestellnr": "B-7", "bestellnr_geprueft": geprueft}});
    zweiter.abgelehnt(anlegen(false), "AUFTRAG_BESTELLNR_DOPPELT");
    zweiter.tu(anlegen(true));
    assert_eq!(zweiter.stand.keys().len(), 1, "only its own number");

    auftrag.tu(position(KAS, "1", None));
    let mut gesperrt = kunde();
    gesperrt.push(sperre("auftrag"));
    auftrag.welt = auftrag
        .welt
        .clone()
        .with::<Kunde>(KUNDE, wawi_welt::events::<Kunde>(&gesperrt));
    auftrag.abgelehnt(json!({"Bestaetigen": {}}), "AUFTRAG_KUNDE_GESPERRT");
}

fn aendern_unbekannt() -> Value {
    json!({"PositionAendern": {"position_id": EMDEN, "menge": "1"}})
}

fn angelegt(bestellnr: &str) -> AuftragEvent {
    let mut auftrag = Satz {
        welt: welt(),
        stand: Auftrag::default(),
    };
    auftrag
        .tu(json!({"Anlegen": {"kunde_id": KUNDE, "kunden_bestellnr": bestellnr}}))
        .remove(0)
}

#[test]
fn sperren_von_hand_halten_den_auftrag_auf_und_die_letzte_gibt_ihn_frei() {
    let mut auftrag = erfasst(welt(), KAS, "1", None);
    auftrag.tu(json!({"SperreSetzen": {"art": "preis", "grund": "Nachlass prüfen"}}));
    auftrag.tu(json!({"SperreSetzen": {"art": "manuell", "grund": "Rückfrage"}}));
    auftrag.abgelehnt(
        json!({"SperreSetzen": {"art": "preis", "grund": "x"}}),
        "STATUS_UNZULAESSIG",
    );
    auftrag.feld_falsch(json!({"SperreSetzen": {"art": "kredit", "grund": "x"}}), "/art");
    assert_eq!(namen(&auftrag.tu(json!({"Bestaetigen": {}}))), ["Bestaetigt"]);
    let auf = |art: &str| json!({"SperreAufheben": {"art": art, "grund": "geklärt"}});
    assert_eq!(namen(&auftrag.tu(auf("preis"))), ["SperreAufgehoben"]);
    auftrag.abgelehnt(auf("preis"), "STATUS_UNZULAESSIG");
    assert_eq!(namen(&auftrag.tu(auf("manuell"))), ["SperreAufgehoben", "Freigegeben"]);
}

#[test]
fn weniger_entlastet_mehr_belegt_und_was_nicht_passt_sperrt() {
    let mut auftrag = freigegeben(mit_linie(welt(), &linie("7000.00")), KAS, "10", Some("510.00"));
    let folge = |events: &[AuftragEvent]| match &events[0] {
        AuftragEvent::PositionGeaendert { kredit, .. }
        | AuftragEvent::PositionStorniert { kredit, .. }
        | AuftragEvent::Verfallen { kredit, .. } => kredit.as_ref().map(|k| k.folge),
        anderes => panic!("{anderes:?}"),
    };
    let events = auftrag.tu(storno(&auftrag, Some("2")));
    assert_eq!(folge(&events), Some(Kreditfolge::Entlasten(euro("1213.80"))));
    auftrag.feld_falsch(storno(&auftrag, Some("8.5")), "/menge");
    auftrag.abgelehnt(
        aendern(
            &auftrag,
            json!({"manueller_preis": {"betrag": "1", "je": "1", "einheit": "t"}}),
        ),
        "STATUS_UNZULAESSIG",
    );
    auftrag.tu(lieferung(&auftrag, "5", false));
    auftrag.abgelehnt(
        aendern(&auftrag, json!({"menge": "6.9"})),
        "AUFTRAG_MENGE_UNTER_GELIEFERT",
    );
    auftrag.abgelehnt(json!({"Stornieren": {"grund": "x"}}), "AUFTRAG_BEREITS_GELIEFERT");
    auftrag.welt = mit_linie(auftrag.welt.clone(), &linie("6068.99"));
    // 20 t are 2 cancelled, 5 gone, 13 open: 10 more than before.
    let events = auftrag.tu(aendern(&auftrag, json!({"menge": "20"})));
    assert_eq!(namen(&events), ["PositionGeaendert", "SperreGesetzt"]);
    assert_eq!(folge(&events), Some(Kreditfolge::Belegen(euro("6069.00"))));
    auftrag.abgelehnt(lieferung(&auftrag, "1", false), "AUFTRAG_GESPERRT");
    let streichen = json!({"RestStreichen": {"position_id": auftrag.stand.positionen[0].position_id, "grund": "x"}});
    let events = auftrag.tu(streichen.clone());
    assert_eq!(folge(&events), Some(Kreditfolge::Erledigen));
    auftrag.abgelehnt(streichen, "STATUS_UNZULAESSIG");
    assert_eq!(auftrag.stand.positionen[0].verfallen, menge("13"));
}

#[test]
fn ein_kleiner_rest_und_eine_endlieferung_lassen_den_rest_verfallen() {
    let mut auftrag = freigegeben(welt(), MLF, "10", Some("300"));
    let events = auftrag.tu(lieferung(&auftrag, "9.5", false));
    assert_eq!(namen(&events), ["LieferungErfasst", "Verfallen"]);
    // Within the tolerance more may still go; the line no longer knows the order, so it is new use.
    let events = auftrag.tu(lieferung(&auftrag, "0.5", false));
    assert!(matches!(
        &events[0],
        AuftragEvent::LieferungErfasst { umwidmen: false, .. }
    ));
    let mut auftrag = freigegeben(welt(), KAS, "10", None);
    let events = auftrag.tu(lieferung(&auftrag, "4", true));
    assert_eq!(namen(&events), ["LieferungErfasst", "Verfallen"]);
    assert_eq!(auftrag.stand.positionen[0].verfallen, menge("6"));
    auftrag.feld_falsch(
        json!({"LieferungErfassen": {"versand_id": KAS, "lieferschein_nr": "x", "buchungsdatum": "2026-03-10",
            "positionen": [{"position_id": auftrag.stand.positionen[0].position_id, "menge": "1", "einheit": "kg",
            "endlieferung": false}]}}),
        "/positionen/einheit",
    );
}

#[test]
fn ein_stornierter_auftrag_gibt_alles_zurueck() {
    let mut auftrag = freigegeben(welt(), KAS, "10", None);
    let events = auftrag.tu(json!({"Stornieren": {"grund": "Kunde hat abgesagt"}}));
    let AuftragEvent::Storniert {
        positionen,
        kredit,
        mengen,
        ..
    } = &events[0]
    else {
        panic!("{events:?}");
    };
    assert_eq!((positionen[0].menge, mengen[0].offen), (menge("10"), Menge::NULL));
    assert_eq!(kredit.as_ref().unwrap().folge, Kreditfolge::Erledigen);
    auftrag.abgelehnt(json!({"Bestaetigen": {}}), "STATUS_UNZULAESSIG");
    auftrag.abgelehnt(
        json!({"HinweisSetzen": {"art": "artikel_gesperrt", "text": "x"}}),
        "STATUS_UNZULAESSIG",
    );
    // What comes too late about one of its positions is no refusal.
    let position_id = auftrag.stand.positionen[0].position_id;
    let spaet = json!({"HinweisSetzen": {"position_id": position_id, "art": "artikel_gesperrt", "text": "x"}});
    assert_eq!(auftrag.tu(spaet), []);
    // All positions cancelled one by one: nothing to wait for.
    let mut auftrag = freigegeben(welt(), KAS, "10", None);
    let events = auftrag.tu(storno(&auftrag, None));
    assert_eq!(namen(&events), ["PositionStorniert", "Abgeschlossen"]);
}

#[test]
fn wer_die_id_des_auftrags_kennt_kennt_die_seiner_positionen_und_seines_ersten_versands() {
    let mut auftrag = erfasst(welt(), MLF, "10", Some("300"));
    auftrag.tu(position(KAS, "5", Some("310")));
    auftrag.tu(json!({"Bestaetigen": {}}));
    let id = auftrag.welt.id;
    let positionen: Vec<Uuid> = auftrag.stand.positionen.iter().map(|p| p.position_id).collect();
    assert_eq!(positionen, [part_id(id, "position/1"), part_id(id, "position/2")]);
    assert_eq!(
        auftrag.stand.positionen[0].versand_id,
        Some(part_id(id, Auftrag::TEIL_VERSAND))
    );
    // More of a released position goes with a delivery of its own.
    auftrag.tu(aendern(&auftrag, json!({"menge": "12"})));
    let zusatz = auftrag.stand.positionen[0].versand_id;
    assert_ne!(zusatz, auftrag.stand.positionen[1].versand_id);
    assert_eq!(auftrag.stand.positionen[0].position_id, positionen[0]);
}

#[test]
fn datum_preis_und_bestaetigung_lassen_sich_zurueckdatieren_aber_nicht_in_die_zukunft() {
    // The price list holds from January on.
    let mut vorher = position(KAS, "10", None);
    vorher["PositionHinzufuegen"]["preisdatum"] = json!("2025-12-31");
    let mut auftrag = Satz::<Auftrag> {
        welt: welt(),
        stand: Auftrag::default(),
    };
    auftrag.abgelehnt(
        json!({"Anlegen": {"kunde_id": KUNDE, "auftragsdatum": "2026-03-11"}}),
        "DATUM_ZUKUNFT",
    );
    auftrag.tu(json!({"Anlegen": {"kunde_id": KUNDE, "auftragsdatum": "2026-02-03"}}));
    auftrag.abgelehnt(vorher, "ARTIKEL_KEIN_PREIS");
    auftrag.tu(position(KAS, "10", None));
    auftrag.abgelehnt(json!({"Bestaetigen": {"am": "2026-03-11"}}), "DATUM_ZUKUNFT");
    auftrag.tu(json!({"Bestaetigen": {"am": "2026-02-04"}}));
    let stand = &auftrag.stand;
    assert_eq!(stand.auftragsdatum, partner_welt::tag("2026-02-03"));
    assert_eq!(stand.bestaetigt_am, Some(partner_welt::tag("2026-02-04")));
}

#[test]
fn ein_hinweis_steht_nur_einmal_und_nur_solange_etwas_offen_ist() {
    let mut auftrag = freigegeben(welt(), KAS, "10", None);
    let nr = auftrag.stand.positionen[0].position_id;
    let setzen = json!({"HinweisSetzen": {"position_id": nr, "art": "reservierung_aufgehoben", "text": "weg"}});
    assert_eq!(auftrag.tu(setzen.clone()).len(), 1);
    assert!(auftrag.tu(setzen).is_empty());
    auftrag.tu(lieferung(&auftrag, "10", false));
    let spaet = json!({"HinweisSetzen": {"position_id": nr, "art": "artikel_gesperrt", "text": "weg"}});
    assert!(auftrag.tu(spaet).is_empty());
}

#[test]
fn was_vor_dem_lieferwert_berechnet_wurde_bekommt_seinen_anteil() {
    let mut auftrag = freigegeben(welt(), KAS, "10", Some("0.37"));
    auftrag.tu(lieferung(&auftrag, "10", false));
    let position_id = auftrag.stand.positionen[0].position_id;
    let ohne = |menge: &str| json!([{"position_id": position_id, "menge": menge, "netto": "1.00"}]);
    let kopf = json!({"rechnung_id": Uuid::from_u128(0x99), "nummer": "AR-2026-000001", "art": "rechnung"});
    let mit = |positionen: Value| {
        let mut event = kopf.clone();
        event["positionen"] = positionen;
        event
    };
    let mut stand = auftrag.stand.clone();
    for (event, wert) in [
        (json!({"FakturaErfasst": mit(ohne("4"))}), "1.48"),
        (json!({"FakturaErfasst": mit(ohne("6"))}), "3.70"),
        (json!({"GutschriftErfasst": mit(ohne("10"))}), "0.00"),
    ] {
        stand.evolve(serde_json::from_value(event).unwrap());
        assert_eq!(stand.positionen[0].fakturiert_lieferwert, euro(wert));
    }
}

#[test]
fn auch_eine_neue_menge_macht_nichts_weniger_wert_als_es_ging() {
    // 41 kg are worth 1.5 cents, rounded to 2; 40 kg would be worth 1.48, and 12 of them nothing.
    let mut auftrag = freigegeben(welt(), KAS, "0.041", Some("0.37"));
    assert_eq!(
        geliefert(&auftrag.tu(lieferung(&auftrag, "0.011", false))).0,
        euro("0.01")
    );
    auftrag.tu(storno(&auftrag, Some("0.028")));
    auftrag.tu(aendern(&auftrag, json!({"menge": "0.040"})));
    assert_eq!(
        (auftrag.stand.wert(), auftrag.stand.kredit),
        (euro("0.01"), Betrag::NULL)
    );
    let events = auftrag.tu(lieferung(&auftrag, "0.001", false));
    assert_eq!(geliefert(&events), (Betrag::NULL, Betrag::NULL));
    assert_eq!(auftrag.stand.positionen[0].geliefert_netto, euro("0.01"));
}

proptest! {
    #[test]
    fn teillieferungen_ergeben_zusammen_das_beschlossene_netto(teile in prop::collection::vec(1_i64..400, 1..12)) {
        let summe: i64 = teile.iter().sum();
        let bestellt = Menge::rounded(rust_decimal::Decimal::new(summe, 2), 6).to_string();
        let mut auftrag = freigegeben(welt(), MLF, &bestellt, Some("313.37"));
        let (mut netto, mut brutto) = (Betrag::NULL, Betrag::NULL);
        for (i, teil) in teile.iter().enumerate() {
            // The rest within the tolerance is given up early; the last part is delivered in any case.
            let geht = Menge::rounded(rust_decimal::Decimal::new(*teil, 2), 6).to_string();
            let events = auftrag.tu(lieferung(&auftrag, &geht, false));
            let anteil = geliefert(&events);
            netto += anteil.0;
            brutto += anteil.1;
            prop_assert!(auftrag.stand.kredit >= Betrag::NULL);
            if i + 1 == teile.len() {
                prop_assert_eq!(auftrag.stand.positionen[0].geliefert_netto, netto);
            }
        }
        prop_assert_eq!(netto, auftrag.stand.netto);
        prop_assert_eq!(brutto, auftrag.stand.brutto);
        prop_assert_eq!(auftrag.stand.kredit, Betrag::NULL);
    }

    #[test]
    fn was_ging_behaelt_seinen_wert_und_die_teile_sind_der_beschlossene_wert(
        preis in prop::sample::select(vec!["313.37", "0.37"]),
        bestellt in prop_oneof![1_i64..60, 1_i64..30_000],
        schritte in prop::collection::vec((0_u8..7, prop_oneof![1_i64..60, 1_i64..30_000]), 1..24),
    ) {
        let mut auftrag = freigegeben(welt(), KAS, &kilo(bestellt).to_string(), Some(preis));
        let mut ging = Betrag::NULL;
        for (was, kg) in schritte {
            let vorher = auftrag.stand.clone();
            if vorher.status != AuftragStatus::Bestaetigt {
                break;
            }
            let p = &vorher.positionen[0];
            let (offen, unberechnet) = (p.offen(), p.geliefert - p.fakturiert());
            let vergeben = p.storniert + p.verfallen;
            let teil = |von: Menge| kilo(kg).min(von);
            let befehl = match was {
                0 if !offen.is_null() => lieferung(&auftrag, &teil(p.lieferbar()).to_string(), false),
                1 if offen > kilo(kg % 20) => lieferung(&auftrag, &(offen - kilo(kg % 20)).to_string(), false),
                2 => aendern(&auftrag, json!({"menge": p.geliefert + vergeben + kilo(kg)})),
                // Just a little more or nothing more than what went.
                3 if !p.geliefert.is_null() => aendern(&auftrag, json!({"menge": p.geliefert + vergeben + kilo(kg % 3)})),
                4 if !offen.is_null() => storno(&auftrag, Some(&teil(offen).to_string())),
                5 if !unberechnet.is_null() =>
                    faktura(&auftrag, "FakturaErfassen", &teil(unberechnet).to_string(), "1.00"),
                6 if !p.fakturiert().is_null() =>
                    faktura(&auftrag, "GutschriftErfassen", &teil(p.fakturiert()).to_string(), "1.00"),
                _ => continue,
            };
            let events = auftrag.tu(befehl);
            if let AuftragEvent::LieferungErfasst { positionen, .. } = &events[0] {
                prop_assert!(positionen[0].netto >= Betrag::NULL);
                ging += positionen[0].netto;
            }
            let (stand, p) = (&auftrag.stand, &auftrag.stand.positionen[0]);
            prop_assert_eq!(p.geliefert_netto, ging, "what went keeps its value");
            let vorbei = p.offen().is_null();
            prop_assert!(!vorbei || stand.wert() == ging);
            if vorbei && p.geliefert == p.menge {
                prop_assert_eq!(ging, stand.netto, "the parts are the decided total");
            }
            let nach_preis = p.preis.preis().wert(p.menge).unwrap();
            prop_assert!((p.netto - nach_preis).abs() <= Betrag::cent(1), "{} for {}", p.netto, nach_preis);
            let kredit = brutto(stand.wert()) - brutto(ging);
            prop_assert_eq!(stand.kredit, kredit, "the line holds what is to go");
            prop_assert_eq!(stand.kredit_lieferung, brutto(ging) - brutto(p.fakturiert_lieferwert));
            prop_assert!(p.fakturiert() != p.geliefert || stand.kredit_lieferung.is_null());
            prop_assert!(!p.fakturiert().is_null() || p.fakturiert_lieferwert.is_null());
        }
    }
}
