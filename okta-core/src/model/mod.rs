//! Lossless models: tables, slots, values.
