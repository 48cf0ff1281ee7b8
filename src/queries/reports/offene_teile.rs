//! What of purchase orders is still to come on a day, part by part; the reports of open orders and of the Obligo add it up.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Args, Parameter, ParameterArt, Source};
use crate::api::problem::Problem;

/// Parameters of the reports over open parts.
pub(super) const PARAMETER: &[Parameter] = &[
    Parameter::optional("stichtag", ParameterArt::Datum, "letzter Tag; sonst heute"),
    Parameter::optional("lieferant", ParameterArt::Konto, "nur dieser Lieferant (Nummer)"),
    Parameter::optional("artikel", ParameterArt::Text, "nur dieser Artikel (Nummer)"),
];

/// An open part of a position.
#[derive(sqlx::FromRow)]
pub(super) struct Teil {
    pub(super) bestell_nr: String,
    pub(super) bestellt_am: NaiveDate,
    pub(super) lieferant_nr: String,
    pub(super) lieferant_name: String,
    pub(super) pos: i32,
    pub(super) artikel_nr: String,
    pub(super) bezeichnung: String,
    pub(super) einheit: String,
    /// Of the whole position.
    pub(super) bestellt: Decimal,
    /// Of the whole position.
    pub(super) geliefert: Decimal,
    pub(super) termin: Option<NaiveDate>,
    pub(super) bestaetigt_termin: Option<NaiveDate>,
    pub(super) offen: Decimal,
    pub(super) wert: Decimal,
}

impl Teil {
    /// When it is to come: as promised, else as wanted.
    pub(super) fn erwartet(&self) -> Option<NaiveDate> {
        self.bestaetigt_termin.or(self.termin)
    }
}

/// What came and what fell away is taken from the earliest parts. The values of the open parts are cut from one value of
/// the position, so that they sum to it. Number, supplier and article of a position that was sent never change, so the
/// state tables may name them for any day.
const SQL: &str = "WITH bewegt AS ( \
        SELECT bestellung_id, position_id, max(log_position) FILTER (WHERE teil > 0) AS stand, \
            min(tag) FILTER (WHERE art = 'bestellt') AS bestellt_am, \
            coalesce(sum(menge) FILTER (WHERE art = 'geliefert'), 0) AS geliefert, \
            coalesce(sum(menge) FILTER (WHERE art IN ('geliefert', 'entfallen')), 0) AS weg \
        FROM wawi.bestell_bewegung \
        WHERE mandant_id = $1 AND tag <= $2 AND log_position <= $3 AND position_id IS NOT NULL \
        GROUP BY 1, 2 HAVING bool_or(art = 'bestellt')), \
    teile AS ( \
        SELECT b.*, t.teil, t.termin, t.bestaetigt_termin, t.menge, sum(t.menge) OVER bis AS bis, \
            sum(t.menge) OVER alle AS bestellt, sum(t.netto) OVER alle AS netto \
        FROM bewegt b \
        JOIN wawi.bestell_bewegung t \
            ON t.mandant_id = $1 AND t.log_position = b.stand AND t.position_id = b.position_id AND t.teil > 0 \
        WINDOW alle AS (PARTITION BY b.bestellung_id, b.position_id), \
            bis AS (PARTITION BY b.bestellung_id, b.position_id ORDER BY t.teil)), \
    offen AS (SELECT *, greatest(bis - weg, 0) AS mit, greatest(bis - menge - weg, 0) AS ohne FROM teile) \
    SELECT b.bestell_nr, o.bestellt_am, b.lieferant_nr, b.lieferant_name, p.pos, p.artikel_nr, p.bezeichnung, p.einheit, \
        o.bestellt, o.geliefert, o.termin, o.bestaetigt_termin, o.mit - o.ohne AS offen, \
        round(o.netto * o.mit / o.bestellt, 2) - round(o.netto * o.ohne / o.bestellt, 2) AS wert \
    FROM offen o \
    JOIN wawi.bestellung b ON b.mandant_id = $1 AND b.id = o.bestellung_id \
    JOIN wawi.bestell_position p \
        ON p.mandant_id = $1 AND p.bestellung_id = o.bestellung_id AND p.position_id = o.position_id \
    WHERE o.mit > o.ohne AND ($4::text IS NULL OR b.lieferant_nr = $4) AND ($5::text IS NULL OR p.artikel_nr = $5) \
      AND NOT EXISTS (SELECT FROM wawi.bestell_bewegung s WHERE s.mandant_id = $1 AND s.bestellung_id = o.bestellung_id \
            AND s.art = 'storniert' AND s.tag <= $2 AND s.log_position <= $3) \
    ORDER BY b.bestell_nr, p.pos, o.teil";

/// The open parts on a day, by order, position and part.
pub(super) async fn offene_teile(source: &mut Source, stichtag: NaiveDate, args: &Args) -> Result<Vec<Teil>, Problem> {
    let teile = sqlx::query_as(SQL)
        .bind(source.mandant_id)
        .bind(stichtag)
        .bind(source.upto)
        .bind(args.text("lieferant"))
        .bind(args.text("artikel"))
        .fetch_all(&mut *source.transaction)
        .await?;
    Ok(teile)
}
