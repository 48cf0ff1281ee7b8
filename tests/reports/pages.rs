//! Reports that come in pages: Kontenblatt and Journal.

use serde_json::{Value, json};

use super::{Books, Line};

#[tokio::test]
async fn the_kontenblatt_carries_forward_and_runs_its_balance() {
    let books = Books::with_examples().await;
    let year = books
        .report("kontenblatt?konto=1600&von=2026-01-01&bis=2026-12-31")
        .await;
    assert_eq!(
        (&year["kopf"]["eb_wert"], &year["kopf"]["vortrag"]),
        (&json!("500.00"), &json!("500.00"))
    );
    let running: Vec<&str> = year["zeilen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["saldo"].as_str().unwrap())
        .collect();
    // By day: 15 January, 31 January (recorded later), 3 February, 31 December.
    assert_eq!(running, ["381.00", "281.00", "400.00", "399.00"]);
    assert_eq!(
        year["summen"],
        json!({"anzahl": 4, "soll": "0.00", "haben": "101.00", "saldo": "399.00"})
    );
    let february = books
        .report("kontenblatt?konto=1600&von=2026-02-01&bis=2026-02-28")
        .await;
    assert_eq!(
        (&february["kopf"]["eb_wert"], &february["kopf"]["vortrag"]),
        (&json!("500.00"), &json!("281.00"))
    );
    assert_eq!(february["summen"]["saldo"], "400.00");
    let row = &february["zeilen"][0];
    assert_eq!(
        (&row["haben"], &row["erfasst_am"], &row["buchungsdatum"]),
        (
            &json!("-119.00"),
            &json!("2026-02-03T09:00:00.000000Z"),
            &json!("2026-02-03")
        )
    );
    let debitor = books.report("kontenblatt?konto=10001&bis=2026-02-28").await;
    assert_eq!(
        (&debitor["kopf"]["art"], &debitor["kopf"]["bezeichnung"]),
        (&json!("debitor"), &json!("Müller, Söhne"))
    );
    assert_eq!(debitor["summen"]["saldo"], "238.00");
    for (query, status) in [
        ("kontenblatt", 400),
        ("kontenblatt?konto=5999&bis=2026-02-28", 422),
        ("kontenblatt?konto=1600&bis=2025-12-31", 422),
        ("kontenblatt?konto=1600&von=2025-12-01&bis=2026-01-31", 422),
        ("kontenblatt?konto=1600&von=2026-02-01&bis=2026-01-31", 422),
        ("unbekannt", 404),
        ("journal?farbe=rot", 400),
        ("summen-und-saldenliste?stichtag=2026-01-31&von=2026-01-01", 400),
        ("summen-und-saldenliste?jahr=2026&stichtag=2027-01-31", 422),
        ("summen-und-saldenliste?jahr=2020", 422),
    ] {
        let answer = books.get(query, &[]).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_pages_of_a_kontenblatt_joined_are_the_whole_whatever_is_booked_meanwhile() {
    let mut books = Books::with_examples().await;
    // The second day falls upon the sheet that was read before; one row a page splits a day with two vouchers too.
    let twin: &[Line] = &[("6815", None, "soll", "0.01"), ("1600", None, "haben", "0.01")];
    books.book(1, "2026-01-15", "2027-01-11T09:00:00Z", twin).await;
    let mut booked = 0;
    for range in [
        "bis=2026-12-31",
        "von=2026-01-15&bis=2026-01-31",
        "bis=2026-12-31&bekannt_am=10",
        "bis=2026-12-31&bekannt_am=2026-02-04",
    ] {
        let query = format!("kontenblatt?konto=1600&{range}");
        let whole = books.report(&query).await;
        let rows = whole["zeilen"].as_array().unwrap();
        assert!(rows.len() > 1, "{range}: {whole}");
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = books.report(&format!("{query}&limit=1{cursor}")).await;
            let before = found
                .last()
                .map_or(&whole["kopf"]["vortrag"], |row: &Value| &row["saldo"]);
            assert_eq!(&page["kopf"]["uebertrag"], before, "{range}");
            for member in ["summen", "stand"] {
                assert_eq!(page[member], whole[member], "{range}: {member}");
            }
            found.extend(page["zeilen"].as_array().unwrap().clone());
            let Some(weiter) = page["weiter"].as_str() else { break };
            cursor = format!("&cursor={weiter}");
            // Before, within and behind what was read.
            for datum in ["2026-01-02", "2026-01-15", "2026-12-30"] {
                books.book(1, datum, "2027-01-12T09:00:00Z", twin).await;
                booked += 1;
            }
        }
        assert_eq!(&found, rows, "{range}");
        assert_eq!(found.last().unwrap()["saldo"], whole["summen"]["saldo"], "{range}");
    }
    assert!(booked > 3);
    let now = books.report("kontenblatt?konto=1600&bis=2026-12-31").await;
    assert_eq!(now["summen"]["anzahl"], 5 + booked);
}

#[tokio::test]
async fn a_report_of_any_length_is_read_in_pages_or_as_one_file() {
    let books = Books::with_examples().await;
    sqlx::query(
        "INSERT INTO fibu.journalzeile (mandant_id, log_position, zeile, journal_nr, geschaeftsjahr_beginn, periode, \
         buchung_id, belegnummer, belegdatum, buchungsdatum, steuerdatum, erfasst_am, erfasser, buchungsart, text, konto, \
         personenkonto, gegenkonto, seite, betrag, soll, haben, schluessel) SELECT mandant_id, log_position, zeile + n, journal_nr, geschaeftsjahr_beginn, periode, \
         buchung_id, belegnummer, belegdatum, buchungsdatum, steuerdatum, erfasst_am, erfasser, buchungsart, text, konto, \
         personenkonto, gegenkonto, seite, betrag, soll, haben, schluessel \
         FROM fibu.journalzeile, generate_series(10, 10008) n WHERE log_position = 9 AND zeile = 1",
    )
    .execute(&books.pool)
    .await
    .unwrap();
    // All but the last of the rows are of one day and one voucher.
    let first = books.report("kontenblatt?konto=6815&bis=2026-01-31&limit=10000").await;
    assert_eq!(first["zeilen"].as_array().unwrap().len(), 10_000);
    assert_eq!(first["zeilen"][9_999]["saldo"], "1000000.00");
    let sums = json!({"anzahl": 10_001, "soll": "1000100.00", "haben": "0.00", "saldo": "1000100.00"});
    assert_eq!(first["summen"], sums);
    let weiter = first["weiter"].as_str().unwrap();
    let last = books
        .report(&format!(
            "kontenblatt?konto=6815&bis=2026-01-31&limit=10000&cursor={weiter}"
        ))
        .await;
    assert_eq!(
        (&last["kopf"]["uebertrag"], &last["zeilen"][0]["saldo"], &last["weiter"]),
        (&json!("1000000.00"), &json!("1000100.00"), &Value::Null)
    );
    let sheet = books.get("kontenblatt?konto=6815&bis=2026-01-31&format=csv", &[]).await;
    let lines: Vec<&str> = sheet.text.split("\r\n").collect();
    // Header, opening balance and balance carried forward, the rows, the foot, and nothing behind the last line end.
    assert_eq!(lines.len(), 1 + 2 + 10_001 + 1 + 1);
    assert!(lines[0].starts_with("buchungsdatum,") && lines[1].contains(",EB-Wert,") && lines[2].contains(",Vortrag,"));
    assert!(
        lines[3..10_004].iter().all(|line| line.starts_with("2026-01-")),
        "only rows"
    );
    assert!(lines[10_004].contains(",Verkehrszahlen und Saldo,") && lines[10_004].contains(",1000100.00,"));
    assert!(!sheet.headers.contains_key("x-weiter"));
    let journal = books.get("journal?format=csv", &[]).await;
    assert_eq!(journal.text.split("\r\n").count(), 1 + 14 + 9_999 + 1);
    let page = books
        .get("kontenblatt?konto=6815&bis=2026-01-31&format=csv&limit=5", &[])
        .await;
    assert!(
        page.headers.contains_key("x-weiter") && !page.text.contains("Verkehrszahlen"),
        "{}",
        page.text
    );
    assert_eq!(page.text.lines().count(), 1 + 2 + 5);
}

#[tokio::test]
async fn the_journal_is_complete_over_its_pages() {
    let books = Books::with_examples().await;
    let whole = books.report("journal").await;
    let all = whole["zeilen"].as_array().unwrap();
    assert_eq!(all.len(), 14);
    assert_eq!(whole["summen"]["soll"], whole["summen"]["haben"]);
    assert_eq!(all[0]["konto_soll"], "1600");
    assert_eq!(
        (&all[1]["konto_soll"], &all[1]["konto_haben"]),
        (&Value::Null, &json!("9000"))
    );
    let (mut found, mut query) = (Vec::new(), "journal?limit=4".to_owned());
    loop {
        let page = books.report(&query).await;
        found.extend(page["zeilen"].as_array().unwrap().clone());
        match page["weiter"].as_str() {
            Some(weiter) => query = format!("journal?limit=4&cursor={weiter}"),
            None => break,
        }
    }
    assert_eq!(&found, all);
    let foreign = query.replace("limit=4", "limit=4&von=2026-01-01");
    assert_eq!(books.get(&foreign, &[]).await.status, 400);
}
