//! What a misspelled word was meant to be.

/// The known name nearest to a misspelled one, if near enough to be meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong: Vec<char> = wrong.chars().take(LONGEST + 1).map(fold).collect();
    if wrong.len() > LONGEST {
        return None;
    }
    let bound = (wrong.len() / 3).max(1);
    // Words whose lengths differ by more cannot be that near.
    let ranked = known
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(wrong.len()) <= bound)
        .map(|name| (distance(&wrong, name), name));
    ranked
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, name)| name)
}

/// `; did you mean …?`, or nothing.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known)
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// Capitals and dashes are slips that cost nothing.
fn fold(c: char) -> char {
    if c == '-' { '_' } else { c.to_ascii_lowercase() }
}

/// Longest word that is compared, in characters: what is longer is no slip.
const LONGEST: usize = 64;

/// Edits between two words; swapped neighbours are one edit (optimal string alignment).
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().map(fold).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["upstream", "auth", "cors", "comments"];
        assert_eq!(nearest("upsteam", known), Some("upstream"));
        assert_eq!(nearest("usptream", known), Some("upstream"));
        assert_eq!(nearest("comment", known), Some("comments"));
        assert_eq!(nearest("COMMENTS", known), Some("comments"));
        assert_eq!(nearest("compression", known), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), known), None);
        assert_eq!(did_you_mean("x", known), "");
    }
}
