//! Read models of customers and sales.

mod kreditlinie;
mod kunde;
