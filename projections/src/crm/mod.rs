//! Read models of customers and sales.

mod auftrag;
pub(crate) mod auftrag_bewegung;
mod belegkette;
mod kreditlinie;
mod kunde;

pub use auftrag_bewegung::AuftragBewegung;
pub use belegkette::Belegkette;
