//! From templates to programs: names become slots, columns their cells, the text between gaps is ready to be sent.

use super::{ColumnName, Gap, JsonTemplate, Piece, Template};
use crate::journey::data::Data;
use bytes::Bytes;
use edge_config::diagnose::did_you_mean;
use rand_distr::Zipf;
use std::sync::Arc;

/// What templates may refer to.
#[derive(Debug)]
pub struct Scope<'a> {
    variables: Vec<String>,
    data: &'a Data,
}

impl<'a> Scope<'a> {
    /// These variables (each once), and this data.
    pub fn new(variables: impl IntoIterator<Item = String>, data: &'a Data) -> Self {
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort();
        variables.dedup();
        Self { variables, data }
    }

    /// How many variables there are.
    pub fn len(&self) -> usize {
        self.variables.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// Where a variable is kept.
    ///
    /// # Errors
    /// That nothing sets it.
    pub fn slot(&self, name: &str) -> Result<u16, CompileError> {
        let place = self.variables.binary_search_by(|own| own.as_str().cmp(name));
        place.ok().and_then(|slot| u16::try_from(slot).ok()).ok_or_else(|| {
            let hint = did_you_mean(name, self.variables.iter().map(String::as_str));
            CompileError(format!("nothing sets `{name}`{hint}"))
        })
    }
}

/// What a template refers to and what is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CompileError(pub String);

/// A template to render by request: texts that are ready, and gaps that know where their filling is.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) parts: Vec<Part>,
    constant: Option<Bytes>,
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(Bytes),
    Put(Fill, Spelling),
}

/// How what fills a gap is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is.
    Plain,
    /// Percent-encoded (RFC 3986): all but unreserved characters.
    Url,
    /// A JSON value of its own kind.
    JsonValue,
    /// Within a JSON text.
    JsonText,
}

#[derive(Debug, Clone)]
pub(super) enum Fill {
    Slot(u16),
    Nonce,
    Client,
    Iteration,
    Random(i64, i64),
    ZipfRank(Zipf<f64>),
    ZipfCell(Zipf<f64>, Arc<[String]>),
    Pick(u16, Arc<[String]>),
    Row(Arc<[String]>),
    Other(u16, Arc<[String]>),
    Ip { fresh: bool },
}

impl Program {
    /// Text as it is: headers, bodies.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub fn text(template: &Template, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let mut builder = Builder::new(scope);
        builder.template(template, Spelling::Plain)?;
        Ok(builder.finish())
    }

    /// A path with its query: fillings are percent-encoded, but for one that stands first, which is a path or an address
    /// itself.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub fn path(template: &Template, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let mut builder = Builder::new(scope);
        for (index, piece) in template.pieces.iter().enumerate() {
            builder.piece(piece, if index == 0 { Spelling::Plain } else { Spelling::Url })?;
        }
        Ok(builder.finish())
    }

    /// JSON.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub fn json(template: &JsonTemplate, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let mut builder = Builder::new(scope);
        builder.json(template)?;
        Ok(builder.finish())
    }

    /// `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub fn form(fields: &[(String, Template)], scope: &Scope<'_>) -> Result<Self, CompileError> {
        let mut builder = Builder::new(scope);
        for (index, (name, value)) in fields.iter().enumerate() {
            builder.text(if index == 0 { b"" } else { b"&" });
            super::render::url_encode(name, &mut builder.text);
            builder.text(b"=");
            for piece in &value.pieces {
                match piece {
                    Piece::Text(text) => super::render::url_encode(text, &mut builder.text),
                    Piece::Gap(_) => builder.piece(piece, Spelling::Url)?,
                }
            }
        }
        Ok(builder.finish())
    }

    /// What it always renders, where it has no gap.
    pub fn constant(&self) -> Option<&Bytes> {
        self.constant.as_ref()
    }
}

struct Builder<'a> {
    scope: &'a Scope<'a>,
    parts: Vec<Part>,
    text: Vec<u8>,
}

impl<'a> Builder<'a> {
    fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            parts: Vec::new(),
            text: Vec::new(),
        }
    }

    fn finish(mut self) -> Program {
        self.end_text();
        let constant = match self.parts.as_slice() {
            [] => Some(Bytes::new()),
            [Part::Text(text)] => Some(text.clone()),
            _ => None,
        };
        Program {
            parts: self.parts,
            constant,
        }
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    fn template(&mut self, template: &Template, spelling: Spelling) -> Result<(), CompileError> {
        template.pieces.iter().try_for_each(|piece| self.piece(piece, spelling))
    }

    fn piece(&mut self, piece: &Piece, spelling: Spelling) -> Result<(), CompileError> {
        match piece {
            Piece::Text(text) if spelling == Spelling::JsonText => super::render::json_escape(text, &mut self.text),
            Piece::Text(text) => self.text(text.as_bytes()),
            Piece::Gap(gap) => {
                let fill = self.fill(gap)?;
                self.end_text();
                self.parts.push(Part::Put(fill, spelling));
            }
        }
        Ok(())
    }

    fn json(&mut self, template: &JsonTemplate) -> Result<(), CompileError> {
        match template {
            JsonTemplate::Literal(text) => self.text(text.as_bytes()),
            JsonTemplate::Text(template) => match template.pieces.as_slice() {
                [gap @ Piece::Gap(_)] => self.piece(gap, Spelling::JsonValue)?,
                _ => {
                    self.text(b"\"");
                    self.template(template, Spelling::JsonText)?;
                    self.text(b"\"");
                }
            },
            JsonTemplate::List(items) => {
                self.text(b"[");
                for (index, item) in items.iter().enumerate() {
                    self.text(if index == 0 { b"" } else { b"," });
                    self.json(item)?;
                }
                self.text(b"]");
            }
            JsonTemplate::Map(entries) => {
                self.text(b"{");
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.text(if index == 0 { b"\"" } else { b",\"" });
                    super::render::json_escape(key, &mut self.text);
                    self.text(b"\":");
                    self.json(value)?;
                }
                self.text(b"}");
            }
        }
        Ok(())
    }

    fn fill(&self, gap: &Gap) -> Result<Fill, CompileError> {
        Ok(match gap {
            Gap::Variable(name) => Fill::Slot(self.scope.slot(name)?),
            Gap::Nonce => Fill::Nonce,
            Gap::Client => Fill::Client,
            Gap::Iteration => Fill::Iteration,
            Gap::Random { from, to } => Fill::Random(*from, *to),
            #[allow(clippy::cast_precision_loss, reason = "ranks beyond 2^53 are not told apart")]
            Gap::ZipfRank { ranks, exponent } => Fill::ZipfRank(zipf(*ranks as f64, *exponent)?),
            Gap::ZipfCell { column, exponent } => {
                let (_, cells) = self.cells(column)?;
                #[allow(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
                let law = zipf(cells.len() as f64, *exponent)?;
                Fill::ZipfCell(law, cells)
            }
            Gap::Pick(column) => {
                let (table, cells) = self.cells(column)?;
                Fill::Pick(table, cells)
            }
            Gap::Row(column) => Fill::Row(self.cells(column)?.1),
            Gap::Other(column) => {
                let (table, cells) = self.cells(column)?;
                if cells.len() < 2 {
                    let message = format!("`{column}`: the only row is everybody's own; there must be two at least");
                    return Err(CompileError(message));
                }
                Fill::Other(table, cells)
            }
            Gap::Ip { fresh } => Fill::Ip { fresh: *fresh },
        })
    }

    fn cells(&self, name: &ColumnName) -> Result<(u16, Arc<[String]>), CompileError> {
        self.scope.data.column(&name.table, &name.column).map_err(CompileError)
    }
}

fn zipf(ranks: f64, exponent: f64) -> Result<Zipf<f64>, CompileError> {
    Zipf::new(ranks, exponent).map_err(|error| CompileError(format!("zipf {ranks} {exponent}: {error}")))
}
