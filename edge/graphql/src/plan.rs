//! Which subgraph is asked what.
//!
//! A plan is made from the collected root fields, so its documents have neither root fragments nor root conditions
//! left. Each carries only the variables and fragments that its own fields use.

use crate::collect::Roots;
use crate::compose::Api;
use apollo_compiler::ast::Value;
use apollo_compiler::collections::{IndexMap, IndexSet};
use apollo_compiler::executable::{DirectiveList, Field, Operation, OperationMap, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::{ExecutableDocument, Name, Node};
use std::sync::Arc;

/// How to answer an operation.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The keys of `data`, in order.
    pub(crate) roots: Vec<Root>,
    /// The calls. Those of a mutation are made one after the other.
    pub(crate) fetches: Vec<Fetch>,
    /// Whether any root is [`Source::Introspection`].
    pub(crate) introspects: bool,
}

/// One key of `data`.
#[derive(Debug)]
pub(crate) struct Root {
    /// The response key.
    pub(crate) key: Name,
    /// Where it stands in the client's document, for errors.
    pub(crate) span: Option<SourceSpan>,
    /// Where its value comes from.
    pub(crate) source: Source,
}

/// Where a root's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// `__typename`: this name.
    Typename(Name),
    /// `__schema` or `__type`.
    Introspection,
    /// The fetch of this index.
    Fetch(usize),
}

/// One call.
#[derive(Debug)]
pub(crate) struct Fetch {
    /// Whom to ask.
    pub(crate) subgraph: Arc<str>,
    /// The document, as a JSON string.
    pub(crate) document: String,
    /// The operation's name.
    pub(crate) operation: Option<Name>,
    /// The variables it uses.
    pub(crate) variables: Vec<Name>,
}

/// Plans an operation.
pub(crate) fn plan(api: &Api, document: &ExecutableDocument, operation: &Operation, collected: &Roots<'_>) -> Plan {
    let mut groups: Vec<(Arc<str>, Vec<&Node<Field>>)> = Vec::new();
    let mut roots = Vec::with_capacity(collected.len());
    for (key, fields) in collected {
        let Some(first) = fields.first() else { continue };
        let source = match first.name.as_str() {
            "__typename" => Source::Typename(operation.object_type().clone()),
            "__schema" | "__type" => Source::Introspection,
            _ => match api.owner(operation.operation_type, &first.name) {
                Some(owner) => Source::Fetch(group(&mut groups, owner, operation.is_mutation(), fields)),
                // Validation knows the field, so composition has its owner.
                None => continue,
            },
        };
        roots.push(Root {
            key: (*key).clone(),
            span: first.location(),
            source,
        });
    }
    let introspects = roots.iter().any(|root| root.source == Source::Introspection);
    let fetches = groups
        .iter()
        .map(|(owner, fields)| fetch(document, operation, owner, fields))
        .collect();
    Plan {
        roots,
        fetches,
        introspects,
    }
}

/// Puts fields into a call to their owner: a query's into the only one, a mutation's into the last one if it goes to the
/// same subgraph, for the order of root fields is the order of effects.
fn group<'d>(
    groups: &mut Vec<(Arc<str>, Vec<&'d Node<Field>>)>,
    owner: &Arc<str>,
    ordered: bool,
    fields: &[&'d Node<Field>],
) -> usize {
    let found = match ordered {
        false => groups.iter().position(|(name, _)| name == owner),
        true => groups
            .len()
            .checked_sub(1)
            .filter(|last| groups.get(*last).is_some_and(|(name, _)| name == owner)),
    };
    let index = found.unwrap_or_else(|| {
        groups.push((Arc::clone(owner), Vec::new()));
        groups.len() - 1
    });
    if let Some((_, group)) = groups.get_mut(index) {
        group.extend(fields);
    }
    index
}

fn fetch(document: &ExecutableDocument, operation: &Operation, owner: &Arc<str>, fields: &[&Node<Field>]) -> Fetch {
    let mut uses = Uses::default();
    let mut selection_set = SelectionSet::new(operation.object_type().clone());
    for field in fields {
        // The conditions have been decided; a subgraph need not know their variables.
        let mut field = (*field).clone();
        if !field.directives.is_empty() {
            field.make_mut().directives = DirectiveList::new();
        }
        uses.field(document, &field);
        selection_set.push(field);
    }
    let used = |variable: &Name| uses.variables.contains(variable);
    let variables: Vec<_> = operation
        .variables
        .iter()
        .filter(|definition| used(&definition.name))
        .cloned()
        .collect();
    let names = variables.iter().map(|definition| definition.name.clone()).collect();
    let part = Operation {
        operation_type: operation.operation_type,
        name: operation.name.clone(),
        variables,
        directives: DirectiveList::new(),
        selection_set,
    };
    let mut whole = ExecutableDocument::new();
    whole.operations = OperationMap::from_one(part);
    whole.fragments = uses.fragments;
    let text = whole.serialize().no_indent().to_string();
    Fetch {
        subgraph: Arc::clone(owner),
        document: serde_json::Value::String(text).to_string(),
        operation: operation.name.clone(),
        variables: names,
    }
}

/// What a selection set refers to.
#[derive(Default)]
struct Uses {
    variables: IndexSet<Name>,
    fragments: IndexMap<Name, Node<apollo_compiler::executable::Fragment>>,
}

impl Uses {
    fn field(&mut self, document: &ExecutableDocument, field: &Field) {
        self.directives(&field.directives);
        field.arguments.iter().for_each(|argument| self.value(&argument.value));
        self.selections(document, &field.selection_set);
    }

    fn selections(&mut self, document: &ExecutableDocument, set: &SelectionSet) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => self.field(document, field),
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.directives);
                    self.selections(document, &inline.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    let Some(fragment) = spread.fragment_def(document) else {
                        continue;
                    };
                    if self.fragments.insert(fragment.name.clone(), fragment.clone()).is_none() {
                        self.directives(&fragment.directives);
                        self.selections(document, &fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &DirectiveList) {
        for directive in directives.iter() {
            directive
                .arguments
                .iter()
                .for_each(|argument| self.value(&argument.value));
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Variable(name) => drop(self.variables.insert(name.clone())),
            Value::List(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(members) => members.iter().for_each(|(_, value)| self.value(value)),
            _ => {}
        }
    }
}
