//! `If-Range` (RFC 9110, section 13.1.5).

use http::{HeaderMap, header};

/// Whether a part may be given of the answer that is kept: there is no condition, or it names just this answer, and strongly. An
/// answer that the edge compressed has a weak tag: a part of the plain one would not go on where it broke off.
pub fn if_range_holds(request: &HeaderMap, answer: &HeaderMap) -> bool {
    let Some(condition) = request.get(header::IF_RANGE) else {
        return true;
    };
    let text = condition.as_bytes();
    if text.starts_with(b"\"") {
        return answer.get(header::ETAG).is_some_and(|tag| tag == condition);
    }
    !text.starts_with(b"W/") && answer.get(header::LAST_MODIFIED).is_some_and(|date| date == condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_answer_goes_on() {
        let date = "Fri, 26 Mar 2010 00:05:00 GMT";
        let answer = |tag: &str| {
            let fields = [(header::ETAG, tag), (header::LAST_MODIFIED, date)];
            fields
                .map(|(name, value)| (name, value.parse().unwrap()))
                .into_iter()
                .collect::<HeaderMap>()
        };
        let holds = |condition: &str, tag: &str| {
            let request = [(header::IF_RANGE, condition.parse().unwrap())].into_iter().collect();
            if_range_holds(&request, &answer(tag))
        };
        assert!(holds("\"a\"", "\"a\"") && holds(date, "\"a\""));
        for (condition, tag) in [
            ("\"b\"", "\"a\""),
            ("W/\"a\"", "W/\"a\""),
            ("W/\"a\"", "\"a\""),
            ("yesterday", "\"a\""),
        ] {
            assert!(!holds(condition, tag), "{condition} {tag}");
        }
        assert!(if_range_holds(&HeaderMap::new(), &answer("\"a\"")));
    }
}
