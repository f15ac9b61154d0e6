//! Starts one peer for one work.

use super::{Peer, Work, exchange, install::Available, template, tokens::Tokens, work::WEB_ORIGIN};
use crate::system::{
    cpus::{Cpus, Layout},
    edge,
    origins::{Origin, loopback, retried},
    place::Place,
    process::{Program, Running},
};
use shared_stack::{Context, Error, Result, account, ports};
use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

const PATIENCE: Duration = Duration::from_secs(20);

/// What stands around every peer.
pub(crate) struct Surroundings<'a> {
    /// Directories.
    pub(crate) place: &'a Place,
    /// Processors.
    pub(crate) layout: &'a Layout,
    /// Two of them.
    pub(crate) origins: &'a [Origin],
    /// `redis://…`, for those who count there.
    pub(crate) redis: &'a str,
    /// Who signs.
    pub(crate) tokens: &'a Tokens,
}

/// A peer that runs and gives right answers. It ends with this value.
pub(crate) struct Started {
    /// Where it serves.
    pub(crate) address: SocketAddr,
    /// Its processes; none for `direct`.
    pub(crate) running: Option<Running>,
}

/// Starts it, and checks it by a right answer and by what it must refuse.
///
/// # Errors
/// It does not start, answers wrongly, or lets through what it must not.
pub(crate) fn start(around: &Surroundings<'_>, peer: Peer, available: &Available, work: Work) -> Result<Started> {
    let started = retried(|| launch(around, peer, available, work))?;
    check(around.tokens, peer, work, &started).map_err(|error| {
        let error = Error::new(format!("{peer} at {}: {error}", work.name()));
        match &started.running {
            Some(running) => Error::new(format!("{error}{}", last_lines(running))),
            None => error,
        }
    })?;
    Ok(started)
}

fn last_lines(running: &Running) -> String {
    let lines = shared_stack::tail(running.log(), 10);
    lines.iter().map(|line| format!("\n    {line}")).collect()
}

fn launch(around: &Surroundings<'_>, peer: Peer, available: &Available, work: Work) -> Result<Started> {
    let cpus = around.layout.system.as_ref();
    let Some(origin) = around.origins.first() else {
        return Err(Error::new("there is no origin"));
    };
    if peer == Peer::Direct {
        return Ok(Started {
            address: origin.address,
            running: None,
        });
    }
    if peer == Peer::Edge {
        let edge = edge(around, available, work).start(around.place)?;
        return Ok(Started {
            address: edge.address,
            running: Some(edge.running),
        });
    }
    let address = loopback(ports::free()?);
    let program = program(around, peer, available, work, address)?.on(cpus);
    let running = program.start(around.place)?;
    let question = work.question(peer, around.tokens, 0);
    running.await_ready(PATIENCE, || exchange::ask(address, &question).is_ok())?;
    Ok(Started {
        address,
        running: Some(running),
    })
}

fn edge(around: &Surroundings<'_>, available: &Available, work: Work) -> edge::Wanted {
    let variables = [
        ("REDIS_URL", around.redis.to_owned()),
        ("ORIGIN_TARGETS", targets(around.origins)),
        ("WEB_ORIGIN", WEB_ORIGIN.to_owned()),
        ("SERVICE_TOKEN", "edge.bench".to_owned()),
        ("EDGE_AFFINITY_KEY", around.tokens.secret().to_owned()),
    ];
    edge::Wanted {
        program: available.program.clone(),
        config: config_file(around.place, Peer::Edge, work).unwrap_or_default(),
        variables: variables.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        cpus: around.layout.system.clone(),
        access_log: false,
    }
}

fn targets(origins: &[Origin]) -> String {
    let addresses: Vec<String> = origins.iter().map(|origin| origin.address.to_string()).collect();
    addresses.join(",")
}

fn config_file(place: &Place, peer: Peer, work: Work) -> Option<PathBuf> {
    let file = format!("{}.{}", work.config(peer), peer.config()?);
    Some(place.root.join("bench/peers").join(peer.name()).join(file))
}

/// The program with its arguments; its configuration is rendered into the run's directory.
fn program(
    around: &Surroundings<'_>,
    peer: Peer,
    available: &Available,
    work: Work,
    address: SocketAddr,
) -> Result<Program> {
    let place = around.place;
    let workers = around.layout.workers.to_string();
    let config = match config_file(place, peer, work) {
        Some(template) => rendered(around, peer, &template, address)?
            .to_string_lossy()
            .into_owned(),
        None => String::new(),
    };
    let new = |args: &[&str]| Program::new(peer.name(), &available.program, args);
    let program = match peer {
        Peer::Pingora => around
            .origins
            .iter()
            .fold(new(&[&address.to_string(), &workers]), |program, origin| {
                program.arg(origin.address.to_string())
            }),
        Peer::Haproxy => new(&["-db", "-f", &config]),
        Peer::Nginx => new(&["-c", &config]),
        Peer::Envoy => new(&[
            "-c",
            &config,
            "--concurrency",
            &workers,
            "--use-dynamic-base-id",
            "-l",
            "warning",
        ]),
        // It would keep its last configuration in the home directory, and starts a thread for each processor it sees.
        Peer::Caddy => new(&["run", "--adapter", "caddyfile", "--config", &config])
            .env("XDG_CONFIG_HOME", place.run.to_string_lossy())
            .env("XDG_DATA_HOME", place.run.to_string_lossy())
            .env("GOMAXPROCS", workers),
        Peer::Pingap => new(&["-c", &config]),
        Peer::Express => express(around, new(&[]), work, address, &workers),
        Peer::Direct | Peer::Edge => return Err(Error::new(format!("{peer} is not started like this"))),
    };
    Ok(program)
}

fn express(around: &Surroundings<'_>, program: Program, work: Work, address: SocketAddr, workers: &str) -> Program {
    let main = around.place.root.join("bench/peers/express/src/main.js");
    program
        .arg(main)
        .env("NODE_ENV", "production")
        .env("HOST", address.ip().to_string())
        .env("PORT", address.port().to_string())
        .env("WORKERS", workers)
        .env("TARGETS", targets(around.origins))
        .env("MODE", if work.is_plain() { "plain" } else { "policies" })
        .env("JWT_SECRET", around.tokens.secret())
        .env("REDIS_URL", around.redis)
        .env("RATE_LIMIT", "1000000000")
        .env("RATE_LIMIT_FOR", "all")
        .env("WEB_ORIGIN", WEB_ORIGIN)
}

fn rendered(around: &Surroundings<'_>, peer: Peer, template: &PathBuf, address: SocketAddr) -> Result<PathBuf> {
    let text = fs::read_to_string(template).context(|| format!("cannot read {}", template.display()))?;
    let origins: Vec<SocketAddr> = around.origins.iter().map(|origin| origin.address).collect();
    let values = values(
        &around.place.run.to_string_lossy(),
        around.layout.workers,
        address,
        &origins,
        around.tokens,
    );
    let text =
        template::render(&text, &values).map_err(|error| Error::new(format!("{}: {error}", template.display())))?;
    let ending = peer.config().unwrap_or_default();
    around.place.write(&format!("{peer}.{ending}"), &text)
}

/// What a template may name.
fn values(
    dir: &str,
    workers: usize,
    address: SocketAddr,
    origins: &[SocketAddr],
    tokens: &Tokens,
) -> Vec<(&'static str, String)> {
    let origin = |at: usize| origins.get(at).or(origins.first()).copied().unwrap_or(address);
    vec![
        ("dir", dir.to_owned()),
        ("workers", workers.to_string()),
        ("listen", address.to_string()),
        ("port", address.port().to_string()),
        ("origin_1", origin(0).to_string()),
        ("origin_2", origin(1).to_string()),
        ("origin_1_port", origin(0).port().to_string()),
        ("origin_2_port", origin(1).port().to_string()),
        ("secret", tokens.secret().to_owned()),
        ("web_origin", WEB_ORIGIN.to_owned()),
        // Its workers must read the run's directory, which may be root's alone.
        ("user", if account::is_root() { "user root;" } else { "" }.to_owned()),
    ]
}

/// The right answer to a right question, 401 to what must be refused.
fn check(tokens: &Tokens, peer: Peer, work: Work, started: &Started) -> Result<()> {
    // What is coded is looked at while it is measured.
    let right = work.question(peer, tokens, 0).unencoded();
    let mut seen = String::new();
    let is_right = || {
        let Ok(answer) = exchange::ask(started.address, &right) else {
            return false;
        };
        let opened = !right.cors || answer.opens_to(WEB_ORIGIN);
        seen = format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
        seen.truncate(200);
        answer.status == 200 && right.is_right(&answer.body) && opened
    };
    // Keys are fetched and targets probed in the background.
    let waited = match &started.running {
        Some(running) => running.await_ready(PATIENCE, is_right),
        None => Ok(()),
    };
    waited.map_err(|_| Error::new(format!("never gave the right answer; the last was {seen}")))?;
    for question in work.refused(peer, tokens) {
        let answer = exchange::ask(started.address, &question).context(|| "cannot ask".to_owned())?;
        if answer.status != 401 {
            return Err(Error::new(format!(
                "answered {} to a request without a valid token",
                answer.status
            )));
        }
    }
    if let Some(question) = work.spoofed(peer, tokens) {
        let answer = exchange::ask(started.address, &question).context(|| "cannot ask".to_owned())?;
        if !question.is_right(&answer.body) {
            return Err(Error::new("believed a client's own x-user-id"));
        }
    }
    Ok(())
}

/// Where Redis runs for those who count there, on the side of the origins.
///
/// # Errors
/// It is not installed and cannot be, or does not start.
pub(crate) fn redis(place: &Place, cpus: Option<&Cpus>) -> Result<(Running, String)> {
    use shared_stack::find;
    place.need(&[find::Need::Redis])?;
    let server = find::program("redis-server").ok_or_else(|| Error::new("redis-server is missing"))?;
    retried(|| {
        let address = loopback(ports::free()?);
        let port = address.port().to_string();
        let args = [
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        let running = Program::new("redis", &server, &args).on(cpus).start(place)?;
        running.await_ready(PATIENCE, || shared_stack::probe::redis(&address.to_string()).is_ok())?;
        Ok((running, format!("redis://{address}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_template_renders_for_every_work() {
        let place = Place::open().unwrap();
        let tokens = Tokens::new();
        let origins = [loopback(24_001), loopback(24_002)];
        let mut count = 0;
        for peer in Peer::value_variants() {
            for work in Work::value_variants() {
                let Some(file) = config_file(&place, *peer, *work) else {
                    continue;
                };
                let text = fs::read_to_string(&file).unwrap();
                let rendered =
                    template::render(&text, &values("/run", 3, loopback(24_000), &origins, &tokens)).unwrap();
                assert!(!rendered.contains("{{"), "{}", file.display());
                if *peer != Peer::Edge {
                    for needed in ["24000", "24001", "24002"] {
                        assert!(rendered.contains(needed), "{} lacks {needed}", file.display());
                    }
                }
                count += 1;
            }
        }
        assert_eq!(count, 30);
    }

    #[test]
    fn the_edge_s_configurations_name_what_they_are_given() {
        let place = Place::open().unwrap();
        for work in Work::value_variants() {
            let text = fs::read_to_string(config_file(&place, Peer::Edge, *work).unwrap()).unwrap();
            for name in ["EDGE_BIND", "EDGE_ADMIN_BIND", "REDIS_URL", "ORIGIN_TARGETS"] {
                assert!(text.contains(&format!("${{{name}")), "{} lacks {name}", work.name());
            }
        }
    }
}
