//! What a system has: its users, posts, tokens.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Rows of what the system under test was filled with, by table: what `{{pick users.email}}` and its like take from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data(BTreeMap<String, Table>);

/// A table: columns of equal length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    columns: Vec<(String, Vec<String>)>,
}

impl Data {
    /// Adds a table, or puts it in the place of one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, table: Table) {
        self.0.insert(name.into(), table);
    }

    /// A table by name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.0.get(name)
    }

    /// All tables' names, in the order of their index.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All tables' lengths, in the order of their index.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        self.0.values().map(Table::len).collect()
    }

    /// A column's cells and its table's index.
    ///
    /// # Errors
    /// What the data lacks.
    pub(crate) fn column(&self, table: &str, column: &str) -> Result<(u16, Arc<[String]>), String> {
        let known = || self.names().collect::<Vec<_>>().join(", ");
        let index = self.names().position(|name| name == table);
        let found = index.zip(self.table(table));
        let Some((index, found)) = found else {
            return Err(format!("the system has no `{table}`; it has: {}", known()));
        };
        let cells = found
            .columns
            .iter()
            .find(|(name, _)| name == column)
            .map(|(_, cells)| cells);
        let cells = cells.ok_or_else(|| {
            let columns: Vec<_> = found.columns.iter().map(|(name, _)| name.as_str()).collect();
            format!(
                "the system's `{table}` have no `{column}`; they have: {}",
                columns.join(", ")
            )
        })?;
        if cells.is_empty() {
            return Err(format!("the system has no rows of `{table}`"));
        }
        Ok((u16::try_from(index).unwrap_or(u16::MAX), cells.as_slice().into()))
    }
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self {
            columns: columns.map(|name| (name.to_owned(), Vec::new())).into(),
        }
    }

    /// Adds a row: its cells in the order of the columns. Cells that lack are empty, more than the columns are left out.
    pub fn push<const N: usize>(&mut self, cells: [String; N]) {
        let mut cells = cells.into_iter();
        for (_, column) in &mut self.columns {
            column.push(cells.next().unwrap_or_default());
        }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, cells)| cells.len())
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
