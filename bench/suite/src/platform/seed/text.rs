//! Texts of posts and comments: plain words, so that no character needs escaping anywhere.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

const WORDS: [&str; 48] = [
    "about", "after", "again", "always", "another", "around", "autumn", "because", "before", "bread", "bridge", "city",
    "coffee", "country", "every", "evening", "garden", "great", "happy", "harbour", "house", "journey", "kitchen",
    "letter", "light", "little", "market", "moment", "morning", "mountain", "music", "never", "night", "ocean",
    "people", "picture", "quiet", "rain", "river", "road", "season", "small", "story", "street", "summer", "travel",
    "water", "winter",
];

/// A sentence of at least `range.start` and less than `range.end` + 10 characters.
pub(super) fn sentence(chance: &mut StdRng, range: std::ops::Range<usize>) -> String {
    let length = chance.random_range(range);
    let mut text = String::with_capacity(length + 10);
    while text.len() < length {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(WORDS.choose(chance).copied().unwrap_or_default());
    }
    text
}
