//! What a body, a message or an event must say.

use super::{
    body::Raw,
    excerpt,
    shape::{Findings, Found, Shape, Want, kind_of},
};
use crate::{
    Failure,
    journey::template::{CompileError, Memory, Program, Scope, Variable},
    scenario::{
        expect::{Carries, Expect, Kind},
        pointer::Pointer,
        quantity::Count,
    },
};
use rand::Rng;
use serde_json::Value;
use std::collections::HashSet;

/// What content must be, and which of its places are kept.
#[derive(Debug)]
pub(crate) struct Content {
    raw: Raw,
    shape: Shape,
    checks: Vec<Check>,
    kept: Vec<(usize, u16, Pointer)>,
}

/// Something about a place.
#[derive(Debug)]
struct Check {
    finding: usize,
    pointer: Pointer,
    must: Must,
}

#[derive(Debug)]
enum Must {
    Be(Expected),
    BeOf(Kind),
    Have(Count),
    Differ,
    CarryNonce,
}

/// A value, ready if it has no gaps.
#[derive(Debug)]
enum Expected {
    Ready(Value),
    Rendered(Program),
}

impl Content {
    /// Ready to judge; `kept` are variables and where their values are.
    pub(crate) fn new(expect: &Expect, kept: &[(u16, &Pointer)], scope: &Scope<'_>) -> Result<Self, CompileError> {
        let mut shape = Shape::default();
        let mut checks = Vec::new();
        let mut check = |pointer: &Pointer, want, must| {
            let finding = shape.want(pointer, want);
            checks.push(Check {
                finding,
                pointer: pointer.clone(),
                must,
            });
        };
        // The shorter list is told before the item that it lacks.
        for (pointer, count) in &expect.count.0 {
            check(pointer, Want::Count, Must::Have(*count));
        }
        if let Some(Carries::At(pointer)) = &expect.nonce {
            check(pointer, Want::Value, Must::CarryNonce);
        }
        for (pointer, kind) in &expect.types.0 {
            check(pointer, Want::Kind, Must::BeOf(*kind));
        }
        for (pointer, template) in &expect.json.0 {
            let program = Program::json(template, scope)?;
            let ready = program.constant().and_then(|text| serde_json::from_slice(text).ok());
            let expected = ready.map_or(Expected::Rendered(program), Expected::Ready);
            check(pointer, Want::Value, Must::Be(expected));
        }
        for pointer in &expect.unique {
            check(pointer, Want::Value, Must::Differ);
        }
        let kept = kept
            .iter()
            .map(|(slot, pointer)| (shape.want(pointer, Want::Value), *slot, (*pointer).clone()));
        Ok(Self {
            raw: Raw::new(expect, expect.nonce == Some(Carries::Body), scope)?,
            kept: kept.collect(),
            shape,
            checks,
        })
    }

    /// Judges content; of what is right, variables are kept.
    pub(crate) fn judge(&self, content: &[u8], memory: &mut Memory) -> Result<(), Failure> {
        self.raw.judge(content, memory)?;
        if self.shape.is_empty() {
            return Ok(());
        }
        let findings = self.shape.read(content);
        let mut findings = findings.map_err(|error| Failure::new("json", format!("{error}: {}", excerpt(content))))?;
        for check in &self.checks {
            check.judge(&findings[check.finding], memory)?;
        }
        let kept = self.kept.iter().map(|(finding, slot, pointer)| {
            let value = one(&mut findings, *finding, memory).ok_or_else(|| nothing_at(pointer))?;
            Ok((*slot, Variable::from(value)))
        });
        let kept: Vec<_> = kept.collect::<Result<_, Failure>>()?;
        for (slot, value) in kept {
            memory.set(slot, value);
        }
        Ok(())
    }
}

/// A value of those that were found: the only one, or one by chance.
fn one(findings: &mut Findings, finding: usize, memory: &mut Memory) -> Option<Value> {
    let found = std::mem::take(findings.get_mut(finding)?);
    let chosen = match found.len() {
        0 => return None,
        1 => 0,
        several => memory.random.random_range(0..several),
    };
    match found.into_iter().nth(chosen)? {
        Found::Value(value) => Some(value),
        Found::Count(_) | Found::Kind(_) => None,
    }
}

fn nothing_at(pointer: &Pointer) -> Failure {
    Failure::new("json", format!("there is nothing at {pointer}"))
}

impl Check {
    fn judge(&self, found: &[Found], memory: &mut Memory) -> Result<(), Failure> {
        let Self { pointer, must, .. } = self;
        // Of `*`, there may be none.
        if found.is_empty() && !pointer.is_many() {
            let nonce = matches!(must, Must::CarryNonce);
            return Err(if nonce {
                Failure::new("stale", format!("there is nothing at {pointer}"))
            } else {
                nothing_at(pointer)
            });
        }
        match must {
            Must::Be(Expected::Ready(want)) => found.iter().try_for_each(|found| be(found, want, pointer)),
            Must::Be(Expected::Rendered(program)) => {
                let text = program.bytes(memory);
                let want = serde_json::from_slice(&text)
                    .map_err(|error| Failure::new("json", format!("{error}: {}", excerpt(&text))))?;
                found.iter().try_for_each(|found| be(found, &want, pointer))
            }
            Must::BeOf(want) => found.iter().try_for_each(|found| match found {
                Found::Kind(kind) if kind == want => Ok(()),
                other => Err(Failure::new(
                    "json",
                    format!("{pointer} is {}, not of the kind {}", shown(other), want.name()),
                )),
            }),
            Must::Have(want) => found.iter().try_for_each(|found| match found {
                Found::Count(Some(count)) if want.allows(*count) => Ok(()),
                Found::Count(Some(count)) => Err(Failure::new(
                    "count",
                    format!("{pointer} has {count} items, not {want}"),
                )),
                _ => Err(Failure::new(
                    "count",
                    format!("{pointer} is no list; {want} items are wanted"),
                )),
            }),
            Must::Differ => differ(found, pointer),
            Must::CarryNonce => {
                let nonce = memory.nonce();
                let carries = |found: &Found| matches!(found, Found::Value(Value::String(text)) if text.contains(&nonce.to_string()));
                match found.iter().find(|found| !carries(found)) {
                    None => Ok(()),
                    Some(other) => Err(Failure::new(
                        "stale",
                        format!("{pointer} is {}, without nonce {nonce}", shown(other)),
                    )),
                }
            }
        }
    }
}

fn be(found: &Found, want: &Value, pointer: &Pointer) -> Result<(), Failure> {
    match found {
        Found::Value(value) if equal(value, want) => Ok(()),
        other => {
            let want = excerpt(want.to_string().as_bytes());
            Err(Failure::new(
                "json",
                format!("{pointer} is {}, not {want}", shown(other)),
            ))
        }
    }
}

/// 1 and 1.0 are one number.
fn equal(got: &Value, want: &Value) -> bool {
    match (got, want) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => got == want,
    }
}

fn differ(found: &[Found], pointer: &Pointer) -> Result<(), Failure> {
    let mut seen = HashSet::with_capacity(found.len());
    for found in found {
        let Found::Value(value) = found else { continue };
        // Texts are told apart from numbers of the same digits.
        let key = value
            .as_str()
            .map_or_else(|| value.to_string(), |text| format!("\"{text}"));
        if !seen.insert(key) {
            return Err(Failure::new(
                "json",
                format!("{} is at {pointer} twice", excerpt(value.to_string().as_bytes())),
            ));
        }
    }
    Ok(())
}

fn shown(found: &Found) -> String {
    match found {
        Found::Value(value) if matches!(kind_of(value), Kind::Array | Kind::Object) => {
            format!("{} {}", kind_of(value).name(), excerpt(value.to_string().as_bytes()))
        }
        Found::Value(value) => excerpt(value.to_string().as_bytes()),
        Found::Count(Some(count)) => format!("a list of {count}"),
        Found::Count(None) => "no list".to_owned(),
        Found::Kind(kind) => kind.name().to_owned(),
    }
}
