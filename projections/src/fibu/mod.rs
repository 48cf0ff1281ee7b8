//! Read models of Finanzbuchhaltung.

mod buchung;
mod debitor;
mod eingangsrechnung;
mod geschaeftsjahr;
mod journal;
mod kontenplan;
mod konto;
pub(crate) mod konto_saldo;
mod kreditor;
mod rechnung;
mod rechnungsbuch;
mod steuer_schluessel;

pub use journal::Journal;
pub use konto_saldo::KontoSaldo;
pub use rechnungsbuch::Rechnungsbuch;
