//! Taking over data of other programs.

pub mod datev;
#[cfg(test)]
pub(crate) mod testhaus;
