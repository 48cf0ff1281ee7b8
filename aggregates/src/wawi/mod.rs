//! Warenwirtschaft: articles, stock, purchase, delivery.

pub mod artikel;
pub mod artikelgruppe;
pub mod lager;
pub mod lagerbestand;
pub mod mengeneinheit;
pub mod preisliste;

pub use artikel::Artikel;
pub use artikelgruppe::Artikelgruppe;
pub use lager::Lager;
pub use lagerbestand::Lagerbestand;
pub use mengeneinheit::Mengeneinheit;
pub use preisliste::Preisliste;
pub mod lieferant;

pub use lieferant::Lieferant;
