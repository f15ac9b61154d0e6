//! Configurations with `{{names}}` in them.

use shared_stack::{Error, Result};

/// Puts values in the places of their names.
///
/// # Errors
/// A name that has no value, or a place that is not closed.
pub(crate) fn render(text: &str, values: &[(&str, String)]) -> Result<String> {
    let mut rendered = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else {
            return Err(Error::new("a place is opened by {{ and not closed by }}"));
        };
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = values.iter().map(|(known, _)| *known).collect();
            return Err(Error::new(format!("{{{{{name}}}}} is unknown")).cure(format!("one of {}", known.join(", "))));
        };
        rendered.push_str(before);
        rendered.push_str(value);
        rest = after;
    }
    rendered.push_str(rest);
    Ok(rendered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_values_and_unknown_ones_are_errors() {
        let values = [("port", "80".to_owned()), ("dir", "/x".to_owned())];
        assert_eq!(render("a {{port}}:{{dir}};", &values).unwrap(), "a 80:/x;");
        assert_eq!(render("{ plain { }", &values).unwrap(), "{ plain { }");
        assert!(
            render("{{prot}}", &values)
                .unwrap_err()
                .to_string()
                .contains("{{prot}} is unknown")
        );
        assert!(render("{{port", &values).is_err());
    }
}
