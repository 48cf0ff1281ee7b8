//! Read models of Warenwirtschaft.

mod artikel;
mod artikelgruppe;
mod bestellung;
mod lager;
mod lagerbestand;
pub(crate) mod lagerbewegung;
mod lieferant;
mod mengeneinheit;
mod preisliste;
mod rechnungspruefung;
mod versand;
mod wareneingang;

pub use lagerbewegung::Lagerbewegung;
