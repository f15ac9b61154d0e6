//! Faults from outside: `POST /faults?delay=MS`, `freeze=MS`, `refuse=true`, `cut=BYTES`, `wrong=body|missing|stale`,
//! `clear`. Several may stand in one query; they are set from left to right.

use crate::{
    answer::status,
    body::Body,
    faults::{Faults, Wrong},
    server::Shared,
};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::time::Duration;

/// Answers the one who steers.
pub(crate) fn answer(shared: &Shared, request: &Request<Incoming>) -> Response<Body> {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/faults") => match apply(&shared.faults, request.uri().query().unwrap_or_default()) {
            Ok(()) => status(StatusCode::NO_CONTENT),
            Err(why) => {
                let mut response = status(StatusCode::BAD_REQUEST);
                *response.body_mut() = Body::whole(why);
                response
            }
        },
        (&Method::GET, "/stats") => {
            let counts = serde_json::to_vec(&shared.stats.counts()).unwrap_or_default();
            Response::new(Body::whole(counts))
        }
        (&Method::GET, "/health/ready") => status(StatusCode::OK),
        _ => status(StatusCode::NOT_FOUND),
    }
}

/// Sets what the query says, or says what it does not understand.
fn apply(faults: &Faults, query: &str) -> Result<(), String> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let number = || value.parse::<u64>().map_err(|_| format!("`{pair}`: not a number"));
        match name {
            "clear" => faults.clear(),
            "delay" => faults.delay(Duration::from_millis(number()?)),
            "freeze" => faults.freeze(Duration::from_millis(number()?)),
            "refuse" => faults.refuse(value == "true"),
            "cut" => faults.cut_after(Some(number()?)),
            "wrong" => faults.wrong(Some(match value {
                "body" => Wrong::Body,
                "missing" => Wrong::Missing,
                "stale" => Wrong::Stale,
                _ => return Err(format!("`{pair}`: body, missing or stale")),
            })),
            _ => return Err(format!("`{pair}`: clear, delay, freeze, refuse, cut or wrong")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_sets_faults_or_is_refused() {
        let faults = Faults::default();
        assert!(faults.now().is_none());
        apply(&faults, "delay=20&cut=7&wrong=missing").unwrap();
        let set = faults.now().unwrap();
        assert_eq!(set.delay, Some(Duration::from_millis(20)));
        assert_eq!((set.cut_after, set.wrong), (Some(7), Some(Wrong::Missing)));
        apply(&faults, "clear&refuse=true").unwrap();
        let set = faults.now().unwrap();
        assert!(set.refuse && set.delay.is_none() && set.wrong.is_none());
        for bad in ["delay=soon", "wrong=maybe", "explode=1"] {
            assert!(apply(&faults, bad).unwrap_err().contains(bad));
        }
    }
}
