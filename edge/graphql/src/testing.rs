//! Subgraphs for tests: they validate what they are asked against their own schema and answer with made-up values that
//! tell which field with which arguments was asked.

use crate::{Answer, Call, Engine, HttpRequest, Limits, Subgraph, SubgraphClient, SubgraphError};
use apollo_compiler::executable::Operation;
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::{ExtendedType, Type};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

/// The two subgraphs of the platform.
pub(crate) fn shipped() -> Vec<Subgraph> {
    [
        ("posts", include_str!("../../../conf/graphql/posts.graphql")),
        ("comments", include_str!("../../../conf/graphql/comments.graphql")),
    ]
    .map(|(name, sdl)| Subgraph {
        name: name.into(),
        sdl: sdl.into(),
    })
    .into()
}

/// An engine over the shipped subgraphs with default limits.
pub(crate) fn engine() -> Engine {
    Engine::new(&shipped(), Limits::default()).unwrap()
}

/// Answers for all subgraphs, and remembers what it was asked.
pub(crate) struct World {
    schemas: HashMap<String, Valid<Schema>>,
    /// Subgraphs that fail, and how.
    pub(crate) broken: HashMap<&'static str, SubgraphError>,
    /// Subgraphs that answer this whatever they are asked.
    pub(crate) scripted: HashMap<&'static str, String>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let schemas = shipped().into_iter().map(|subgraph| {
            (
                subgraph.name,
                Schema::parse_and_validate(subgraph.sdl, "subgraph").unwrap(),
            )
        });
        Self {
            schemas: schemas.collect(),
            broken: HashMap::new(),
            scripted: HashMap::new(),
            asked: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn broken(mut self, subgraph: &'static str, error: SubgraphError) -> Self {
        self.broken.insert(subgraph, error);
        self
    }

    pub(crate) fn scripted(mut self, subgraph: &'static str, answer: &Value) -> Self {
        self.scripted.insert(subgraph, answer.to_string());
        self
    }

    /// Who was asked what, in order.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }

    /// Who was asked, in order.
    pub(crate) fn order(&self) -> Vec<String> {
        self.asked().into_iter().map(|(subgraph, _)| subgraph).collect()
    }
}

#[async_trait]
impl SubgraphClient for World {
    type Context = ();

    async fn call(&self, call: Call<'_>, (): &()) -> Result<Bytes, SubgraphError> {
        let subgraph = call.subgraph;
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let is_mutation = body["query"].as_str().unwrap().starts_with("mutation");
        assert_eq!(call.is_query, !is_mutation);
        self.asked.lock().unwrap().push((subgraph.to_owned(), body.clone()));
        if let Some(error) = self.broken.get(subgraph) {
            return Err(*error);
        }
        if let Some(answer) = self.scripted.get(subgraph) {
            return Ok(Bytes::from(answer.clone()));
        }
        let document = body["query"].as_str().unwrap();
        let variables = body.get("variables").cloned().unwrap_or(json!({}));
        let answer = resolve(
            &self.schemas[subgraph],
            document,
            body["operationName"].as_str(),
            &variables,
        );
        Ok(serde_json::to_vec(&answer).unwrap().into())
    }
}

/// Executes a document that must be valid against a schema, with made-up values.
pub(crate) fn resolve(schema: &Valid<Schema>, document: &str, name: Option<&str>, variables: &Value) -> Value {
    let document = ExecutableDocument::parse_and_validate(schema, document, "query").unwrap();
    let operation: &Operation = document.operations.get(name).unwrap();
    let variables: JsonMap = serde_json::from_value(variables.clone()).unwrap();
    let root = Thing {
        schema,
        name: operation.object_type().to_string(),
        path: String::new(),
    };
    let execution = Execution::new(schema, &document)
        .operation(operation)
        .raw_variable_values(&variables);
    serde_json::to_value(execution.enable_schema_introspection(true).execute_sync(&root).unwrap()).unwrap()
}

/// An object of any type. Its leaves are made of the path and the arguments that led there.
struct Thing<'s> {
    schema: &'s Schema,
    name: String,
    path: String,
}

impl ObjectValue for Thing<'_> {
    fn type_name(&self) -> &str {
        &self.name
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let definition = self.schema.type_field(&self.name, info.field_name()).unwrap();
        let arguments = serde_json::to_value(info.arguments()).unwrap();
        Ok(self.value(
            &definition.ty,
            format!("{}.{}{arguments}", self.path, info.field_name()),
        ))
    }
}

impl<'s> Thing<'s> {
    fn value<'a>(&'a self, ty: &Type, path: String) -> ResolvedValue<'a>
    where
        's: 'a,
    {
        match ty {
            Type::List(item) | Type::NonNullList(item) => {
                let items: Vec<_> = (0..2)
                    .map(|index| Ok(self.value(item, format!("{path}[{index}]"))))
                    .collect();
                ResolvedValue::List(Box::new(items.into_iter()))
            }
            Type::Named(name) | Type::NonNullNamed(name) => match &self.schema.types[name] {
                ExtendedType::Scalar(_) => ResolvedValue::Leaf(leaf(name, &path).into()),
                _ => ResolvedValue::Object(Box::new(Thing {
                    schema: self.schema,
                    name: name.to_string(),
                    path,
                })),
            },
        }
    }
}

fn leaf(scalar: &str, path: &str) -> Value {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    match scalar {
        "Int" => json!(hasher.finish() % 1_000),
        "Boolean" => json!(hasher.finish().is_multiple_of(2)),
        _ => json!(path),
    }
}

/// A POST of these members, answered.
pub(crate) async fn post(engine: &Engine, world: &World, members: &Value) -> Answer {
    raw_post(engine, world, &[], members.to_string().as_bytes()).await
}

/// A POST of these bytes, answered.
pub(crate) async fn raw_post(engine: &Engine, world: &World, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut map = HeaderMap::new();
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        map.insert(
            http::HeaderName::try_from(*name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let request = HttpRequest {
        method: &Method::POST,
        query: None,
        headers: &map,
        body,
    };
    engine.answer(request, world, &()).await
}

/// A GET, answered.
pub(crate) async fn get(engine: &Engine, world: &World, parameters: &[(&str, &str)]) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let headers = HeaderMap::new();
    let request = HttpRequest {
        method: &Method::GET,
        query: Some(&query),
        headers: &headers,
        body: &[],
    };
    engine.answer(request, world, &()).await
}

/// The response of a document without variables.
pub(crate) async fn run(world: &World, document: &str) -> Value {
    run_with(world, document, json!({})).await
}

/// The response of a document with variables.
pub(crate) async fn run_with(world: &World, document: &str, variables: Value) -> Value {
    body(&post(&engine(), world, &json!({ "query": document, "variables": variables })).await)
}

/// An answer's body, which must be JSON.
pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// Codes of an answer's errors with the response keys they belong to.
pub(crate) fn codes(response: &Value) -> BTreeMap<String, String> {
    let errors = response["errors"].as_array().cloned().unwrap_or_default();
    let told = errors.iter().map(|error| {
        let root = error["path"][0].as_str().unwrap_or("-").to_owned();
        (root, error["extensions"]["code"].as_str().unwrap().to_owned())
    });
    told.collect()
}
