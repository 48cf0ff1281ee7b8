//! The server of VALEO NeuroERP.

pub mod postgres;
