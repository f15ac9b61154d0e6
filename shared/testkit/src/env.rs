//! Where the stores of the tests are.

/// The value of a `TEST_…` variable.
pub(crate) fn variable(name: &str) -> String {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("{name} is not set: run the tests with `cargo dev test`, which starts the stores and sets it"),
    }
}

/// A name no other test has: lower case letters, digits and `_`.
pub(crate) fn unique(kind: &str) -> String {
    format!("{kind}_{}", uuid::Uuid::new_v4().simple())
}
