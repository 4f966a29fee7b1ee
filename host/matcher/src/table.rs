//! Trained tables as text: a name and a value per line, in a fixed order; lines that begin with `#` are remarks.

use std::iter::Enumerate;
use std::str::Lines;

/// A table that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the {table}: expected `{expected}`, found `{found}`")]
pub struct TableError {
    /// Which table.
    pub table: &'static str,
    /// Line, counted from 1.
    pub line: usize,
    /// What belongs there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// Reads a table from its first line on.
pub(crate) struct Reader<'a> {
    table: &'static str,
    text: &'a str,
    lines: Enumerate<Lines<'a>>,
}

impl<'a> Reader<'a> {
    /// Reads `text`, which errors call `table`.
    pub(crate) fn new(table: &'static str, text: &'a str) -> Self {
        Self { table, text, lines: text.lines().enumerate() }
    }

    /// The value of the next line, which must be called `name` and be something to `parse`.
    pub(crate) fn value<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, TableError> {
        let next = self.lines.find(|(_, line)| !line.starts_with('#'));
        let (at, line) = next.unwrap_or_else(|| (self.text.lines().count(), ""));
        let named = line.split_once(" = ").filter(|(found, _)| *found == name);
        named.and_then(|(_, value)| parse(value)).ok_or_else(|| TableError {
            table: self.table,
            line: at + 1,
            expected: format!("{name} = ..."),
            found: line.to_owned(),
        })
    }
}

/// A finite number.
pub(crate) fn number(value: &str) -> Option<f64> {
    value.parse().ok().filter(|number: &f64| number.is_finite())
}

/// So many finite numbers with a space between them.
pub(crate) fn numbers<const N: usize>(value: &str) -> Option<[f64; N]> {
    value.split(' ').map(number).collect::<Option<Vec<f64>>>()?.try_into().ok()
}

/// One line.
pub(crate) fn line(name: &str, value: impl std::fmt::Display) -> String {
    format!("{name} = {value}\n")
}
