//! Read models of Finanzbuchhaltung.
