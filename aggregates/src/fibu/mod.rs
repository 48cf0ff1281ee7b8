//! Finanzbuchhaltung.
