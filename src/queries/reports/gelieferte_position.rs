//! A received line as the reports of receipts name it: which receipt, of whom, on which order, of which article.

use rust_decimal::Decimal;

use super::{Art, Cell, Spalte};

/// What a received line is, and what of it came; of the receipt itself each report says when and what number first.
#[derive(sqlx::FromRow)]
pub(super) struct GeliefertePosition {
    pub(super) we_nr: String,
    lieferschein_nr: String,
    lieferant_nr: String,
    lieferant_name: String,
    bestell_nr: Option<String>,
    pos: i32,
    artikel_nr: String,
    bezeichnung: String,
    pub(super) einheit: String,
    pub(super) menge: Decimal,
    pub(super) netto: Decimal,
}

/// The columns of [`GeliefertePosition::zellen`].
pub(super) const SPALTEN: &[Spalte] = &[
    Spalte::new("lieferschein_nr", Art::Text, "Lieferschein"),
    Spalte::new("lieferant_nr", Art::Text, "Lieferant"),
    Spalte::new("lieferant_name", Art::Text, "Lieferantenname"),
    Spalte::new("bestell_nr", Art::Text, "Bestellung"),
    Spalte::new("pos", Art::Zahl, "Position"),
    Spalte::new("artikel_nr", Art::Text, "Artikel"),
    Spalte::new("bezeichnung", Art::Text, "Bezeichnung"),
];

/// What SQL selects of a line, from rows `b` of `wawi.wareneingang_bewegung` or sums of them, and [`BELEGE`].
pub(super) const FELDER: &str = "w.we_nr, w.lieferschein_nr, w.lieferant_nr, w.lieferant_name, e.bestell_nr, p.pos, \
    p.artikel_nr, p.bezeichnung, p.einheit, b.menge, b.netto";

/// Number, supplier and article of a booked line never change, so the state tables may name them for any day.
pub(super) const BELEGE: &str = "JOIN wawi.wareneingang w ON w.mandant_id = $1 AND w.id = b.wareneingang_id \
    JOIN wawi.wareneingang_position p \
        ON p.mandant_id = $1 AND p.wareneingang_id = b.wareneingang_id AND p.we_position_id = b.we_position_id \
    LEFT JOIN wawi.bestellung e ON e.mandant_id = $1 AND e.id = p.bestellung_id";

impl GeliefertePosition {
    pub(super) fn zellen(&self) -> [Cell; SPALTEN.len()] {
        [
            self.lieferschein_nr.clone().into(),
            self.lieferant_nr.clone().into(),
            self.lieferant_name.clone().into(),
            self.bestell_nr.clone().into(),
            self.pos.into(),
            self.artikel_nr.clone().into(),
            self.bezeichnung.clone().into(),
        ]
    }
}
