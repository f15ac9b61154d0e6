//! The stable codes. `E1…` a line by itself is wrong, `E2…` it names something that is not there or does not fit, `E3…` routes
//! collide; `W4…` it works and is hardly what was meant, `W5…` the key is understood and not acted on yet; `E5…` it
//! shows only when a running edge puts it to use.

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
/// A file that is named and cannot be read.
pub const MISSING_FILE: &str = "E210";
/// A file that does not hold what it should.
pub const BAD_FILE: &str = "E211";
/// A certificate that is not valid now, or does not go with its key.
pub const CERTIFICATE: &str = "E212";
/// Schemas that make no API.
pub const COMPOSITION: &str = "E220";
/// A route that can never win.
pub const SHADOWED: &str = "E301";
/// A path that is never routed.
pub const NEVER_ROUTED: &str = "E302";
/// Something that is defined and used by nothing.
pub const UNUSED: &str = "W401";
/// Socket.IO over several targets that clients are not bound to.
pub const STICKY: &str = "W402";
/// A limit that can never act.
pub const NEVER_ACTS: &str = "W403";
/// A route takes larger bodies than its upstream.
pub const BODY: &str = "W404";
/// Times that do not fit into each other.
pub const NESTING: &str = "W405";
/// The operators' listener can be reached from elsewhere.
pub const EXPOSED: &str = "W406";
/// A secret that stands in the file.
pub const INLINE_SECRET: &str = "W407";
/// A limit that only counts.
pub const DRY_RUN: &str = "W408";
/// A certificate that expires soon, or has expired.
pub const EXPIRING: &str = "W409";
/// A method that is probably misspelled.
pub const ODD_METHOD: &str = "W410";
/// Everybody is believed about whom a request comes from.
pub const BELIEVED: &str = "W411";
/// Services cannot tell two issuers' users apart.
pub const SAME_NAME: &str = "W412";
/// A token is looked for where no client can put it.
pub const NO_STREAM: &str = "W413";
/// A key of a set that is not used.
pub const KEY_PASSED_OVER: &str = "W414";
/// Other sites' pages act with visitors' cookies.
pub const OPEN_TO_FORGERY: &str = "W415";
/// Requests that are to be hedged and never are.
pub const NEVER_HEDGED: &str = "W416";
/// More warnings than one run tells.
pub const MORE_WARNINGS: &str = "W499";
/// A route would lose every target that it has.
pub const NO_ADDRESS: &str = "E511";
/// A route could no longer verify tokens.
pub const NO_KEYS: &str = "E512";
/// Something of the edge itself broke.
pub const INTERNAL: &str = "E599";
