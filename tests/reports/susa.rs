//! Summen- und Saldenliste: sums, what was known then, names of then, both paths to a balance.

use serde_json::{Value, json};

use super::{Books, account};

#[tokio::test]
async fn the_susa_adds_up_and_its_total_line_is_balanced() {
    let books = Books::with_examples().await;
    let january = books.report("summen-und-saldenliste?stichtag=2026-01-31").await;
    assert_eq!(january["titel"], "Summen- und Saldenliste");
    assert_eq!(january["stand"], 14);
    assert_eq!(
        account(&january, "1600"),
        &json!({"art": "sach", "konto": "1600", "bezeichnung": "Kasse", "eb_soll": "500.00", "eb_haben": "0.00",
            "monat_soll": "0.00", "monat_haben": "219.00", "kumuliert_soll": "0.00", "kumuliert_haben": "219.00",
            "saldo_soll": "281.00", "saldo_haben": "0.00"})
    );
    let february = books
        .report("summen-und-saldenliste?stichtag=2026-02-28&personenkonten=true")
        .await;
    let buero = account(&february, "6815");
    assert_eq!(
        (&buero["kumuliert_soll"], &buero["monat_soll"]),
        (&json!("100.00"), &json!("-100.00"))
    );
    // After the Generalumkehr the movements of 1406 are back at zero, not at 19/19, and it is still in the list.
    assert_eq!(account(&february, "1406")["kumuliert_soll"], "0.00");
    assert_eq!(account(&february, "1406")["kumuliert_haben"], "0.00");
    let gesamt = &february["summen"]["gesamt"];
    assert_eq!(gesamt["saldo_soll"], "738.00");
    assert_eq!(gesamt["saldo_haben"], "738.00");
    assert_eq!(february["summen"]["ausgeglichen"], true);
    let klassen: Vec<&str> = february["summen"]["klassen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|k| k["klasse"].as_str().unwrap())
        .collect();
    assert_eq!(klassen, ["1", "4", "6", "9"]);
    let debitor = account(&february, "10001");
    assert_eq!(
        (&debitor["art"], &debitor["bezeichnung"]),
        (&json!("debitor"), &json!("Müller, Söhne"))
    );
    assert_eq!(
        february["summen"]["debitoren"]["saldo_soll"],
        account(&february, "1200")["saldo_soll"]
    );
}

#[tokio::test]
async fn what_was_not_known_then_is_not_shown() {
    let books = Books::with_examples().await;
    // Example 4: recorded on 5 February 10:00 for 31 January.
    let saldo = async |bekannt: &str| {
        let report = books
            .report(&format!(
                "summen-und-saldenliste?stichtag=2026-01-31&bekannt_am={bekannt}"
            ))
            .await;
        assert_eq!(report["summen"]["ausgeglichen"], true);
        account(&report, "6815")["saldo_soll"].clone()
    };
    assert_eq!(saldo("2026-01-10").await, Value::Null, "nothing was booked yet");
    assert_eq!(saldo("2026-02-04").await, "100.00", "only the voucher of 15 January");
    assert_eq!(saldo("2026-02-06").await, "200.00");
    assert_eq!(saldo("2026-02-05T09:59:59Z").await, "100.00");
    assert_eq!(saldo("2026-02-05T11:00:00%2B01:00").await, "200.00");
    assert_eq!(saldo("10").await, "100.00", "a position");
    assert_eq!(saldo("11").await, "200.00");
    let journal = books.report("journal?bis=2026-01-31&bekannt_am=2026-02-04").await;
    assert_eq!(
        journal["summen"],
        json!({"zeilen": 5, "buchungen": 2, "soll": "619.00", "haben": "619.00"})
    );
    assert_eq!(journal["stand"], 10);
    let future = books.get("journal?bekannt_am=15", &[]).await;
    assert_eq!(future.status, 422);
}

#[tokio::test]
async fn names_are_those_of_then() {
    let books = Books::with_examples().await;
    for (bekannt, name) in [
        ("", "Büromaterial"),
        ("&bekannt_am=2026-03-09", "Bürobedarf"),
        ("&bekannt_am=2026-03-10", "Büromaterial"),
    ] {
        let sheet = books
            .report(&format!("kontenblatt?konto=6815&bis=2026-02-28{bekannt}"))
            .await;
        assert_eq!(sheet["kopf"]["bezeichnung"], name);
        let susa = books
            .report(&format!("summen-und-saldenliste?stichtag=2026-02-28{bekannt}"))
            .await;
        assert_eq!(account(&susa, "6815")["bezeichnung"], name);
        let plan = books.report(&format!("kontenplan?stichtag=2026-02-28{bekannt}")).await;
        let row = plan["zeilen"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["nr"] == "6815")
            .unwrap();
        assert_eq!((&row["name"], &row["saldo"]), (&json!(name), &json!("100.00")));
    }
    let before = books
        .get("kontenblatt?konto=6815&bis=2026-02-28&bekannt_am=1", &[])
        .await;
    assert_eq!(before.status, 422, "the account did not exist at position 1");
}

#[tokio::test]
async fn the_fast_and_the_exact_path_agree_to_the_cent() {
    let books = Books::with_examples().await;
    // A range from 2 January on is no whole period, so the journal is read; on 1 January only period 0 is booked.
    for bis in ["2026-01-31", "2026-02-28", "2026-11-30", "2026-12-31"] {
        let list = async |von: &str| {
            let mut report = books
                .report(&format!(
                    "summen-und-saldenliste?von={von}&bis={bis}&personenkonten=true"
                ))
                .await;
            report["parameter"] = Value::Null;
            report
        };
        let (fast, exact) = (list("2026-01-01").await, list("2026-01-02").await);
        assert_eq!(fast, exact, "{bis}");
        assert!(!fast["zeilen"].as_array().unwrap().is_empty());
    }
    // And they are two paths: without balances the fast one is empty.
    sqlx::query("TRUNCATE fibu.konto_saldo")
        .execute(&books.pool)
        .await
        .unwrap();
    let fast = books
        .report("summen-und-saldenliste?von=2026-01-01&bis=2026-01-31")
        .await;
    assert_eq!(fast["zeilen"], json!([]));
    let exact = books.report("summen-und-saldenliste?stichtag=2026-01-30").await;
    assert_eq!(account(&exact, "6815")["saldo_soll"], "100.00");
}

#[tokio::test]
async fn the_closing_period_belongs_to_the_end_of_the_year() {
    let books = Books::with_examples().await;
    let november = books.report("summen-und-saldenliste?stichtag=2026-11-30").await;
    assert_eq!(account(&november, "6815")["saldo_soll"], "100.00");
    for query in ["jahr=2026", "stichtag=2026-12-31"] {
        let december = books.report(&format!("summen-und-saldenliste?{query}")).await;
        let row = account(&december, "6815");
        assert_eq!(
            (&row["saldo_soll"], &row["monat_soll"]),
            (&json!("101.00"), &json!("1.00")),
            "{query}"
        );
    }
}
