//! Services for all areas.

pub mod api_key;
pub mod firmenstammdaten;
pub mod mandant;
pub mod nummernkreis;

pub use api_key::ApiKey;
pub use firmenstammdaten::Firmenstammdaten;
pub use mandant::Mandant;
pub use nummernkreis::Nummernkreis;
