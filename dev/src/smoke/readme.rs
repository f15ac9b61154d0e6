//! Finds the examples in the README: the commands of its `bash` blocks below a heading "Try it" or with "Example" in it.

/// One command with the comment above it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    pub(crate) title: String,
    pub(crate) command: String,
}

/// The commands of all example sections, in order.
pub(crate) fn examples(markdown: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut section = None;
    let mut block: Option<(bool, String)> = None;
    for line in markdown.lines() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            block = match block {
                None => Some((
                    section.is_some() && matches!(fence.trim(), "bash" | "sh"),
                    String::new(),
                )),
                Some((wanted, text)) => {
                    if wanted {
                        found.extend(commands(&text));
                    }
                    None
                }
            };
        } else if let Some((_, text)) = &mut block {
            text.push_str(line);
            text.push('\n');
        } else if line.starts_with('#') {
            let depth = line.chars().take_while(|c| *c == '#').count();
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let begins = title.contains("example") || title == "try it";
            // Deeper headings belong to the section.
            if begins && section.is_none() {
                section = Some(depth);
            } else if section.is_some_and(|outer| depth <= outer) {
                section = begins.then_some(depth);
            }
        }
    }
    found
}

/// Splits a shell text into commands: one a line, unless a quote or a backslash goes on.
fn commands(text: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut title = String::new();
    let mut command = String::new();
    for line in text.lines() {
        if command.is_empty() {
            if line.trim().is_empty() {
                continue;
            }
            if let Some(comment) = line.trim_start().strip_prefix('#') {
                title = comment.trim().to_owned();
                continue;
            }
        }
        command.push_str(line);
        if line.trim_end().ends_with('\\') || in_quotes(&command) {
            command.push('\n');
            continue;
        }
        found.push(Example {
            title: title.clone(),
            command: std::mem::take(&mut command),
        });
    }
    found
}

/// Whether a quote is still open at the end of a shell text.
fn in_quotes(text: &str) -> bool {
    let mut open = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (None | Some('"'), '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            _ => {}
        }
    }
    open.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# X\n```bash\ncargo dev up\n```\n## API Usage Examples\n### 1. Sign up\n```bash\n# Register\n\
        curl -X POST http://localhost:8080/a \\\n  -d '{\"a\":\n  \"b\"}'\n\ncurl http://localhost:8080/b\n```\n\
        ```javascript\nio()\n```\n## Other\n```bash\ncurl http://localhost:8080/c\n```\n";

    #[test]
    fn only_shell_commands_of_example_sections_are_taken() {
        let found = examples(README);
        let commands: Vec<&str> = found.iter().map(|example| example.command.as_str()).collect();
        assert_eq!(
            commands,
            [
                "curl -X POST http://localhost:8080/a \\\n  -d '{\"a\":\n  \"b\"}'",
                "curl http://localhost:8080/b"
            ]
        );
        assert_eq!(found[0].title, "Register");
    }

    #[test]
    fn the_shipped_readme_has_examples() {
        let readme = include_str!("../../../README.md");
        assert!(
            examples(readme)
                .iter()
                .filter(|example| example.command.starts_with("curl "))
                .count()
                >= 5
        );
    }
}
