//! What was seen of overload, a line a phase.

use super::overload::{SCENES, Seen, courses};
use edge_policy::shed::Level;
use std::time::Duration;

/// Lets all scenes run, some courses of each, and prints what was seen.
pub fn print(seeds: u64) {
    println!(
        "{:<38}{:>8}   sign-in, ms           shed                            limit",
        "", "good-"
    );
    println!(
        "{:<18}{:<20}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>10}{:>7}{:>8}",
        "service",
        "asked for",
        "put",
        "p50",
        "p99",
        "times",
        "low",
        "read",
        "write",
        "high",
        "mean",
        "from..to",
        "swing",
        "late"
    );
    for scene in SCENES {
        let usual = courses(&scene.undisturbed(), seeds).0[0].quantile(Level::High, 0.99);
        let report = courses(scene, seeds);
        for (phase, seen) in scene.phases.iter().zip(&report.0) {
            let slower = if phase.slower.is_finite() { phase.slower } else { 1.0 };
            line((scene.name, phase.name), seen, usual.mul_f32(slower));
        }
    }
}

/// `usual` is what sign-in takes at most in 99 of 100 cases when little is asked for.
fn line((service, phase): (&str, &str), seen: &Seen, usual: Duration) {
    let ms = |share| seen.quantile(Level::High, share).as_secs_f64() * 1e3;
    // Of those that come while nothing is answered nothing can be said.
    let times = match seen.goodput() > 0.0 {
        true => format!("{:.2}", ms(0.99) / (usual.as_secs_f64() * 1e3)),
        false => "-".to_owned(),
    };
    let shed = |level| seen.shed(level) * 100.0;
    let ((least, most), (mean, swing)) = (seen.limits(), seen.swing());
    println!(
        "{service:<18}{phase:<20}{:>7.1}%{:>8.1}{:>8.1}{times:>8}{:>7.1}%{:>7.1}%{:>7.1}%{:>7.1}%{mean:>8.1}{:>10}{:>6.1}%{:>8}",
        seen.goodput() * 100.0,
        ms(0.5),
        ms(0.99),
        shed(Level::Low),
        shed(Level::Read),
        shed(Level::Write),
        shed(Level::High),
        format!("{least}..{most}"),
        swing * 100.0,
        seen.timed_out,
    );
}
