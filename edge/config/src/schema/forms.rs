//! What the schema says of values that have two spellings. Only their shapes are used.

use crate::types::{Charge, Charged, RetryOn, Subgraph, Target, Token};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::{borrow::Cow, collections::BTreeMap};

/// A schema that is written by hand.
macro_rules! form {
    ($type:ident, $generator:ident => $schema:expr) => {
        pub(crate) struct $type;
        form!(impl $type, $generator => $schema);
    };
    (impl $type:ident, $generator:ident => $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

form!(Bind, _generator => json_schema!({
    "title": "address and port",
    "type": "string",
    "pattern": r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$",
}));

form!(Network, _generator => json_schema!({
    "title": "network",
    "type": "string",
    "pattern": r"^[0-9A-Fa-f:.]+/[0-9]{1,3}$",
}));

form!(impl RetryOn, _generator => json_schema!({
    "anyOf": [
        { "enum": ["connect_failure", "reset", "timeout"] },
        { "title": "status", "type": "string", "pattern": "^5[0-9]{2}$" },
        { "type": "integer", "minimum": 500, "maximum": 599 },
    ],
}));

form!(Targets, generator => {
    let long = generator.subschema_for::<Target>();
    let address = r"^\s*(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+):[0-9]{1,5}\s*$";
    let addresses = r"^\s*(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+):[0-9]{1,5}\s*(,\s*(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+):[0-9]{1,5}\s*)*$";
    json_schema!({
        "anyOf": [
            { "type": "array", "items": { "anyOf": [{ "title": "`host:port`", "type": "string", "pattern": address }, long] } },
            { "title": "text with commas", "type": "string", "pattern": addresses },
        ],
    })
});

form!(KeyParts, _generator => {
    let part = r"^(client_ip|route|method|jwt\..+|(header|cookie)\.[!#$%&'*+.^_`|~0-9A-Za-z-]+)$";
    json_schema!({
        "anyOf": [
            { "title": "a part of the request", "type": "string", "pattern": part },
            { "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string", "pattern": part } },
        ],
    })
});

form!(RingKey, _generator => json_schema!({
    "title": "a part of the request",
    "type": "string",
    "pattern": r"^(client_ip|(header|cookie)\.[!#$%&'*+.^_`|~0-9A-Za-z-]+)$",
}));

form!(impl Charge, generator => {
    let long = generator.subschema_for::<Charged>();
    json_schema!({ "anyOf": [{ "type": "string" }, long] })
});

form!(Subgraphs, generator => {
    let long = generator.subschema_for::<BTreeMap<String, Subgraph>>();
    json_schema!({ "anyOf": [{ "type": "array", "items": { "type": "string" } }, long] })
});

form!(Names, _generator => json_schema!({
    "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
}));

form!(AuthForm, generator => {
    let token = generator.subschema_for::<Token>();
    json_schema!({ "anyOf": [{ "enum": ["public"] }, token] })
});
