//! Read models of customers and sales.

mod auftrag;
pub(crate) mod auftrag_bewegung;
mod kreditlinie;
mod kunde;

pub use auftrag_bewegung::AuftragBewegung;
