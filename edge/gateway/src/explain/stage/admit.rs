//! Admit: each condition on the way in.

use crate::{
    explain::{
        peek::{Assume, Peek, World},
        report::StageName::Admit,
    },
    generation::Route,
    holders::Full,
    store::{Charge, Quota},
};
use edge_config::units::ByteSize;
use edge_policy::{
    cors::Fields,
    csrf::{Mode, Site},
    identity::{Identity, Token, TokenSource},
    rate_limit::{Decision, Part, Spared},
};
use http::header;
use serde_json::{Value, json};
use shared_contracts::Code;
use shared_identity::Verified;
use std::time::Duration;

/// A preflight and its answer.
pub(in crate::explain) fn preflight(peek: &mut Peek<'_>, fields: &Fields) {
    let allowed = fields
        .iter()
        .any(|(name, _)| *name == header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let shown: Vec<Value> = fields
        .iter()
        .map(|(name, value)| json!({ "name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes()) }))
        .collect();
    let text = match allowed {
        true => "allowed; answered here, nothing is counted",
        false => "not allowed: the answer names no origin, and the browser stops",
    };
    let value = json!({ "allowed": allowed, "headers": shown });
    peek.book
        .because(&format!("{}.cors", peek.route), Admit, "preflight", value, text);
}

/// The declared length of the body. The least of what the route and its services take counts.
pub(in crate::explain) fn length(peek: &mut Peek<'_>, declared: Option<u64>, route: &Route) {
    let most = ByteSize(route.max_body).to_string();
    let services = route
        .pools()
        .into_iter()
        .map(|pool| format!("upstreams.{}.max_body", pool.name));
    let mut keys = [format!("{}.max_body", peek.route)].into_iter().chain(services);
    let key = keys.find(|key| peek.book.shown(key) == most).unwrap_or_default();
    let text = match declared {
        Some(length) => format!("{length} B declared, at most {most}"),
        None => format!("no length declared, at most {most}"),
    };
    let value = json!({ "declared": declared, "max": route.max_body });
    peek.book.because(&key, Admit, "body", value, text);
}

/// The flood guard.
pub(in crate::explain) fn flood(peek: &mut Peek<'_>, is_flood: bool) {
    let text = match (is_flood, peek.world.is_running()) {
        (true, _) => "far too many requests from this client",
        (false, true) => "no",
        (false, false) => "not counted offline",
    };
    let key = "limits.requests_per_second_per_ip";
    let text = format!("{text}, above {} a second", peek.book.shown(key));
    peek.book.because(key, Admit, "flood", is_flood, text);
}

/// Who asks.
pub(in crate::explain) fn identity(peek: &mut Peek<'_>, token: Option<Token<'_, '_>>, identity: &Identity) {
    let key = format!("{}.auth", peek.route);
    let issuer = peek.book.shown(&format!("{key}.jwt"));
    let source = token.map(|token| match token.source {
        TokenSource::Cookie(name) => format!("cookie {name}"),
        TokenSource::Bearer => "authorization: bearer".to_owned(),
        TokenSource::Query(name) => format!("query {name}"),
    });
    let (kind, who) = match identity {
        Identity::Anonymous => ("anonymous", "anonymous".to_owned()),
        Identity::User(verified) => ("user", format!("user {}{}", verified.sub, called(verified))),
        Identity::Rejected(code) => ("refused", format!("refused, {code}")),
    };
    let how = match (&source, peek.world) {
        (None, _) if peek.is_public => "tokens are not looked at".to_owned(),
        (None, _) => "no token".to_owned(),
        (Some(source), World::Running(_)) => format!("token in {source}, issuer {issuer}"),
        (Some(source), World::Offline(assume)) => {
            let believed = match identity {
                Identity::Rejected(_) => "no key makes it good",
                _ => assumed(assume),
            };
            format!("token in {source} not checked offline (issuer {issuer}): {believed}")
        }
    };
    let value = json!({
        "kind": kind,
        "token": source,
        "checked": token.is_some() && peek.world.is_running(),
        "code": match identity { Identity::Rejected(code) => Some(code), _ => None },
        "claims": identity.claims().map(shown_claims),
    });
    peek.book
        .because(&key, Admit, "identity", value, format!("{who}: {how}"));
}

fn assumed(assume: Assume) -> &'static str {
    match assume {
        Assume::Token => "its claims are believed",
        Assume::User => "taken for a user's",
        Assume::Anonymous => "taken for none",
    }
}

/// The name and the role of one who has them.
fn called(verified: &Verified) -> String {
    let words = ["name", "role"].map(|claim| verified.claims.get(claim)?.as_str());
    match words.into_iter().flatten().collect::<Vec<_>>() {
        words if words.is_empty() => String::new(),
        words => format!(" ({})", words.join(", ")),
    }
}

/// All that a token says, less what names it or its session.
fn shown_claims(verified: &Verified) -> Value {
    let mut shown = verified.claims.clone();
    shown.retain(|claim, _| !["sid", "jti"].contains(&claim.as_str()));
    shown.into()
}

/// The user that a token which says nothing is taken for.
pub(in crate::explain) fn somebody() -> Verified {
    Verified {
        sub: "assumed".to_owned(),
        exp: u64::MAX,
        ..Verified::default()
    }
}

/// Whose page is behind it.
pub(in crate::explain) fn same_site(peek: &mut Peek<'_>, site: Site, route: &Route) {
    let who = match site {
        Site::NotLooked => "nobody looks whose page asks (mode: off)",
        Site::Safe => "it only reads",
        Site::NothingBorrowed => "it carries no cookie, or who asks is known by `Authorization`: nothing is borrowed",
        Site::NoBrowser => "neither `Sec-Fetch-Site` nor `Origin`: no browser's",
        Site::Own => "a page of the host itself, or none",
        Site::SameSite => "a page of the same site (same_site: true)",
        Site::Trusted => "a page of a trusted origin",
        Site::Foreign => "another site's page acts with this client's cookies",
    };
    let text = match (site.passes(), route.csrf.mode) {
        (true, _) => who.to_owned(),
        (false, Mode::Report) => format!("{who}: reported, and passes (mode: report)"),
        (false, _) => format!("{who}: refused after the quotas"),
    };
    let key = format!("{}.csrf", peek.route);
    peek.book.because(&key, Admit, "same_site", site.passes(), text);
}

/// A quota.
pub(in crate::explain) fn quota(peek: &mut Peek<'_>, quota: &Quota, charge: Result<(&str, &Charge), &Spared<'_>>) {
    let name = &*quota.limit.name;
    let key = format!("rate_limits.{name}.rate");
    let rate = peek.book.shown(&key);
    let mut value = json!({ "limit": name, "rate": rate, "cost": quota.limit.cost, "charged": charge.is_ok(),
        "enforced": quota.enforce });
    let text = match charge {
        Err(spared) => {
            let why = match spared {
                Spared::Users => "not for users".to_owned(),
                Spared::Anonymous => "not for callers without a token".to_owned(),
                Spared::Without(Part::Claim(claim)) => format!("not for callers without a token that has `{claim}`"),
                Spared::Without(part) => format!("not for requests without {part}"),
            };
            format!("{name}: {why}")
        }
        Ok((subject, charge)) => {
            value["subject"] = json!(subject);
            let says = charged(peek, charge, &mut value);
            let tried = if quota.enforce {
                ""
            } else {
                "; only tried out: nothing is refused"
            };
            let cost = match quota.limit.cost {
                1 => String::new(),
                cost => format!(", {cost} a request"),
            };
            format!("{name}: {rate}{cost} of {subject}; {says}{tried}")
        }
    };
    peek.book.because(&key, Admit, "quota", value, text);
}

fn charged(peek: &Peek<'_>, charge: &Charge, value: &mut Value) -> String {
    match charge {
        Charge::Decided(decision) => {
            value["allowed"] = json!(decision.allowed);
            value["remaining"] = json!(decision.remaining);
            value["resetMs"] = json!(millis(decision.reset));
            value["retryAfterMs"] = json!(millis(decision.retry_after));
            left(decision)
        }
        Charge::Uncounted if !peek.world.is_running() => "not counted offline".to_owned(),
        Charge::Uncounted => "the store is away: not counted".to_owned(),
        Charge::StoreNeeded => "the store is away: refused".to_owned(),
    }
}

fn left(decision: &Decision) -> String {
    match decision.allowed {
        true => format!("{} left after this one", decision.remaining),
        false => format!("used up; again in {} s", decision.retry_after.as_secs_f64().ceil()),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether such a caller may use the route.
pub(in crate::explain) fn access(peek: &mut Peek<'_>, refusal: Option<Code>, route: &Route) {
    let required = route.required();
    let wanted: Vec<String> = required
        .iter()
        .map(|wanted| format!("{} {}", wanted.claim, wanted.one_of.join(" or ")))
        .collect();
    let wanted = wanted.join(", ");
    let (key, text) = match refusal {
        None if required.is_empty() => ("auth", "admitted".to_owned()),
        None => ("auth.require", format!("admitted: has {wanted}")),
        Some(Code::Forbidden) => (
            "auth.require",
            format!("refused: {}, it needs {wanted}", Code::Forbidden),
        ),
        Some(code) => ("auth", format!("refused: {code}")),
    };
    let value = json!({ "admitted": refusal.is_none(), "code": refusal });
    peek.book
        .because(&format!("{}.{key}", peek.route), Admit, "access", value, text);
}

/// Whether its user may hold one more that stays open.
pub(in crate::explain) fn hold(peek: &mut Peek<'_>, held: Result<(), Full>) {
    let (all, one) = ("limits.tunnels", "limits.tunnels_per_user");
    let (key, text) = match (held, peek.world.is_running()) {
        (Ok(()), true) => (one, "one more may stay open"),
        (Ok(()), false) => (one, "not counted offline"),
        (Err(Full::One), _) => (one, "refused: this user holds as many as one may"),
        (Err(Full::All), _) => (all, "refused: all together hold as many as they may"),
    };
    let text = format!(
        "{text}: {} of one user, {} of all",
        peek.book.shown(one),
        peek.book.shown(all)
    );
    peek.book.because(key, Admit, "tunnels", held.is_ok(), text);
}
