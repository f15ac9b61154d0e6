//! Asking a subgraph, and what its payloads must look like.

use crate::Client;
use serde_json::{Value, json};

impl Client {
    /// The payload of the one root field of `query`.
    ///
    /// # Panics
    /// If there are errors.
    pub async fn ask(&self, query: &str) -> Value {
        let answer = self.graphql(query, json!({})).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        let fields = answer["data"].as_object().expect("an object");
        fields.values().next().expect("a root field").clone()
    }

    /// The code of the error that ends `query`.
    ///
    /// # Panics
    /// If it was answered.
    pub async fn failure(&self, query: &str) -> String {
        let answer = self.graphql(query, json!({})).await;
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("{query}: {answer}")).to_owned()
    }
}

/// Asserts that a GraphQL `payload` refuses with this code and field, and tells a person why.
///
/// # Panics
/// If it does not.
pub fn assert_refused(payload: &Value, code: &str, field: Option<&str>) {
    let found = (&payload["success"], payload["code"].as_str(), payload["field"].as_str());
    assert_eq!(found, (&json!(false), Some(code), field), "{payload}");
    assert!(
        payload["message"].as_str().is_some_and(|text| !text.is_empty()),
        "{payload}"
    );
}
