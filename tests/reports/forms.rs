//! What a report is sent as, and how long it waits for what it has to show.

use super::Books;

#[tokio::test]
async fn csv_is_the_same_table_and_other_forms_are_406() {
    let books = Books::with_examples().await;
    let csv = books
        .get(
            "summen-und-saldenliste?stichtag=2026-02-28&personenkonten=true",
            &[("accept", "text/csv")],
        )
        .await;
    assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert_eq!(csv.headers["x-position"], "14");
    let mut lines = csv.text.split("\r\n");
    assert_eq!(
        lines.next(),
        Some(
            "art,konto,bezeichnung,eb_soll,eb_haben,monat_soll,monat_haben,kumuliert_soll,kumuliert_haben,saldo_soll,saldo_haben"
        )
    );
    assert!(
        csv.text
            .contains("debitor,10001,\"Müller, Söhne\",0.00,0.00,238.00,0.00,238.00,0.00,238.00,0.00\r\n")
    );
    let arten: Vec<&str> = csv.text.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    for art in ["klasse", "gesamt", "debitoren", "kreditoren"] {
        assert!(arten.contains(&art), "{art}: {arten:?}");
    }
    let klassen: Vec<Vec<&str>> = csv
        .text
        .lines()
        .filter(|l| l.starts_with("sach,") || l.starts_with("klasse,"))
        .map(|l| l.split(',').take(2).collect())
        .collect();
    for pair in klassen.windows(2) {
        let same_class = pair[1][1].chars().next() == pair[0][1].chars().next();
        assert_eq!(
            pair[0][0] == "klasse",
            !same_class,
            "a subtotal ends its class: {pair:?}"
        );
    }
    let total = csv.text.lines().find(|l| l.starts_with("gesamt,")).unwrap();
    let amounts: Vec<&str> = total.split(',').skip(3).collect();
    for pair in amounts.chunks(2) {
        assert_eq!(pair[0], pair[1], "the total line shows S = H: {total}");
    }
    let sheet = books
        .get("kontenblatt?konto=1600&von=2026-02-01&bis=2026-02-28&format=csv", &[])
        .await;
    let lines: Vec<&str> = sheet.text.lines().collect();
    assert_eq!(lines[1], ",,,,EB-Wert,,,,500.00,,,");
    assert_eq!(lines[2], ",,,,Vortrag,,,,281.00,,,");
    assert!(
        lines.last().unwrap().starts_with(",,,,Verkehrszahlen und Saldo,,"),
        "{lines:?}"
    );
    assert!(lines.last().unwrap().ends_with(",400.00,,,"), "{lines:?}");
    let page = books.get("journal?format=csv&limit=4", &[]).await;
    assert_eq!(page.text.lines().count(), 5);
    assert!(page.headers.contains_key("x-weiter"));
    assert_eq!(books.get("journal", &[("accept", "application/pdf")]).await.status, 406);
}

#[tokio::test]
async fn a_report_waits_for_its_ledger_and_says_how_far_it_has_seen() {
    let books = Books::with_examples().await;
    books.ledger_at(10).await;
    let stale = books.report("summen-und-saldenliste?stichtag=2026-01-31").await;
    assert_eq!(stale["stand"], 10);
    // The ledger arrives while the report waits.
    let (waiting, ()) = tokio::join!(books.get("journal", &[("x-min-position", "14")]), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        books.ledger_at(14).await;
    });
    assert_eq!(waiting.status, 200);
    assert_eq!(waiting.headers["x-position"], "14");
    // It does not arrive.
    let late = books.get("journal?ab_position=15", &[]).await;
    assert_eq!(late.status, 503);
    assert!(late.text.contains("ABFRAGE_ZU_ALT") && late.headers.contains_key("retry-after"));
}
