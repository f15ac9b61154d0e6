//! The stable codes. `E1…` a line by itself is wrong, `E2…` it names something that is not there or does not fit, `E3…` routes
//! collide; `W4…` it works and is hardly what was meant, `W5…` the key is understood and not acted on yet.

/// The file cannot be read, or is not YAML.
pub const SYNTAX: &str = "E100";
/// A key that does not exist.
pub const UNKNOWN_KEY: &str = "E101";
/// A key that stands twice in one map.
pub const DUPLICATE_KEY: &str = "E102";
/// A key that must be there is not.
pub const MISSING_KEY: &str = "E103";
/// A value of the wrong kind: a list for a text, a number for a word.
pub const WRONG_KIND: &str = "E104";
/// More mistakes than one run tells.
pub const TOO_MANY: &str = "E109";
/// A value of the right kind that makes no sense; a quantity without its unit.
pub const BAD_VALUE: &str = "E110";
/// An interpolation that cannot be read, or a variable that is not set.
pub const INTERPOLATION: &str = "E120";
/// Keys that exclude each other, or of which one is needed.
pub const CONTRADICTION: &str = "E130";
/// A name that is not defined.
pub const DANGLING: &str = "E201";
/// A route that can never win.
pub const SHADOWED: &str = "E301";
