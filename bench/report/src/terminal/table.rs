//! Aligned columns.

/// A table: the first column to the left, the others, which are figures, to the right.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// Whether the last column is words, and so to the left, too.
    worded: bool,
}

impl Table {
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            rows: vec![head.map(str::to_owned).into()],
            worded: false,
        }
    }

    /// One whose last column is words.
    pub(super) fn worded<const N: usize>(head: [&str; N]) -> Self {
        Self {
            worded: true,
            ..Self::new(head)
        }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Its lines, two blanks between columns; nothing where it has a head alone.
    pub(super) fn lines(&self) -> Vec<String> {
        if self.rows.len() < 2 {
            return Vec::new();
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut widths = vec![0; columns];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        self.rows.iter().map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            let fill = " ".repeat(width.saturating_sub(cell.chars().count()));
            if column == 0 || (self.worded && column + 1 == row.len()) {
                format!("{cell}{fill}")
            } else {
                format!("{fill}{cell}")
            }
        });
        let cells: Vec<String> = cells.collect();
        cells.join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_may_be_words() {
        let mut table = Table::worded(["p99", "change", "judgement"]);
        table.row(["feed".to_owned(), "+4 %".to_owned(), "noise".to_owned()]);
        assert_eq!(table.lines(), ["p99   change  judgement", "feed    +4 %  noise"]);
    }

    #[test]
    fn names_stand_left_and_figures_right() {
        let mut table = Table::new(["step", "p99"]);
        assert!(table.lines().is_empty());
        table.row(["feed".to_owned(), "1.2 ms".to_owned()]);
        table.row(["größer".to_owned(), "900 µs".to_owned()]);
        assert_eq!(table.lines(), ["step       p99", "feed    1.2 ms", "größer  900 µs"]);
    }
}
