//! Read models of the services for all areas.

mod mandant;
mod nummernkreis;
