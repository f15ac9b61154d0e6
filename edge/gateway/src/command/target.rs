//! What the commands about one target have in common.

use super::{
    Failure,
    client::{Client, segment},
    place::Place,
    say,
    told::told,
};
use crate::overrides::Shown;
use serde_json::{Value, json};

/// Which target.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The upstream's name.
    upstream: String,
    /// The target, `host:port`.
    target: String,
    #[command(flatten)]
    place: Place,
}

/// For how long, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Hold {
    /// How long it holds, at most 7d.
    #[arg(long, default_value = "1h", value_name = "TIME")]
    ttl: String,
    /// Why; written into the audit file.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Hold {
    /// Adds itself to what is wished.
    pub(super) fn on(&self, mut wish: Value) -> Value {
        wish["ttl"] = self.ttl.as_str().into();
        wish["reason"] = self.reason.clone().into();
        wish
    }
}

impl Named {
    fn path(&self) -> String {
        let (upstream, target) = (segment(&self.upstream), segment(&self.target));
        format!("/upstreams/{upstream}/targets/{target}/override")
    }

    /// Sets an override.
    pub(super) fn set(&self, wish: &Value) -> Result<(), Failure> {
        set(&self.place, &self.path(), wish)
    }

    /// Takes an override back.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        clear(&self.place, &self.path(), &format!("{} {}", self.upstream, self.target))
    }
}

/// Sets an override, and says what holds now.
pub(super) fn set(place: &Place, path: &str, wish: &Value) -> Result<(), Failure> {
    let body = Client::new(place).ask("PUT", path, Some(wish))?.ok()?;
    let shown: Shown = told(body)?;
    say(&line(&shown));
    Ok(())
}

/// Takes an override back, and says whether there was one.
pub(super) fn clear(place: &Place, path: &str, what: &str) -> Result<(), Failure> {
    let body = Client::new(place).ask("DELETE", path, None)?.ok()?;
    let had = if body["removed"] == json!(true) {
        "as configured again"
    } else {
        "was as configured already"
    };
    say(&format!("{what}: {had}"));
    Ok(())
}

/// An override in a line.
pub(super) fn line(shown: &Shown) -> String {
    let what = shown.target.as_deref().unwrap_or("(breaker)");
    let state = match shown.weight {
        Some(weight) => format!("weight {weight}"),
        None => shown.state.clone(),
    };
    let reason = shown
        .reason
        .as_ref()
        .map(|reason| format!(", \"{reason}\""))
        .unwrap_or_default();
    let dangling = if shown.dangling {
        ", not in the configuration"
    } else {
        ""
    };
    format!(
        "{} {what}: {state} until {} ({} left), by {} {}{reason}{dangling}",
        shown.upstream,
        shown.until.format("%Y-%m-%d %H:%M:%S UTC"),
        super::told::span(shown.seconds_left),
        shown.who.agent,
        shown.who.token,
    )
}
