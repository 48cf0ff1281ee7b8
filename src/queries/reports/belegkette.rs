//! Belegkette: from any document to all that it came from and all that came of it, from the order to the settlement.

use aggregates::types::Bereich;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{Args, Art, BELEGKETTE, Cell, Parameter, ParameterArt, Report, Source, Spalte, Table, table::felder};
use crate::{api::problem::Problem, queries::params::unfit};

/// Most lines of a chain. More has only a payment of thousands of documents; its parts have chains of their own.
const MAX_ZEILEN: i64 = 5_000;

pub(super) const REPORT: Report = Report {
    name: "belegkette",
    typ: "belegkette",
    bereich: Bereich::Crm,
    titel: "Belegkette",
    beschreibung: "Zu einem beliebigen Beleg alles, woraus er wurde, und alles, was aus ihm wurde: Auftrag, Lieferung, \
                   Rechnung, Buchung, Posten, Zahlung, Ausgleich; im Einkauf Bestellung, Wareneingang, Eingangsrechnung. \
                   Eine Zahlung zeigt alle Belege, die sie bezahlt. Der Wert ist bis zur Rechnung netto, ab der Buchung \
                   brutto; ein zurückgenommener Ausgleich oder Wareneingang steht mit 0.00.",
    parameter: &[Parameter::required(
        "beleg",
        ParameterArt::Text,
        "Nummer oder id eines Belegs, z. B. AR-2026-000001",
    )],
    spalten: &[
        Spalte::new("beleg_typ", Art::Text, "Belegart"),
        Spalte::new("nummer", Art::Text, "Nummer"),
        Spalte::new("datum", Art::Datum, "Datum"),
        Spalte::new("vorgaenger_typ", Art::Text, "Aus Belegart"),
        Spalte::new("vorgaenger_nummer", Art::Text, "Aus Nummer"),
        Spalte::new("menge", Art::Menge, "Menge"),
        Spalte::new("einheit", Art::Text, "Einheit"),
        Spalte::new("wert", Art::Betrag, "Wert"),
        Spalte::new("beleg_id", Art::Text, "Beleg"),
        Spalte::new("vorgaenger_id", Art::Text, "Aus Beleg"),
    ],
    ledgers: &[BELEGKETTE],
    run: |source, args| Box::pin(run(source, args)),
};

#[derive(sqlx::FromRow)]
struct Row {
    beleg_typ: String,
    beleg_id: Uuid,
    nummer: Option<String>,
    datum: NaiveDate,
    vorgaenger_typ: Option<String>,
    vorgaenger_id: Option<Uuid>,
    vorgaenger_nummer: Option<String>,
    menge: Option<Decimal>,
    einheit: Option<String>,
    wert: Option<Decimal>,
}

/// A number belongs to the document that had it first: its voucher and its item bear it too. A Rechnungspruefung stands
/// for its invoice.
const FINDEN: &str = "SELECT beleg_id FROM crm.belegkette \
    WHERE mandant_id = $1 AND log_position <= $3 AND (beleg_id = $4 OR nummer = $2 OR beleg_id = ( \
        SELECT eingangsrechnung_id FROM wawi.rechnungspruefung WHERE mandant_id = $1 AND id = $4)) \
    ORDER BY log_position, lfd LIMIT 1";

/// Up to the first documents and down to the last ones, never sideways: the other deliveries of an order do not belong
/// to an invoice. A settlement shows the payments in it; whoever asks for a payment is shown all that it settles.
const KETTE: &str = "WITH RECURSIVE hoch(id) AS ( \
        SELECT $3::uuid UNION SELECT k.vorgaenger_id FROM hoch h JOIN crm.belegkette k \
            ON k.mandant_id = $1 AND k.beleg_id = h.id AND k.log_position <= $2 WHERE k.vorgaenger_id IS NOT NULL), \
    zahlung(id) AS ( \
        SELECT h.id FROM hoch h WHERE EXISTS (SELECT FROM crm.belegkette k \
            WHERE k.mandant_id = $1 AND k.beleg_id = h.id AND k.beleg_typ = 'zahlung' AND k.log_position <= $2)), \
    runter(id) AS ( \
        (SELECT id FROM zahlung UNION SELECT $3::uuid) UNION SELECT k.beleg_id FROM runter r JOIN crm.belegkette k \
            ON k.mandant_id = $1 AND k.vorgaenger_id = r.id AND k.log_position <= $2), \
    ausgleich(id) AS ( \
        SELECT DISTINCT r.id FROM runter r JOIN crm.belegkette k \
            ON k.mandant_id = $1 AND k.beleg_id = r.id AND k.beleg_typ = 'ausgleich' AND k.log_position <= $2), \
    bezahlt(id) AS ( \
        SELECT a.id FROM ausgleich a WHERE EXISTS (SELECT FROM zahlung) \
        UNION SELECT k.vorgaenger_id FROM bezahlt b JOIN crm.belegkette k \
            ON k.mandant_id = $1 AND k.beleg_id = b.id AND k.log_position <= $2 WHERE k.vorgaenger_id IS NOT NULL), \
    alle(id) AS ( \
        SELECT id FROM hoch UNION SELECT id FROM runter UNION SELECT id FROM bezahlt \
        UNION SELECT k.vorgaenger_id FROM ausgleich a JOIN crm.belegkette k \
            ON k.mandant_id = $1 AND k.beleg_id = a.id AND k.vorgaenger_typ = 'zahlung' AND k.log_position <= $2), \
    zeile AS ( \
        SELECT k.beleg_typ, k.beleg_id, k.vorgaenger_typ, k.vorgaenger_id, min(k.log_position) AS log_position, \
            min(k.lfd) AS lfd, min(k.datum) AS datum, sum(k.menge) AS menge, min(k.einheit) AS einheit, \
            sum(k.wert) AS wert \
        FROM alle a JOIN crm.belegkette k ON k.mandant_id = $1 AND k.beleg_id = a.id AND k.log_position <= $2 \
        WHERE k.vorgaenger_id IN (SELECT id FROM alle) OR (k.vorgaenger_id IS NULL AND NOT EXISTS ( \
            SELECT FROM crm.belegkette v \
            WHERE v.mandant_id = $1 AND v.beleg_id = a.id AND v.vorgaenger_id IS NOT NULL AND v.log_position <= $2)) \
        GROUP BY 1, 2, 3, 4) \
    SELECT z.beleg_typ, z.beleg_id, z.vorgaenger_typ, z.vorgaenger_id, z.datum, z.menge, z.einheit, z.wert, \
        (SELECT n.nummer FROM crm.belegkette n WHERE n.mandant_id = $1 AND n.beleg_id = z.beleg_id \
            AND n.nummer IS NOT NULL AND n.log_position <= $2 ORDER BY n.log_position DESC LIMIT 1) AS nummer, \
        (SELECT n.nummer FROM crm.belegkette n WHERE n.mandant_id = $1 AND n.beleg_id = z.vorgaenger_id \
            AND n.nummer IS NOT NULL AND n.log_position <= $2 ORDER BY n.log_position DESC LIMIT 1) AS vorgaenger_nummer \
    FROM zeile z ORDER BY z.log_position, z.lfd, z.vorgaenger_id LIMIT $4";

async fn run(source: &mut Source, args: &Args) -> Result<Table, Problem> {
    let beleg = args.text("beleg").unwrap_or_default();
    let id: Option<Uuid> = sqlx::query_scalar(FINDEN)
        .bind(source.mandant_id)
        .bind(beleg)
        .bind(source.upto)
        .bind(beleg.parse::<Uuid>().ok())
        .fetch_optional(&mut *source.transaction)
        .await?;
    let id = id.ok_or_else(|| unfit("beleg", format!("den Beleg {beleg} gibt es in keiner Belegkette")))?;
    let rows: Vec<Row> = sqlx::query_as(KETTE)
        .bind(source.mandant_id)
        .bind(source.upto)
        .bind(id)
        .bind(MAX_ZEILEN + 1)
        .fetch_all(&mut *source.transaction)
        .await?;
    if i64::try_from(rows.len()).is_ok_and(|zeilen| zeilen > MAX_ZEILEN) {
        let text = format!("die Kette hat mehr als {MAX_ZEILEN} Zeilen; bitte einen Beleg weiter unten in ihr nennen");
        return Err(unfit("beleg", text));
    }
    let zeilen: Vec<Vec<Cell>> = rows.into_iter().map(zeile).collect();
    Ok(Table {
        parameter: felder(json!({ "beleg": beleg })),
        summen: json!({ "zeilen": zeilen.len() }),
        zeilen,
        ..Table::default()
    })
}

fn zeile(row: Row) -> Vec<Cell> {
    vec![
        row.beleg_typ.into(),
        row.nummer.into(),
        row.datum.into(),
        row.vorgaenger_typ.into(),
        row.vorgaenger_nummer.into(),
        row.menge.map(Cell::Menge).into(),
        row.einheit.into(),
        row.wert.into(),
        row.beleg_id.into(),
        row.vorgaenger_id.into(),
    ]
}
