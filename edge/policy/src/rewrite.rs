//! Which path a service is asked for, where it is not the client's.

use crate::route::parameter;

/// How a path is made from the client's. Paths are in normal form, see [`crate::path::normalise`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// A prefix that holds the path, and what replaces it.
    Prefix {
        /// What is taken away, without a slash at its end.
        prefix: String,
        /// What comes in its place, without a slash at its end.
        with: String,
    },
    /// The whole path, segment by segment.
    Template(Vec<Segment>),
}

/// A segment of a path that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// It is always the same.
    Text(String),
    /// It is this one of the client's path, counted from 0.
    Taken(usize),
}

impl Rewrite {
    /// Replaces a prefix.
    pub fn prefix(prefix: &str, with: &str) -> Self {
        let bare = |text: &str| text.trim_end_matches('/').to_owned();
        Self::Prefix {
            prefix: bare(prefix),
            with: bare(with),
        }
    }

    /// Makes the path `with` from one that `pattern` takes; both are paths or templates.
    ///
    /// # Errors
    /// The name of a parameter that `pattern` does not have.
    pub fn template(pattern: &str, with: &str) -> Result<Self, String> {
        let known: Vec<Option<&str>> = segments(pattern).map(parameter).collect();
        let made = segments(with).map(|segment| match parameter(segment) {
            None => Ok(Segment::Text(segment.to_owned())),
            Some(name) => {
                let place = known.iter().position(|known| *known == Some(name));
                place.map(Segment::Taken).ok_or_else(|| name.to_owned())
            }
        });
        Ok(Self::Template(made.collect::<Result<_, _>>()?))
    }

    /// The path that the service is asked for.
    pub fn path(&self, path: &str) -> String {
        let made = match self {
            Self::Prefix { prefix, with } => {
                let rest = path.strip_prefix(prefix.as_str()).unwrap_or(path);
                format!("{with}{rest}")
            }
            Self::Template(made) => made
                .iter()
                .fold(String::with_capacity(path.len()), |mut whole, segment| {
                    whole.push('/');
                    whole.push_str(match segment {
                        Segment::Text(text) => text,
                        Segment::Taken(place) => segments(path).nth(*place).unwrap_or_default(),
                    });
                    whole
                }),
        };
        if made.is_empty() { "/".to_owned() } else { made }
    }
}

/// What stands between a path's slashes.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::normalise;
    use proptest::prelude::*;

    #[test]
    fn a_prefix_gives_way() {
        for (prefix, with, path, made) in [
            ("/n/socket.io", "/socket.io", "/n/socket.io/", "/socket.io/"),
            ("/n/socket.io", "/socket.io", "/n/socket.io", "/socket.io"),
            ("/n/", "/m/", "/n/a", "/m/a"),
            ("/a", "/", "/a", "/"),
            ("/a", "/", "/a/b", "/b"),
            ("/", "/v1", "/a", "/v1/a"),
        ] {
            assert_eq!(Rewrite::prefix(prefix, with).path(path), made, "{prefix} {with} {path}");
        }
    }

    #[test]
    fn a_template_is_filled() {
        for (pattern, with, path, made) in [
            ("/comments/{id}", "/v2/comments/{id}", "/comments/7", "/v2/comments/7"),
            ("/{a}/{b}", "/{b}/of/{a}/{b}", "/x/%C3%A4", "/%C3%A4/of/x/%C3%A4"),
            ("/a/{id}/c", "/c", "/a/7/c", "/c"),
            ("/a", "/b/", "/a", "/b/"),
            ("/a/{id}", "/", "/a/7", "/"),
            ("/a/{id}", "/{id}/", "/a/7", "/7/"),
        ] {
            let rewrite = Rewrite::template(pattern, with).unwrap();
            assert_eq!(rewrite.path(path), made, "{pattern} {with} {path}");
        }
        assert_eq!(Rewrite::template("/a/{id}", "/{of}"), Err("of".to_owned()));
    }

    proptest! {
        /// Law: what is made of a normal path is a normal path.
        #[test]
        fn stays_normal(rest in "(/[a-c.%A]{1,4}){0,3}/?", id in "[a-z]{1,5}|%C3%A4") {
            let paths = [format!("/p{rest}"), format!("/p/{id}")];
            let rewrites = [
                Rewrite::prefix("/p", "/"),
                Rewrite::prefix("/p", "/q/r"),
                Rewrite::template("/p/{id}", "/v2/{id}/x").unwrap(),
            ];
            for (path, rewrite) in [(0, 0), (0, 1), (1, 1), (1, 2)] {
                if normalise(&paths[path]).is_ok_and(|normal| normal == paths[path]) {
                    let made = rewrites[rewrite].path(&paths[path]);
                    prop_assert_eq!(normalise(&made).unwrap(), made.as_str());
                }
            }
        }
    }
}
