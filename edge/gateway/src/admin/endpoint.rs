//! What there is on the operator's listener: the table of its paths.

use http::Method;

/// A path, with what stands in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'p> {
    /// `/metrics`
    Metrics,
    /// `/health`
    Health,
    /// `/status`
    Status,
    /// `/upstreams`
    Upstreams,
    /// `/overrides`
    Overrides,
    /// `/generations`
    Generations,
    /// `/generations/{number}/rollback`
    Rollback(&'p str),
    /// `/reload`
    Reload,
    /// `/explain`
    Explain,
    /// `/diff`
    Diff,
    /// `/upstreams/{name}/targets/{address}/override`
    TargetOverride(&'p str, &'p str),
    /// `/upstreams/{name}/breaker`
    Breaker(&'p str),
}

impl<'p> Endpoint<'p> {
    /// The endpoint at a path, given as its segments.
    pub(super) fn of(segments: &[&'p str]) -> Option<Self> {
        Some(match *segments {
            ["metrics"] => Self::Metrics,
            ["health"] => Self::Health,
            ["status"] => Self::Status,
            ["upstreams"] => Self::Upstreams,
            ["overrides"] => Self::Overrides,
            ["generations"] => Self::Generations,
            ["generations", number, "rollback"] => Self::Rollback(number),
            ["reload"] => Self::Reload,
            ["explain"] => Self::Explain,
            ["diff"] => Self::Diff,
            ["upstreams", upstream, "targets", target, "override"] => Self::TargetOverride(upstream, target),
            ["upstreams", upstream, "breaker"] => Self::Breaker(upstream),
            _ => return None,
        })
    }

    /// Its methods, as `Allow` says them.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::Metrics | Self::Health | Self::Status | Self::Upstreams | Self::Overrides | Self::Generations => {
                "GET, HEAD"
            }
            Self::Rollback(_) | Self::Reload | Self::Explain | Self::Diff => "POST",
            Self::TargetOverride(..) | Self::Breaker(_) => "PUT, DELETE",
        }
    }

    /// Whether it answers to this method.
    pub(super) fn answers(&self, method: &Method) -> bool {
        self.methods().split(", ").any(|known| known == method.as_str())
    }

    /// Whether it needs no token: scrapers and health checks have none.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Metrics | Self::Health | Self::Status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_and_only_looking_needs_no_token() {
        let of = |path: &'static str| Endpoint::of(&path.split('/').skip(1).collect::<Vec<_>>());
        assert_eq!(
            of("/upstreams/auth/targets/127.0.0.1:1/override"),
            Some(Endpoint::TargetOverride("auth", "127.0.0.1:1"))
        );
        assert_eq!(of("/generations/3/rollback"), Some(Endpoint::Rollback("3")));
        assert_eq!(of("/upstreams/auth"), None);
        for path in [
            "/reload",
            "/generations/3/rollback",
            "/upstreams/a/breaker",
            "/overrides",
            "/explain",
            "/diff",
        ] {
            assert!(of(path).is_some_and(|endpoint| !endpoint.is_open()), "{path}");
        }
        let status = of("/status").unwrap_or(Endpoint::Reload);
        assert!(status.is_open() && status.answers(&Method::GET) && !status.answers(&Method::POST));
    }
}
