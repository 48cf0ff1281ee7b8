//! Warenwirtschaft: articles, stock, purchase, delivery.

pub mod lieferant;

pub use lieferant::Lieferant;
