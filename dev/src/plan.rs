//! What shall run: the wishes of this `up` over what an earlier one left, and the instances that follow from them.

use shared_stack::{Context, Error, Result, Wanted, docker};

use crate::{
    args::{BuildOptions, UpOptions},
    build,
    names::Program,
    pgo,
    platform::Platform,
    ports,
    state::Entry,
};

/// Notes what this `up` asks for; what it does not mention stays as it was.
pub(crate) fn note(platform: &Platform, options: &UpOptions) -> Result<()> {
    let default = platform.root.join("conf/edge.yaml");
    let before = platform.state()?;
    let config = match &options.config {
        // As typed: relative to where the person is.
        Some(file) => file
            .canonicalize()
            .context(|| format!("cannot find {}", file.display()))?,
        None if before.up && before.config.is_file() => before.config.clone(),
        None => default,
    };
    if !config.is_file() {
        return Err(Error::new(format!("there is no {}", config.display())));
    }
    let build = BuildOptions {
        release: options.build.release || (before.up && before.release),
        pgo: options.build.pgo || (before.up && before.pgo && options.edge.is_none()),
    };
    let in_docker = options.docker || (before.up && before.docker);
    if options.docker {
        docker::check()?;
    }
    let binaries = build::binaries(platform, build.release)?;
    let edge = match &options.edge {
        Some(file) => Some(
            file.canonicalize()
                .context(|| format!("cannot find {}", file.display()))?,
        ),
        None if build.pgo => Some(pgo::trained(platform)?),
        None => before.edge.filter(|file| before.up && file.is_file()),
    };
    platform.update(|state| {
        if !state.up {
            state.scale.clear();
        }
        state.config = config;
        state.release = build.release;
        state.pgo = build.pgo;
        state.edge = edge;
        state.docker = in_docker;
        let free_ports = platform.free_ports || (before.up && before.free_ports);
        if state.free_ports != free_ports {
            // Their ports were chosen the other way.
            state.programs.retain(|entry| entry.living().is_some());
        }
        state.free_ports = free_ports;
        state.binaries = binaries;
        state
            .scale
            .extend(options.scale.iter().map(|(program, count)| (*program, *count)));
    })
}

/// Makes the list of instances fit the scale. Returns those that are too many; they run until the edge forgot them.
pub(crate) fn choose_instances(platform: &Platform) -> Result<Vec<Entry>> {
    let state = platform.state()?;
    let mut wanted = Vec::new();
    for program in Program::ALL {
        for instance in 1..=state.count(program) {
            let known = state.entry(program, instance);
            let (bind, admin) = match known {
                // A free port is kept while it is ours or nobody's, so that the edge need not learn a new one.
                Some(known) if state.free_ports && (known.living().is_some() || ports::are_free(known)) => {
                    (known.bind.clone(), known.admin.clone())
                }
                _ => ports::choose(platform, program, instance, state.free_ports)?,
            };
            // One that runs elsewhere is moved when it is started again with its new settings.
            let entry = match known.cloned() {
                Some(known) => Entry { bind, admin, ..known },
                None => Entry {
                    program,
                    instance,
                    bind,
                    admin,
                    process: None,
                    wanted: Wanted::Stopped,
                    build: String::new(),
                    settings: String::new(),
                },
            };
            wanted.push(entry);
        }
    }
    let kept = |entry: &Entry| {
        wanted
            .iter()
            .any(|other| other.program == entry.program && other.instance == entry.instance)
    };
    let surplus: Vec<Entry> = state
        .programs
        .into_iter()
        .filter(|entry| !kept(entry) && entry.living().is_some())
        .collect();
    platform.update(|state| state.programs = wanted)?;
    Ok(surplus)
}
