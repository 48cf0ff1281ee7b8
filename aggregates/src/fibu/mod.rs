//! Finanzbuchhaltung.

pub mod buchung;
pub mod debitor;
pub mod geschaeftsjahr;
pub mod kontenplan;
pub mod konto;
pub mod kreditor;
pub mod partner;
pub mod steuer_schluessel;
pub mod steuerrechnung;
pub mod vorlage;

pub use buchung::Buchung;
pub use debitor::Debitor;
pub use geschaeftsjahr::Geschaeftsjahr;
pub use kontenplan::Kontenplan;
pub use konto::Konto;
pub use kreditor::Kreditor;
pub use steuer_schluessel::SteuerSchluessel;
