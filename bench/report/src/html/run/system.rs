//! What went wrong, what it cost, and how the generator behaved.

use crate::{
    html::{
        parts::{badge, processes, table},
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
                th scope="col" class="left" { "Example" }
            } }
            tbody {
                @for error in errors {
                    tr {
                        th scope="row" { (error.kind) }
                        td class="left" { (error.step) }
                        td { (units::count(error.count)) }
                        td { (units::clock(error.first_at_s)) }
                        td class="left example" { code { (error.example) } }
                    }
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
    html! {
        p {
            "A generator that is late itself measures itself. Its lag is the time from when an iteration was due to when it "
            "was looked at; over the bound, the run is invalid."
        }
        (table("The generator's conduct", html! {
            thead { tr {
                @for name in ["Lag p50", "p99", "Largest", "Bound on p99", "Its CPU", "Threads", ""] { th scope="col" { (name) } }
            } }
            tbody { tr {
                @for us in [lag.p50_us, lag.p99_us, lag.max_us] {
                    td { (if lag.count > 0 { units::time(us) } else { units::NONE.into() }) }
                }
                td { (units::time(bound)) }
                td { (units::share(generator.cpu)) }
                td { (generator.threads) }
                td { @if kept { (badge(Tone::Good, "kept its schedule")) } @else { (badge(Tone::Void, "late")) } }
            } }
        }))
    }
}
