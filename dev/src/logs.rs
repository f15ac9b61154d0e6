//! `logs`: the last lines of one program or of all, and what follows.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use shared_stack::{Context, Error, Result, process::pause, tail};

use crate::{
    args::LogOptions,
    names::{Part, Target},
    output::say,
    platform::Platform,
    signals,
};

/// Runs `logs`.
pub(crate) fn run(platform: &Platform, options: &LogOptions) -> Result<ExitCode> {
    let mut files = find(platform, options.target)?;
    if files.is_empty() && !options.follow {
        return Err(Error::new("nothing was written yet").cure(platform.command("up")));
    }
    let several = files.len() > 1 || options.target.is_none();
    let mut read: BTreeMap<PathBuf, u64> = BTreeMap::new();
    for file in &files {
        let length = fs::metadata(file).map_or(0, |found| found.len());
        show(file, &tail(file, options.lines), several);
        read.insert(file.clone(), length);
    }
    if !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    signals::watch()?;
    while !signals::asked_to_stop() {
        pause(Duration::from_millis(200));
        // A program that was started meanwhile has a new file.
        files = find(platform, options.target)?;
        for file in &files {
            let from = read.entry(file.clone()).or_insert(0);
            let lines = lines_since(file, from);
            show(file, &lines, several);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The log files of a target, or all of them.
fn find(platform: &Platform, target: Option<Target>) -> Result<Vec<PathBuf>> {
    let dir = platform.dir.join("logs");
    let entries = fs::read_dir(&dir).context(|| format!("cannot read {}", dir.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "log"));
    if let Some(target) = target {
        files.retain(|file| belongs(&name(file), target));
    }
    files.sort();
    Ok(files)
}

fn belongs(name: &str, target: Target) -> bool {
    match (target.part, target.instance) {
        (Part::Program(program), Some(instance)) => name == format!("{program}.{instance}"),
        (Part::Program(program), None) => name
            .strip_prefix(program.name())
            .is_some_and(|rest| rest.starts_with('.')),
        (Part::Store(store), _) => name == store.name(),
    }
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn show(file: &Path, lines: &[String], several: bool) {
    for line in lines {
        if several {
            say(&format!("{:<15} | {line}", name(file)));
        } else {
            say(line);
        }
    }
}

/// The whole lines that were added since `from`, which moves on. A file that became shorter was replaced.
fn lines_since(file: &Path, from: &mut u64) -> Vec<String> {
    let read = |start: u64| -> std::io::Result<Vec<u8>> {
        let mut opened = fs::File::open(file)?;
        opened.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        opened.take(4 << 20).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    if fs::metadata(file).is_ok_and(|found| found.len() < *from) {
        *from = 0;
    }
    let bytes = read(*from).unwrap_or_default();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    *from += whole as u64;
    String::from_utf8_lossy(&bytes[..whole])
        .lines()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn following_shows_each_whole_line_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("posts.1.log");
        fs::write(&file, "one\ntw").unwrap();
        let mut from = 0;
        assert_eq!(lines_since(&file, &mut from), ["one"]);
        fs::OpenOptions::new()
            .append(true)
            .open(&file)
            .unwrap()
            .write_all(b"o\nthree\n")
            .unwrap();
        assert_eq!(lines_since(&file, &mut from), ["two", "three"]);
        fs::write(&file, "anew\n").unwrap();
        assert_eq!(lines_since(&file, &mut from), ["anew"]);
    }

    #[test]
    fn a_name_means_its_instances_only() {
        let target = |text: &str| text.parse::<Target>().unwrap();
        assert!(belongs("posts.1", target("posts")) && belongs("posts.2", target("posts.2")));
        assert!(!belongs("posts.12", target("posts.1")) && !belongs("postgres", target("posts")));
        assert!(belongs("redis", target("redis")));
    }
}
