//! What was asked of the system over time, and whether it was good enough.

use crate::{
    html::{
        buckets::{Bucket, buckets},
        chart::{Caption, ramp, timeline},
        parts::{name, table, whether},
    },
    model::{RunReport, Second, Threshold},
    units,
};
use maud::{Markup, html};

/// Points that fit beside each other, by screen, and rows that a person may scroll through.
const WIDE: usize = 360;
const NARROW: usize = 120;
const ROWS: usize = 60;

pub(super) fn thresholds(thresholds: &[Threshold]) -> Option<Markup> {
    if thresholds.is_empty() {
        return None;
    }
    Some(table(
        "Thresholds",
        html! {
            thead { tr {
                th scope="col" { "Metric" }
                th scope="col" { "Measured" }
                th scope="col" { "Bound" }
                th scope="col" { "" span class="hidden" { "Whether it was met" } }
            } }
            tbody {
                @for threshold in thresholds {
                    tr {
                        th scope="row" { (name(&threshold.metric)) }
                        td { (threshold.measured) }
                        td { (threshold.bound) }
                        td { (whether(threshold.met, ["met", "missed"])) }
                    }
                }
            }
        },
    ))
}

pub(super) fn over_time(seconds: &[Second]) -> Option<Markup> {
    if seconds.is_empty() {
        return None;
    }
    let marks: Vec<_> = seconds
        .iter()
        .flat_map(|second| second.marks.iter().map(|mark| (second.at_s, mark)))
        .collect();
    let places: Vec<_> = marks.iter().map(|(at_s, _)| *at_s).collect();
    let (wide, narrow) = (buckets(seconds, WIDE), buckets(seconds, NARROW));
    let description = in_words(seconds, &marks);
    let caption = Caption {
        id: "time",
        title: "The run, second by second",
        description: &description,
    };
    Some(html! {
        figure {
            figcaption { "The run, second by second" }
            (timeline(caption, &wide, &narrow, &places))
            @if !marks.is_empty() {
                ol class="marks" {
                    @for (at_s, mark) in &marks { li { span class="at" { (units::clock(*at_s)) } " " (mark) } }
                }
            }
            p class="aside" { (description) }
        }
        details {
            summary { "The figures" }
            (figures(&buckets(seconds, ROWS)))
        }
    })
}

fn in_words(seconds: &[Second], marks: &[(f64, &String)]) -> String {
    let worst = seconds.iter().max_by(|a, b| a.p99_us.total_cmp(&b.p99_us));
    let worst = worst
        .filter(|second| second.p99_us > 0.0)
        .map_or(String::new(), |second| {
            format!(
                " The worst second began at {}, with a p99 of {}.",
                units::clock(second.at_s),
                units::time(second.p99_us)
            )
        });
    let wrong: u64 = seconds.iter().map(|second| second.failed + second.dropped).sum();
    let wrong = if wrong == 0 {
        " Nothing failed, nothing was dropped.".into()
    } else {
        String::new()
    };
    let acted = match marks.len() {
        0 => String::new(),
        n => format!(" Numbers mark what the scenario did ({n})."),
    };
    let merged = match seconds.len().div_ceil(WIDE) {
        0 | 1 => String::new(),
        size => format!(" Each point holds {size} s: the worst p99, the average of counts."),
    };
    format!(
        "{} from the first iteration to the last answer.{worst}{wrong}{acted}{merged}",
        units::duration(seconds.len() as f64)
    )
}

fn figures(rows: &[Bucket]) -> Markup {
    let time = |us: Option<f64>| us.map_or(units::NONE.into(), units::time);
    let whole = rows.first().map_or(1.0, |first| first.length_s);
    html! {
        p { "Each row holds " (units::duration(whole)) "; counts are by second, p99 is the worst second's." }
        (table("The run over time", html! {
            thead { tr {
                @for head in ["From", "Due", "Done", "Failed", "Dropped", "p50", "p99", "In flight", "CPU"] { th scope="col" { (head) } }
            } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { (units::clock(row.at_s)) }
                        @for value in [row.due, row.completed, row.failed, row.dropped] { td { (units::number(value)) } }
                        td { (time(row.p50_us)) }
                        td { (time(row.p99_us)) }
                        td { (units::number(row.in_flight)) }
                        td { (units::number(row.cpu)) }
                    }
                }
            }
        }))
    }
}

pub(super) fn stages(run: &RunReport) -> Option<Markup> {
    let stages = &run.stages;
    if stages.is_empty() {
        return None;
    }
    let held = match run.held() {
        Some(stage) => format!(
            "The highest rate that was sustained: {} of {} asked for, p99 {}.",
            units::rate(stage.achieved),
            units::rate(stage.rate),
            units::time(stage.corrected.p99_us)
        ),
        None => "No rate was sustained.".into(),
    };
    let ended = run.ramp.as_ref().and_then(|ramp| ramp.ended.as_ref());
    let ended = ended.map_or(String::new(), |why| {
        format!(" The ramp ended after {}: {why}.", units::duration(run.load.duration_s))
    });
    let description = format!("{held}{ended}");
    let caption = Caption {
        id: "ramp-chart",
        title: "Achieved rate and p99 by rate asked for",
        description: &description,
    };
    Some(html! {
        figure {
            figcaption { (description) }
            (ramp(caption, stages))
            p class="aside" { "Filled points were sustained, hollow ones were not." }
        }
        (table("Stages of the ramp", html! {
            thead { tr {
                @for head in ["Asked for", "Sustained", "Achieved", "p99", "Failed and dropped", "p50", "p99.9"] { th scope="col" { (head) } }
            } }
            tbody {
                @for stage in stages {
                    tr {
                        th scope="row" { (units::rate(stage.rate)) }
                        td { (whether(stage.sustained, ["yes", "no"])) }
                        td { (units::rate(stage.achieved)) }
                        td { (units::time(stage.corrected.p99_us)) }
                        td class=[(stage.failed > 0).then_some("bad")] { (units::count(stage.failed)) }
                        @for us in [stage.corrected.p50_us, stage.corrected.p999_us] { td { (units::time(us)) } }
                    }
                }
            }
        }))
    })
}
