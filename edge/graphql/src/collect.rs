//! The root fields of an operation, by the specification's `CollectFields`: fragments opened, `@skip` and `@include` obeyed,
//! selections of the same response key together.

use apollo_compiler::collections::{HashSet, IndexMap};
use apollo_compiler::executable::{DirectiveList, Field, Operation, Selection, SelectionSet, Value};
use apollo_compiler::response::JsonMap;
use apollo_compiler::{ExecutableDocument, Name, Node};

/// Root fields by response key, in the order of the answer. The fields of one key are the same field with the same
/// arguments (validation says so) and selections to be merged.
pub(crate) type Roots<'d> = IndexMap<&'d Name, Vec<&'d Node<Field>>>;

/// Which root fields are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'v> {
    /// All, whatever their conditions say.
    All,
    /// Those whose conditions hold with these coerced variables.
    With(&'v JsonMap),
}

/// Collects the root fields of a valid operation.
pub(crate) fn roots<'d>(document: &'d ExecutableDocument, operation: &'d Operation, wanted: Wanted<'_>) -> Roots<'d> {
    let mut roots = Roots::default();
    collect(
        document,
        &operation.selection_set,
        wanted,
        &mut HashSet::default(),
        &mut roots,
    );
    roots
}

fn collect<'d>(
    document: &'d ExecutableDocument,
    set: &'d SelectionSet,
    wanted: Wanted<'_>,
    visited: &mut HashSet<&'d Name>,
    roots: &mut Roots<'d>,
) {
    for selection in &set.selections {
        if !holds(directives(selection), wanted) {
            continue;
        }
        match selection {
            Selection::Field(field) => roots.entry(field.response_key()).or_default().push(field),
            Selection::InlineFragment(inline) => collect(document, &inline.selection_set, wanted, visited, roots),
            Selection::FragmentSpread(spread) => {
                if let (true, Some(fragment)) = (visited.insert(&spread.fragment_name), spread.fragment_def(document)) {
                    collect(document, &fragment.selection_set, wanted, visited, roots);
                }
            }
        }
    }
}

/// Whether the set of root fields depends on variables.
pub(crate) fn is_conditional(document: &ExecutableDocument, operation: &Operation) -> bool {
    fn any<'d>(document: &'d ExecutableDocument, set: &'d SelectionSet, visited: &mut HashSet<&'d Name>) -> bool {
        set.selections.iter().any(|selection| {
            conditions(directives(selection)).any(|(_, value)| value.as_variable().is_some())
                || match selection {
                    Selection::Field(_) => false,
                    Selection::InlineFragment(inline) => any(document, &inline.selection_set, visited),
                    Selection::FragmentSpread(spread) => {
                        visited.insert(&spread.fragment_name)
                            && spread
                                .fragment_def(document)
                                .is_some_and(|fragment| any(document, &fragment.selection_set, visited))
                    }
                }
        })
    }
    any(document, &operation.selection_set, &mut HashSet::default())
}

fn directives(selection: &Selection) -> &DirectiveList {
    match selection {
        Selection::Field(field) => &field.directives,
        Selection::InlineFragment(inline) => &inline.directives,
        Selection::FragmentSpread(spread) => &spread.directives,
    }
}

/// The conditions of a selection: what the value must be for it to be included, and the value.
fn conditions(directives: &DirectiveList) -> impl Iterator<Item = (bool, &Node<Value>)> {
    directives.iter().filter_map(|directive| {
        let wanted = match directive.name.as_str() {
            "include" => true,
            "skip" => false,
            _ => return None,
        };
        directive.specified_argument_by_name("if").map(|value| (wanted, value))
    })
}

fn holds(directives: &DirectiveList, wanted: Wanted<'_>) -> bool {
    let Wanted::With(variables) = wanted else { return true };
    conditions(directives).all(|(wanted, value)| {
        let value = match value.as_variable() {
            Some(name) => variables.get(name.as_str()).and_then(|value| value.as_bool()),
            None => value.to_bool(),
        };
        value == Some(wanted)
    })
}
