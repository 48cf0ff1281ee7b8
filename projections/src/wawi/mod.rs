//! Read models of Warenwirtschaft.

mod lieferant;
