//! Where the database comes from.

pub mod embedded;
