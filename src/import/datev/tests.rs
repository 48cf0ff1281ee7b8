//! The import against a company in memory, with small files and with the files that the publisher gives out.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::{Ergebnis, Importbericht, Zeilenbericht, format, format::tests::KOPF, importieren, lesen, pruefen};
use crate::import::testhaus::Testhaus;

fn tag(jahr: i32, monat: u32, tag: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(jahr, monat, tag).unwrap()
}

fn haus() -> Testhaus {
    Testhaus::neu(tag(2026, 4, 15))
}

/// A row of category 21 of 125 columns; the listed ones are filled.
fn zeile(felder: &[(usize, &str)]) -> String {
    let mut spalten = vec![String::new(); 125];
    for (spalte, wert) in felder {
        spalten[spalte - 1] = (*wert).to_owned();
    }
    spalten.join(";")
}

/// Umsatz, S/H, Konto, Gegenkonto, BU, Datum, Belegfeld 1, and more.
fn buchung(kern: [&str; 7], mehr: &[(usize, &str)]) -> String {
    let [umsatz, seite, konto, gegenkonto, bu, datum, beleg] = kern;
    let mut felder = vec![
        (1, umsatz),
        (2, seite),
        (7, konto),
        (8, gegenkonto),
        (9, bu),
        (10, datum),
        (11, beleg),
    ];
    felder.extend_from_slice(mehr);
    zeile(&felder)
}

fn stapel_mit(kopf: &str, zeilen: &[String]) -> format::Datei {
    let inhalt = format!("{kopf}\r\nUmsatz;…\r\n{}\r\n", zeilen.join("\r\n"));
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&inhalt);
    format::aus_bytes("stapel.csv", &bytes).unwrap()
}

async fn lauf(haus: &Testhaus, dateien: Vec<format::Datei>) -> Importbericht {
    importieren(haus, dateien, &mut |_, _| {}).await.unwrap()
}

async fn eingelesen(haus: &Testhaus, zeilen: &[String]) -> Vec<Zeilenbericht> {
    let bericht = lauf(haus, vec![stapel_mit(KOPF, zeilen)]).await;
    bericht.dateien.into_iter().next().unwrap().zeilen
}

fn code(zeile: &Zeilenbericht) -> &str {
    match &zeile.ergebnis {
        Ergebnis::Abgelehnt { code, .. } => code,
        Ergebnis::Gebucht { .. } => "gebucht",
        Ergebnis::Umgekehrt { .. } => "umgekehrt",
        Ergebnis::BereitsVorhanden => "vorhanden",
        Ergebnis::Uebernommen { .. } => "übernommen",
        Ergebnis::NichtUebernommen { .. } => "nicht übernommen",
    }
}

fn codes(zeilen: &[Zeilenbericht]) -> Vec<&str> {
    zeilen.iter().map(code).collect()
}

#[tokio::test]
async fn eine_rechnung_und_ihre_zahlung_werden_gebucht_und_ein_zweiter_lauf_schreibt_nichts() {
    let haus = haus();
    let zeilen = [
        buchung(
            ["1190,00", "S", "10000", "8400", "", "1503", "RE-1"],
            &[(14, "\"Verkauf Müller\""), (37, "\"100\"")],
        ),
        buchung(["1190,00", "S", "1200", "10000", "", "2803", "RE-1"], &[(12, "010426")]),
    ];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(codes(&berichte), ["gebucht", "gebucht"], "{berichte:?}");
    let belege = haus.belege();
    assert_eq!(
        belege[0].kurz(),
        ["10000 S 1190.00", "8400 H 1000.00 U19", "1776 H 190.00 U19"]
    );
    assert_eq!(belege[0].daten["belegkreis"], "MB");
    assert_eq!(belege[0].daten["beleg"], "RE-1");
    assert_eq!(belege[0].daten["text"], "Verkauf Müller");
    assert_eq!(belege[0].daten["zeilen"][1]["kst"], "100");
    assert_eq!(belege[1].kurz(), ["1200 S 1190.00", "10000 H 1190.00"]);
    assert_eq!(belege[1].daten["belegkreis"], "BK");
    assert_eq!(belege[1].daten["buchungsart"], "zahlung");
    assert_eq!(belege[1].daten["zeilen"][1]["op"]["faellig"], "2026-04-01");

    let vorher = haus.geschrieben();
    let zweiter = eingelesen(&haus, &zeilen).await;
    assert_eq!(codes(&zweiter), ["vorhanden", "vorhanden"]);
    assert_eq!(haus.geschrieben(), vorher);
}

#[tokio::test]
async fn gleiche_zeilen_einer_datei_sind_verschiedene_buchungen_und_eine_guid_wirkt_einmal() {
    let haus = haus();
    let gleiche = buchung(["10,00", "S", "4910", "1000", "", "0303", ""], &[]);
    let mit_guid = buchung(["20,00", "S", "4910", "1000", "", "0303", ""], &[(103, "\"ABCD\"")]);
    let zeilen = [gleiche.clone(), gleiche, mit_guid.clone(), mit_guid];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(
        codes(&berichte),
        ["gebucht", "gebucht", "gebucht", "vorhanden"],
        "{berichte:?}"
    );
    assert_eq!(haus.belege()[0].daten["belegkreis"], "KA");
    assert_eq!(
        haus.belege()[0].daten["grund"],
        "Übernahme aus DATEV-Stapel Maerz 2026, Zeile 3"
    );
}

#[tokio::test]
async fn bu_schluessel_und_automatik() {
    let haus = haus();
    let zeilen = [
        // Key on the Gegenkonto; on the Konto if only that one can bear tax.
        buchung(["119,00", "H", "1000", "4930", "9", "0303", "B1"], &[]),
        buchung(["119,00", "S", "4930", "1000", "9", "0303", "B2"], &[]),
        // Same key as the automatic account has.
        buchung(["119,00", "S", "10000", "8400", "3", "0303", "B3"], &[]),
        // No automation on both accounts.
        buchung(["600,00", "S", "8400", "8401", "40", "0303", "B4"], &[]),
        buchung(["100,00", "H", "70010", "4900", "501", "0303", "B5"], &[]),
        buchung(["100,00", "S", "3123", "70010", "94", "0303", "B6"], &[]),
        buchung(["100,00", "S", "4900", "70010", "94", "0303", "B7"], &[]),
        buchung(["100,00", "S", "10000", "70010", "9", "0303", "B8"], &[]),
        buchung(["50,00", "S", "4930", "1000", "40", "0303", "B9"], &[]),
    ];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(
        codes(&berichte),
        [
            "gebucht",
            "gebucht",
            "gebucht",
            "gebucht",
            "DATEV_BU_UNBEKANNT",
            "gebucht",
            "DATEV_BU_MEHRDEUTIG",
            "DATEV_BU_OHNE_SACHKONTO",
            "gebucht"
        ],
        "{berichte:?}"
    );
    let belege = haus.belege();
    assert_eq!(
        belege[0].kurz(),
        ["1000 H 119.00", "4930 S 100.00 V19", "1576 S 19.00 V19"]
    );
    assert_eq!(
        belege[1].kurz(),
        ["4930 S 100.00 V19", "1576 S 19.00 V19", "1000 H 119.00"]
    );
    assert_eq!(
        belege[2].kurz(),
        ["10000 S 119.00", "8400 H 100.00 U19", "1776 H 19.00 U19"]
    );
    assert_eq!(belege[3].kurz(), ["8400 S 600.00", "8401 H 600.00"]);
    assert!(belege[3].daten["grund"].as_str().unwrap().contains("BU-Schlüssel 40"));
    assert_eq!(belege[4].kurz()[0], "3123 S 100.00 RC19EU");
    assert!(
        berichte[8].hinweise[0].contains("ohne Wirkung"),
        "{:?}",
        berichte[8].hinweise
    );
}

#[tokio::test]
async fn ohne_bu_steht_auf_freien_konten_der_schluessel_ohne_steuer() {
    let haus = haus();
    let zeilen = [
        buchung(["50,00", "S", "4660", "1000", "", "0303", "F1"], &[]),
        buchung(["80,00", "S", "10000", "8200", "", "0303", "F2"], &[]),
        buchung(["300,00", "S", "4900", "9000", "40", "0303", "F3"], &[]),
        // Both free: the BU belongs to the Gegenkonto.
        buchung(["119,00", "H", "1610", "4210", "9", "0303", "F4"], &[]),
        // No default key and none demanded: none.
        buchung(["7,00", "S", "1000", "2650", "", "0303", "F5"], &[]),
    ];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(codes(&berichte), ["gebucht"; 5], "{berichte:?}");
    let belege = haus.belege();
    assert_eq!(belege[0].kurz(), ["4660 S 50.00 V0", "1000 H 50.00"]);
    assert_eq!(belege[1].kurz(), ["10000 S 80.00", "8200 H 80.00 V0"]);
    assert_eq!(belege[2].kurz(), ["4900 S 300.00 V0", "9000 H 300.00"]);
    assert_eq!(
        belege[3].kurz(),
        ["1610 H 119.00 V0", "4210 S 100.00 V19", "1576 S 19.00 V19"]
    );
    assert_eq!(belege[4].kurz(), ["1000 S 7.00", "2650 H 7.00"]);
}

#[tokio::test]
async fn skonto_nimmt_den_schluessel_der_rechnung() {
    let haus = haus();
    let zeilen = [
        buchung(["119,00", "S", "10000", "8400", "", "0103", "AR-1"], &[]),
        buchung(["116,62", "S", "1200", "10000", "", "0503", "AR-1"], &[(13, "2,38")]),
        buchung(["107,00", "H", "70000", "3300", "", "0103", "ER-1"], &[]),
        buchung(["104,86", "S", "70000", "1200", "", "0503", "ER-1"], &[(13, "2,14")]),
        buchung(["98,00", "S", "1200", "10000", "", "0503", "AR-9"], &[(13, "2,00")]),
    ];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(
        codes(&berichte),
        ["gebucht", "gebucht", "gebucht", "gebucht", "DATEV_SKONTO_OHNE_RECHNUNG"],
        "{berichte:?}"
    );
    let belege = haus.belege();
    assert_eq!(
        belege[1].kurz(),
        ["1200 S 116.62", "10000 H 119.00", "8736 S 2.00 U19", "1776 S 0.38 U19"]
    );
    assert_eq!(
        belege[3].kurz(),
        ["70000 S 107.00", "1200 H 104.86", "3731 H 2.00 V7", "1571 H 0.14 V7"]
    );
}

#[tokio::test]
async fn generalumkehr_storniert_die_zeile_dieses_laufs() {
    let haus = haus();
    let zeilen = [
        buchung(["35,00", "S", "10001", "8400", "", "0103", "AR-1"], &[]),
        buchung(
            ["35,00", "H", "10001", "8400", "20", "0203", "AR-1"],
            &[(14, "\"Berichtigung\"")],
        ),
        buchung(["35,00", "H", "10001", "8400", "20", "0203", "AR-1"], &[]),
        buchung(["40,00", "S", "10001", "8400", "", "0103", "AR-2"], &[]),
        buchung(["40,00", "S", "10001", "8400", "", "0203", "AR-2"], &[(118, "\"1\"")]),
        // Never posted: nothing to reverse.
        buchung(["50,00", "S", "4930", "70000", "501", "0203", "ER-3"], &[]),
        buchung(
            ["50,00", "H", "4930", "70000", "501", "0203", "ER-3"],
            &[(118, "\"1\"")],
        ),
    ];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(
        codes(&berichte),
        [
            "gebucht",
            "umgekehrt",
            "DATEV_GENERALUMKEHR_OHNE_ORIGINAL",
            "gebucht",
            "umgekehrt",
            "DATEV_BU_UNBEKANNT",
            "DATEV_GENERALUMKEHR_OHNE_ORIGINAL"
        ],
        "{berichte:?}"
    );
    assert_eq!(berichte[1].hinweise, ["Generalumkehr der Zeile 3"]);
    let text = berichte[1].ergebnis.to_string();
    assert!(text.starts_with("gebucht als Generalumkehr"), "{text}");
    let Ergebnis::Abgelehnt { text, .. } = &berichte[6].ergebnis else {
        unreachable!()
    };
    assert!(text.starts_with("die Zeile 8, "), "{text}");
    let vorher = haus.geschrieben();
    let zweiter = eingelesen(&haus, &zeilen).await;
    assert_eq!(codes(&zweiter)[..2], ["vorhanden", "vorhanden"]);
    assert_eq!(haus.geschrieben(), vorher);
}

#[tokio::test]
async fn fremdwaehrung_wird_in_eur_gebucht_und_vermerkt() {
    let haus = haus();
    let chf = &[(3, "\"CHF\""), (4, "1,240402"), (5, "100,00"), (6, "\"EUR\"")];
    let zeilen = [
        buchung(["124,00", "H", "8120", "20050", "", "2703", ""], chf),
        buchung(["124,00", "H", "8120", "20050", "", "2703", ""], &chf[..2]),
    ];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(codes(&berichte), ["gebucht", "DATEV_WAEHRUNG_OHNE_BASISBETRAG"]);
    assert_eq!(
        berichte[0].hinweise,
        ["in EUR gebucht; Original CHF 124,00 zum Kurs 1,240402"]
    );
    assert_eq!(haus.belege()[0].kurz(), ["8120 H 100.00 UAUS", "20050 S 100.00"]);
    assert_eq!(
        haus.belege()[0].daten["zeilen"][0]["text"],
        "CHF 124,00 zum Kurs 1,240402"
    );
}

#[tokio::test]
async fn unlesbare_zeilen_und_anzahlungen_werden_einzeln_abgelehnt() {
    let haus = haus();
    let zeilen = [
        buchung(["0,00", "S", "4930", "1000", "", "0303", "B"], &[]),
        buchung(["1,00", "X", "4930", "1000", "", "0303", "B"], &[]),
        buchung(["1,00", "S", "4930", "1000", "", "3113", "B"], &[]),
        buchung(["1,00", "S", "4930", "", "", "0303", "B"], &[]),
        buchung(["1,00", "S", "10000", "8400", "", "0303", "B"], &[(96, "\"AG\"")]),
        buchung(
            ["1,00", "S", "4930", "1000", "", "0303", "B"],
            &[(115, "05032026"), (38, "\"889\"")],
        ),
    ];
    let berichte = eingelesen(&haus, &zeilen).await;
    let erwartet = ["DATEV_ZEILE_UNGUELTIG"; 4];
    assert_eq!(codes(&berichte)[..4], erwartet, "{berichte:?}");
    assert_eq!(codes(&berichte)[4..], ["DATEV_ANZAHLUNG", "gebucht"], "{berichte:?}");
    let Ergebnis::Abgelehnt { text, .. } = &berichte[1].ergebnis else {
        unreachable!()
    };
    assert!(text.starts_with("Spalte 2 (Soll/Haben-Kennzeichen): "), "{text}");
    assert_eq!(haus.belege()[0].daten["steuerdatum"], "2026-03-05");
    assert_eq!(berichte[5].hinweise, ["nicht übernommen: KOST2 889"]);
}

#[tokio::test]
async fn ablehnungen_des_hauses_stehen_im_bericht() {
    let haus = haus();
    // 1400 collects the Debitoren and cannot be posted to directly.
    let zeilen = [buchung(["1,00", "S", "1400", "8400", "", "0303", "B"], &[])];
    let berichte = eingelesen(&haus, &zeilen).await;
    assert_eq!(codes(&berichte), ["KONTO_SAMMELKONTO_DIREKT"]);
    // Dates beyond today + 31 days.
    let kopf = KOPF.replace("20260301;20260331", "20261201;20261231");
    let spaet = [buchung(["1,00", "S", "4930", "1000", "", "0312", "B"], &[])];
    let bericht = lauf(&haus, vec![stapel_mit(&kopf, &spaet)]).await;
    assert_eq!(codes(&bericht.dateien[0].zeilen), ["DATUM_ZUKUNFT"]);
}

#[tokio::test]
async fn ein_anderer_kontenrahmen_ist_ein_fehler() {
    let haus = haus();
    lauf(&haus, vec![stapel_mit(KOPF, &[])]).await;
    let kopf = KOPF.replace("\"03\"", "\"04\"");
    let fehler = importieren(&haus, vec![stapel_mit(&kopf, &[])], &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(fehler.to_string().contains("SKR04"), "{fehler}");
    let ohne = KOPF.replace("\"03\"", "\"\"");
    let leer = Testhaus::neu(tag(2026, 4, 15));
    let fehler = importieren(&leer, vec![stapel_mit(&ohne, &[])], &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(fehler.to_string().contains("Kopffeld 27"), "{fehler}");
    assert_eq!(leer.geschrieben(), 0);
}

#[test]
fn was_gegen_eine_neue_firma_spricht_zeigt_sich_vor_ihr() {
    let fehler = |dateien: &[format::Datei]| pruefen(dateien, true).unwrap_err().to_string();
    let (ohne, anderer) = (KOPF.replace("\"03\"", "\"\""), KOPF.replace("\"03\"", "\"04\""));
    assert!(fehler(&[stapel_mit(&ohne, &[])]).contains("Kopffeld 27"));
    pruefen(&[stapel_mit(&ohne, &[])], false).unwrap();
    assert!(fehler(&[stapel_mit(KOPF, &[]), stapel_mit(&anderer, &[])]).contains("SKR04"));
    // Years that do not follow each other.
    let versetzt = KOPF
        .replace("20260101", "20240701")
        .replace("20260301;20260331", "20250101;20250131");
    assert!(fehler(&[stapel_mit(KOPF, &[]), stapel_mit(&versetzt, &[])]).contains("schließt nicht an"));
    // Nothing in it that would be taken over.
    let bedingungen = KOPF.replace(";21;\"Buchungsstapel\";", ";46;\"Zahlungsbedingungen\";");
    assert!(fehler(&[stapel_mit(&bedingungen, &[])]).contains("wird nicht angelegt"));
    pruefen(&[stapel_mit(KOPF, &[])], true).unwrap();
}

#[test]
fn die_uebernahme_laeuft_auch_in_einem_anderen_thread() {
    fn versendbar<T: Send>(_: T) {}
    let haus = haus();
    let mut fortschritt = |_, _| {};
    versendbar(importieren(&haus, Vec::new(), &mut fortschritt));
}

#[tokio::test]
async fn ein_konto_ausserhalb_der_kontengruppen_bekommt_seine_art() {
    let haus = haus();
    let zeilen = [buchung(["1,00", "S", "5123", "1000", "", "0303", "B"], &[])];
    assert_eq!(codes(&eingelesen(&haus, &zeilen).await), ["gebucht"]);
}

#[tokio::test]
async fn grosse_stapel_gehen_in_mehreren_sendungen() {
    let haus = haus();
    let zeilen: Vec<String> = (1..=450)
        .map(|n| buchung(["1,19", "S", "4930", "1000", "9", "0303", &format!("B{n}")], &[]))
        .collect();
    let mut schritte = Vec::new();
    let datei = stapel_mit(KOPF, &zeilen);
    let bericht = importieren(&haus, vec![datei], &mut |fertig, gesamt| {
        schritte.push((fertig, gesamt));
    })
    .await
    .unwrap();
    assert_eq!(bericht.summen().gebucht, 450);
    assert_eq!(schritte, [(0, 450), (200, 450), (400, 450), (450, 450)]);
}

/// The publisher's files; `None` where they are not beside the project.
fn beispiele(namen: &[&str]) -> Option<Vec<PathBuf>> {
    let ordner = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/datev");
    if !ordner.is_dir() {
        eprintln!("ÜBERSPRUNGEN: die Beispieldateien fehlen unter {}", ordner.display());
        return None;
    }
    Some(namen.iter().map(|name| ordner.join(name)).collect())
}

#[tokio::test]
async fn die_beispieldateien_des_herausgebers_gehen_vollstaendig_auf() {
    let namen = [
        "EXTF_Buchungsstapel.csv",
        "EXTF_Zahlungsbedingungen.csv",
        "EXTF_DebKred_Stamm.csv",
        "EXTF_Sachkontobeschriftungen.csv",
    ];
    let Some(pfade) = beispiele(&namen) else {
        return;
    };
    let haus = haus();
    let bericht = importieren(&haus, lesen(&pfade).unwrap(), &mut |_, _| {})
        .await
        .unwrap();
    let kategorien: Vec<u32> = bericht.dateien.iter().map(|d| d.kategorie).collect();
    assert_eq!(kategorien, [20, 16, 21, 46]);
    let anzahl: Vec<usize> = bericht.dateien.iter().map(|d| d.zeilen.len()).collect();
    assert_eq!(anzahl, [52, 4, 54, 5], "keine Zeile darf fehlen");
    let stapel = &bericht.dateien[2].zeilen;
    assert!(stapel.iter().map(|z| z.zeile).eq(3..=56));
    let abgelehnt: Vec<(usize, &str)> = stapel
        .iter()
        .filter(|z| !["gebucht", "umgekehrt"].contains(&code(z)))
        .map(|z| (z.zeile, code(z)))
        .collect();
    assert_eq!(
        abgelehnt,
        [
            (3, "DATEV_ANZAHLUNG"),
            (48, "DATEV_GENERALUMKEHR_OHNE_ORIGINAL"),
            (49, "DATEV_BU_UNBEKANNT"),
            (50, "DATEV_GENERALUMKEHR_OHNE_ORIGINAL"),
            (51, "DATEV_BU_UNBEKANNT"),
            (52, "DATEV_GENERALUMKEHR_OHNE_ORIGINAL"),
            (53, "DATEV_BU_UNBEKANNT"),
            (54, "DATEV_GENERALUMKEHR_OHNE_ORIGINAL"),
            (55, "DATEV_BU_UNBEKANNT"),
            (56, "DATEV_GENERALUMKEHR_OHNE_ORIGINAL"),
        ],
        "{bericht}"
    );
    let summen = bericht.summen();
    assert_eq!(
        summen.zeilen,
        summen.gebucht + summen.uebernommen + summen.bereits_vorhanden + summen.abgelehnt + summen.nicht_uebernommen
    );
    let vorher = haus.geschrieben();
    let zweiter = importieren(&haus, lesen(&pfade).unwrap(), &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(haus.geschrieben(), vorher, "{zweiter}");
    assert_eq!(zweiter.summen().gebucht, 0);
    assert_eq!(
        zweiter.summen().bereits_vorhanden,
        summen.gebucht + summen.uebernommen + summen.bereits_vorhanden
    );
}

#[tokio::test]
async fn ein_eigener_export_geht_vollstaendig_auf() {
    let Some(pfade) = beispiele(&["EXTF_Buchungsstapel_gut.csv"]) else {
        return;
    };
    let haus = haus();
    let bericht = importieren(&haus, lesen(&pfade).unwrap(), &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(codes(&bericht.dateien[0].zeilen), ["gebucht"; 3], "{bericht}");
    assert_eq!(
        haus.belege()[1].kurz(),
        ["10000 S 535.00", "8300 H 500.00 U7", "1771 H 35.00 U7"]
    );
}
