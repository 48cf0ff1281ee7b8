//! Customers and sales.

pub mod kreditlinie;
pub mod kunde;

pub use kreditlinie::Kreditlinie;
pub use kunde::Kunde;
