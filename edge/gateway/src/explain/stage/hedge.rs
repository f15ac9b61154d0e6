//! Hedge: when a second instance would be asked, and whether one may be now.

use crate::{
    explain::{peek::Peek, report::StageName::Select},
    generation::Route,
    upstream::{Pool, clock},
};
use serde_json::json;

/// Of requests of this route to this upstream; nothing where they are not hedged.
pub(in crate::explain) fn of(peek: &mut Peek<'_>, route: &Route, pool: &Pool) {
    let Some(terms) = &route.hedge else { return };
    let key = format!("{}.hedge", peek.route);
    let after = peek.book.shown(&format!("{key}.after"));
    let mut value = json!({ "upstream": &*pool.name, "after": after, "budget": terms.share });
    if !peek.world.is_running() {
        let text = format!("{}: a second instance is asked after {after}", pool.name);
        peek.book.because(&key, Select, "hedge", value, text);
        return;
    }
    let (hedges, now) = (&pool.state.hedges, clock::now());
    let delay_ms = hedges.delay(terms.after, now).map(clock::millis);
    let (requests, hedged) = hedges.recent(now);
    let refused = pool.may_hedge(terms.share).err();
    let when = match delay_ms {
        Some(ms) => format!("a second instance is asked after {ms:.1} ms ({after})"),
        None => format!("too few answers are known for {after}, {}", hedges.samples(now)),
    };
    let now_not = refused.map_or_else(String::new, |why| format!("; not now: {}", why.because()));
    let text = format!(
        "{}: {when}, {hedged} of {requests} were hedged in the last 10 s{now_not}",
        pool.name
    );
    value["delayMs"] = json!(delay_ms);
    value["requests"] = json!(requests);
    value["hedges"] = json!(hedged);
    value["refused"] = json!(refused.map(|why| why.because()));
    peek.book.because(&key, Select, "hedge", value, text);
}
