//! Kontenplan, Konto, SteuerSchluessel: the template, every command, every refusal.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves

use std::collections::BTreeSet;

use aggregates::{
    Refused, Shared,
    fibu::{
        Kontenplan, Konto, SteuerSchluessel,
        kontenplan::{
            Gliederung, Kontenfindungsregel, KontenplanCommand, KontenplanError, KontenplanEvent, Rahmen, Zweck,
        },
        konto::{
            Automatik, GliederungsZuordnung, KontoArt, KontoCommand, KontoError, KontoEvent, KontoFunktion,
            KontoSteuerregel, KstRegel, SteuerregelEingabe,
        },
        steuer_schluessel::{
            KennzahlZuordnung, Richtung, SteuerSchluesselCommand, SteuerSchluesselError, SteuerSchluesselEvent,
            Steuersatz,
        },
        vorlage,
    },
    testing::World,
    types::{Satz, Text},
};
use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap()
}

fn plan_events() -> Vec<KontenplanEvent> {
    vec![
        KontenplanEvent::Angelegt {
            rahmen: Rahmen::Skr04,
            kontolaenge: 4,
            personenkontolaenge: 5,
            hauswaehrung: "EUR".into(),
        },
        KontenplanEvent::VorlageUebernommen {
            rahmen: Rahmen::Skr04,
            stand: vorlage::STAND.into(),
            am: tag(2026, 3, 10),
            gruppen: vorlage::gruppen(Rahmen::Skr04),
            gliederungszeilen: vorlage::gliederung(),
            kontenfindung: vorlage::kontenfindung(Rahmen::Skr04),
        },
    ]
}

fn schluessel_events(code: &str) -> Vec<SteuerSchluesselEvent> {
    let s = vorlage::schluessel(Rahmen::Skr04)
        .into_iter()
        .find(|s| s.code == code)
        .unwrap();
    vec![SteuerSchluesselEvent::Angelegt {
        code: s.code,
        bezeichnung: s.bezeichnung,
        richtung: s.richtung,
        konto_ust: s.konto_ust,
        konto_vst: s.konto_vst,
        ust_id_pflicht: s.ust_id_pflicht,
        zm_art: s.zm_art,
        datev_bu: s.datev_bu,
        hinweistext: None,
        saetze: s.saetze,
        kennzahlen: s.kennzahlen,
    }]
}

fn welt() -> World {
    let welt = World::new();
    let plan = Kontenplan::stream_id(welt.frame.mandant_id);
    ["U19", "V19", "V7"]
        .into_iter()
        .fold(welt.with::<Kontenplan>(plan, plan_events()), |welt, code| {
            welt.with::<SteuerSchluessel>(
                Uuid::new_v5(&Uuid::NAMESPACE_OID, code.as_bytes()),
                schluessel_events(code),
            )
        })
}

fn angelegt(konto_nr: &str, art: KontoArt) -> KontoEvent {
    KontoEvent::Angelegt {
        konto_nr: konto_nr.into(),
        bezeichnung: "Bürobedarf".into(),
        art,
        funktion: KontoFunktion::Sach,
        kst_regel: KstRegel::Erlaubt,
        steuerregel: KontoSteuerregel {
            gueltig_ab: vorlage::anfang(),
            ..KontoSteuerregel::default()
        },
        zuordnungen: vec![],
    }
}

fn anlegen(konto_nr: &str, art: Option<KontoArt>) -> KontoCommand {
    KontoCommand::Anlegen {
        konto_nr: Text::cut(konto_nr),
        bezeichnung: Text::cut("Neu"),
        art,
        funktion: None,
        kst_regel: None,
        steuerregel: None,
        zuordnungen: vec![],
    }
}

fn zuordnung(gliederung: Gliederung, zeile: &str) -> GliederungsZuordnung {
    GliederungsZuordnung {
        gliederung,
        zeile_soll: Some(zeile.into()),
        zeile_haben: Some(zeile.into()),
    }
}

#[test]
fn jede_zeile_der_vorlage_wird_gelesen_und_keine_nummer_steht_doppelt() {
    for rahmen in [Rahmen::Skr03, Rahmen::Skr04] {
        let konten = vorlage::konten(rahmen);
        let [zeilen, schluessel, _, gliederung, kontenfindung, saetze] = vorlage::zeilenzahlen();
        assert_eq!(konten.len(), zeilen);
        assert_eq!(vorlage::schluessel(rahmen).len(), schluessel);
        let gelesen: usize = vorlage::schluessel(rahmen).iter().map(|s| s.saetze.len()).sum();
        assert_eq!(gelesen, saetze, "a rate of an unknown key, or an unreadable one");
        assert_eq!(vorlage::gliederung().len(), gliederung);
        assert_eq!(vorlage::kontenfindung(rahmen).len(), kontenfindung);
        let nummern: BTreeSet<_> = konten.iter().map(|k| k.konto_nr.clone()).collect();
        assert_eq!(nummern.len(), konten.len(), "{rahmen:?}");
        assert!(
            nummern
                .iter()
                .all(|nr| nr.len() == 4 && nr.bytes().all(|b| b.is_ascii_digit()))
        );
        for regel in vorlage::kontenfindung(rahmen) {
            assert!(nummern.contains(&regel.konto_nr), "{regel:?}");
        }
        let codes: BTreeSet<_> = vorlage::schluessel(rahmen).into_iter().map(|s| s.code).collect();
        for konto in &konten {
            let regel = &konto.steuerregel;
            for code in regel.fester_schluessel.iter().chain(&regel.vorschlag_schluessel) {
                assert!(codes.contains(code), "{konto:?}");
            }
        }
        for s in vorlage::schluessel(rahmen) {
            for konto in s.konto_ust.iter().chain(&s.konto_vst) {
                let steuer = konten.iter().find(|k| k.konto_nr == *konto).map(|k| k.funktion);
                assert_eq!(steuer, Some(KontoFunktion::Steuer), "{} {konto}", s.code);
            }
        }
    }
    assert_eq!(
        vorlage::gruppen(Rahmen::Skr03).len() + vorlage::gruppen(Rahmen::Skr04).len(),
        vorlage::zeilenzahlen()[2]
    );
}

#[test]
fn die_saetze_der_vorlage_haben_ihre_geschichte() {
    let satz = |code: &str, am| {
        let mut zustand = SteuerSchluessel::default();
        for event in schluessel_events(code) {
            aggregates::Aggregate::evolve(&mut zustand, event);
        }
        zustand.satz(am).map(|s| s.to_string())
    };
    assert_eq!(satz("U19", tag(2020, 9, 15)).as_deref(), Some("16"));
    assert_eq!(satz("U19", tag(2026, 1, 1)).as_deref(), Some("19"));
    assert_eq!(satz("U7", tag(2020, 12, 31)).as_deref(), Some("5"));
    assert_eq!(satz("V24", tag(2024, 12, 5)).as_deref(), Some("9"));
    assert_eq!(satz("V24", tag(2024, 12, 10)).as_deref(), Some("8.4"));
    assert_eq!(satz("V24", tag(2025, 1, 1)).as_deref(), Some("7.8"));
    assert_eq!(satz("UNST", tag(2026, 1, 1)), None);
    assert_eq!(satz("UIGL", tag(2026, 1, 1)).as_deref(), Some("0"));
}

#[test]
fn die_vorlage_wird_einmal_uebernommen_und_nur_fuer_die_bekannten_rahmen() {
    let welt = World::new();
    let anlegen = KontenplanCommand::Anlegen {
        rahmen: Rahmen::Skr04,
        kontolaenge: None,
    };
    welt.test::<Kontenplan>()
        .given_no_previous_events()
        .when(anlegen)
        .then_expect_events(vec![plan_events()[0].clone()]);
    welt.test::<Kontenplan>()
        .given(vec![plan_events()[0].clone()])
        .when(KontenplanCommand::VorlageUebernehmen {})
        .then_expect_events(vec![plan_events()[1].clone()]);
    let mut plan = Kontenplan::default();
    for event in plan_events() {
        aggregates::Aggregate::evolve(&mut plan, event);
    }
    let error = welt
        .decide(&plan, KontenplanCommand::VorlageUebernehmen {})
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("die Vorlage wurde schon am 2026-03-10 übernommen"),
        "{error}"
    );
    let refusal = aggregates::Refusal::of(&match error {
        Refused::Domain(error) => error,
        other => panic!("{other}"),
    });
    assert_eq!(
        (refusal.code.as_str(), refusal.status),
        ("KONTENPLAN_VORLAGE_BEREITS_UEBERNOMMEN", 409)
    );
    let error = welt
        .decide(
            &Kontenplan::default(),
            KontenplanCommand::Anlegen {
                rahmen: Rahmen::Eigen,
                kontolaenge: Some(9),
            },
        )
        .unwrap_err();
    assert!(
        matches!(error, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "{error}"
    );
    let error = welt
        .decide(&Kontenplan::default(), KontenplanCommand::VorlageUebernehmen {})
        .unwrap_err();
    assert!(
        matches!(error, Refused::Shared(Shared::StatusUnzulaessig { .. })),
        "{error}"
    );
}

fn regel(nr: i32, artikelgruppe: Option<&str>, konto_nr: &str, gueltig_ab: NaiveDate) -> Kontenfindungsregel {
    Kontenfindungsregel {
        nr,
        zweck: Zweck::Erloes,
        schluessel: Some("U7".into()),
        artikelgruppe: artikelgruppe.map(Into::into),
        partnergruppe: None,
        konto_nr: konto_nr.into(),
        gueltig_ab,
    }
}

#[test]
fn die_kontenfindung_waehlt_wie_im_beispiel_der_spezifikation() {
    // fibu.md section 1, example 1.
    let mut plan = Kontenplan {
        kontenfindung: vec![
            regel(1, None, "4300", vorlage::anfang()),
            regel(2, Some("Saatgut"), "4301", tag(2026, 3, 1)),
        ],
        ..Kontenplan::default()
    };
    let konto = |plan: &Kontenplan, am| {
        plan.konto_fuer(Zweck::Erloes, Some("U7"), Some("Saatgut"), None, am)
            .map(|r| r.konto_nr.clone())
    };
    assert_eq!(konto(&plan, tag(2026, 2, 28)), Ok("4300".into()));
    assert_eq!(konto(&plan, tag(2026, 3, 1)), Ok("4301".into()));
    let fehlt = plan
        .konto_fuer(Zweck::Erloes, Some("UIGL"), None, None, tag(2026, 3, 1))
        .unwrap_err();
    assert_eq!(
        fehlt,
        KontenplanError::KontenfindungFehlt {
            zweck: "erloes".into(),
            schluessel: "UIGL".into()
        }
    );
    plan.kontenfindung
        .push(regel(3, Some("Saatgut"), "4302", tag(2026, 3, 1)));
    assert!(matches!(
        konto(&plan, tag(2026, 3, 1)),
        Err(KontenplanError::KontenfindungMehrdeutig { .. })
    ));
}

#[test]
fn ein_neues_konto_erbt_von_seiner_gruppe() {
    let events = welt().decide(&Konto::default(), anlegen("4401", None)).unwrap();
    let KontoEvent::Angelegt {
        art,
        steuerregel,
        kst_regel,
        ..
    } = &events[0]
    else {
        panic!()
    };
    assert_eq!((*art, *kst_regel), (KontoArt::Ertrag, KstRegel::Erlaubt));
    assert_eq!(
        (steuerregel.automatik, steuerregel.fester_schluessel.as_deref()),
        (Automatik::Am, Some("U19"))
    );
    let events = welt().decide(&Konto::default(), anlegen("1801", None)).unwrap();
    let KontoEvent::Angelegt { art, steuerregel, .. } = &events[0] else {
        panic!()
    };
    assert_eq!((*art, steuerregel.automatik), (KontoArt::Aktiv, Automatik::Keine));
}

#[test]
fn kontonummer_und_schluessel_und_zeile_muessen_stimmen() {
    let neu = welt().test::<Konto>();
    neu.given_no_previous_events()
        .when(anlegen("681", None))
        .then_expect_error(Refused::Domain(KontoError::NrLaenge { laenge: 4 }));
    let fehler = welt().decide(&Konto::default(), anlegen("8000", None)).unwrap_err();
    assert!(
        matches!(fehler, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "no range, no kind: {fehler}"
    );
    let mit_regel = |steuerregel| KontoCommand::SteuerregelSetzen {
        ab: tag(2026, 4, 1),
        steuerregel,
    };
    let regel = SteuerregelEingabe {
        automatik: Automatik::Av,
        fester_schluessel: Some("V99".into()),
        ..SteuerregelEingabe::default()
    };
    welt()
        .test::<Konto>()
        .given(vec![angelegt("6815", KontoArt::Aufwand)])
        .when(mit_regel(regel))
        .then_expect_error(Refused::Domain(KontoError::SchluesselUnbekannt {
            schluessel: "V99".into(),
        }));
    let halb = SteuerregelEingabe {
        automatik: Automatik::Av,
        ..SteuerregelEingabe::default()
    };
    let mut konto = Konto::default();
    aggregates::Aggregate::evolve(&mut konto, angelegt("6815", KontoArt::Aufwand));
    assert!(matches!(
        welt().decide(&konto, mit_regel(halb)),
        Err(Refused::Shared(Shared::EingabeUngueltig { .. }))
    ));
    let zuordnen = |zuordnung| KontoCommand::GliederungZuordnen { zuordnung };
    welt()
        .test::<Konto>()
        .given(vec![angelegt("6815", KontoArt::Aufwand)])
        .when(zuordnen(zuordnung(Gliederung::Hgb275, "G.99")))
        .then_expect_error(Refused::Domain(KontoError::GliederungszeileUnbekannt {
            gliederung: "hgb275".into(),
            zeile: "G.99".into(),
        }));
    welt()
        .test::<Konto>()
        .given(vec![angelegt("1800", KontoArt::Aktiv)])
        .when(zuordnen(zuordnung(Gliederung::Hgb275, "G.8")))
        .then_expect_error(Refused::Domain(KontoError::ArtWiderspruch {
            art: "aktiv".into(),
            gliederung: "hgb275".into(),
        }));
    let gut = zuordnung(Gliederung::Hgb275, "G.8");
    welt()
        .test::<Konto>()
        .given(vec![angelegt("6815", KontoArt::Aufwand)])
        .when(zuordnen(gut.clone()))
        .then_expect_events(vec![KontoEvent::GliederungZugeordnet { zuordnung: gut }]);
}

#[test]
fn eine_steuerregel_gilt_nicht_rueckwirkend() {
    let setzen = |ab| KontoCommand::SteuerregelSetzen {
        ab,
        steuerregel: SteuerregelEingabe::default(),
    };
    let welt = welt().fact("konto_letzte_buchung", "6815", json!("2026-03-05"));
    welt.test::<Konto>()
        .given(vec![angelegt("6815", KontoArt::Aufwand)])
        .when(setzen(tag(2026, 3, 5)))
        .then_expect_error(Refused::Domain(KontoError::SteuerregelRueckwirkend {
            letzte_buchung: tag(2026, 3, 5),
        }));
    welt.test::<Konto>()
        .given(vec![angelegt("6815", KontoArt::Aufwand)])
        .when(setzen(tag(2026, 3, 6)))
        .then_expect_events(vec![KontoEvent::SteuerregelGesetzt {
            steuerregel: KontoSteuerregel {
                gueltig_ab: tag(2026, 3, 6),
                ..KontoSteuerregel::default()
            },
        }]);
}

#[test]
fn stilllegen_braucht_saldo_null_und_keine_kontenfindung() {
    // fibu.md section 1, example 4.
    let stilllegen = || KontoCommand::Stilllegen { grund: None };
    welt()
        .fact("konto_saldo", "6815", json!("0.01"))
        .test::<Konto>()
        .given(vec![angelegt("6815", KontoArt::Aufwand)])
        .when(stilllegen())
        .then_expect_error(Refused::Domain(KontoError::SaldoNichtNull { saldo: "0.01".into() }));
    welt()
        .test::<Konto>()
        .given(vec![angelegt("4400", KontoArt::Ertrag)])
        .when(stilllegen())
        .then_expect_error(Refused::Domain(KontoError::InKontenfindung { zweck: "erloes".into() }));
    welt()
        .fact("konto_saldo", "6815", json!("0.00"))
        .test::<Konto>()
        .given(vec![angelegt("6815", KontoArt::Aufwand)])
        .when(stilllegen())
        .then_expect_events(vec![KontoEvent::Stillgelegt { grund: None }]);
}

#[test]
fn ein_konto_wird_umbenannt_gesperrt_und_wieder_frei() {
    let given = || vec![angelegt("6815", KontoArt::Aufwand)];
    let umbenennen = KontoCommand::Umbenennen {
        bezeichnung: Text::cut("Büromaterial"),
        ab: None,
    };
    welt()
        .test::<Konto>()
        .given(given())
        .when(umbenennen)
        .then_expect_events(vec![KontoEvent::Umbenannt {
            bezeichnung: "Büromaterial".into(),
            ab: tag(2026, 3, 10),
        }]);
    let gesperrt = KontoEvent::Gesperrt {
        grund: "Prüfung".into(),
    };
    let sperren = || KontoCommand::Sperren {
        grund: Text::cut("Prüfung"),
    };
    welt()
        .test::<Konto>()
        .given(given())
        .when(sperren())
        .then_expect_events(vec![gesperrt.clone()]);
    let mut zweimal = given();
    zweimal.push(gesperrt);
    welt()
        .test::<Konto>()
        .given(zweimal.clone())
        .when(sperren())
        .then_expect_error(Refused::Shared(Shared::status("gesperrt", &["aktiv"])));
    welt()
        .test::<Konto>()
        .given(zweimal)
        .when(KontoCommand::Entsperren { grund: None })
        .then_expect_events(vec![KontoEvent::Entsperrt { grund: None }]);
    welt()
        .test::<Konto>()
        .given(given())
        .when(KontoCommand::Entsperren { grund: None })
        .then_expect_error(Refused::Shared(Shared::status("aktiv", &["gesperrt"])));
    welt()
        .test::<Konto>()
        .given(given())
        .when(KontoCommand::KostenstellenRegelSetzen {
            kst_regel: KstRegel::Pflicht,
        })
        .then_expect_events(vec![KontoEvent::KostenstellenRegelGesetzt {
            kst_regel: KstRegel::Pflicht,
        }]);
}

fn satz(ab: NaiveDate, bis: Option<NaiveDate>, prozent: i64) -> Steuersatz {
    Steuersatz {
        gueltig_ab: ab,
        gueltig_bis: bis,
        satz: Satz::percent(prozent.into()),
    }
}

fn satz_setzen(neu: &Steuersatz) -> SteuerSchluesselCommand {
    SteuerSchluesselCommand::SatzSetzen {
        gueltig_ab: neu.gueltig_ab,
        gueltig_bis: neu.gueltig_bis,
        satz: neu.satz,
    }
}

#[test]
fn ein_neuer_satz_beendet_den_offenen_und_ueberschneidet_keinen() {
    let neu = satz(tag(2027, 1, 1), None, 20);
    let mut saetze = vorlage::schluessel(Rahmen::Skr04).remove(0).saetze;
    saetze.last_mut().unwrap().gueltig_bis = Some(tag(2026, 12, 31));
    saetze.push(neu.clone());
    let welt = World::new().fact("schluessel_letzte_buchung", "U19", json!("2026-03-05"));
    welt.test::<SteuerSchluessel>()
        .given(schluessel_events("U19"))
        .when(satz_setzen(&neu))
        .then_expect_events(vec![SteuerSchluesselEvent::SatzGesetzt { saetze }]);
    welt.test::<SteuerSchluessel>()
        .given(schluessel_events("U19"))
        .when(satz_setzen(&satz(tag(2026, 3, 5), None, 20)))
        .then_expect_error(Refused::Domain(SteuerSchluesselError::SatzRueckwirkendBenutzt {
            letzte_buchung: tag(2026, 3, 5),
        }));
    World::new()
        .test::<SteuerSchluessel>()
        .given(schluessel_events("U19"))
        .when(satz_setzen(&satz(tag(2020, 8, 1), Some(tag(2020, 8, 31)), 15)))
        .then_expect_error(Refused::Domain(SteuerSchluesselError::SatzUeberlappung {
            gueltig_ab: tag(2020, 8, 1),
        }));
}

#[test]
fn konten_eines_benutzten_schluessels_aendern_sich_nicht() {
    let setzen = || SteuerSchluesselCommand::KontenSetzen {
        konto_ust: Some(Text::cut("3807")),
        konto_vst: None,
    };
    World::new()
        .fact("schluessel_letzte_buchung", "U19", json!("2026-03-05"))
        .test::<SteuerSchluessel>()
        .given(schluessel_events("U19"))
        .when(setzen())
        .then_expect_error(Refused::Domain(SteuerSchluesselError::KontoBenutzt {}));
    World::new()
        .test::<SteuerSchluessel>()
        .given(schluessel_events("U19"))
        .when(setzen())
        .then_expect_events(vec![SteuerSchluesselEvent::KontenGesetzt {
            konto_ust: Some("3807".into()),
            konto_vst: None,
        }]);
}

#[test]
fn vor_dem_stilllegen_eines_festen_schluessels_wird_mit_seinen_konten_gewarnt() {
    let mut schluessel = SteuerSchluessel::default();
    for event in schluessel_events("U19") {
        aggregates::Aggregate::evolve(&mut schluessel, event);
    }
    let stilllegen = || SteuerSchluesselCommand::Stilllegen {
        grund: Text::cut("alt"),
    };
    let welt = World::new().fact("schluessel_automatikkonten", "2026-03-10/U19", json!(["4400", "4830"]));
    welt.decide(&schluessel, stilllegen()).unwrap();
    let warnungen = welt.effects().warnings;
    assert_eq!(warnungen[0].code, "STEUER_SCHLUESSEL_IN_AUTOMATIK");
    assert!(warnungen[0].meldung.contains("4400, 4830"), "{}", warnungen[0].meldung);
    let welt = World::new();
    welt.decide(&schluessel, stilllegen()).unwrap();
    assert!(welt.effects().warnings.is_empty());
}

#[test]
fn kennzahlen_gelten_ab_einem_tag_und_ein_stillgelegter_schluessel_bleibt_es() {
    let kennzahl = KennzahlZuordnung {
        gueltig_ab: tag(2027, 1, 1),
        kz_basis: Some("82".into()),
        ..KennzahlZuordnung::default()
    };
    let mut kennzahlen = vorlage::schluessel(Rahmen::Skr04).remove(0).kennzahlen;
    kennzahlen.push(kennzahl.clone());
    World::new()
        .test::<SteuerSchluessel>()
        .given(schluessel_events("U19"))
        .when(SteuerSchluesselCommand::KennzahlSetzen { kennzahl })
        .then_expect_events(vec![SteuerSchluesselEvent::KennzahlGesetzt { kennzahlen }]);
    let mut events = schluessel_events("U19");
    events.push(SteuerSchluesselEvent::Stillgelegt { grund: "alt".into() });
    World::new()
        .test::<SteuerSchluessel>()
        .given(events)
        .when(satz_setzen(&satz(tag(2027, 1, 1), None, 20)))
        .then_expect_error(Refused::Shared(Shared::status("stillgelegt", &["aktiv"])));
    let anlegen = SteuerSchluesselCommand::Anlegen {
        code: Text::cut("u19"),
        bezeichnung: Text::cut("x"),
        richtung: Richtung::Umsatz,
        konto_ust: None,
        konto_vst: None,
        ust_id_pflicht: false,
        zm_art: None,
        datev_bu: None,
        hinweistext: None,
        saetze: vec![],
        kennzahlen: vec![],
    };
    let error = World::new().decide(&SteuerSchluessel::default(), anlegen).unwrap_err();
    assert!(
        matches!(error, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "{error}"
    );
}

#[test]
fn der_hinweistext_laesst_sich_aendern_und_streichen() {
    for text in [Some("Steuerfrei nach § 4 Nr. 1 Buchst. a UStG"), None] {
        World::new()
            .test::<SteuerSchluessel>()
            .given(schluessel_events("UAUS"))
            .when(SteuerSchluesselCommand::HinweistextSetzen {
                hinweistext: text.map(Text::cut),
            })
            .then_expect_events(vec![SteuerSchluesselEvent::HinweistextGesetzt {
                hinweistext: text.map(Into::into),
            }]);
    }
    World::new()
        .test::<SteuerSchluessel>()
        .given_no_previous_events()
        .when(SteuerSchluesselCommand::HinweistextSetzen { hinweistext: None })
        .then_expect_error(Refused::Shared(Shared::status("neu", &["aktiv"])));
}

#[test]
fn was_sich_berechnen_laesst_laesst_sich_auch_mindern() {
    for rahmen in [Rahmen::Skr03, Rahmen::Skr04] {
        let regeln = vorlage::kontenfindung(rahmen);
        let konten = vorlage::konten(rahmen);
        for regel in &regeln {
            let konto = konten.iter().find(|k| k.konto_nr == regel.konto_nr).unwrap();
            let fest = &konto.steuerregel.fester_schluessel;
            assert!(
                fest.is_none() || *fest == regel.schluessel || regel.schluessel.is_none(),
                "{regel:?}"
            );
            let gleiche = regeln
                .iter()
                .filter(|r| (r.zweck, &r.schluessel) == (regel.zweck, &regel.schluessel));
            assert_eq!(gleiche.count(), 1, "{regel:?}");
        }
        let gibt =
            |zweck, schluessel: &Option<String>| regeln.iter().any(|r| r.zweck == zweck && r.schluessel == *schluessel);
        for regel in regeln.iter().filter(|r| r.zweck == Zweck::Erloes) {
            for zweck in [Zweck::Erloesschmaelerung, Zweck::SkontoGewaehrt] {
                assert!(gibt(zweck, &regel.schluessel), "{zweck:?} {regel:?}");
            }
        }
        for regel in regeln.iter().filter(|r| r.zweck == Zweck::Wareneingang) {
            assert!(gibt(Zweck::SkontoErhalten, &regel.schluessel), "{regel:?}");
        }
    }
}
