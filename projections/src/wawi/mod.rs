//! Read models of Warenwirtschaft.
