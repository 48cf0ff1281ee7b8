//! read models
