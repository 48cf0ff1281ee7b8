//! The read side: lists, single records, history, time travel and reports over read models and the log
//! (design.md section 6). Nothing in here writes.

pub mod catalog;
pub mod cursor;
pub mod history;
pub mod list;
pub mod one;
pub mod params;
pub mod reports;
mod sql;
pub mod zeit;
