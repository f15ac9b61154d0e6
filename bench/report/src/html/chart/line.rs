//! Lines through points.

use super::px;
use std::fmt::Write;

/// SVG path data through these points; a missing one leaves a gap.
pub(super) fn path(points: impl IntoIterator<Item = Option<(f64, f64)>>) -> String {
    let mut data = String::new();
    let mut drawing = false;
    let mut alone = None;
    for point in points {
        if let Some((x, y)) = point {
            let command = if drawing { 'L' } else { 'M' };
            let _ = write!(data, "{command}{} {}", px(x), px(y));
            alone = (!drawing).then_some((x, y));
            drawing = true;
        } else {
            dot(&mut data, alone.take());
            drawing = false;
        }
    }
    dot(&mut data, alone);
    data
}

/// The area between a line and `floor`, piece by piece.
pub(super) fn area(points: &[Option<(f64, f64)>], floor: f64) -> String {
    let mut data = String::new();
    for piece in points.split(Option::is_none) {
        let piece: Vec<_> = piece.iter().flatten().collect();
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
            continue;
        };
        let _ = write!(data, "M{} {}", px(first.0), px(floor));
        for (x, y) in &piece {
            let _ = write!(data, "L{} {}", px(*x), px(*y));
        }
        let _ = write!(data, "L{} {}Z", px(last.0), px(floor));
    }
    data
}

/// A point with gaps on both sides would be a line of no length; round ends make it a dot.
fn dot(data: &mut String, alone: Option<(f64, f64)>) {
    if let Some((x, y)) = alone {
        let _ = write!(data, "L{} {}", px(x), px(y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_break_the_line_and_single_points_stay_visible() {
        let points = [Some((0.0, 1.0)), Some((2.0, 3.25)), None, Some((5.0, 5.0)), None];
        assert_eq!(path(points), "M0 1L2 3.2M5 5L5 5");
        assert_eq!(area(&points, 9.0), "M0 9L0 1L2 3.2L2 9ZM5 9L5 5L5 9Z");
        assert_eq!(path([]), "");
    }
}
