//! Value types: what they take, what they refuse, and that no cent is lost.
#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test the panic is the report"
)]

use aggregates::types::{Akteur, Betrag, Dezimal, Iban, Satz, Text, UstId, round_commercial};
use proptest::prelude::*;
use serde_json::{Value, json};

fn betrag(value: Value) -> Result<String, String> {
    serde_json::from_value::<Betrag>(value)
        .map(|b| b.to_string())
        .map_err(|e| e.to_string())
}

#[test]
fn ein_betrag_ist_eine_dezimalzahl_mit_zwei_stellen() {
    for (input, wanted) in [
        (json!("119.00"), "119.00"),
        (json!("119"), "119.00"),
        (json!("119.5"), "119.50"),
        (json!("119.500"), "119.50"),
        (json!(119), "119.00"),
        (json!("-0.00"), "0.00"),
        (json!("-0.01"), "-0.01"),
        (json!("0009999999999999.99"), "9999999999999.99"),
    ] {
        assert_eq!(betrag(input.clone()).as_deref(), Ok(wanted), "{input}");
    }
    for input in [
        json!(119.5),
        json!("1e3"),
        json!("1,50"),
        json!(" 1"),
        json!(""),
        json!("-"),
        json!("."),
        json!("1."),
        json!(".5"),
        json!("+1"),
        json!("1.005"),
        json!("NaN"),
        json!(null),
        json!([1]),
        json!("12345678901234"),
        json!(u64::MAX),
        json!("1_000"),
        json!("٣"),
    ] {
        assert!(betrag(input.clone()).is_err(), "{input}");
    }
    let fraction = betrag(json!(119.5)).unwrap_err();
    assert!(
        fraction.starts_with("Wert ungültig: ") && fraction.contains("Zeichenkette"),
        "{fraction}"
    );
}

#[test]
fn gerundet_wird_kaufmaennisch() {
    let cases = [
        ("0.005", "0.01"),
        ("-0.005", "-0.01"),
        ("0.0049999", "0.00"),
        ("2.675", "2.68"),
        ("-0.004", "0.00"),
    ];
    for (input, wanted) in cases {
        let rounded = round_commercial(input.parse::<Dezimal>().unwrap().0, 2).to_string();
        assert_eq!(rounded, wanted, "{input}");
    }
}

#[test]
fn ein_satz_ist_ein_prozentsatz_ohne_nachgestellte_nullen() {
    let satz = |v: Value| {
        serde_json::from_value::<Satz>(v)
            .map(|s| s.to_string())
            .map_err(|e| e.to_string())
    };
    assert_eq!(satz(json!("7.80")).as_deref(), Ok("7.8"));
    assert_eq!(satz(json!(19)).as_deref(), Ok("19"));
    assert_eq!(satz(json!("100")).as_deref(), Ok("100"));
    for wrong in [json!("-1"), json!("101"), json!("1.2345678"), json!(7.8)] {
        assert!(satz(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn eine_iban_hat_richtige_pruefziffern() {
    for good in [
        "DE89370400440532013000",
        "de89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "NL91ABNA0417164300",
    ] {
        assert!(Iban::parse(good).is_some(), "{good}");
    }
    for bad in [
        "DE89370400440532013001",
        "DE8937040044053201300",
        "DE89",
        "",
        "XX00",
        "DE8937040044053201300Ü",
        "DE89A70400440532013000",
    ] {
        assert!(Iban::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn eine_ust_id_hat_das_muster_ihres_landes() {
    for good in [
        "DE136695976",
        "de 136 695 976",
        "NL123456789B01",
        "ATU52409200",
        "EL123456789",
    ] {
        assert!(UstId::parse(good).is_some(), "{good}");
    }
    for bad in [
        "DE136695977",
        "DE13669597",
        "US123456789",
        "DE",
        "",
        "NL1",
        "GB123456789",
    ] {
        assert!(UstId::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn ein_text_hat_eine_grenze() {
    assert_eq!(Text::<5>::new("  Hof  ").unwrap().as_str(), "Hof");
    assert_eq!(Text::<5>::new("Äpfel").unwrap().as_str(), "Äpfel");
    for bad in ["", "   ", "Äpfel!", "a\u{7}b"] {
        assert!(Text::<5>::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn ein_akteur_ist_ein_mensch_oder_ein_dienst() {
    for good in ["benutzer:0190a000-0000-7000-8000-00000000000a", "dienst:timer"] {
        assert_eq!(good.parse::<Akteur>().unwrap().to_string(), good);
    }
    for bad in ["benutzer:x", "dienst:", "mensch:1", ""] {
        assert!(bad.parse::<Akteur>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn aufteilen_verliert_keinen_cent(cents in -10_000_000_000_i64..10_000_000_000, weights in prop::collection::vec(0_i64..1_000_000, 1..20)) {
        let parts = Betrag::cent(cents).split(&weights);
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(parts.iter().map(|p| p.as_cent()).sum::<i64>(), cents);
        let total: i64 = weights.iter().sum();
        if total > 0 {
            for (part, weight) in parts.iter().zip(&weights) {
                // No part is further than one cent from its exact share, and none has the other sign.
                let exact = i128::from(cents) * i128::from(*weight);
                let got = i128::from(part.as_cent()) * i128::from(total);
                prop_assert!((got - exact).abs() <= i128::from(total));
                prop_assert!(part.as_cent().signum() * cents.signum() >= 0);
            }
        }
    }

    #[test]
    fn ein_betrag_kommt_durch_json_unveraendert(cents in -900_000_000_000_000_i64..900_000_000_000_000) {
        let text = serde_json::to_value(Betrag::cent(cents)).unwrap();
        prop_assert_eq!(serde_json::from_value::<Betrag>(text).unwrap(), Betrag::cent(cents));
    }

    #[test]
    fn kein_text_bringt_das_lesen_zum_absturz(text in ".*") {
        let _ = text.parse::<Betrag>();
        let _ = Iban::parse(&text);
        let _ = UstId::parse(&text);
        let _ = text.parse::<Akteur>();
        let _ = Text::<9>::new(&text);
    }
}
