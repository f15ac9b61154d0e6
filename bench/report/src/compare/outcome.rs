//! What became of a rule.

use super::{Change, Judgement, Place, Rule};

/// What became of a rule. One that found nothing to judge is broken: it would otherwise guard nothing, unseen.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rule.
    pub rule: Rule,
    /// The figures it judged.
    pub judged: Vec<Change>,
    /// Those of them that moved too far, or are gone.
    pub broken: Vec<Change>,
}

/// Judges the figures that a rule is about: those of the whole where there are such and no scope is given, else of all
/// parts. Figures that are new are not judged.
pub(super) fn judge(rule: &Rule, changes: &[Change]) -> Outcome {
    let about =
        |change: &&Change| change.metric == rule.metric && change.before.is_some() && rule.covers(&change.place);
    let mut judged: Vec<_> = changes.iter().filter(about).cloned().collect();
    if rule.scope.is_empty() && judged.iter().any(|change| change.place == Place::Whole) {
        judged.retain(|change| change.place == Place::Whole);
    }
    let holds = |change: &Change| match (change.before, change.after) {
        (Some(before), Some(after)) => rule.holds(before, after),
        _ => false,
    };
    let broken = judged.iter().filter(|change| !holds(change)).cloned().collect();
    Outcome {
        rule: rule.clone(),
        judged,
        broken,
    }
}

impl Outcome {
    /// Whether it holds.
    pub fn met(&self) -> bool {
        !self.judged.is_empty() && self.broken.is_empty()
    }

    /// Why not, or how near it came; a clause a line.
    pub fn reasons(&self) -> Vec<String> {
        if self.judged.is_empty() {
            return vec!["nothing to judge: the first report has no such figure".into()];
        }
        if !self.broken.is_empty() {
            return self.broken.iter().map(reason).collect();
        }
        if let [only] = self.judged.as_slice() {
            return vec![reason(only)];
        }
        let up = !self.rule.metric.more_is_better();
        let badness = |change: &Change| change.percent().unwrap_or_default() * if up { 1.0 } else { -1.0 };
        let worst = self.judged.iter().max_by(|a, b| badness(a).total_cmp(&badness(b)));
        worst
            .map(|change| format!("{} figures, at worst {}", self.judged.len(), reason(change)))
            .into_iter()
            .collect()
    }
}

fn reason(change: &Change) -> String {
    let (Some(before), Some(after)) = (change.before, change.after) else {
        return format!("{} {} is gone", change.place, change.metric);
    };
    let show = |value| change.metric.show(value);
    let place = match &change.place {
        Place::Whole => String::new(),
        place => format!("{place}: "),
    };
    let mut text = format!(
        "{place}{} → {}, {}",
        show(before.median),
        show(after.median),
        change.shown()
    );
    if matches!(change.judgement(), Judgement::Noise | Judgement::Overlap) {
        text.push_str(&format!(" ({})", change.judgement().word()));
    }
    text
}
