//! The value types: what they read, refuse, round and split.
#![allow(missing_docs, clippy::unwrap_used)]

use std::str::FromStr;

use aggregates::types::{Akteur, Betrag, Dezimal, Iban, Satz, Text, UstId, VALUE_MARK, ist_land, round_commercial};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, from_value, json};
use uuid::Uuid;

fn dez(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn meldung<T: serde::de::DeserializeOwned + std::fmt::Debug>(wert: Value) -> String {
    from_value::<T>(wert).unwrap_err().to_string()
}

#[test]
fn ein_betrag_wird_aus_zeichenkette_oder_ganzer_zahl_gelesen() {
    assert_eq!(from_value::<Betrag>(json!("119.00")).unwrap(), Betrag::cent(11_900));
    assert_eq!(from_value::<Betrag>(json!("119")).unwrap(), Betrag::cent(11_900));
    assert_eq!(from_value::<Betrag>(json!("-0.5")).unwrap(), Betrag::cent(-50));
    assert_eq!(from_value::<Betrag>(json!("1.500")).unwrap(), Betrag::cent(150));
    assert_eq!(from_value::<Betrag>(json!(7)).unwrap(), Betrag::cent(700));
    assert_eq!(
        from_value::<Betrag>(json!("9999999999999.99")).unwrap(),
        Betrag::cent(999_999_999_999_999)
    );
}

#[test]
fn ein_betrag_wird_mit_zwei_stellen_geschrieben() {
    assert_eq!(json!(Betrag::cent(11_900)), json!("119.00"));
    assert_eq!(json!(Betrag::cent(-5)), json!("-0.05"));
    assert_eq!(json!(Betrag::NULL), json!("0.00"));
    assert_eq!(json!(from_value::<Betrag>(json!("-0.00")).unwrap()), json!("0.00"));
}

#[test]
fn ein_betrag_mit_drei_nachkommastellen_wird_abgelehnt() {
    assert!(meldung::<Betrag>(json!("1.005")).starts_with(VALUE_MARK));
}

#[test]
fn json_brueche_werden_abgelehnt() {
    let bruch: Value = serde_json::from_str("1.5").unwrap();
    assert!(meldung::<Dezimal>(bruch.clone()).starts_with(VALUE_MARK));
    assert!(meldung::<Betrag>(bruch.clone()).starts_with(VALUE_MARK));
    assert!(meldung::<Satz>(bruch).starts_with(VALUE_MARK));
}

#[test]
fn was_keine_dezimalzahl_ist_wird_abgelehnt() {
    for text in [
        "", "-", ".5", "5.", "1,50", "1.000,00", "1e3", "+1", " 1", "0x10", "--1", "NaN", "1.2.3", "١",
    ] {
        assert!(meldung::<Dezimal>(json!(text)).starts_with(VALUE_MARK), "{text:?}");
    }
    for zu_lang in ["10000000000000", "1.123456789"] {
        assert!(
            meldung::<Dezimal>(json!(zu_lang)).starts_with(VALUE_MARK),
            "{zu_lang:?}"
        );
    }
    assert!(meldung::<Dezimal>(json!(u64::MAX)).starts_with(VALUE_MARK));
    assert!(from_value::<Dezimal>(json!(true)).is_err());
}

#[test]
fn fuehrende_nullen_zaehlen_nicht_als_stellen() {
    assert_eq!(
        from_value::<Dezimal>(json!("00000000000000001.5")).unwrap().0,
        dez("1.5")
    );
}

#[test]
fn gerundet_wird_kaufmaennisch() {
    for (wert, cent) in [
        ("0.005", 1),
        ("-0.005", -1),
        ("0.0049", 0),
        ("2.675", 268),
        ("1.0", 100),
    ] {
        assert_eq!(Betrag::rounded(dez(wert)), Some(Betrag::cent(cent)), "{wert}");
    }
    assert_eq!(round_commercial(dez("-0.001"), 2).to_string(), "0.00");
}

#[test]
fn ein_betrag_ausserhalb_des_bereichs_ist_keiner() {
    assert_eq!(Betrag::rounded(Decimal::MAX), None);
    assert_eq!(Betrag::rounded(Decimal::MIN), None);
    assert_eq!(Betrag::exact(Dezimal(dez("1.001"))), None);
}

#[test]
fn geteilt_wird_nach_groesstem_rest_und_bei_gleichstand_nach_der_ersten_position() {
    let teile = |betrag, gewichte: &[i64]| -> Vec<i64> {
        let teile = Betrag::cent(betrag).split(gewichte);
        teile.into_iter().map(Betrag::as_cent).collect()
    };
    assert_eq!(teile(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(teile(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(teile(200, &[1, 1, 1]), [67, 67, 66]);
    assert_eq!(teile(10, &[0, 3, 0]), [0, 10, 0]);
    assert_eq!(teile(10, &[0, 0]), [10, 0]);
    assert_eq!(teile(10, &[-5, 5]), [0, 10]);
    assert_eq!(teile(10, &[]), Vec::<i64>::new());
}

proptest! {
    #[test]
    fn die_teile_ergeben_immer_den_betrag(
        cent in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
        gewichte in prop::collection::vec(0_i64..1_000_000_000_000, 1..20),
    ) {
        let teile = Betrag::cent(cent).split(&gewichte);
        prop_assert_eq!(teile.len(), gewichte.len());
        prop_assert_eq!(teile.iter().copied().sum::<Betrag>(), Betrag::cent(cent));
        prop_assert!(teile.iter().all(|t| t.is_null() || (t.as_cent() < 0) == (cent < 0)));
    }

    #[test]
    fn kein_teil_weicht_um_einen_cent_oder_mehr_ab(
        cent in 0_i64..1_000_000_000,
        gewichte in prop::collection::vec(1_i64..1_000_000, 1..10),
    ) {
        let summe: i128 = gewichte.iter().map(|g| i128::from(*g)).sum();
        for (teil, gewicht) in Betrag::cent(cent).split(&gewichte).iter().zip(&gewichte) {
            let abweichung = i128::from(teil.as_cent()) * summe - i128::from(cent) * i128::from(*gewicht);
            prop_assert!(abweichung.abs() < summe);
        }
    }

    #[test]
    fn ein_geschriebener_betrag_wird_gleich_gelesen(cent in -999_999_999_999_999_i64..=999_999_999_999_999) {
        let betrag = Betrag::cent(cent);
        prop_assert_eq!(from_value::<Betrag>(json!(betrag)).unwrap(), betrag);
        prop_assert_eq!(Betrag::from_str(&betrag.to_string()).unwrap(), betrag);
        prop_assert_eq!(Betrag::rounded(betrag.as_decimal()), Some(betrag));
    }

    #[test]
    fn runden_trifft_den_naechsten_cent(einheiten in -10_000_000_000_i64..10_000_000_000, stellen in 0_u32..7) {
        let wert = Decimal::new(einheiten, stellen);
        let rest = (Betrag::rounded(wert).unwrap().as_decimal() - wert).abs();
        prop_assert!(rest <= dez("0.005"));
    }

    #[test]
    fn kein_text_bringt_das_lesen_zum_absturz(text in "\\PC{0,40}") {
        let _ = Betrag::from_str(&text);
        let _ = Iban::parse(&text);
        let _ = UstId::parse(&text);
        let _ = Akteur::from_str(&text);
        let _ = Text::<10>::new(&text);
        prop_assert!(Text::<10>::cut(&text).chars().count() <= 10);
    }

    #[test]
    fn eine_vertauschte_ziffer_macht_die_iban_ungueltig(stelle in 4_usize..22, neu in 0_u8..10) {
        let mut iban = b"DE89370400440532013000".to_vec();
        prop_assume!(iban[stelle] != b'0' + neu);
        iban[stelle] = b'0' + neu;
        prop_assert_eq!(Iban::parse(std::str::from_utf8(&iban).unwrap()), None);
    }
}

#[test]
fn ein_satz_liegt_zwischen_null_und_hundert_prozent() {
    assert_eq!(from_value::<Satz>(json!("7.80")).unwrap(), Satz::percent(dez("7.8")));
    assert_eq!(json!(Satz::percent(dez("19.00"))), json!("19"));
    assert_eq!(from_value::<Satz>(json!(0)).unwrap().as_percent(), Decimal::ZERO);
    assert_eq!(from_value::<Satz>(json!("100")).unwrap().factor(), Decimal::ONE);
    assert_eq!(Satz::percent(dez("19")).factor(), dez("0.19"));
    for falsch in ["-1", "100.01", "1.1234567"] {
        assert!(meldung::<Satz>(json!(falsch)).starts_with(VALUE_MARK), "{falsch}");
    }
}

#[test]
fn eine_gueltige_iban_wird_ohne_leerzeichen_gefuehrt() {
    let iban = Iban::parse("de89 3704 0044 0532 0130 00").unwrap();
    assert_eq!(iban.as_str(), "DE89370400440532013000");
    assert!(Iban::parse("NL91ABNA0417164300").is_some());
    assert!(Iban::parse("GB82WEST12345698765432").is_some());
}

#[test]
fn eine_falsche_iban_wird_abgelehnt() {
    for falsch in [
        "DE89370400440532013001",
        "DE8937040044053201300",
        "DE893704004405320130000",
        "DE8937040044053201300A",
        "8937040044053201300000",
        "GBAAWEST12345698765432",
        "ÄE89370400440532013000",
        "",
    ] {
        assert_eq!(Iban::parse(falsch), None, "{falsch}");
    }
}

#[test]
fn eine_ust_id_wird_nach_muster_und_deutscher_pruefziffer_geprueft() {
    assert_eq!(UstId::parse("de 136 695 976").unwrap().as_str(), "DE136695976");
    assert_eq!(UstId::parse("ATU12345678").unwrap().country(), "AT");
    assert!(UstId::parse("NL123456789B01").is_some());
    assert!(UstId::parse("IE1234567+").is_none_or(|id| id.country() == "IE"));
    for falsch in [
        "DE136695977",
        "DE13669597",
        "DE036695976",
        "DE13669597A",
        "CH123456789",
        "GR123456789",
        "AT+12345678",
        "FR1234567890",
        "DE",
        "",
    ] {
        assert_eq!(UstId::parse(falsch), None, "{falsch}");
    }
}

#[test]
fn ein_text_wird_getrimmt_und_begrenzt() {
    assert_eq!(from_value::<Text<5>>(json!(" äöüßé ")).unwrap().as_str(), "äöüßé");
    for falsch in ["", "   ", "sechs!", "a\u{0}b", "a\tb"] {
        assert!(meldung::<Text<5>>(json!(falsch)).starts_with(VALUE_MARK), "{falsch:?}");
    }
    assert_eq!(Text::<5>::new("a\nb").unwrap().as_str(), "a\nb");
    assert_eq!(Text::<3>::cut("  abcdef").as_str(), "abc");
    assert_eq!(Text::<3>::cut(" ").as_str(), "-");
}

#[test]
fn ein_akteur_ist_benutzer_oder_dienst() {
    let id = Uuid::from_u128(10);
    assert_eq!(
        Akteur::from_str(&format!("benutzer:{id}")).unwrap(),
        Akteur::Benutzer(id)
    );
    assert_eq!(json!(Akteur::dienst("start")), json!("dienst:start"));
    for falsch in ["benutzer:x", "dienst:", "start", "rolle:x"] {
        assert!(Akteur::from_str(falsch).is_err(), "{falsch}");
    }
}

#[test]
fn ein_land_ist_ein_vergebener_code_der_iso_3166() {
    for land in ["AD", "AT", "DE", "GB", "MZ", "ZW"] {
        assert!(ist_land(land), "{land}");
    }
    for falsch in ["D", "de", "DEU", "D1", "ÄÖ", "", "XX", "EU", "UK", "E ", " A"] {
        assert!(!ist_land(falsch), "{falsch}");
    }
}
