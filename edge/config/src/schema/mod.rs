//! The JSON Schema of `edge.yaml`, made from the types.

mod forms;

pub(crate) use forms::{AuthForm, Bind, Network, Subgraphs, Targets};
