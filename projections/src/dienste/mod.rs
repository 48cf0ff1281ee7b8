//! Read models of the services for all areas.

mod api_key;
mod firmenstammdaten;
mod mandant;
mod nummernkreis;
