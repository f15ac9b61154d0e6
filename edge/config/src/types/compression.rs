//! Key `compression` of a route.

use crate::units::ByteSize;
use edge_policy::compression::{self, MediaRange, Terms};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which answers are compressed. Never are answers that are encoded already, that set a cookie, that say `no-transform`, and parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Compression {
    /// Content codings, the preferred first; the client's `Accept-Encoding` decides (RFC 9110). None at all (`[]`) takes away what the
    /// route inherits.
    pub algorithms: Vec<Coding>,
    /// Smallest answer that is worth it, where the service declares the length.
    pub min_size: ByteSize,
    /// Media types that are worth it: `application/json`, `text/*`, or `application/*+json` for all with that suffix.
    pub types: Vec<String>,
    /// How hard each coding tries; less where the edge's processors have no time left.
    pub levels: Levels,
}

/// How hard each coding tries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Levels {
    /// Of zstd, 1 to 19.
    #[schemars(range(min = 1, max = 19))]
    pub zstd: u8,
    /// Of Brotli, 0 to 11.
    #[schemars(range(min = 0, max = 11))]
    pub br: u8,
    /// Of gzip, 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    pub gzip: u8,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            zstd: 3,
            br: 4,
            gzip: 5,
        }
    }
}

impl Default for Compression {
    fn default() -> Self {
        let types = [
            "text/*",
            "application/json",
            "application/*+json",
            "application/x-ndjson",
            "application/javascript",
            "application/xml",
            "application/*+xml",
            "application/wasm",
            "image/*+xml",
            "font/ttf",
            "font/otf",
        ];
        Self {
            algorithms: vec![Coding::Zstd, Coding::Br, Coding::Gzip],
            min_size: ByteSize(1024),
            types: types.map(str::to_owned).into(),
            levels: Levels::default(),
        }
    }
}

impl Compression {
    /// The same, as the policy crate decides by it. Types that are none are left out: checks have refused them.
    pub fn to_policy(&self) -> Terms {
        let types = self.types.iter().filter_map(|range| range.parse::<MediaRange>().ok());
        Terms {
            offered: self.algorithms.iter().map(|coding| coding.to_policy()).collect(),
            min_size: self.min_size.0,
            types: types.collect(),
            levels: compression::Levels {
                zstd: self.levels.zstd,
                br: self.levels.br,
                gzip: self.levels.gzip,
            },
        }
    }
}

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// RFC 8878.
    Zstd,
    /// Brotli, RFC 7932.
    Br,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    fn to_policy(self) -> compression::Coding {
        match self {
            Self::Zstd => compression::Coding::Zstd,
            Self::Br => compression::Coding::Br,
            Self::Gzip => compression::Coding::Gzip,
        }
    }
}
