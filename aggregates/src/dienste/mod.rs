//! Services for all areas.

pub mod mandant;
pub mod nummernkreis;

pub use mandant::Mandant;
pub use nummernkreis::Nummernkreis;
