//! Read models of Warenwirtschaft.

mod artikel;
mod artikelgruppe;
mod lager;
mod lagerbestand;
pub(crate) mod lagerbewegung;
mod mengeneinheit;
mod preisliste;

pub use lagerbewegung::Lagerbewegung;
mod lieferant;
