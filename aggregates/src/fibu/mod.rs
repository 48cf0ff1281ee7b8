//! Finanzbuchhaltung.

pub mod debitor;
pub mod geschaeftsjahr;
pub mod kreditor;
pub mod partner;

pub use debitor::Debitor;
pub use geschaeftsjahr::Geschaeftsjahr;
pub use kreditor::Kreditor;
