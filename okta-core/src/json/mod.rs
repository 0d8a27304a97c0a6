//! A pull reader and a writer for JSON text.
