use super::*;

fn subgraph(name: &str, sdl: &str) -> Subgraph {
    Subgraph {
        name: name.into(),
        sdl: sdl.into(),
    }
}

fn failure(a: &str, b: &str) -> String {
    compose(&[subgraph("a", a), subgraph("b", b)]).unwrap_err().to_string()
}

#[test]
fn the_shipped_subgraphs_compose() {
    let api = compose(&crate::testing::shipped()).unwrap();
    assert_eq!(&**api.owner(OperationType::Query, &name!("getPosts")).unwrap(), "posts");
    assert_eq!(
        &**api.owner(OperationType::Query, &name!("getComments")).unwrap(),
        "comments"
    );
    assert_eq!(
        &**api.owner(OperationType::Mutation, &name!("deleteComment")).unwrap(),
        "comments"
    );
    assert!(api.owner(OperationType::Query, &name!("deleteComment")).is_none());
    let sdl = api.schema.to_string();
    assert_eq!(sdl.matches("type User {").count(), 1);
    Schema::parse_and_validate(sdl, "composed.graphql").unwrap();
}

#[test]
fn a_root_field_has_one_owner() {
    assert_eq!(
        failure("type Query { x: Int }", "type Query { x: Int }"),
        "the root field `Query.x` is in the subgraphs `a` and `b`: it can have one owner only"
    );
}

#[test]
fn shared_types_must_be_the_same() {
    let a = "type Query { x: T } type T { id: ID! name: String }";
    assert_eq!(
        failure(a, "type Query { y: T } type T { id: ID! }"),
        "the type `T` differs between the subgraphs `a` and `b`: `name` is missing in `b`"
    );
    assert_eq!(
        failure(a, "type Query { y: T } type T { id: ID! name: String! }"),
        "the type `T` differs between the subgraphs `a` and `b`: `name` is `String` in `a` and `String!` in `b`"
    );
    assert_eq!(
        failure(a, "type Query { y: T } type T { id: ID! name: String extra: Int }"),
        "the type `T` differs between the subgraphs `a` and `b`: `extra` is missing in `a`"
    );
    assert_eq!(
        failure(a, "type Query { y: T } scalar T"),
        "the type `T` differs between the subgraphs `a` and `b`: it is an object in `a` and a scalar in `b`"
    );
    assert_eq!(
        failure(
            "type Query { x(i: I): E } input I { n: Int = 1 } enum E { A }",
            "type Query { y(i: I): E } input I { n: Int = 2 } enum E { A }"
        ),
        "the type `I` differs between the subgraphs `a` and `b`: `n` is `Int = 1` in `a` and `Int = 2` in `b`"
    );
}

#[test]
fn order_descriptions_and_root_names_do_not_matter() {
    let a = "schema { query: QueryRoot } type QueryRoot { x: T } type T { id: ID! f(a: Int, b: Int): Int }";
    let b = r#"type Query { y: T } "said here" type T { f(b: Int, a: Int): Int "and here" id: ID! }"#;
    let api = compose(&[subgraph("a", a), subgraph("b", b)]).unwrap();
    assert!(api.schema.to_string().contains("type Query {"));
}

#[test]
fn definitions_that_async_graphql_prints_are_no_obstacle() {
    let sdl = "type QueryRoot { x: Int }\n\
        directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT\n\
        directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT\n\
        directive @deprecated(reason: String = \"No longer supported\") on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE\n\
        directive @specifiedBy(url: String!) on SCALAR\n\
        directive @oneOf on INPUT_OBJECT\n\
        schema { query: QueryRoot }";
    compose(&[subgraph("a", sdl), subgraph("b", "type Query { y: Int }")]).unwrap();
}

#[test]
fn mistakes_are_blamed_on_the_right_one() {
    let fine = "type Query { x: Int }";
    assert_eq!(
        failure(fine, "type Query { y: Nope }"),
        "subgraph `b`: cannot find type `Nope` in this document (line 1, column 17)"
    );
    assert!(
        failure(fine, "type Query {").starts_with("subgraph `b`: syntax error"),
        "{}",
        failure(fine, "type Query {")
    );
    assert!(compose(&[]).is_err());
    assert_eq!(
        compose(&[subgraph("a", fine), subgraph("a", fine)]).unwrap_err(),
        ComposeError::SameName("a".into())
    );
}
