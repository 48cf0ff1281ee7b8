//! VALEO NeuroERP core: an event-sourced CQRS ERP for German trading companies.
//!
//! Everything that does I/O lives here; the domain is in `aggregates`, the read models in `projections`.
//! `docs/architecture.md` has the code map and the invariants.

pub mod api;
pub mod cli;
pub mod commands;
pub mod demo;
pub mod eventstore;
pub mod house;
pub mod import;
mod listener;
pub mod portal;
pub mod postgres;
pub mod projector;
pub mod queries;
pub mod server;
pub mod uhr;
