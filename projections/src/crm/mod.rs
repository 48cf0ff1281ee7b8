//! Read models of customers and sales.
