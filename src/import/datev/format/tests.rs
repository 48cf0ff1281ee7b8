//! Reading of files, headers and values.

use aggregates::types::Betrag;
use chrono::NaiveDate;

use super::{werte::betrag, *};

/// A header of category 21 for tests.
pub(in super::super) const KOPF: &str = "\"EXTF\";700;21;\"Buchungsstapel\";13;20260402120000000;;\"RE\";\"T\";\"\";29098;55003;20260101;4;20260301;20260331;\"Maerz 2026\";\"\";1;0;0;\"EUR\";;\"\";;;\"03\";;;\"\";\"T\"";

fn datei(kopf: &str, zeilen: &str) -> Result<Datei, DateiFehler> {
    aus_bytes("test.csv", format!("{kopf}\r\nUmsatz;…\r\n{zeilen}").as_bytes())
}

#[test]
fn liest_kopf_und_umlaute_in_windows_1252() {
    let mut bytes = format!("{KOPF}\r\nUmsatz\r\n").into_bytes();
    bytes.extend_from_slice(b"1190,00;\"S\";\"Verkauf \"\"Weizen\"\" M\xfcller\"\r\n");
    let datei = aus_bytes("test.csv", &bytes).unwrap();
    assert_eq!(datei.kopf.kategorie, Kategorie::Buchungsstapel);
    assert_eq!(datei.kopf.rahmen, "03");
    assert_eq!(datei.zeilen.len(), 1);
    assert_eq!(datei.zeilen[0].nr, 3);
    let zeile = datei.zeilen[0].zerlegt();
    assert_eq!(zeile.text(3), "Verkauf \"Weizen\" Müller");
    assert!(zeile.felder[1].in_anfuehrung);
    assert!(!zeile.felder[0].in_anfuehrung);
}

#[test]
fn was_sich_utf_8_nennt_und_keines_ist_wird_mit_seiner_zeile_abgelehnt() {
    let mut bytes = format!("\u{feff}{KOPF}\r\nUmsatz\r\n").into_bytes();
    bytes.extend_from_slice("1190,00;\"S\";\"Müller\"\r\n".as_bytes());
    assert_eq!(aus_bytes("test.csv", &bytes).unwrap().zeilen.len(), 1);
    bytes.extend_from_slice(b"1190,00;\"S\";\"M\xfcller\"\r\n");
    let fehler = aus_bytes("test.csv", &bytes).unwrap_err();
    assert!(matches!(&fehler, DateiFehler::Form { zeile: 4, .. }), "{fehler}");
}

#[test]
fn ein_offenes_anfuehrungszeichen_nennt_zeile_und_spalte() {
    let fehler = datei(KOPF, "10,00;\"S\r\n").unwrap_err();
    assert!(
        matches!(
            &fehler,
            DateiFehler::Form {
                zeile: 3,
                spalte: 7,
                ..
            }
        ),
        "{fehler}"
    );
    assert!(
        fehler.to_string().starts_with("test.csv, Zeile 3, Spalte 7: "),
        "{fehler}"
    );
}

#[test]
fn fremde_dateien_und_kopfversionen_werden_abgelehnt() {
    let fehler = datei("Konto;Name", "").unwrap_err().to_string();
    assert!(fehler.contains("keine Datei im DATEV-Format"), "{fehler}");
    let fehler = datei(&KOPF.replace(";700;", ";510;"), "").unwrap_err().to_string();
    assert!(
        fehler.contains("Zeile 1, Spalte 8: Kopffeld 2: Kopfversion 510"),
        "{fehler}"
    );
    let fehler = datei(&KOPF.replace("20260101", "20261301"), "")
        .unwrap_err()
        .to_string();
    assert!(fehler.contains("Kopffeld 13"), "{fehler}");
}

#[test]
fn zu_viele_zeilen_werden_abgelehnt() {
    let fehler = datei(KOPF, &"1,00;\"S\"\r\n".repeat(MAX_ZEILEN + 1)).unwrap_err();
    assert!(matches!(fehler, DateiFehler::Form { zeile: 100_002, .. }), "{fehler}");
}

#[test]
fn das_jahr_folgt_aus_dem_zeitraum_auch_bei_abweichendem_wirtschaftsjahr() {
    let kopf = KOPF.replace(";20260101;4;20260301;20260331;", ";20250701;4;20260301;20260331;");
    let kopf = datei(&kopf, "").unwrap().kopf;
    let tag = |j, m, t| NaiveDate::from_ymd_opt(j, m, t).unwrap();
    assert_eq!(kopf.datum_ttmm("1503").unwrap(), tag(2026, 3, 15));
    assert_eq!(kopf.datum_ttmm("103").unwrap(), tag(2026, 3, 1));
    assert_eq!(kopf.datum_ttmm("3112").unwrap(), tag(2025, 12, 31));
    assert!(kopf.datum_ttmm("3002").is_err());
    assert!(kopf.datum_ttmm("").is_err());
}

#[test]
fn konten_werden_nach_ihrer_laenge_unterschieden() {
    assert_eq!(Kontobezug::lesen("85", 4), Ok(Kontobezug::Sachkonto("0085".to_owned())));
    assert_eq!(
        Kontobezug::lesen("08400", 4),
        Ok(Kontobezug::Sachkonto("8400".to_owned()))
    );
    assert_eq!(
        Kontobezug::lesen("10100", 4),
        Ok(Kontobezug::Debitor("10100".to_owned()))
    );
    assert_eq!(
        Kontobezug::lesen("70010", 4),
        Ok(Kontobezug::Kreditor("70010".to_owned()))
    );
    assert!(Kontobezug::lesen("100100", 4).is_err());
    assert!(Kontobezug::lesen("", 4).is_err());
    assert!(Kontobezug::lesen("0", 4).is_err());
}

#[test]
fn betraege_haben_ein_komma() {
    assert_eq!(betrag("1190,00"), Some(Betrag::cent(119_000)));
    assert_eq!(betrag("64083"), Some(Betrag::cent(6_408_300)));
    for falsch in ["1.190,00", "1190.00", "-1,00", "12345678901,00", "1,000", ",50", ""] {
        assert_eq!(betrag(falsch), None, "{falsch}");
    }
}
