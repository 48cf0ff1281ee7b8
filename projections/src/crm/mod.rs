//! Read models of customers and sales.

mod auftrag;
mod auftrag_bewegung;
mod kreditlinie;
mod kunde;

pub use auftrag_bewegung::AuftragBewegung;
