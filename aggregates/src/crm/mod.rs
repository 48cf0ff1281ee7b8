//! Customers and sales.
