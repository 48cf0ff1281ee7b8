//! Warenwirtschaft: articles, stock, purchase, delivery.

pub mod artikel;
pub mod artikelgruppe;
pub mod belegposition;
pub mod bestellung;
pub mod lager;
pub mod lagerbestand;
pub mod lieferant;
pub mod mengeneinheit;
pub mod preisliste;
pub mod rechnungspruefung;
pub mod versand;
pub mod wareneingang;

pub use artikel::Artikel;
pub use artikelgruppe::Artikelgruppe;
pub use bestellung::Bestellung;
pub use lager::Lager;
pub use lagerbestand::Lagerbestand;
pub use lieferant::Lieferant;
pub use mengeneinheit::Mengeneinheit;
pub use preisliste::Preisliste;
pub use rechnungspruefung::Rechnungspruefung;
pub use versand::Versand;
pub use wareneingang::Wareneingang;
