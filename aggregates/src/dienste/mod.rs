//! Services for all areas.

pub mod api_key;
pub mod mandant;
pub mod nummernkreis;

pub use api_key::ApiKey;
pub use mandant::Mandant;
pub use nummernkreis::Nummernkreis;
