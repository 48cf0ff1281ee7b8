#![allow(missing_docs)]
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap like the tests themselves
//! Accounts that demand a tax key (fibu 11, `frei`): the rule, the refusal of a line without one, and what goes without.

mod rechnung_welt;

use aggregates::{
    Aggregate, Context, DomainError, Refused, Shared,
    fibu::{
        Buchung, Konto,
        buchung::{BuchungCommand, BuchungError, BuchungEvent, Seite},
        buchungssatz::Buchungszeile,
        kontenplan::Rahmen,
        konto::{
            Automatik, KontoArt, KontoCommand, KontoError, KontoEvent, KontoFunktion, KontoSteuerregel, KstRegel,
            SteuerregelEingabe,
        },
        vorlage,
    },
    testing::World,
    types::{Betrag, Text},
};
use rechnung_welt::{kurz, positionen, tag, welt};
use serde_json::{Value, json};
use uuid::Uuid;

const KONTO: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_6816);
const ORIGINAL: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0b01);
const UMKEHR: Uuid = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0b02);

/// A voucher of two lines against cash; `mehr` adds or replaces fields of the head.
fn gegen_kasse(konto: &str, seite: &str, schluessel: Option<&str>, mehr: &Value) -> BuchungCommand {
    let gegen = if seite == "soll" { "haben" } else { "soll" };
    let mut zeile = json!({"konto": konto, "seite": seite, "betrag": "119.00"});
    if let Some(schluessel) = schluessel {
        zeile["schluessel"] = json!(schluessel);
    }
    let mut felder = json!({
        "belegkreis": "MB", "belegdatum": "2026-03-09", "buchungsdatum": "2026-03-09", "text": "Beleg", "beleg": "B-1",
        "zeilen": [zeile, {"konto": "1600", "seite": gegen, "betrag": "119.00"}],
    });
    felder
        .as_object_mut()
        .unwrap()
        .extend(mehr.as_object().unwrap().clone());
    serde_json::from_value(json!({ "Erfassen": felder })).unwrap()
}

fn entscheide(welt: &World, command: BuchungCommand) -> Result<BuchungEvent, Refused<BuchungError>> {
    Ok(welt.decide(&Buchung::default(), command)?.remove(0))
}

fn fehlt(konto: &str, erlaubt: &[&str], ohne_steuer: &[&str]) -> Refused<BuchungError> {
    let alle = |codes: &[&str]| codes.iter().map(|c| (*c).to_owned()).collect();
    Refused::Domain(BuchungError::SteuerschluesselFehlt {
        konto: konto.to_owned(),
        erlaubt: alle(erlaubt),
        ohne_steuer: alle(ohne_steuer),
    })
}

/// An account of the company's own, whose rule demands one of some keys from 1 March 2026 on.
fn eigenes(erlaubt: &[&str]) -> Vec<KontoEvent> {
    let regel = |ab, schluessel_pflicht| KontoSteuerregel {
        gueltig_ab: ab,
        erlaubte_schluessel: erlaubt.iter().map(|s| (*s).to_owned()).collect(),
        schluessel_pflicht,
        ..KontoSteuerregel::default()
    };
    let angelegt = KontoEvent::Angelegt {
        konto_nr: "6816".into(),
        bezeichnung: "Eigenes".into(),
        art: KontoArt::Aufwand,
        funktion: KontoFunktion::Sach,
        kst_regel: KstRegel::Erlaubt,
        steuerregel: regel(tag(2000, 1, 1), false),
        zuordnungen: Vec::new(),
    };
    let steuerregel = regel(tag(2026, 3, 1), true);
    vec![angelegt, KontoEvent::SteuerregelGesetzt { steuerregel }]
}

fn mit_eigenem(erlaubt: &[&str]) -> World {
    welt().with::<Konto>(KONTO, eigenes(erlaubt))
}

#[test]
fn eine_zeile_ohne_schluessel_wird_auf_einem_freien_konto_abgelehnt() {
    let erloese = entscheide(&welt(), gegen_kasse("4200", "haben", None, &json!({}))).unwrap_err();
    assert_eq!(erloese, fehlt("4200", &[], &["UFREI", "UNST", "V0"]));
    let Refused::Domain(fehler) = &erloese else { panic!() };
    assert_eq!(fehler.code(), "KONTO_STEUERSCHLUESSEL_FEHLT");
    assert_eq!(
        fehler.to_string(),
        "das Konto 4200 verlangt einen Steuerschlüssel; bitte einen aus der Liste der Steuerschlüssel angeben; ohne \
         Steuer: UFREI (steuerfreier Umsatz), UNST (nicht steuerbarer Umsatz), V0"
    );
    let miete = entscheide(&welt(), gegen_kasse("6310", "soll", None, &json!({}))).unwrap_err();
    assert_eq!(miete, fehlt("6310", &[], &["V0"]));
}

#[test]
fn jedes_freie_konto_der_vorlage_nimmt_einen_schluessel_und_nichts_ohne() {
    let freie = vorlage::konten(Rahmen::Skr04)
        .into_iter()
        .filter(|k| k.steuerregel.schluessel_pflicht);
    let mut anzahl = 0;
    for konto in freie {
        let (nr, ertrag) = (konto.konto_nr.as_str(), konto.art == KontoArt::Ertrag);
        let (seite, schluessel) = if ertrag { ("haben", "U19") } else { ("soll", "V19") };
        let ohne = entscheide(&welt(), gegen_kasse(nr, seite, None, &json!({})));
        assert!(
            matches!(&ohne, Err(Refused::Domain(BuchungError::SteuerschluesselFehlt { konto, .. })) if konto == nr),
            "{nr}: {ohne:?}"
        );
        let mit = entscheide(&welt(), gegen_kasse(nr, seite, Some(schluessel), &json!({}))).unwrap();
        assert_eq!(positionen(&mit)[0].betrag, Betrag::cent(10_000), "{nr}");
        let frei = entscheide(&welt(), gegen_kasse(nr, seite, Some("V0"), &json!({}))).unwrap();
        assert_eq!(positionen(&frei).len(), 2, "{nr}: no tax, no line of tax");
        anzahl += 1;
    }
    assert_eq!(anzahl, 10);
}

#[test]
fn ein_konto_ohne_vorgabe_geht_weiter_ohne_schluessel() {
    let buero = entscheide(&welt(), gegen_kasse("6815", "soll", None, &json!({}))).unwrap();
    assert_eq!(kurz(&buero), ["6815 S 119.00", "1600 H 119.00"]);
}

#[test]
fn die_regel_eines_eigenen_kontos_gilt_ab_ihrem_tag() {
    let welt = mit_eigenem(&["V19"]);
    let am = |steuerdatum: &str| gegen_kasse("6816", "soll", None, &json!({"steuerdatum": steuerdatum}));
    entscheide(&welt, am("2026-02-28")).unwrap();
    let refused = entscheide(&welt, am("2026-03-01")).unwrap_err();
    assert_eq!(
        refused,
        fehlt("6816", &["V19"], &[]),
        "a key that it does not take is not named"
    );
    let text = refused.to_string();
    assert!(
        text.ends_with("verlangt einen Steuerschlüssel; erlaubt ist V19"),
        "{text}"
    );
    let refused = entscheide(&mit_eigenem(&["V19", "V0"]), am("2026-03-01")).unwrap_err();
    assert_eq!(refused, fehlt("6816", &["V19", "V0"], &["V0"]));
    entscheide(&welt, gegen_kasse("6816", "soll", Some("V19"), &json!({}))).unwrap();
}

#[test]
fn ein_saldenvortrag_braucht_keinen_schluessel_eine_umbuchung_schon() {
    let zeilen = |schluessel: Option<&str>| {
        let mut weg = json!({"konto": "3310", "seite": "haben", "betrag": "500.00"});
        if let Some(schluessel) = schluessel {
            weg["schluessel"] = json!(schluessel);
        }
        json!([{"konto": "9000", "seite": "soll", "betrag": "500.00"}, weg])
    };
    let vortrag = json!({
        "belegkreis": "EB", "belegdatum": "2026-01-01", "buchungsdatum": "2026-01-01", "periode": 0,
        "zeilen": zeilen(None),
    });
    let vortrag = entscheide(&welt(), gegen_kasse("3310", "haben", None, &vortrag)).unwrap();
    assert_eq!(kurz(&vortrag), ["9000 S 500.00", "3310 H 500.00"]);
    let umbuchung = |schluessel| {
        let mehr = json!({"belegkreis": "UM", "buchungsart": "umbuchung", "zeilen": zeilen(schluessel)});
        entscheide(&welt(), gegen_kasse("3310", "haben", None, &mehr))
    };
    assert_eq!(umbuchung(None).unwrap_err(), fehlt("3310", &[], &["V0"]));
    assert_eq!(
        kurz(&umbuchung(Some("V0")).unwrap()),
        ["9000 S 500.00", "3310 H 500.00"]
    );
}

#[test]
fn eine_generalumkehr_geht_auch_wenn_die_regel_seither_einen_schluessel_verlangt() {
    let mit_regel = mit_eigenem(&[]);
    let vorher = gegen_kasse("6816", "soll", None, &json!({"steuerdatum": "2026-02-27"}));
    let gebucht = entscheide(&mit_regel, vorher).unwrap();
    let storniert = BuchungEvent::Storniert {
        durch: UMKEHR,
        grund: "falsches Konto".into(),
        buchungsdatum: tag(2026, 3, 10),
    };
    let mut welt = mit_regel.with::<Buchung>(ORIGINAL, vec![gebucht, storniert]);
    welt.id = UMKEHR;
    let umkehren = BuchungCommand::Umkehren {
        original: ORIGINAL,
        grund: Text::new("falsches Konto").unwrap(),
        buchungsdatum: tag(2026, 3, 10),
    };
    let umkehr = entscheide(&welt, umkehren).unwrap();
    assert_eq!(kurz(&umkehr), ["6816 S -119.00", "1600 H -119.00"]);
    assert_eq!(positionen(&umkehr)[0].steuerschluessel, None);
}

#[test]
fn was_das_programm_ohne_steuer_bucht_nennt_den_schluessel_nur_wo_er_noetig_ist() {
    let welt = mit_eigenem(&[]);
    let ctx = Context::new(welt.id, 0, &welt.frame, &welt);
    let schluessel = |nr: &str, am| {
        let zeile: Result<Buchungszeile, Refused<BuchungError>> =
            Buchungszeile::ohne_steuer(nr, Seite::Soll, Betrag::cent(40), am, &ctx);
        zeile.unwrap().schluessel
    };
    let mit = |schluessel: &str| Some(schluessel.to_owned());
    assert_eq!(schluessel("6300", tag(2026, 3, 1)), mit("V0"));
    assert_eq!(schluessel("6855", tag(2026, 3, 1)), None);
    assert_eq!(schluessel("1495", tag(2026, 3, 1)), None);
    assert_eq!(schluessel("6816", tag(2026, 2, 28)), None);
    assert_eq!(schluessel("6816", tag(2026, 3, 1)), mit("V0"));
}

fn pflicht(automatik: Automatik, fest: Option<&str>) -> SteuerregelEingabe {
    SteuerregelEingabe {
        automatik,
        fester_schluessel: fest.map(Into::into),
        schluessel_pflicht: true,
        ..SteuerregelEingabe::default()
    }
}

fn eingabe_ungueltig(ergebnis: Result<Vec<KontoEvent>, Refused<KontoError>>) {
    let felder = match ergebnis.unwrap_err() {
        Refused::Shared(Shared::EingabeUngueltig { felder }) => felder,
        _ => Vec::new(),
    };
    assert_eq!(felder[0].feld, "/steuerregel/schluessel_pflicht");
    assert!(felder[0].meldung.contains("Automatik keine"), "{felder:?}");
}

#[test]
fn der_befehl_setzt_die_pflicht_ab_einem_tag_nach_der_letzten_buchung() {
    let setzen = |ab| KontoCommand::SteuerregelSetzen {
        ab,
        steuerregel: pflicht(Automatik::Keine, None),
    };
    let welt = welt().fact("konto_letzte_buchung", "6816", json!("2026-03-05"));
    welt.test::<Konto>()
        .given(vec![eigenes(&[]).remove(0)])
        .when(setzen(tag(2026, 3, 6)))
        .then_expect_events(vec![KontoEvent::SteuerregelGesetzt {
            steuerregel: KontoSteuerregel {
                gueltig_ab: tag(2026, 3, 6),
                schluessel_pflicht: true,
                ..KontoSteuerregel::default()
            },
        }]);
    welt.test::<Konto>()
        .given(vec![eigenes(&[]).remove(0)])
        .when(setzen(tag(2026, 3, 5)))
        .then_expect_error(Refused::Domain(KontoError::SteuerregelRueckwirkend {
            letzte_buchung: tag(2026, 3, 5),
        }));
}

#[test]
fn nur_ein_schlichtes_konto_ohne_automatik_verlangt_einen_schluessel() {
    let mut konto = Konto::default();
    konto.evolve(eigenes(&[]).remove(0));
    for (automatik, fest) in [(Automatik::Av, Some("V19")), (Automatik::Ku, None)] {
        let setzen = KontoCommand::SteuerregelSetzen {
            ab: tag(2026, 4, 1),
            steuerregel: pflicht(automatik, fest),
        };
        eingabe_ungueltig(welt().decide(&konto, setzen));
    }
    let anlegen = |funktion: &str| -> KontoCommand {
        let regel = json!({"schluessel_pflicht": true});
        let felder = json!({"konto_nr": "1810", "bezeichnung": "Konto", "art": "aktiv", "funktion": funktion, "steuerregel": regel});
        serde_json::from_value(json!({ "Anlegen": felder })).unwrap()
    };
    for funktion in ["geld", "steuer", "vortrag", "sammel_debitor", "sammel_kreditor"] {
        eingabe_ungueltig(welt().decide(&Konto::default(), anlegen(funktion)));
    }
    let events = welt().decide(&Konto::default(), anlegen("sach")).unwrap();
    let KontoEvent::Angelegt { steuerregel, .. } = &events[0] else {
        panic!()
    };
    assert!(steuerregel.schluessel_pflicht);
}

#[test]
fn eine_regel_von_frueher_verlangt_keinen_schluessel() {
    let frueher = json!({
        "gueltig_ab": "2000-01-01", "automatik": "keine", "fester_schluessel": null, "erlaubte_schluessel": [],
        "vorschlag_schluessel": null,
    });
    let regel: KontoSteuerregel = serde_json::from_value(frueher).unwrap();
    assert!(!regel.schluessel_pflicht);
}
