//! Key sets that can be read, and hold keys that can be used.

use super::{Files, Report, files, paths};
use crate::{Config, Jwt, JwtAlgorithm, KeySource, diagnose::code};
use shared_identity::{KeySet, Origin};
use std::time::Duration;

pub(super) fn check(name: &str, jwt: &Jwt, report: &mut Report<'_>) {
    let (jwks, at) = (&jwt.jwks, ["jwt", name, "jwks"]);
    let path = ["jwt", name, "jwks", "path"];
    if let Some(given) = &jwks.path {
        super::judge(report, &path, paths::plain(given));
    }
    match (&jwks.upstream, &jwks.path, &jwks.file) {
        _ if !report.is_whole(&at) => {}
        (None, None, Some(_)) | (Some(_), Some(_), None) => {}
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            report.add(code::CONTRADICTION, &at, "has both `upstream` and `file`; keep one");
        }
        (None, _, None) => report.add(
            code::MISSING_KEY,
            &at,
            "key `upstream` is missing; write it and `path`, or `file`",
        ),
        (Some(_), None, None) => report.add(
            code::MISSING_KEY,
            &at,
            "key `path` is missing; write where the upstream serves the set",
        ),
    }
    if *jwks.refresh < Duration::from_secs(1) {
        let words = "the issuer would be asked without a pause; write `1s` or more, `10m`";
        report.bad_value(&["jwt", name, "jwks", "refresh"], words);
    }
    let shared = jwt.algorithms.iter().position(|one| *one == JwtAlgorithm::HS256);
    if let (Some(place), Some(KeySource::Upstream { .. })) = (shared, jwks.source()) {
        let words =
            "its keys are secrets, which are not taken over the network; read the set from a `file`, or take it out";
        report.add(
            code::CONTRADICTION,
            &["jwt", name, "algorithms", &place.to_string()],
            words,
        );
    }
}

/// Key sets in files.
pub(super) fn in_files(config: &Config, files: &Files<'_>, report: &mut Report<'_>) {
    for (name, jwt) in &config.jwt {
        let Some(KeySource::File(file)) = jwt.jwks.source() else {
            continue;
        };
        let path = ["jwt", name, "jwks", "file"];
        let Some(text) = files::read(file, &path, files, report) else {
            continue;
        };
        let algorithms: Vec<_> = jwt.algorithms.iter().copied().map(Into::into).collect();
        let file = file.display();
        match KeySet::read(text.as_bytes(), Origin::File, &algorithms) {
            Ok(set) => {
                for key in set.passed_over() {
                    report.add(code::KEY_PASSED_OVER, &path, format!("{file}: {key}"));
                }
            }
            Err(error) => report.add(code::BAD_FILE, &path, format!("{file}: {error}; mend it")),
        }
    }
}
