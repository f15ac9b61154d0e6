//! `smoke`: the README's examples against the running platform, each as it is printed but for names and ids.

mod readme;

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use readme::Example;
use serde_json::Value;
use shared_stack::{Context, Error, Result, find::Need, probe};

use crate::{names::Program, output::say, platform::Platform, show_env, stores};

/// Added around every `curl`: quiet, bounded, not through a proxy, and the status on the error stream. A stream (`-N`)
/// is listened to for a moment.
const CURL: &str = r#"curl() {
    limit=20
    case " $* " in *" -N "*) limit=2 ;; esac
    command curl --silent --show-error --noproxy '*' --max-time $limit --write-out '%{stderr}\n%{http_code}\n' "$@"
}
"#;

/// A PNG of one pixel; the platform looks at the content and not at the name.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdacd\xf8\xcfP\x0f\0\x03\x86\x01\x80Z4}k\0\0\0\0IEND\xaeB`\x82";

/// Runs `smoke`.
pub(crate) fn run(platform: &Platform) -> Result<ExitCode> {
    let state = platform.state()?;
    if !state.up {
        return Err(Error::new("the platform is not up").cure(platform.command("up")));
    }
    stores::install(platform, &[Need::Curl])?;
    let addresses = show_env::addresses(platform)?;
    let file = platform.root.join("README.md");
    let text = fs::read_to_string(&file).context(|| format!("cannot read {}", file.display()))?;
    let examples = readme::examples(&text);
    if examples.is_empty() {
        return Err(Error::new(format!(
            "{} has no section \"Try it\" or \"Examples\" with commands",
            file.display()
        )));
    }
    let dir = platform.dir.join("smoke");
    prepare(&dir)?;
    let mut tally = Tally::default();
    if let Some(edge) = state.entry(Program::Edge, 1) {
        for path in [
            "health",
            "api/auth/health",
            "api/posts/health",
            "api/media/health",
            "api/comments/health",
            "api/notifications/health",
        ] {
            let status = probe::http_status(&edge.reachable("127.0.0.1"), &format!("/{path}"));
            let verdict = match status {
                Ok(200) => Ok(()),
                Ok(status) => Err(format!("status {status}")),
                Err(error) => Err(error.to_string()),
            };
            tally.tell(&format!("GET /{path}"), &verdict);
        }
    }
    let mut names = Names::new(&examples);
    for example in &examples {
        let title = headline(example);
        if !example.command.starts_with("curl ") {
            say(&format!("  skip  {title}"));
            continue;
        }
        let mut command = names.apply(&example.command);
        for (shown, name) in [
            ("http://localhost:8080", "EDGE_URL"),
            ("http://localhost:3005", "NOTIFICATIONS_URL"),
        ] {
            command = command.replace(shown, addresses.get(name).map_or(shown, String::as_str));
        }
        let outcome = shell(&command, &dir)?;
        names.learn(&outcome.answer);
        let verdict = judge(&outcome);
        tally.tell(&title, &verdict);
        if verdict.is_err() {
            say(&format!("          {}", command.replace('\n', "\n          ")));
        }
    }
    say(&format!("\n{} passed, {} failed", tally.passed, tally.failed));
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// An empty directory with the files that examples upload.
fn prepare(dir: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(dir);
    let make = || -> std::io::Result<()> {
        fs::create_dir_all(dir)?;
        fs::write(dir.join("photo.jpg"), PICTURE)
    };
    make().context(|| format!("cannot prepare {}", dir.display()))
}

#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    fn tell(&mut self, title: &str, verdict: &Result<(), String>) {
        match verdict {
            Ok(()) => {
                self.passed += 1;
                say(&format!("  ok    {title}"));
            }
            Err(why) => {
                self.failed += 1;
                say(&format!("  FAIL  {title}: {why}"));
            }
        }
    }
}

/// "Sign up, sign in: /api/auth/signup"
fn headline(example: &Example) -> String {
    let start = example.command.find("http://").unwrap_or_default();
    let url = example.command[start..]
        .split([' ', '"', '\''])
        .next()
        .unwrap_or_default();
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    if example.title.is_empty() {
        format!("/{path}")
    } else {
        format!("{}: /{path}", example.title)
    }
}

/// What a command printed.
struct Outcome {
    exit: i32,
    answer: String,
    statuses: Vec<u16>,
    errors: String,
    stream: bool,
}

fn shell(command: &str, dir: &Path) -> Result<Outcome> {
    let mut sh = Command::new("sh");
    sh.arg("-c")
        .arg(format!("{CURL}{command}"))
        .current_dir(dir)
        .stdin(Stdio::null());
    let output = sh.output().context(|| "cannot run sh".to_owned())?;
    let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(Outcome {
        exit: output.status.code().unwrap_or(-1),
        answer: String::from_utf8_lossy(&output.stdout).into_owned(),
        statuses: errors.lines().filter_map(|line| line.parse().ok()).collect(),
        errors,
        stream: command.contains(" -N "),
    })
}

/// An example works when every answer is a success, by its status and by its own word.
fn judge(outcome: &Outcome) -> Result<(), String> {
    const TIMED_OUT: i32 = 28;
    let shown: String = outcome.answer.chars().take(300).collect();
    if outcome.exit != 0 && !(outcome.stream && outcome.exit == TIMED_OUT) {
        return Err(format!("exit code {}: {}", outcome.exit, outcome.errors));
    }
    if let Some(bad) = outcome.statuses.iter().find(|status| !(200..300).contains(*status)) {
        return Err(format!("status {bad}: {shown}"));
    }
    if outcome.statuses.is_empty() {
        return Err(format!("no answer: {}", outcome.errors));
    }
    let Ok(value) = serde_json::from_str::<Value>(&outcome.answer) else {
        return if outcome.stream {
            Ok(())
        } else {
            Err(format!("not JSON: {shown}"))
        };
    };
    let payloads = value["data"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, payload)| payload);
    let unsuccessful = payloads.chain([&value]).any(|payload| payload["success"] == false);
    if unsuccessful || value.get("errors").is_some() {
        Err(shown)
    } else {
        Ok(())
    }
}

/// Makes the examples repeatable: users that did not sign up before, and ids of what was really created.
struct Names {
    users: Vec<(String, String)>,
    post: Option<String>,
    comment: Option<String>,
}

impl Names {
    fn new(examples: &[Example]) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_millis());
        let suffix = base36(now % 36_u128.pow(6));
        let signups = examples
            .iter()
            .filter(|example| example.command.contains("/auth/signup"));
        let users = signups.filter_map(|example| {
            let name = example.command.split("\"username\":").nth(1)?.split('"').nth(1)?;
            Some((name.to_owned(), format!("{name}{suffix}")))
        });
        Self {
            users: users.collect(),
            post: None,
            comment: None,
        }
    }

    fn apply(&self, command: &str) -> String {
        let mut command = command.to_owned();
        for (shown, name) in &self.users {
            command = command.replace(shown, name);
        }
        let places = [
            (&self.comment, ["Comment(id: ", "Comment(id: \\\""].as_slice()),
            (
                &self.post,
                ["Post(id: ", "Post(id: \\\"", "postId: ", "postId: \\\"", "/comments/"].as_slice(),
            ),
        ];
        for (id, prefixes) in places {
            for (id, prefix) in id.iter().flat_map(|id| prefixes.iter().map(move |prefix| (id, prefix))) {
                command = replace_number(&command, prefix, id);
            }
        }
        command
    }

    fn learn(&mut self, answer: &str) {
        let Ok(value) = serde_json::from_str::<Value>(answer) else {
            return;
        };
        if let Some(id) = value["data"]["createPost"]["post"]["id"].as_str() {
            self.post = Some(id.to_owned());
        }
        if let Some(id) = value["data"]["createComment"]["comment"]["id"].as_str() {
            self.comment = Some(id.to_owned());
        }
    }
}

/// Replaces the number that follows each `prefix`.
fn replace_number(text: &str, prefix: &str, number: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, after) = rest.split_at(at + prefix.len());
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        out.push_str(before);
        if digits > 0 {
            out.push_str(number);
        }
        rest = &after[digits..];
    }
    out + rest
}

fn base36(mut number: u128) -> String {
    let mut out = String::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        out.insert(0, char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return out;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, answer: &str) -> Outcome {
        Outcome {
            exit: 0,
            answer: answer.to_owned(),
            statuses: vec![status],
            errors: String::new(),
            stream: false,
        }
    }

    #[test]
    fn a_refusal_is_a_failure_whatever_its_status() {
        assert!(judge(&outcome(200, r#"{"success":true}"#)).is_ok());
        assert!(judge(&outcome(200, r#"{"data":{"getPosts":{"success":true,"posts":[]}}}"#)).is_ok());
        assert!(judge(&outcome(200, r#"{"data":{"createPost":{"success":false}}}"#)).is_err());
        assert!(judge(&outcome(200, r#"{"data":null,"errors":[{"message":"x"}]}"#)).is_err());
        assert!(judge(&outcome(429, r#"{"success":false}"#)).is_err());
        assert!(judge(&outcome(200, "<html>")).is_err());
    }

    #[test]
    fn users_are_new_and_ids_are_those_created() {
        let signup = Example {
            title: String::new(),
            command: r#"curl /auth/signup -d '{"username":"john","email":"john@test.com","fullName":"John Doe"}'"#
                .to_owned(),
        };
        let mut names = Names::new(std::slice::from_ref(&signup));
        let user = names.users[0].1.clone();
        assert!(user.starts_with("john") && user.len() > 6);
        let applied = names.apply(&signup.command);
        assert!(applied.contains(&format!("{user}@test.com")) && applied.contains("John Doe"));
        assert_eq!(names.apply("getComments(postId: 1)"), "getComments(postId: 1)");
        names.learn(r#"{"data":{"createPost":{"success":true,"post":{"id":"42"}}}}"#);
        assert_eq!(
            names.apply("getComments(postId: 1, limit: 10)"),
            "getComments(postId: 42, limit: 10)"
        );
        assert_eq!(names.apply(r#"getPost(id: \"1\")"#), r#"getPost(id: \"42\")"#);
        assert_eq!(names.apply("/api/sse/comments/1 -b x"), "/api/sse/comments/42 -b x");
    }
}
