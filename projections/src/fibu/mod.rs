//! Read models of Finanzbuchhaltung.

mod ausgleich;
mod buchung;
mod debitor;
mod eingangsrechnung;
mod geldkonto;
mod geschaeftsjahr;
mod journal;
mod kontenplan;
mod konto;
pub(crate) mod konto_saldo;
mod kreditor;
mod offener_posten;
pub(crate) mod op_bewegung;
mod rechnung;
mod rechnungsbuch;
mod steuer_schluessel;
mod waehrung;
mod zahlung;
mod zahlungsbedingung;

pub use journal::Journal;
pub use konto_saldo::KontoSaldo;
pub use op_bewegung::OpBewegung;
pub use rechnungsbuch::Rechnungsbuch;
