//! Customers and sales.

pub mod auftrag;
pub mod kreditlinie;
pub mod kunde;
pub mod preisfindung;

pub use auftrag::Auftrag;
pub use kreditlinie::Kreditlinie;
pub use kunde::Kunde;
