//! Parts of a `multipart/form-data` body.

use crate::{
    journey::template::{Gap, Template, is_name},
    protocol::multipart::Format,
};
use edge_config::units::{ByteSize, from_text};
use serde::{Deserialize, Deserializer, de};
use std::str::FromStr;

/// A part: a text, or `{ file: png, size: 64KiB }`.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A field.
    Text(Template),
    /// A file that is made for each upload and is like no other.
    File {
        /// Its format.
        format: Format,
        /// Its size.
        size: SizeRange,
        /// What it is called.
        file_name: String,
        /// The variable that gets the hexadecimal digits of its SHA-256, to know it again when it is read back.
        sha256: Option<String>,
    },
}

/// `64KiB`, or `16KiB..256KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeRange {
    /// Fewest bytes.
    pub from: u64,
    /// Most bytes.
    pub to: u64,
}

impl FromStr for SizeRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let (from, to) = (from.parse::<ByteSize>()?.0, to.parse::<ByteSize>()?.0);
        if from > to {
            return Err(format!("`{text}` begins after its end"));
        }
        Ok(Self { from, to })
    }
}

impl<'de> Deserialize<'de> for SizeRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a size like `64KiB` or `16KiB..256KiB`")
    }
}

impl Part {
    /// The variable that it sets.
    pub(super) fn sets(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::File { sha256, .. } => sha256.as_deref(),
        }
    }

    /// All gaps in its templates.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = &Gap> {
        let text = match self {
            Self::Text(text) => Some(text),
            Self::File { .. } => None,
        };
        text.into_iter().flat_map(Template::gaps)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    file: Word,
    size: SizeRange,
    name: Option<String>,
    sha256: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Png,
    Jpeg,
    Gif,
    Webp,
    Mp4,
}

impl From<Word> for Format {
    fn from(word: Word) -> Self {
        match word {
            Word::Png => Self::Png,
            Word::Jpeg => Self::Jpeg,
            Word::Gif => Self::Gif,
            Word::Webp => Self::WebP,
            Word::Mp4 => Self::Mp4,
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> de::Visitor<'de> for Either {
            type Value = Part;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or `{ file: png, size: 64KiB }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Part, E> {
                Template::parse(text).map(Part::Text).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Part, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
                let File {
                    file,
                    size,
                    name,
                    sha256,
                } = File::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let format = Format::from(file);
                let (least, most) = format.bounds();
                if size.from < least || size.to > most {
                    return Err(de::Error::custom(format!("such a file has {least} to {most} bytes")));
                }
                if let Some(name) = sha256.as_deref().filter(|name| !is_name(name)) {
                    return Err(de::Error::custom(format!(
                        "sha256: `{name}` is not a name; it is the variable that gets the file's hash"
                    )));
                }
                let file_name = name.unwrap_or_else(|| format!("bench.{}", format.extension()));
                Ok(Part::File {
                    format,
                    size,
                    file_name,
                    sha256,
                })
            }
        }

        deserializer.deserialize_any(Either)
    }
}
