//! The table that a run prints, in the form in which it can be published.

/// Prints the head of a table.
pub fn kopf(titel: &str) {
    println!("\n## {titel}\n\n| line | figure | beside it |\n|---|---|---|");
}

/// Prints a line at once, so that a long run can be followed.
pub fn zeile(name: &str, wert: impl std::fmt::Display, zusatz: impl std::fmt::Display) {
    println!("| {name} | {wert} | {zusatz} |");
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
