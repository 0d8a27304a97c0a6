//! How the story is told.

use std::fmt;

/// Begins a step.
pub(crate) fn step(title: &str) {
    println!("\n● {title}");
}

/// A line of a step.
pub(crate) fn line(text: impl fmt::Display) {
    for line in text.to_string().lines() {
        println!("  {line}");
    }
}
