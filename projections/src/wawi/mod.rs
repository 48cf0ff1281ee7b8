//! Read models of Warenwirtschaft.

mod artikel;
mod artikelgruppe;
pub(crate) mod bestell_bewegung;
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
pub(crate) mod wareneingang_bewegung;

pub use bestell_bewegung::BestellBewegung;
pub use lagerbewegung::Lagerbewegung;
pub use wareneingang_bewegung::WareneingangBewegung;
