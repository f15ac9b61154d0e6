//! Each step makes sense by itself.

use crate::{
    journey::template::{Gap, Template},
    scenario::{Does, Scenario, Step, expect::Expect, message::Message, named::Named, step::Request, stream::Via},
};
use edge_config::{Report, diagnose::code};

pub(super) fn check(scenario: &Scenario, report: &mut Report<'_>) {
    if report.is_whole(&["client", "steps"]) {
        let path = ["client", "steps"];
        for (index, step) in scenario.client.steps.iter().enumerate() {
            let index = index.to_string();
            let path = [&path[..], &[index.as_str()]].concat();
            self::step(step, false, &path, report);
            if step.publishes.is_some() {
                report.add(
                    code::CONTRADICTION,
                    &path,
                    "publishes: what clients do beforehand is not measured; publish in a journey",
                );
            }
        }
        if scenario.client.renew.is_some() && scenario.client.steps.is_empty() {
            report.add(
                code::CONTRADICTION,
                &["client", "renew"],
                "there are no `steps` to do again",
            );
        }
    }
    for (name, journey) in scenario.journeys.iter() {
        let path = ["journeys", name, "steps"];
        if !report.is_whole(&path) {
            continue;
        }
        // A variable may carry the nonce, and what an earlier step has written may be read back.
        let mut handed_on = false;
        for (index, step) in journey.steps.iter().enumerate() {
            let index = index.to_string();
            self::step(step, handed_on, &[&path[..], &[index.as_str()]].concat(), report);
            handed_on |= says_nonce(step);
        }
    }
    for (name, stream) in scenario.streams.iter() {
        let path = ["streams", name];
        let (target, headers) = match &stream.via {
            Via::Sse(path, headers) => (path, headers),
            Via::WebSocket(conversation) | Via::SocketIo(conversation) => (&conversation.path, &conversation.headers),
        };
        place(target, &path, report);
        self::headers(headers, &path, report);
    }
}

fn says_nonce(step: &Step) -> bool {
    match &step.does {
        Does::Request(request) => request.sends_nonce(),
        _ => step.gaps().into_iter().any(|gap| *gap == Gap::Nonce),
    }
}

fn step(step: &Step, handed_on: bool, path: &[&str], report: &mut Report<'_>) {
    let gaps = step.gaps();
    let sends_nonce = handed_on || gaps.iter().any(|gap| **gap == Gap::Nonce);
    if step.publishes.is_some() && !sends_nonce {
        report.bad_value(
            path,
            "publishes: nothing of it would be recognised; put `{{nonce}}` into what is sent",
        );
    }
    match &step.does {
        Does::Think(_) | Does::Set(_) => {}
        Does::Request(request) => self::request(request, handed_on, path, report),
        Does::Sse(sse) => {
            place(&sse.path, path, report);
            headers(&sse.headers, path, report);
            expectations([&sse.events.expect], sends_nonce, path, report);
        }
        Does::WebSocket(conversation) | Does::SocketIo(conversation) => {
            place(&conversation.path, path, report);
            headers(&conversation.headers, path, report);
            expectations(
                conversation.messages.iter().filter_map(expectation),
                sends_nonce,
                path,
                report,
            );
        }
    }
}

fn expectation(message: &Message) -> Option<&Expect> {
    match message {
        Message::Say { expect, .. } => expect.as_ref(),
        Message::Emit { ack, .. } => ack.as_ref(),
        Message::Hear { expect, .. } => Some(expect),
    }
}

fn request(request: &Request, handed_on: bool, path: &[&str], report: &mut Report<'_>) {
    place(&request.path, path, report);
    headers(&request.headers, path, report);
    let expect = &request.expect;
    headers(&expect.headers, &[path, &["expect"]].concat(), report);
    if let Some(status) = expect.status.iter().find(|status| !(100..=599).contains(*status)) {
        report.bad_value(
            &[path, &["expect", "status"]].concat(),
            format!("`{status}` is no status"),
        );
    }
    expectations([expect], handed_on || request.sends_nonce(), path, report);
}

fn expectations<'a>(
    all: impl IntoIterator<Item = &'a Expect>,
    sends_nonce: bool,
    path: &[&str],
    report: &mut Report<'_>,
) {
    for expect in all {
        if expect.nonce.is_some() && !sends_nonce {
            report.bad_value(
                path,
                "expect.nonce: nothing is sent that could come back; put `{{nonce}}` into the request, or into an earlier one",
            );
        }
        if let Some(place) = expect.unique.iter().find(|place| !place.is_many()) {
            report.bad_value(
                path,
                format!("expect.unique: `{place}` is one place; write it like `/posts/*/id`"),
            );
        }
        if let (Some(_), Some(bytes)) = (&expect.body, expect.bytes) {
            report.add(
                code::CONTRADICTION,
                path,
                format!("expect.bytes: `{bytes}` says less than `body`; keep one"),
            );
        }
    }
}

fn place(template: &Template, path: &[&str], report: &mut Report<'_>) {
    let begins_with_gap = template.beginning().is_empty() && template.gaps().next().is_some();
    if !begins_with_gap && !template.beginning().starts_with('/') {
        report.bad_value(
            path,
            format!("`{}…` is not a path; it begins with a `/`", template.beginning()),
        );
    }
}

fn headers(headers: &Named<Template>, path: &[&str], report: &mut Report<'_>) {
    for (name, value) in headers.iter() {
        let path = [path, &["headers", name.as_str()]].concat();
        if name.parse::<http::HeaderName>().is_err() {
            report.bad_value(&path, "not a header's name");
        }
        if value
            .constant()
            .is_some_and(|value| http::HeaderValue::from_str(value).is_err())
        {
            report.bad_value(
                &path,
                "not a header's value: it has a line end or another control character",
            );
        }
    }
}
