//! Read models of Finanzbuchhaltung.

mod buchung;
mod debitor;
mod geschaeftsjahr;
mod journal;
mod kontenplan;
mod konto;
pub(crate) mod konto_saldo;
mod kreditor;
mod rechnung;
mod steuer_schluessel;

pub use journal::Journal;
pub use konto_saldo::KontoSaldo;
