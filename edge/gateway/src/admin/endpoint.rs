//! What there is on the operator's listener: the table of its paths.

use http::Method;

/// A path, with what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint<'p> {
    /// Something to look at.
    Look(Look),
    /// Something to do.
    Deed(Deed<'p>),
}

/// Something to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
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
    /// `/config`
    Config,
    /// `/generations`
    Generations,
}

/// Something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed<'p> {
    /// `/reload`
    Reload,
    /// `/upgrade`
    Upgrade,
    /// `/generations/{number}/rollback`
    Rollback(&'p str),
    /// `/explain`
    Explain,
    /// `/diff`
    Diff,
    /// `/cache/purge`
    Purge,
    /// `/upstreams/{name}/targets/{address}/override`
    Target(&'p str, &'p str),
    /// `/upstreams/{name}/breaker`
    Breaker(&'p str),
}

impl<'p> Endpoint<'p> {
    /// The endpoint at a path, given as its segments.
    pub(super) fn of(segments: &[&'p str]) -> Option<Self> {
        Some(match *segments {
            ["metrics"] => Self::Look(Look::Metrics),
            ["health"] => Self::Look(Look::Health),
            ["status"] => Self::Look(Look::Status),
            ["upstreams"] => Self::Look(Look::Upstreams),
            ["overrides"] => Self::Look(Look::Overrides),
            ["config"] => Self::Look(Look::Config),
            ["generations"] => Self::Look(Look::Generations),
            ["upgrade"] => Self::Deed(Deed::Upgrade),
            ["reload"] => Self::Deed(Deed::Reload),
            ["explain"] => Self::Deed(Deed::Explain),
            ["diff"] => Self::Deed(Deed::Diff),
            ["cache", "purge"] => Self::Deed(Deed::Purge),
            ["generations", number, "rollback"] => Self::Deed(Deed::Rollback(number)),
            ["upstreams", upstream, "targets", target, "override"] => Self::Deed(Deed::Target(upstream, target)),
            ["upstreams", upstream, "breaker"] => Self::Deed(Deed::Breaker(upstream)),
            _ => return None,
        })
    }

    /// Its methods, as `Allow` says them.
    pub(super) fn methods(self) -> &'static str {
        match self {
            Self::Look(_) => "GET, HEAD",
            Self::Deed(Deed::Reload | Deed::Upgrade | Deed::Rollback(_) | Deed::Explain | Deed::Diff | Deed::Purge) => {
                "POST"
            }
            Self::Deed(Deed::Target(..) | Deed::Breaker(_)) => "PUT, DELETE",
        }
    }

    /// Whether it answers to this method.
    pub(super) fn answers(self, method: &Method) -> bool {
        self.methods().split(", ").any(|known| known == method.as_str())
    }
}

impl Look {
    /// Whether it needs no token: scrapers and health checks have none.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Metrics | Self::Health | Self::Status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_and_answer_to_their_methods_alone() {
        let of = |path: &'static str| Endpoint::of(&path.split('/').skip(1).collect::<Vec<_>>());
        let target = Endpoint::Deed(Deed::Target("auth", "127.0.0.1:1"));
        assert_eq!(of("/upstreams/auth/targets/127.0.0.1:1/override"), Some(target));
        assert_eq!(of("/generations/3/rollback"), Some(Endpoint::Deed(Deed::Rollback("3"))));
        assert_eq!(of("/upstreams/auth"), None);
        assert!(target.answers(&Method::PUT) && target.answers(&Method::DELETE) && !target.answers(&Method::GET));
        let status = Endpoint::Look(Look::Status);
        assert!(status.answers(&Method::GET) && status.answers(&Method::HEAD) && !status.answers(&Method::POST));
    }
}
