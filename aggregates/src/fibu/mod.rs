//! Finanzbuchhaltung.

pub mod ausgleich;
pub mod buchung;
pub mod buchungssatz;
pub mod debitor;
pub mod eingangsrechnung;
pub mod geldkonto;
pub mod geschaeftsjahr;
pub mod kontenplan;
pub mod konto;
pub mod kreditor;
pub mod offener_posten;
pub mod partner;
pub mod rechnung;
pub mod steuer_schluessel;
pub mod steuerfall;
pub mod steuerrechnung;
pub mod vorlage;
pub mod waehrung;
pub mod zahlung;
pub mod zahlungsbedingung;

pub use ausgleich::Ausgleich;
pub use buchung::Buchung;
pub use debitor::Debitor;
pub use eingangsrechnung::Eingangsrechnung;
pub use geldkonto::Geldkonto;
pub use geschaeftsjahr::Geschaeftsjahr;
pub use kontenplan::Kontenplan;
pub use konto::Konto;
pub use kreditor::Kreditor;
pub use offener_posten::OffenerPosten;
pub use rechnung::Rechnung;
pub use steuer_schluessel::SteuerSchluessel;
pub use waehrung::Waehrung;
pub use zahlung::Zahlung;
pub use zahlungsbedingung::Zahlungsbedingung;
