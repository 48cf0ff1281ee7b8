//! Kreditlinie: limits with two persons, the examples of crm C1 to the cent, and what holds for any history.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use aggregates::{
    Aggregate, Decision, DomainError, Refused, Shared,
    crm::kreditlinie::{
        KreditBeleg, KreditBelegTyp, KreditGrund, KreditStatus, Kreditlinie, KreditlinieCommand, KreditlinieError,
        KreditlinieEvent,
    },
    testing::World,
    types::{Akteur, Betrag},
};
use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::{Value, from_value, json};
use uuid::Uuid;

const KUNDE: Uuid = Uuid::from_u128(0x10);

fn tag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn euro(text: &str) -> Betrag {
    text.parse().unwrap()
}

fn beleg(typ: &str, nr: u128) -> Value {
    json!({"typ": typ, "id": Uuid::from_u128(nr)})
}

/// A line with its world: commands change it, refusals do not.
#[derive(Clone)]
struct Linie {
    welt: World,
    stand: Kreditlinie,
}

impl Linie {
    fn neu() -> Self {
        let mut linie = Self {
            welt: World::new(),
            stand: Kreditlinie::default(),
        };
        linie.tu(json!({"Einrichten": {"kunde_id": KUNDE}}));
        linie
    }

    fn mit_limit(betrag: &str) -> Self {
        let mut linie = Self::neu();
        linie.limit(json!({"betrag": betrag, "gueltig_ab": "2026-01-01"}));
        linie
    }

    fn am(mut self, datum: &str) -> Self {
        self.welt = self.welt.heute(tag(datum));
        self
    }

    fn versuche(&self, json: Value) -> Decision<Kreditlinie> {
        self.welt.decide(&self.stand, from_value(json).unwrap())
    }

    fn tu(&mut self, json: Value) -> Vec<KreditlinieEvent> {
        let events = self.versuche(json.clone()).unwrap_or_else(|e| panic!("{json}: {e}"));
        for event in &events {
            self.stand.evolve(event.clone());
        }
        events
    }

    /// Sets a limit and releases it as somebody else.
    fn limit(&mut self, felder: Value) -> Vec<KreditlinieEvent> {
        self.tu(json!({"LimitSetzen": felder}));
        let nr = self.stand.limits.last().unwrap().nr;
        let ich = self.welt.clone();
        self.welt = ich.clone().akteur(Akteur::Benutzer(Uuid::from_u128(0xb)));
        let events = self.tu(json!({"LimitFreigeben": {"nr": nr}}));
        self.welt = ich;
        events
    }

    fn belegen(&mut self, typ: &str, nr: u128, betrag: &str) -> Vec<KreditlinieEvent> {
        self.tu(json!({"Belegen": {"beleg": beleg(typ, nr), "betrag": betrag}}))
    }

    fn entlasten(&mut self, typ: &str, nr: u128, betrag: Option<&str>) -> Vec<KreditlinieEvent> {
        self.tu(json!({"Entlasten": {"beleg": beleg(typ, nr), "betrag": betrag}}))
    }

    fn umwidmen(&mut self, von: (&str, u128), nach: (&str, u128), betrag: &str) -> Vec<KreditlinieEvent> {
        self.tu(json!({"Umwidmen": {"von": beleg(von.0, von.1), "nach": beleg(nach.0, nach.1), "betrag": betrag}}))
    }

    fn warnungen(&self) -> Vec<String> {
        self.welt.effects().warnings.into_iter().map(|w| w.code).collect()
    }

    /// Obligo, free, waiting.
    #[track_caller]
    fn steht(&self, obligo: &str, frei: &str, vorgemerkt: &str) {
        let frei_ist = self.stand.frei(self.welt.frame.heute);
        let ist = (self.stand.obligo(), frei_ist, self.stand.vorgemerkt);
        assert_eq!(ist, (euro(obligo), euro(frei), euro(vorgemerkt)));
        assert_eq!(self.stand.teile().summe(), self.stand.obligo());
    }
}

/// Documents that were freed by a command, in order.
fn freigaben(events: &[KreditlinieEvent]) -> Vec<u128> {
    let frei = events.iter().filter_map(|e| match e {
        KreditlinieEvent::Belegt {
            beleg,
            war_vorgemerkt: true,
            ..
        } => Some(beleg.id.as_u128()),
        _ => None,
    });
    frei.collect()
}

#[test]
fn das_beispiel_der_spezifikation_geht_auf_den_cent_auf() {
    // crm C1, acceptance 1.
    let mut linie = Linie::mit_limit("25000.00");
    linie.belegen("op", 1, "14280.00");
    linie.belegen("auftrag", 2, "5355.00");
    linie.steht("19635.00", "5365.00", "0.00");
    assert!(!linie.stand.passt(euro("6069.00"), linie.welt.frame.heute));

    let events = linie.belegen("auftrag", 3, "6069.00");
    let KreditlinieEvent::Vorgemerkt {
        betrag,
        grund,
        limit,
        obligo,
        ..
    } = &events[0]
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (*betrag, *grund, *limit, *obligo),
        (
            euro("6069.00"),
            KreditGrund::Ueberschritten,
            euro("25000.00"),
            euro("19635.00")
        )
    );
    assert_eq!(linie.warnungen(), ["KREDITLINIE_UEBERSCHRITTEN"]);
    linie.steht("19635.00", "5365.00", "6069.00");
    assert_eq!(linie.stand.status, KreditStatus::Ausgeschoepft);

    let events = linie.entlasten("zahlung", 4, Some("1000.00"));
    assert_eq!(freigaben(&events), [3]);
    linie.steht("24704.00", "296.00", "0.00");
    assert_eq!(linie.stand.status, KreditStatus::ImRahmen);

    linie.umwidmen(("auftrag", 3), ("lieferung", 3), "3641.40");
    linie.steht("24704.00", "296.00", "0.00");
    linie.umwidmen(("lieferung", 3), ("op", 5), "3641.40");
    linie.steht("24704.00", "296.00", "0.00");
    let teile = linie.stand.teile();
    assert_eq!(
        (teile.offene_posten, teile.lieferungen, teile.auftraege, teile.guthaben),
        (euro("17921.40"), euro("0.00"), euro("7782.60"), euro("-1000.00"))
    );

    // The payment is allocated: the open item and the payment lose the same.
    linie.umwidmen(("op", 1), ("zahlung", 4), "1000.00");
    linie.steht("24704.00", "296.00", "0.00");
    assert_eq!(linie.stand.teile().guthaben, Betrag::NULL);
}

#[test]
fn genau_das_limit_passt_und_ein_cent_mehr_nicht() {
    let mut linie = Linie::mit_limit("100.00");
    assert!(linie.stand.passt(euro("100.00"), tag("2026-03-10")));
    let mut andere = linie.clone();
    linie.belegen("auftrag", 1, "100.00");
    linie.steht("100.00", "0.00", "0.00");
    assert_eq!(linie.stand.status, KreditStatus::Ausgeschoepft);
    andere.belegen("auftrag", 1, "100.01");
    andere.steht("0.00", "100.00", "100.01");
}

#[test]
fn ohne_limit_ist_das_limit_null_und_jeder_auftrag_wartet() {
    let mut linie = Linie::neu();
    assert_eq!(linie.stand.limit(tag("2026-03-10")), Betrag::NULL);
    linie.belegen("auftrag", 1, "0.01");
    linie.steht("0.00", "0.00", "0.01");
}

#[test]
fn von_einer_erhoehung_die_nicht_passt_wartet_nur_die_differenz() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("auftrag", 1, "800.00");
    linie.belegen("auftrag", 1, "300.00");
    linie.steht("800.00", "200.00", "300.00");
    let zeile = &linie.stand.belegungen[0];
    assert_eq!((zeile.belegt, zeile.vorgemerkt), (euro("800.00"), euro("300.00")));
    // The order goes down again: what waited is asked for no more, and its lock ends.
    let events = linie.entlasten("auftrag", 1, Some("300.00"));
    assert_eq!(freigaben(&events), [1]);
    linie.steht("800.00", "200.00", "0.00");
}

#[test]
fn ein_kleinerer_auftrag_der_noch_teilweise_wartet_bleibt_gesperrt() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("auftrag", 1, "800.00");
    linie.belegen("auftrag", 1, "300.00");
    assert_eq!(
        freigaben(&linie.entlasten("auftrag", 1, Some("50.00"))),
        Vec::<u128>::new()
    );
    linie.steht("800.00", "200.00", "250.00");
}

#[test]
fn eine_entlastung_gibt_den_aeltesten_zuerst_frei_und_ueberspringt_was_nicht_passt() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("op", 1, "1000.00");
    for (nr, betrag) in [(11, "600.00"), (12, "500.00"), (13, "300.00")] {
        linie.belegen("auftrag", nr, betrag);
    }
    linie.steht("1000.00", "0.00", "1400.00");
    // 900.00 free: the oldest fits, then nothing of 500.00, then 300.00.
    assert_eq!(freigaben(&linie.entlasten("op", 1, Some("900.00"))), [11, 13]);
    linie.steht("1000.00", "0.00", "500.00");
    assert_eq!(freigaben(&linie.entlasten("op", 1, None)), Vec::<u128>::new());
    assert_eq!(freigaben(&linie.entlasten("auftrag", 11, None)), [12]);
}

#[test]
fn was_geschehen_ist_belegt_auch_ueber_das_limit_hinaus() {
    let mut linie = Linie::mit_limit("100.00");
    linie.belegen("op", 1, "150.00");
    linie.steht("150.00", "-50.00", "0.00");
    assert_eq!(linie.stand.status, KreditStatus::Ausgeschoepft);
}

#[test]
fn eine_lieferung_ueber_die_bestellte_menge_hinaus_belegt_mehr_und_der_auftrag_bleibt_bekannt() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("auftrag", 1, "500.00");
    linie.umwidmen(("auftrag", 1), ("lieferung", 1), "525.00");
    linie.steht("525.00", "475.00", "0.00");
    linie.umwidmen(("auftrag", 1), ("lieferung", 1), "1.00");
    linie.steht("526.00", "474.00", "0.00");
    linie.entlasten("auftrag", 1, None);
    assert_eq!(linie.stand.belegungen.len(), 1);
    linie.steht("526.00", "474.00", "0.00");
}

#[test]
fn was_trotz_sperre_geliefert_wurde_wartet_nicht_mehr() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("auftrag", 1, "800.00");
    linie.belegen("auftrag", 1, "300.00");
    let events = linie.umwidmen(("auftrag", 1), ("lieferung", 1), "1100.00");
    assert_eq!(freigaben(&events), [1]);
    linie.steht("1100.00", "-100.00", "0.00");
}

#[test]
fn eine_zurueckgegebene_zahlung_belegt_wieder() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("op", 1, "600.00");
    linie.entlasten("zahlung", 2, Some("600.00"));
    linie.steht("0.00", "1000.00", "0.00");
    linie.belegen("zahlung", 2, "600.00");
    linie.steht("600.00", "400.00", "0.00");
    assert_eq!(linie.stand.belegungen.len(), 1);
}

#[test]
fn entlastet_wird_nur_was_belegt_ist() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("op", 1, "100.00");
    let unbekannt = |typ, nr| KreditlinieError::BelegUnbekannt {
        beleg_typ: typ,
        beleg_id: Uuid::from_u128(nr),
    };
    let zuviel = |typ, nr, betrag, belegt| KreditlinieError::Ueberentlastung {
        beleg_typ: typ,
        beleg_id: Uuid::from_u128(nr),
        betrag: euro(betrag),
        belegt: euro(belegt),
    };
    let op = |nr| beleg("op", nr);
    let zahlung = |nr| beleg("zahlung", nr);
    for (json, fehler) in [
        (json!({"Entlasten": {"beleg": op(2)}}), unbekannt(KreditBelegTyp::Op, 2)),
        (
            json!({"Umwidmen": {"von": op(2), "nach": op(1), "betrag": "1.00"}}),
            unbekannt(KreditBelegTyp::Op, 2),
        ),
        (
            json!({"Umwidmen": {"von": op(1), "nach": zahlung(3), "betrag": "1.00"}}),
            unbekannt(KreditBelegTyp::Zahlung, 3),
        ),
        (
            json!({"Belegen": {"beleg": zahlung(3), "betrag": "1.00"}}),
            unbekannt(KreditBelegTyp::Zahlung, 3),
        ),
        (
            json!({"Entlasten": {"beleg": op(1), "betrag": "100.01"}}),
            zuviel(KreditBelegTyp::Op, 1, "100.01", "100.00"),
        ),
    ] {
        assert_eq!(linie.versuche(json).unwrap_err(), Refused::Domain(fehler));
    }
    assert_eq!(unbekannt(KreditBelegTyp::Op, 2).code(), "KREDITLINIE_BELEG_UNBEKANNT");
    // A payment of 40.00 settles no more than 40.00, and an item no more than it owes.
    linie.entlasten("zahlung", 3, Some("40.00"));
    let fehler = zuviel(KreditBelegTyp::Zahlung, 3, "40.01", "40.00");
    assert_eq!(fehler.code(), "KREDITLINIE_UEBERENTLASTUNG");
    for json in [
        json!({"Umwidmen": {"von": op(1), "nach": zahlung(3), "betrag": "40.01"}}),
        json!({"Belegen": {"beleg": zahlung(3), "betrag": "40.01"}}),
    ] {
        assert_eq!(linie.versuche(json).unwrap_err(), Refused::Domain(fehler.clone()));
    }
    linie.entlasten("zahlung", 3, Some("960.00"));
    let json = json!({"Umwidmen": {"von": op(1), "nach": zahlung(3), "betrag": "100.01"}});
    let fehler = zuviel(KreditBelegTyp::Op, 1, "100.01", "100.00");
    assert_eq!(linie.versuche(json).unwrap_err(), Refused::Domain(fehler));
}

#[test]
fn falsche_betraege_und_wege_werden_benannt() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.belegen("op", 1, "100.00");
    linie.entlasten("zahlung", 3, Some("40.00"));
    for (json, feld) in [
        (json!({"Belegen": {"beleg": beleg("op", 1), "betrag": "0"}}), "/betrag"),
        (
            json!({"Belegen": {"beleg": beleg("op", 1), "betrag": "1.001"}}),
            "/betrag",
        ),
        (
            json!({"Entlasten": {"beleg": beleg("op", 1), "betrag": "-1"}}),
            "/betrag",
        ),
        (json!({"Entlasten": {"beleg": beleg("zahlung", 3)}}), "/betrag"),
        (
            json!({"Umwidmen": {"von": beleg("zahlung", 3), "nach": beleg("op", 1), "betrag": "1"}}),
            "/von/typ",
        ),
        (
            json!({"Umwidmen": {"von": beleg("op", 1), "nach": beleg("auftrag", 9), "betrag": "1"}}),
            "/nach/typ",
        ),
        (
            json!({"Umwidmen": {"von": beleg("op", 1), "nach": beleg("op", 1), "betrag": "1"}}),
            "/nach/typ",
        ),
    ] {
        let Err(Refused::Shared(Shared::EingabeUngueltig { felder })) = linie.versuche(json.clone()) else {
            panic!("{json}")
        };
        assert_eq!(felder[0].feld, feld, "{json}");
    }
}

#[test]
fn ein_limit_zaehlt_erst_wenn_eine_zweite_person_es_freigibt() {
    let mut linie = Linie::neu();
    linie.tu(json!({"LimitSetzen": {"betrag": "500.00", "gueltig_ab": "2026-01-01"}}));
    linie.steht("0.00", "0.00", "0.00");
    let fehler = linie.versuche(json!({"LimitFreigeben": {"nr": 1}})).unwrap_err();
    let regel = Some("kreditlimit".to_owned());
    assert_eq!(fehler, Refused::Shared(Shared::VierAugen { regel }));
    linie.welt = linie.welt.clone().akteur(Akteur::Benutzer(Uuid::from_u128(0xb)));
    linie.tu(json!({"LimitFreigeben": {"nr": 1}}));
    linie.steht("0.00", "500.00", "0.00");
    let fehler = linie.versuche(json!({"LimitFreigeben": {"nr": 1}})).unwrap_err();
    assert_eq!(fehler, Refused::Shared(Shared::status("freigegeben", &["gesetzt"])));
    let fehler = linie.versuche(json!({"LimitFreigeben": {"nr": 7}})).unwrap_err();
    assert!(
        matches!(fehler, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "{fehler}"
    );
}

#[test]
fn ein_hoeheres_limit_gibt_frei_was_wartet() {
    let mut linie = Linie::mit_limit("100.00");
    linie.belegen("auftrag", 1, "150.00");
    let events = linie.limit(json!({"betrag": "150.00", "gueltig_ab": "2026-03-01"}));
    assert_eq!(freigaben(&events), [1]);
    linie.steht("150.00", "0.00", "0.00");
}

#[test]
fn ein_negatives_oder_falsch_befristetes_limit_wird_abgelehnt() {
    let linie = Linie::neu();
    let setzen = |felder: Value| linie.versuche(json!({"LimitSetzen": felder})).unwrap_err();
    let Refused::Domain(fehler) = setzen(json!({"betrag": "-0.01", "gueltig_ab": "2026-01-01"})) else {
        panic!()
    };
    assert_eq!(fehler.code(), "KREDITLINIE_LIMIT_NEGATIV");
    let fehler = setzen(json!({"betrag": "1.00", "gueltig_ab": "2026-04-02", "gueltig_bis": "2026-04-01"}));
    assert!(
        matches!(fehler, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "{fehler}"
    );
    let fehler = setzen(json!({"betrag": "1.001", "gueltig_ab": "2026-01-01"}));
    assert!(
        matches!(fehler, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "{fehler}"
    );
    let fehler = setzen(json!({"betrag": "1.00", "gueltig_ab": "2026-01-01", "gueltig_bis": "2026-03-09"}));
    let gueltig_bis = tag("2026-03-09");
    assert_eq!(fehler, Refused::Domain(KreditlinieError::Abgelaufen { gueltig_bis }));
    assert_eq!(
        KreditlinieError::Abgelaufen { gueltig_bis }.code(),
        "KREDITLINIE_ABGELAUFEN"
    );
}

#[test]
fn ein_limit_das_vor_der_freigabe_endet_wird_nicht_freigegeben() {
    let mut linie = Linie::neu();
    linie.tu(json!({"LimitSetzen": {"betrag": "1.00", "gueltig_ab": "2026-01-01", "gueltig_bis": "2026-03-31"}}));
    let mut spaeter = linie.am("2026-04-01");
    spaeter.welt = spaeter.welt.clone().akteur(Akteur::Benutzer(Uuid::from_u128(0xb)));
    let gueltig_bis = tag("2026-03-31");
    let fehler = spaeter.versuche(json!({"LimitFreigeben": {"nr": 1}})).unwrap_err();
    assert_eq!(fehler, Refused::Domain(KreditlinieError::Abgelaufen { gueltig_bis }));
}

#[test]
fn nach_dem_letzten_tag_zaehlt_das_limit_als_null() {
    let mut linie = Linie::neu();
    linie.limit(json!({"betrag": "500.00", "gueltig_ab": "2026-01-01", "gueltig_bis": "2026-03-31"}));
    linie.belegen("auftrag", 1, "200.00");
    assert_eq!(linie.stand.limit(tag("2026-03-31")), euro("500.00"));
    let mut linie = linie.am("2026-04-01");
    linie.steht("200.00", "-200.00", "0.00");
    let events = linie.tu(json!({"NeuPruefen": {}}));
    assert_eq!(
        events,
        [KreditlinieEvent::StatusGewechselt {
            status: KreditStatus::Abgelaufen
        }]
    );
    let events = linie.belegen("auftrag", 2, "1.00");
    assert!(matches!(
        events[0],
        KreditlinieEvent::Vorgemerkt {
            grund: KreditGrund::Abgelaufen,
            ..
        }
    ));
    assert_eq!(linie.warnungen(), ["KREDITLINIE_ABGELAUFEN"]);
}

#[test]
fn ein_befristet_erhoehtes_limit_faellt_auf_das_unbefristete_zurueck() {
    let mut linie = Linie::mit_limit("1000.00");
    linie.limit(json!({"betrag": "4000.00", "gueltig_ab": "2026-06-01", "gueltig_bis": "2026-08-31"}));
    let am = |datum| linie.stand.limit(tag(datum));
    assert_eq!(am("2026-05-31"), euro("1000.00"));
    assert_eq!(am("2026-06-01"), euro("4000.00"));
    assert_eq!(am("2026-09-01"), euro("1000.00"));
    // On its first day the timer frees what waits.
    linie.belegen("auftrag", 1, "3000.00");
    let mut linie = linie.am("2026-06-01");
    assert_eq!(freigaben(&linie.tu(json!({"NeuPruefen": {}}))), [1]);
}

#[test]
fn eine_linie_gibt_es_je_kunde_einmal_und_nur_eingerichtet() {
    let mut linie = Linie::neu();
    let fehler = linie.versuche(json!({"Einrichten": {"kunde_id": KUNDE}})).unwrap_err();
    assert_eq!(fehler, Refused::Shared(Shared::status("ausgeschoepft", &["neu"])));
    linie.stand = Kreditlinie::default();
    let fehler = linie.versuche(json!({"NeuPruefen": {}})).unwrap_err();
    assert!(
        matches!(fehler, Refused::Shared(Shared::StatusUnzulaessig { .. })),
        "{fehler}"
    );
    let command = KreditlinieCommand::Einrichten { kunde_id: KUNDE };
    assert_eq!(
        Kreditlinie::stream_key(&command),
        Some(aggregates::StreamKey {
            feld: Some("kunde_id"),
            wert: KUNDE.to_string()
        })
    );
}

/// What the properties know of a document by themselves: used and waiting, in cents.
type Modell = BTreeMap<(&'static str, u128), (i64, i64)>;

fn schritt() -> impl Strategy<Value = (u8, u128, u128, i64)> {
    (0_u8..9, 1_u128..5, 1_u128..5, 1_i64..60_000)
}

const TYPEN: [&str; 4] = ["auftrag", "lieferung", "op", "zahlung"];

fn name(beleg: &KreditBeleg) -> (&'static str, u128) {
    (beleg.typ.into(), beleg.id.as_u128())
}

fn befehl((art, nr, zweite, cent): (u8, u128, u128, i64)) -> Value {
    let betrag = Betrag::cent(cent);
    match art {
        0..=2 => json!({"Belegen": {"beleg": beleg("auftrag", nr), "betrag": betrag}}),
        3 => json!({"Belegen": {"beleg": beleg("op", nr), "betrag": betrag}}),
        4 => json!({"Umwidmen": {"von": beleg("auftrag", nr), "nach": beleg("lieferung", nr), "betrag": betrag}}),
        5 => json!({"Umwidmen": {"von": beleg("lieferung", nr), "nach": beleg("op", zweite), "betrag": betrag}}),
        6 => json!({"Entlasten": {"beleg": beleg(TYPEN[usize::try_from(cent % 4).unwrap()], nr), "betrag": betrag}}),
        7 => json!({"Entlasten": {"beleg": beleg("auftrag", nr)}}),
        _ => json!({"Umwidmen": {"von": beleg("op", nr), "nach": beleg("zahlung", zweite), "betrag": betrag}}),
    }
}

/// Books an event in the model, by the amounts that it states.
fn buchen(modell: &mut Modell, event: &KreditlinieEvent) {
    match event {
        KreditlinieEvent::Belegt {
            beleg,
            betrag,
            war_vorgemerkt,
            ..
        } => {
            let zeile = modell.entry(name(beleg)).or_default();
            zeile.0 += betrag.as_cent();
            zeile.1 = if *war_vorgemerkt { 0 } else { zeile.1 };
        }
        KreditlinieEvent::Vorgemerkt { beleg, betrag, .. } => {
            modell.entry(name(beleg)).or_default().1 += betrag.as_cent();
        }
        KreditlinieEvent::Umgewidmet {
            von,
            nach,
            betrag,
            aus_belegt,
            aus_vorgemerkt,
            ..
        } => {
            let zeile = modell.entry(name(von)).or_default();
            zeile.0 -= aus_belegt.as_cent();
            zeile.1 -= aus_vorgemerkt.as_cent();
            modell.entry(name(nach)).or_default().0 += betrag.as_cent();
        }
        KreditlinieEvent::Entlastet {
            beleg,
            betrag,
            aus_vorgemerkt,
            ..
        } => {
            let zeile = modell.entry(name(beleg)).or_default();
            zeile.0 -= betrag.as_cent();
            zeile.1 -= aus_vorgemerkt.as_cent();
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Of any accepted history: the obligo is the sum of what documents use, no order is let in over the limit, nothing
    /// waits that fits after relief, and the oldest goes first.
    #[test]
    fn die_belegungen_sind_das_obligo_und_kein_auftrag_geht_ueber_das_limit(
        limit in 0_i64..150_000,
        schritte in prop::collection::vec(schritt(), 1..60),
    ) {
        let mut linie = Linie::mit_limit(&Betrag::cent(limit).to_string());
        let heute = linie.welt.frame.heute;
        let mut modell = Modell::new();
        for schritt in schritte {
            let json = befehl(schritt);
            let vorher = linie.stand.clone();
            let Ok(events) = linie.versuche(json.clone()) else { continue };
            for event in &events {
                linie.stand.evolve(event.clone());
                buchen(&mut modell, event);
                if let KreditlinieEvent::Belegt { beleg, betrag, obligo, .. } = event
                    && beleg.typ == KreditBelegTyp::Auftrag && !betrag.is_null() {
                    prop_assert!(*obligo <= Betrag::cent(limit), "{json}: {event:?}");
                }
            }
            let stand = &linie.stand;
            // By the events' own amounts, and by the rows.
            let (obligo, wartend) = modell.values().fold((0, 0), |s, z| (s.0 + z.0, s.1 + z.1));
            prop_assert_eq!(stand.obligo(), Betrag::cent(obligo), "{}", &json);
            prop_assert_eq!(stand.vorgemerkt, Betrag::cent(wartend), "{}", &json);
            prop_assert_eq!(stand.belegungen.iter().map(|b| b.belegt).sum::<Betrag>(), stand.obligo());
            for zeile in &stand.belegungen {
                let guthaben = zeile.beleg_typ.guthaben();
                prop_assert_eq!(zeile.belegt < Betrag::NULL, guthaben);
                prop_assert!(zeile.vorgemerkt >= Betrag::NULL);
                prop_assert_eq!(zeile.vormerkung_nr.is_some(), !zeile.vorgemerkt.is_null());
                prop_assert!(zeile.vorgemerkt.is_null() || zeile.beleg_typ == KreditBelegTyp::Auftrag);
            }
            prop_assert_eq!(stand.status, stand.status_am(heute));
            if !json.to_string().starts_with("{\"Belegen\"") {
                for zeile in stand.belegungen.iter().filter(|b| b.vormerkung_nr.is_some()) {
                    prop_assert!(zeile.vorgemerkt > stand.frei(heute), "{}: {:?} passt", &json, zeile);
                }
            }
            let rang = |nr: u128| {
                let zeile = vorher.belegungen.iter().find(|b| b.beleg_id.as_u128() == nr && b.vormerkung_nr.is_some());
                zeile.and_then(|b| b.vormerkung_nr)
            };
            let freie: Vec<&KreditlinieEvent> = events.iter().filter(|e| {
                matches!(e, KreditlinieEvent::Belegt { war_vorgemerkt: true, betrag, .. } if !betrag.is_null())
            }).collect();
            let raenge: Vec<Option<i64>> = freie.iter().filter_map(|e| match e {
                KreditlinieEvent::Belegt { beleg, .. } => Some(rang(beleg.id.as_u128())),
                _ => None,
            }).collect();
            prop_assert!(raenge.iter().all(Option::is_some), "{}: {raenge:?}", &json);
            prop_assert!(raenge.is_sorted(), "{}: {raenge:?}", &json);
        }
    }
}
