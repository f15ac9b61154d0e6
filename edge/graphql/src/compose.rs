//! Several subgraph schemas into one.
//!
//! A root field belongs to exactly one subgraph. Any other type may be in several if it is the same in each: then a
//! selection that fits the composed schema fits whichever subgraph it is sent to. Descriptions may differ. Root types may
//! be named differently; a `Subscription` root is left out, for it cannot be answered with one response.

use apollo_compiler::ast::{FieldDefinition, InputValueDefinition, OperationType};
use apollo_compiler::collections::{HashMap, IndexMap};
use apollo_compiler::schema::{ComponentName, ExtendedType, Implementers, ObjectType};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{Name, Node, Schema, name};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A subgraph: its name, by which [`crate::SubgraphClient::call`] is asked, and its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subgraph {
    /// The name, such as `posts`.
    pub name: String,
    /// The schema in SDL.
    pub sdl: String,
}

/// Why the subgraphs do not make one schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// A subgraph's SDL is not a schema.
    #[error("subgraph `{subgraph}`: {text}")]
    Invalid {
        /// The subgraph.
        subgraph: String,
        /// What is wrong, with line and column.
        text: String,
    },
    /// Two subgraphs have the same name.
    #[error("two subgraphs are named `{0}`")]
    SameName(String),
    /// A root field that two subgraphs want to answer.
    #[error("the root field `{field}` is in the subgraphs `{first}` and `{second}`: it can have one owner only")]
    TwoOwners {
        /// The field as `Query.getPosts`.
        field: String,
        /// The subgraph that had it first.
        first: String,
        /// The other.
        second: String,
    },
    /// A shared type that is not the same on both sides.
    #[error("the type `{name}` differs between the subgraphs `{first}` and `{second}`: {difference}")]
    TypesDiffer {
        /// The type.
        name: String,
        /// The subgraph that had it first.
        first: String,
        /// The other.
        second: String,
        /// The first difference.
        difference: String,
    },
    /// Every subgraph is sound, the whole is not: no query field, for example.
    #[error("the composed schema is not valid: {0}")]
    Whole(String),
}

/// The composed schema and who owns its root fields.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) schema: Valid<Schema>,
    pub(crate) implementers: HashMap<Name, Implementers>,
    owners: BTreeMap<(&'static str, Name), Arc<str>>,
}

impl Api {
    /// The subgraph that answers a root field of an operation of this kind.
    pub(crate) fn owner(&self, kind: OperationType, field: &Name) -> Option<&Arc<str>> {
        self.owners.get(&(kind.name(), field.clone()))
    }
}

/// Composes the subgraphs in the given order.
pub(crate) fn compose(subgraphs: &[Subgraph]) -> Result<Api, ComposeError> {
    let mut composition = Composition::default();
    for subgraph in subgraphs {
        composition.add(subgraph)?;
    }
    composition.finish()
}

#[derive(Default)]
struct Composition {
    names: Vec<Arc<str>>,
    query: IndexMap<Name, apollo_compiler::schema::Component<FieldDefinition>>,
    mutation: IndexMap<Name, apollo_compiler::schema::Component<FieldDefinition>>,
    types: IndexMap<Name, (ExtendedType, Arc<str>)>,
    owners: BTreeMap<(&'static str, Name), Arc<str>>,
}

impl Composition {
    fn add(&mut self, subgraph: &Subgraph) -> Result<(), ComposeError> {
        let name: Arc<str> = subgraph.name.as_str().into();
        if self.names.contains(&name) {
            return Err(ComposeError::SameName(subgraph.name.clone()));
        }
        self.names.push(Arc::clone(&name));
        let schema = parse(subgraph)?;
        let roots = schema.schema_definition.clone();
        let is_root = |root: &Option<ComponentName>, name: &Name| root.as_ref().is_some_and(|root| root.name == *name);
        for (type_name, definition) in &schema.types {
            if definition.is_built_in() || is_root(&roots.subscription, type_name) {
                continue;
            }
            match definition {
                ExtendedType::Object(root) if is_root(&roots.query, type_name) => {
                    self.add_roots(OperationType::Query, root, &name)?;
                }
                ExtendedType::Object(root) if is_root(&roots.mutation, type_name) => {
                    self.add_roots(OperationType::Mutation, root, &name)?;
                }
                _ => self.add_type(type_name, definition, &name)?,
            }
        }
        Ok(())
    }

    fn add_roots(&mut self, kind: OperationType, root: &ObjectType, subgraph: &Arc<str>) -> Result<(), ComposeError> {
        for (field, definition) in &root.fields {
            if let Some(first) = self.owners.insert((kind.name(), field.clone()), Arc::clone(subgraph)) {
                return Err(ComposeError::TwoOwners {
                    field: format!("{}.{field}", kind.default_type_name()),
                    first: first.to_string(),
                    second: subgraph.to_string(),
                });
            }
            let fields = if kind.is_query() {
                &mut self.query
            } else {
                &mut self.mutation
            };
            fields.insert(field.clone(), definition.clone());
        }
        Ok(())
    }

    fn add_type(&mut self, name: &Name, definition: &ExtendedType, subgraph: &Arc<str>) -> Result<(), ComposeError> {
        match self.types.get(name) {
            None => {
                self.types
                    .insert(name.clone(), (definition.clone(), Arc::clone(subgraph)));
                Ok(())
            }
            Some((first, owner)) => match difference(first, owner, definition, subgraph) {
                None => Ok(()),
                Some(difference) => Err(ComposeError::TypesDiffer {
                    name: name.to_string(),
                    first: owner.to_string(),
                    second: subgraph.to_string(),
                    difference,
                }),
            },
        }
    }

    fn finish(self) -> Result<Api, ComposeError> {
        let mut schema = Schema::new();
        let definition = schema.schema_definition.make_mut();
        if !self.query.is_empty() {
            definition.query = Some(ComponentName::from(name!("Query")));
            schema.types.insert(name!("Query"), root(name!("Query"), self.query));
        }
        if !self.mutation.is_empty() {
            definition.mutation = Some(ComponentName::from(name!("Mutation")));
            schema
                .types
                .insert(name!("Mutation"), root(name!("Mutation"), self.mutation));
        }
        for (name, (definition, owner)) in self.types {
            if schema.types.contains_key(&name) {
                let text = format!("`{name}` of the subgraph `{owner}` has the name of a root type");
                return Err(ComposeError::Whole(text));
            }
            schema.types.insert(name, definition);
        }
        let schema = schema
            .validate()
            .map_err(|invalid| ComposeError::Whole(first_error(&invalid.errors)))?;
        let implementers = schema.implementers_map();
        Ok(Api {
            schema,
            implementers,
            owners: self.owners,
        })
    }
}

fn root(name: Name, fields: IndexMap<Name, apollo_compiler::schema::Component<FieldDefinition>>) -> ExtendedType {
    ExtendedType::Object(Node::new(ObjectType {
        description: None,
        name,
        implements_interfaces: Default::default(),
        directives: Default::default(),
        fields,
    }))
}

/// Parses one subgraph. It is validated too, so that its own mistakes are not blamed on the whole.
fn parse(subgraph: &Subgraph) -> Result<Valid<Schema>, ComposeError> {
    Schema::builder()
        .ignore_builtin_redefinitions()
        .parse(&subgraph.sdl, format!("{}.graphql", subgraph.name))
        .build()
        .and_then(Schema::validate)
        .map_err(|invalid| ComposeError::Invalid {
            subgraph: subgraph.name.clone(),
            text: first_error(&invalid.errors),
        })
}

fn first_error(errors: &DiagnosticList) -> String {
    let Some(first) = errors.iter().next() else {
        return "unknown error".into();
    };
    match first.line_column_range() {
        Some(range) => format!(
            "{} (line {}, column {})",
            first.error, range.start.line, range.start.column
        ),
        None => first.error.to_string(),
    }
}

/// The first difference between two definitions of a type, in words.
fn difference(a: &ExtendedType, a_owner: &str, b: &ExtendedType, b_owner: &str) -> Option<String> {
    let ((a_kind, a), (b_kind, b)) = (shape(a), shape(b));
    if a_kind != b_kind {
        return Some(format!("it is {a_kind} in `{a_owner}` and {b_kind} in `{b_owner}`"));
    }
    let missing = |member: &str, owner: &str| Some(format!("`{member}` is missing in `{owner}`"));
    for (member, text) in &a {
        match b.get(member) {
            None => return missing(member, b_owner),
            Some(other) if other != text => {
                return Some(format!(
                    "`{member}` is `{text}` in `{a_owner}` and `{other}` in `{b_owner}`"
                ));
            }
            Some(_) => {}
        }
    }
    b.keys()
        .find(|member| !a.contains_key(*member))
        .and_then(|member| missing(member, a_owner))
}

/// What counts when two definitions are compared: the kind, and its members with their types.
fn shape(definition: &ExtendedType) -> (&'static str, BTreeMap<String, String>) {
    let interfaces = |names: &apollo_compiler::collections::IndexSet<ComponentName>| {
        names
            .iter()
            .map(|name| (format!("implements {name}"), String::new()))
            .collect::<Vec<_>>()
    };
    match definition {
        ExtendedType::Scalar(_) => ("a scalar", BTreeMap::new()),
        ExtendedType::Object(object) => {
            let fields = object
                .fields
                .iter()
                .map(|(name, field)| (name.to_string(), field_shape(field)));
            (
                "an object",
                fields.chain(interfaces(&object.implements_interfaces)).collect(),
            )
        }
        ExtendedType::Interface(interface) => {
            let fields = interface
                .fields
                .iter()
                .map(|(name, field)| (name.to_string(), field_shape(field)));
            (
                "an interface",
                fields.chain(interfaces(&interface.implements_interfaces)).collect(),
            )
        }
        ExtendedType::Union(union) => (
            "a union",
            union
                .members
                .iter()
                .map(|member| (member.to_string(), String::new()))
                .collect(),
        ),
        ExtendedType::Enum(values) => (
            "an enum",
            values
                .values
                .keys()
                .map(|value| (value.to_string(), String::new()))
                .collect(),
        ),
        ExtendedType::InputObject(input) => {
            let fields = input
                .fields
                .iter()
                .map(|(name, field)| (name.to_string(), input_shape(field)));
            ("an input", fields.collect())
        }
    }
}

fn field_shape(field: &FieldDefinition) -> String {
    if field.arguments.is_empty() {
        return field.ty.to_string();
    }
    let arguments: BTreeMap<_, _> = field
        .arguments
        .iter()
        .map(|argument| (argument.name.as_str(), input_shape(argument)))
        .collect();
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, shape)| format!("{name}: {shape}"))
        .collect();
    format!("({}): {}", arguments.join(", "), field.ty)
}

fn input_shape(input: &InputValueDefinition) -> String {
    match &input.default_value {
        Some(default) => format!("{} = {default}", input.ty),
        None => input.ty.to_string(),
    }
}

#[cfg(test)]
mod tests;
