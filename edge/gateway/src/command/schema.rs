//! `edge schema`: what is made from the configuration's types.

use super::{Failure, print};
use clap::ValueEnum;
use edge_config::diagnose::explain;

/// `edge schema`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// The JSON Schema (draft 7) that editors complete and check by: conf/edge.schema.json.
    #[default]
    Json,
    /// Every key on one page: docs/edge-yaml.md.
    Markdown,
    /// Every code that `edge check` may tell, on one page: docs/edge-errors.md.
    Errors,
}

/// Prints it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    print(&match arguments.format {
        Format::Json => edge_config::schema_text(),
        Format::Markdown => edge_config::reference(),
        Format::Errors => explain::reference(),
    });
    Ok(())
}
