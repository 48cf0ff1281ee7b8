#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! The template as a whole, the policy that carries it over, and what Kontenplan, Konto and SteuerSchluessel refuse so
//! that no two children of one record share a key.

use aggregates::{
    Aggregate, Refused, Shared,
    fibu::{
        Kontenplan, Konto, SteuerSchluessel,
        kontenplan::{
            Gliederung, Gliederungszeile, Kontenfindungsregel, Kontengruppe, KontenplanCommand, KontenplanError,
            KontenplanEvent, Rahmen, Zweck,
        },
        konto::{
            Automatik, GliederungsZuordnung, KontoArt, KontoCommand, KontoError, KontoEvent, KontoFunktion,
            KontoStatus, KstRegel,
        },
        steuer_schluessel::{
            KennzahlZuordnung, Richtung, SteuerSchluesselCommand, SteuerSchluesselError, SteuerSchluesselEvent,
            Steuersatz,
        },
        vorlage,
    },
    policy::{Consequence, Kind, PolicyContext},
    testing::World,
    types::{Satz, Text},
};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap()
}

fn gefaltet<T: Aggregate>(events: impl IntoIterator<Item = T::Event>) -> T {
    let mut state = T::default();
    for event in events {
        state.evolve(event);
    }
    state
}

fn plan_angelegt(rahmen: Rahmen, kontolaenge: u8) -> KontenplanEvent {
    KontenplanEvent::Angelegt {
        rahmen,
        kontolaenge,
        personenkontolaenge: kontolaenge + 1,
        hauswaehrung: "EUR".into(),
    }
}

fn plan_events(rahmen: Rahmen) -> Vec<KontenplanEvent> {
    let plan: Kontenplan = gefaltet([plan_angelegt(rahmen, 4)]);
    let mut events = vec![plan_angelegt(rahmen, 4)];
    events.extend(
        World::new()
            .decide(&plan, KontenplanCommand::VorlageUebernehmen {})
            .unwrap(),
    );
    events
}

/// What the policy makes of the event that takes the template over.
fn folgen(event: &KontenplanEvent) -> Vec<Consequence> {
    let welt = World::new();
    let ctx = PolicyContext {
        mandant_id: welt.frame.mandant_id,
        id: Kontenplan::stream_id(welt.frame.mandant_id),
        event_id: Uuid::from_u128(0xe),
        zeit: welt.frame.jetzt,
        heute: welt.frame.heute,
    };
    let registry = aggregates::registry();
    registry
        .policies(Kind::Inline, Kontenplan::TYPE)
        .flat_map(|policy| policy.react(event, &ctx))
        .collect()
}

fn entschieden<T: Aggregate>(welt: World, folge: Consequence) -> World {
    let command = serde_json::from_value::<T::Command>(folge.command.clone()).unwrap();
    let events = welt.decide(&T::default(), command);
    let events = events.unwrap();
    welt.with::<T>(folge.id, events)
}

/// The world after the template was taken over, made by the commands of the policy in their order.
fn welt(rahmen: Rahmen) -> World {
    let events = plan_events(rahmen);
    let folgen = folgen(&events[1]);
    let welt = World::new();
    let plan = Kontenplan::stream_id(welt.frame.mandant_id);
    folgen
        .into_iter()
        .fold(welt.with::<Kontenplan>(plan, events), |welt, folge| match folge.typ {
            Konto::TYPE => entschieden::<Konto>(welt, folge),
            _ => entschieden::<SteuerSchluessel>(welt, folge),
        })
}

#[test]
fn die_policy_legt_erst_alle_schluessel_und_dann_alle_konten_an() {
    for rahmen in [Rahmen::Skr03, Rahmen::Skr04] {
        // Every command is accepted in its turn: fixed and proposed keys, statement lines, lengths all fit.
        let _ = welt(rahmen);
        let folgen = folgen(&plan_events(rahmen)[1]);
        let schluessel = vorlage::schluessel(rahmen).len();
        let erste = folgen.iter().take_while(|f| f.typ == SteuerSchluessel::TYPE).count();
        assert_eq!(erste, schluessel);
        assert_eq!(folgen.len(), schluessel + vorlage::konten(rahmen).len());
        let ids: std::collections::BTreeSet<_> = folgen.iter().map(|f| f.id).collect();
        assert_eq!(ids.len(), folgen.len(), "every stream has an id of its own");
        assert!(folgen.iter().all(|f| f.due.is_none() && f.mandant_id.is_none()));
    }
    assert!(folgen(&plan_angelegt(Rahmen::Skr04, 4)).is_empty());
}

#[test]
fn die_vorlage_gibt_jedem_konto_seine_eigenschaften() {
    for (rahmen, nummern) in [
        (
            Rahmen::Skr04,
            [
                "1200", "3300", "1460", "1600", "1800", "9000", "1406", "4400", "5400", "6815", "4736", "1495",
            ],
        ),
        (
            Rahmen::Skr03,
            [
                "1400", "1600", "1360", "1000", "1200", "9000", "1576", "8400", "3400", "4930", "8736", "1593",
            ],
        ),
    ] {
        let konten = vorlage::konten(rahmen);
        let [
            forderung,
            verbindlichkeit,
            transit,
            kasse,
            bank,
            vortrag,
            vorsteuer,
            erloes,
            ware,
            buero,
            skonto,
            verrechnung,
        ] = nummern.map(|nr| konten.iter().find(|k| k.konto_nr == nr).unwrap());
        assert_eq!(forderung.funktion, KontoFunktion::SammelDebitor);
        assert_eq!(verbindlichkeit.funktion, KontoFunktion::SammelKreditor);
        assert!([transit, kasse, bank].iter().all(|k| k.funktion == KontoFunktion::Geld));
        assert_eq!(
            (vortrag.funktion, vortrag.art),
            (KontoFunktion::Vortrag, KontoArt::Statistik)
        );
        assert_eq!(vorsteuer.funktion, KontoFunktion::Steuer);
        assert_eq!(bank.steuerregel.automatik, Automatik::Ku);
        assert_eq!(
            (
                erloes.steuerregel.automatik,
                erloes.steuerregel.fester_schluessel.as_deref()
            ),
            (Automatik::Am, Some("U19"))
        );
        assert_eq!(
            (
                ware.steuerregel.automatik,
                ware.steuerregel.fester_schluessel.as_deref()
            ),
            (Automatik::Av, Some("V19"))
        );
        assert_eq!(buero.steuerregel.fester_schluessel, None);
        assert_eq!(buero.steuerregel.vorschlag_schluessel.as_deref(), Some("V19"));
        assert_eq!((buero.kst_regel, bank.kst_regel), (KstRegel::Erlaubt, KstRegel::Keine));
        let zeilen = |k: &vorlage::VorlageKonto| {
            let z = &k.zuordnungen[0];
            (
                z.gliederung,
                z.zeile_soll.clone().unwrap(),
                z.zeile_haben.clone().unwrap(),
            )
        };
        let hgb266 = |soll: &str, haben: &str| (Gliederung::Hgb266, soll.to_owned(), haben.to_owned());
        // fibu.md section 1, example 2.
        assert_eq!(zeilen(bank), hgb266("A.B.IV", "P.C.2"));
        assert_eq!(zeilen(verbindlichkeit), hgb266("A.B.II.4", "P.C.4"));
        assert_eq!(zeilen(vorsteuer), hgb266("A.B.II.4", "P.C.8"));
        assert_eq!(zeilen(verrechnung), hgb266("A.B.II.1", "A.B.II.1"));
        assert_eq!(zeilen(skonto), (Gliederung::Hgb275, "G.1".into(), "G.1".into()));
        assert!(vortrag.zuordnungen.is_empty());
    }
}

#[test]
fn freie_konten_der_vorlage_verlangen_einen_schluessel() {
    let freie = |rahmen| -> Vec<String> {
        let konten = vorlage::konten(rahmen).into_iter();
        let mut freie: Vec<String> = konten
            .filter(|k| k.steuerregel.schluessel_pflicht)
            .inspect(|k| {
                assert_eq!(
                    (k.steuerregel.automatik, k.funktion),
                    (Automatik::Keine, KontoFunktion::Sach)
                );
            })
            .map(|k| k.konto_nr)
            .collect();
        freie.sort();
        freie
    };
    let skr04 = [
        "3310", "4200", "4520", "4830", "5200", "5900", "6300", "6310", "6315", "6650",
    ];
    assert_eq!(freie(Rahmen::Skr04), skr04);
    let skr03 = [
        "1610", "3100", "3200", "4210", "4220", "4660", "4900", "8200", "8540", "8603",
    ];
    assert_eq!(freie(Rahmen::Skr03), skr03);
}

#[test]
fn die_saetze_der_vorlage_haben_keine_luecke() {
    for s in vorlage::schluessel(Rahmen::Skr04) {
        for paar in s.saetze.windows(2) {
            let danach = paar[0].gueltig_bis.and_then(|bis| bis.checked_add_days(Days::new(1)));
            assert_eq!(danach, Some(paar[1].gueltig_ab), "{}", s.code);
        }
        assert!(s.saetze.last().is_none_or(|s| s.gueltig_bis.is_none()), "{}", s.code);
        let ohne_satz = ["EUST", "U14C", "UNST"].contains(&s.code.as_str());
        assert_eq!(s.saetze.is_empty(), ohne_satz, "{}", s.code);
    }
}

#[test]
fn skonto_und_kleindifferenz_finden_ihr_konto_je_schluessel() {
    let plan: Kontenplan = gefaltet(plan_events(Rahmen::Skr04));
    let konto = |zweck, schluessel| {
        plan.konto_fuer(zweck, Some(schluessel), None, None, tag(2026, 3, 10))
            .map(|r| r.konto_nr.as_str())
    };
    // fibu.md section 4, examples 1 and 2.
    assert_eq!(konto(Zweck::SkontoGewaehrt, "U7"), Ok("4731"));
    assert_eq!(konto(Zweck::SkontoGewaehrt, "U19"), Ok("4736"));
    assert_eq!(konto(Zweck::Kleindifferenz, "U19"), Ok("4720"));
    assert_eq!(konto(Zweck::Kleindifferenz, "V7"), Ok("5710"));
    for ohne_steuer in ["V0", "UFREI", "UNST"] {
        assert_eq!(konto(Zweck::Kleindifferenz, ohne_steuer), Ok("6300"));
    }
    assert!(konto(Zweck::Erloes, "UIGL").is_err(), "section 1, example 1");
}

#[test]
fn eine_vorlage_gibt_es_nur_fuer_vierstellige_bekannte_rahmen() {
    for angelegt in [plan_angelegt(Rahmen::Eigen, 4), plan_angelegt(Rahmen::Skr03, 5)] {
        let plan: Kontenplan = gefaltet([angelegt]);
        let error = World::new()
            .decide(&plan, KontenplanCommand::VorlageUebernehmen {})
            .unwrap_err();
        assert!(
            matches!(error, Refused::Shared(Shared::EingabeUngueltig { .. })),
            "{error}"
        );
    }
}

fn gruppe(nr_von: &str, nr_bis: &str, fester_schluessel: Option<&str>) -> Kontengruppe {
    Kontengruppe {
        nr_von: nr_von.into(),
        nr_bis: nr_bis.into(),
        bezeichnung: "Erlöse Saatgut".into(),
        eltern: Some("4000".into()),
        art: Some(KontoArt::Ertrag),
        fester_schluessel: fester_schluessel.map(Into::into),
    }
}

#[test]
fn eine_gruppe_braucht_gleich_lange_nummern_und_einen_bekannten_schluessel() {
    let welt = welt(Rahmen::Skr04);
    let setzen = |gruppe| KontenplanCommand::GruppeSetzen { gruppe };
    let gut = gruppe("4310", "4319", Some("U7"));
    welt.test::<Kontenplan>()
        .given(plan_events(Rahmen::Skr04))
        .when(setzen(gut.clone()))
        .then_expect_events(vec![KontenplanEvent::GruppeGesetzt { gruppe: gut.clone() }]);
    welt.test::<Kontenplan>()
        .given(plan_events(Rahmen::Skr04))
        .when(setzen(gruppe("4310", "4319", Some("U8"))))
        .then_expect_error(Refused::Domain(KontenplanError::SchluesselUnbekannt {
            schluessel: "U8".into(),
        }));
    let plan: Kontenplan = gefaltet(plan_events(Rahmen::Skr04));
    let lang = Kontengruppe {
        bezeichnung: "x".repeat(101),
        ..gut.clone()
    };
    let eltern = Kontengruppe {
        eltern: Some("Erlöse".into()),
        ..gut.clone()
    };
    for falsch in [
        gruppe("4319", "4310", None),
        gruppe("431", "4319", None),
        gruppe("43A0", "43A9", None),
        gruppe("", "", None),
        lang,
        eltern,
    ] {
        let error = welt.decide(&plan, setzen(falsch)).unwrap_err();
        assert!(
            matches!(error, Refused::Shared(Shared::EingabeUngueltig { .. })),
            "{error}"
        );
    }
    let mut plan = plan;
    plan.evolve(KontenplanEvent::GruppeGesetzt { gruppe: gut });
    let von = |nr: &str| plan.gruppe_fuer(nr).map(|g| g.nr_von.clone());
    assert_eq!(von("4311").as_deref(), Some("4310"), "the narrowest range");
    assert_eq!(von("431100").as_deref(), Some("4310"), "longer numbers by their head");
    assert_eq!(von("4399").as_deref(), Some("4000"));
    assert_eq!(von("8000"), None);
}

#[test]
fn eine_gliederungszeile_braucht_eine_bekannte_obere_zeile() {
    let zeile = |eltern: Option<&str>| Gliederungszeile {
        gliederung: Gliederung::Hgb275,
        schluessel: "G.7b".into(),
        eltern: eltern.map(Into::into),
        bezeichnung: "Abschreibungen auf Umlaufvermögen".into(),
        reihenfolge: 60,
        formel: None,
    };
    let setzen = |zeile| KontenplanCommand::GliederungSetzen { zeile };
    let welt = World::new();
    for eltern in [Some("G.7"), None] {
        welt.test::<Kontenplan>()
            .given(plan_events(Rahmen::Skr04))
            .when(setzen(zeile(eltern)))
            .then_expect_events(vec![KontenplanEvent::GliederungGesetzt { zeile: zeile(eltern) }]);
    }
    welt.test::<Kontenplan>()
        .given(plan_events(Rahmen::Skr04))
        .when(setzen(zeile(Some("A.B"))))
        .then_expect_error(Refused::Domain(KontenplanError::GliederungszeileUnbekannt {
            gliederung: "hgb275".into(),
            zeile: "A.B".into(),
        }));
    let plan: Kontenplan = gefaltet(plan_events(Rahmen::Skr04));
    let ohne_namen = Gliederungszeile {
        bezeichnung: " ".into(),
        ..zeile(None)
    };
    for falsch in [zeile(Some("G.7b")), ohne_namen] {
        let error = welt.decide(&plan, setzen(falsch)).unwrap_err();
        assert!(
            matches!(error, Refused::Shared(Shared::EingabeUngueltig { .. })),
            "{error}"
        );
    }
}

fn finden(schluessel: &str, konto_nr: &str, gueltig_ab: NaiveDate) -> KontenplanCommand {
    KontenplanCommand::KontenfindungSetzen {
        zweck: Zweck::Erloes,
        schluessel: Some(Text::cut(schluessel)),
        artikelgruppe: None,
        partnergruppe: None,
        konto_nr: Text::cut(konto_nr),
        gueltig_ab,
    }
}

#[test]
fn eine_kontenfindung_nennt_ein_konto_und_einen_schluessel_die_es_gibt() {
    let welt = welt(Rahmen::Skr04);
    let plan: Kontenplan = gefaltet(plan_events(Rahmen::Skr04));
    let letzte = plan.kontenfindung.iter().map(|r| r.nr).max().unwrap();
    let events = welt.decide(&plan, finden("UIGL", "4125", tag(2026, 1, 1))).unwrap();
    assert!(
        matches!(&events[..], [KontenplanEvent::KontenfindungGesetzt { regel }] if regel.nr == letzte + 1),
        "{events:?}"
    );
    welt.test::<Kontenplan>()
        .given(plan_events(Rahmen::Skr04))
        .when(finden("U8", "4400", tag(2026, 1, 1)))
        .then_expect_error(Refused::Domain(KontenplanError::SchluesselUnbekannt {
            schluessel: "U8".into(),
        }));
    let error = welt.decide(&plan, finden("UIGL", "4126", tag(2026, 1, 1))).unwrap_err();
    assert!(
        matches!(error, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "{error}"
    );
}

#[test]
fn dieselbe_regel_noch_einmal_gesetzt_ersetzt_die_alte_und_ist_nicht_mehrdeutig() {
    let welt = welt(Rahmen::Skr04);
    let mut plan: Kontenplan = gefaltet(plan_events(Rahmen::Skr04));
    let anzahl = plan.kontenfindung.len();
    for event in welt.decide(&plan, finden("U19", "4569", vorlage::anfang())).unwrap() {
        plan.evolve(event);
    }
    assert_eq!(plan.kontenfindung.len(), anzahl);
    let regel = plan
        .konto_fuer(Zweck::Erloes, Some("U19"), None, None, tag(2026, 3, 10))
        .unwrap();
    assert_eq!(regel.konto_nr, "4569");
}

#[test]
fn ein_konto_mit_abgeloester_kontenfindung_laesst_sich_stilllegen() {
    let stilllegen = || KontoCommand::Stilllegen { grund: None };
    let konto: Konto = gefaltet([konto_angelegt("4400")]);
    for (ab, geht) in [(tag(2026, 3, 10), true), (tag(2026, 3, 11), false)] {
        let welt = welt(Rahmen::Skr04);
        let mut events = plan_events(Rahmen::Skr04);
        let plan: Kontenplan = gefaltet(events.clone());
        events.extend(welt.decide(&plan, finden("U19", "4569", ab)).unwrap());
        let id = Kontenplan::stream_id(welt.frame.mandant_id);
        let antwort = welt.with::<Kontenplan>(id, events).decide(&konto, stilllegen());
        assert_eq!(antwort.is_ok(), geht, "{antwort:?}");
    }
}

fn konto_angelegt(konto_nr: &str) -> KontoEvent {
    KontoEvent::Angelegt {
        konto_nr: konto_nr.into(),
        bezeichnung: "Erlöse".into(),
        art: KontoArt::Ertrag,
        funktion: KontoFunktion::Sach,
        kst_regel: KstRegel::Erlaubt,
        steuerregel: aggregates::fibu::konto::KontoSteuerregel::default(),
        zuordnungen: vec![],
    }
}

fn konto_anlegen(zuordnungen: Vec<GliederungsZuordnung>) -> KontoCommand {
    KontoCommand::Anlegen {
        konto_nr: Text::cut("6816"),
        bezeichnung: Text::cut("Papier"),
        art: None,
        funktion: None,
        kst_regel: None,
        steuerregel: None,
        zuordnungen,
    }
}

#[test]
fn je_gliederung_hat_ein_konto_nur_eine_zuordnung() {
    let zuordnung = |gliederung, zeile: &str| GliederungsZuordnung {
        gliederung,
        zeile_soll: Some(zeile.into()),
        zeile_haben: Some(zeile.into()),
    };
    let welt = welt(Rahmen::Skr04);
    let guv = || zuordnung(Gliederung::Hgb275, "G.8");
    let gut = konto_anlegen(vec![guv(), zuordnung(Gliederung::Bwa, "160")]);
    let zustand: Konto = gefaltet(welt.decide(&Konto::default(), gut).unwrap());
    assert_eq!(zustand.zuordnungen.len(), 2);
    let error = welt
        .decide(&Konto::default(), konto_anlegen(vec![guv(), guv()]))
        .unwrap_err();
    let Refused::Shared(Shared::EingabeUngueltig { felder }) = error else {
        panic!("{error}")
    };
    assert_eq!(felder[0].feld, "/zuordnungen/1/gliederung");
}

#[test]
fn ohne_kontenplan_gibt_es_kein_konto() {
    let error = World::new()
        .decide(&Konto::default(), konto_anlegen(vec![]))
        .unwrap_err();
    assert!(
        matches!(error, Refused::Shared(Shared::EingabeUngueltig { .. })),
        "{error}"
    );
}

#[test]
fn jede_schreibweise_von_null_ist_null_und_alles_andere_nicht() {
    let konto: Konto = gefaltet([konto_angelegt("6815")]);
    let welt = welt(Rahmen::Skr04);
    for (saldo, geht) in [
        (json!(null), true),
        (json!("0"), true),
        (json!("0.00"), true),
        (json!("-0.01"), false),
        (json!("unlesbar"), false),
    ] {
        let welt = welt.clone().fact("konto_saldo", "6815", saldo.clone());
        let antwort = welt.decide(&konto, KontoCommand::Stilllegen { grund: None });
        assert_eq!(antwort.is_ok(), geht, "{saldo}");
        if !geht {
            let saldo = saldo.as_str().unwrap().to_owned();
            assert_eq!(antwort, Err(Refused::Domain(KontoError::SaldoNichtNull { saldo })));
        }
    }
}

#[test]
fn ein_stillgelegtes_konto_bleibt_wie_es_ist() {
    let events = || vec![konto_angelegt("4400"), KontoEvent::Stillgelegt { grund: None }];
    let konto: Konto = gefaltet(events());
    assert_eq!(konto.status, KontoStatus::Stillgelegt);
    let befehle = [
        konto_anlegen(vec![]),
        KontoCommand::Umbenennen {
            bezeichnung: Text::cut("Neu"),
            ab: None,
        },
        KontoCommand::KostenstellenRegelSetzen {
            kst_regel: KstRegel::Pflicht,
        },
        KontoCommand::Sperren {
            grund: Text::cut("Prüfung"),
        },
        KontoCommand::Entsperren { grund: None },
        KontoCommand::Stilllegen { grund: None },
    ];
    for befehl in befehle {
        let error = World::new().decide(&konto, befehl).unwrap_err();
        assert!(
            matches!(&error, Refused::Shared(Shared::StatusUnzulaessig { ist, .. }) if ist == "stillgelegt"),
            "{error}"
        );
    }
}

fn schluessel_anlegen(saetze: Vec<Steuersatz>, kennzahlen: Vec<KennzahlZuordnung>) -> SteuerSchluesselCommand {
    SteuerSchluesselCommand::Anlegen {
        code: Text::cut("U21"),
        bezeichnung: Text::cut("Umsatzsteuer 21 %"),
        richtung: Richtung::Umsatz,
        konto_ust: Some(Text::cut("3806")),
        konto_vst: None,
        ust_id_pflicht: false,
        zm_art: None,
        datev_bu: None,
        hinweistext: None,
        saetze,
        kennzahlen,
    }
}

fn satz(ab: NaiveDate, bis: Option<NaiveDate>) -> Steuersatz {
    Steuersatz {
        gueltig_ab: ab,
        gueltig_bis: bis,
        satz: Satz::percent(21.into()),
    }
}

fn kennzahl(ab: NaiveDate, kz: &str) -> KennzahlZuordnung {
    KennzahlZuordnung {
        gueltig_ab: ab,
        kz_basis: Some(kz.into()),
        ..KennzahlZuordnung::default()
    }
}

#[test]
fn ein_schluessel_kommt_mit_geordneten_saetzen_und_kennzahlen() {
    let (alt, neu) = (tag(2026, 1, 1), tag(2027, 1, 1));
    let saetze = vec![satz(neu, None), satz(alt, Some(tag(2026, 12, 31)))];
    let befehl = schluessel_anlegen(saetze, vec![kennzahl(neu, "82"), kennzahl(alt, "81")]);
    let events = World::new().decide(&SteuerSchluessel::default(), befehl).unwrap();
    let mut zustand: SteuerSchluessel = gefaltet(events);
    assert_eq!(zustand.saetze[0].gueltig_ab, alt);
    assert_eq!(zustand.kennzahlen[0].kz_basis.as_deref(), Some("81"));
    World::new()
        .decide(&zustand, schluessel_anlegen(vec![], vec![]))
        .unwrap_err();
    let grund = || Text::cut("Gesetz aufgehoben");
    let events = World::new()
        .decide(&zustand, SteuerSchluesselCommand::Stilllegen { grund: grund() })
        .unwrap();
    assert_eq!(
        events,
        vec![SteuerSchluesselEvent::Stillgelegt {
            grund: "Gesetz aufgehoben".into()
        }]
    );
    zustand.evolve(events[0].clone());
    let error = World::new()
        .decide(&zustand, SteuerSchluesselCommand::Stilllegen { grund: grund() })
        .unwrap_err();
    assert_eq!(error, Refused::Shared(Shared::status("stillgelegt", &["aktiv"])));
}

#[test]
fn ein_schluessel_mit_ueberschneidung_wird_nicht_angelegt() {
    let saetze = vec![satz(tag(2026, 1, 1), None), satz(tag(2027, 1, 1), None)];
    World::new()
        .test::<SteuerSchluessel>()
        .given_no_previous_events()
        .when(schluessel_anlegen(saetze, vec![]))
        .then_expect_error(Refused::Domain(SteuerSchluesselError::SatzUeberlappung {
            gueltig_ab: tag(2027, 1, 1),
        }));
}

#[test]
fn falsche_felder_eines_schluessels_werden_benannt() {
    let ab = tag(2026, 1, 1);
    let feld = |zustand: &SteuerSchluessel, befehl| match World::new().decide(zustand, befehl) {
        Err(Refused::Shared(Shared::EingabeUngueltig { felder })) => felder[0].feld.clone(),
        andere => panic!("{andere:?}"),
    };
    let neu = SteuerSchluessel::default();
    let rueckwaerts = || satz(ab, Some(tag(2025, 1, 1)));
    assert_eq!(
        feld(&neu, schluessel_anlegen(vec![rueckwaerts()], vec![])),
        "/gueltig_bis"
    );
    let doppelt = vec![kennzahl(ab, "81"), kennzahl(ab, "82")];
    assert_eq!(feld(&neu, schluessel_anlegen(vec![], doppelt)), "/kennzahlen");
    for kz in ["", "8a", "1234"] {
        let befehl = schluessel_anlegen(vec![], vec![kennzahl(ab, kz)]);
        assert_eq!(feld(&neu, befehl), "/kennzahlen", "{kz:?}");
    }
    let aktiv: SteuerSchluessel = gefaltet(World::new().decide(&neu, schluessel_anlegen(vec![], vec![])).unwrap());
    let konten = |konto_ust: Option<&str>, konto_vst: Option<&str>| SteuerSchluesselCommand::KontenSetzen {
        konto_ust: konto_ust.map(Text::cut),
        konto_vst: konto_vst.map(Text::cut),
    };
    assert_eq!(feld(&aktiv, konten(Some("38O6"), None)), "/konto_ust");
    assert_eq!(feld(&aktiv, konten(None, Some("VSt"))), "/konto_vst");
    let kennzahl = kennzahl(ab, "Kz 81");
    assert_eq!(
        feld(&aktiv, SteuerSchluesselCommand::KennzahlSetzen { kennzahl }),
        "/kennzahlen"
    );
}

fn regeln() -> impl Strategy<Value = Vec<Kontenfindungsregel>> {
    let gruppen = (any::<bool>(), any::<bool>());
    let regel =
        (gruppen, 1_u32..=4, 4300_u32..4310).prop_map(|((artikel, partner), monat, konto)| Kontenfindungsregel {
            nr: 0,
            zweck: Zweck::Erloes,
            schluessel: Some("U7".into()),
            artikelgruppe: artikel.then(|| "Saatgut".into()),
            partnergruppe: partner.then(|| "Genossen".into()),
            konto_nr: konto.to_string(),
            gueltig_ab: tag(2026, monat, 1),
        });
    proptest::collection::vec(regel, 0..8)
}

proptest! {
    #[test]
    fn die_genaueste_regel_gewinnt_in_jeder_reihenfolge(regeln in regeln()) {
        let rang = |r: &Kontenfindungsregel| (r.artikelgruppe.is_some(), r.partnergruppe.is_some(), r.gueltig_ab);
        let am = tag(2026, 3, 10);
        let suchen = |kontenfindung| {
            let plan = Kontenplan { kontenfindung, ..Kontenplan::default() };
            plan.konto_fuer(Zweck::Erloes, Some("U7"), Some("Saatgut"), Some("Genossen"), am).cloned()
        };
        let vorwaerts = suchen(regeln.clone());
        prop_assert_eq!(&vorwaerts, &suchen(regeln.iter().rev().cloned().collect()));
        let gueltige: Vec<_> = regeln.iter().filter(|r| r.gueltig_ab <= am).collect();
        let beste = gueltige.iter().map(|r| rang(r)).max();
        let gleich = gueltige.iter().filter(|r| Some(rang(r)) == beste).count();
        match vorwaerts {
            Ok(regel) => {
                prop_assert_eq!(Some(rang(&regel)), beste);
                prop_assert_eq!(gleich, 1);
            }
            Err(KontenplanError::KontenfindungFehlt { .. }) => prop_assert_eq!(gleich, 0),
            Err(KontenplanError::KontenfindungMehrdeutig { .. }) => prop_assert!(gleich > 1),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
