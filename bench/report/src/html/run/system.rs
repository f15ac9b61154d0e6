//! What went wrong, what it cost, and how the generator behaved.

use crate::{
    html::{
        parts::{badge, name, processes, table},
        shell::Tone,
    },
    model::{ErrorCount, Generator, ProcessUse, Totals},
    units,
};
use maud::{Markup, html};

pub(super) fn errors(errors: &[ErrorCount], totals: &Totals) -> Markup {
    if errors.is_empty() {
        return html! {
            p { "None: all " (units::count(totals.requests)) " answers were checked and right." }
        };
    }
    table(
        "Errors",
        html! {
            thead { tr {
                th scope="col" { "Kind" }
                th scope="col" class="left" { "Step" }
                th scope="col" { "Count" }
                th scope="col" { "First at" }
            } }
            @for error in errors {
                tbody class="error" {
                    tr {
                        th scope="rowgroup" { (error.kind) }
                        td class="left wrap" { (name(&error.step)) }
                        td class="bad" { (units::count(error.count)) }
                        td { (units::clock(error.first_at_s)) }
                    }
                    tr { td class="left example" colspan="4" { code { (error.example) } } }
                }
            }
        },
    )
}

pub(super) fn resources(all: &[ProcessUse]) -> Option<Markup> {
    (!all.is_empty()).then(|| processes("What processes used", all))
}

pub(super) fn generator(generator: &Generator) -> Markup {
    let (lag, bound) = (&generator.lag, generator.lag_bound_us);
    let kept = lag.count == 0 || lag.p99_us <= bound;
    let time = |us| {
        if lag.count > 0 {
            units::time(us)
        } else {
            units::NONE.into()
        }
    };
    let rows = [
        ("Lag, median", time(lag.p50_us)),
        (
            "Lag, p99",
            format!("{}, and at most {} would do", time(lag.p99_us), units::time(bound)),
        ),
        ("Lag, largest", time(lag.max_us)),
        ("CPU", format!("{} of its processors", units::share(generator.cpu))),
        ("Threads", generator.threads.to_string()),
    ];
    html! {
        p {
            @if kept { (badge(Tone::Good, "kept its schedule")) } @else { (badge(Tone::Void, "late")) }
            " A generator that is late itself measures itself. Its lag is the time from when an iteration was due to when it "
            "was looked at; over the bound, the run is invalid."
        }
        dl class="pairs" { @for (what, value) in rows { div { dt { (what) } dd { (value) } } } }
    }
}
