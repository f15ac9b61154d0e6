//! Every name that is used is defined: variables, tables, streams, steps.

use crate::{
    journey::template::{ColumnName, FUNCTIONS, Gap},
    scenario::{Scenario, Step, threshold::Metric},
};
use edge_config::{
    Report,
    diagnose::{code, did_you_mean},
};

pub(super) fn check(scenario: &Scenario, report: &mut Report<'_>) {
    let names = Names::new(scenario);
    for (name, value) in scenario.client.variables.iter() {
        value
            .gaps()
            .into_iter()
            .for_each(|gap| names.gap(gap, &["client", "variables", name], report));
    }
    names.steps(&scenario.client.steps, &["client", "steps"], report);
    for (name, journey) in scenario.journeys.iter() {
        names.steps(&journey.steps, &["journeys", name, "steps"], report);
    }
    for (name, stream) in scenario.streams.iter() {
        for gap in stream.gaps() {
            names.of_stream(gap, &["streams", name], report);
        }
    }
    for variable in &names.variables {
        if FUNCTIONS.contains(&variable.as_str()) {
            let message =
                format!("journeys: a variable cannot be called `{variable}`, which is a function of templates");
            report.bad_value(&["journeys"], message);
        }
    }
    thresholds(scenario, report);
}

struct Names<'a> {
    scenario: &'a Scenario,
    variables: std::collections::BTreeSet<String>,
}

impl<'a> Names<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            variables: scenario.variables(),
        }
    }

    fn steps(&self, steps: &[Step], path: &[&str], report: &mut Report<'_>) {
        if !report.is_whole(path) {
            return;
        }
        for (index, step) in steps.iter().enumerate() {
            let index = index.to_string();
            let path = [path, &[index.as_str()]].concat();
            step.gaps().into_iter().for_each(|gap| self.gap(gap, &path, report));
            let Some(publishes) = &step.publishes else { continue };
            if self.scenario.streams.named(&publishes.to).is_none() && report.is_whole(&["streams"]) {
                let hint = did_you_mean(&publishes.to, self.scenario.streams.names());
                let message = format!("publishes: `{}` is not defined in streams{hint}", publishes.to);
                report.add(code::DANGLING, &path, message);
            }
        }
    }

    fn gap(&self, gap: &Gap, path: &[&str], report: &mut Report<'_>) {
        match gap {
            // A refused part may be what would have set it.
            Gap::Variable(name)
                if !self.variables.contains(name) && report.is_whole(&["journeys"]) && report.is_whole(&["client"]) =>
            {
                let hint = did_you_mean(name, self.variables.iter().map(String::as_str).chain(FUNCTIONS));
                let message = format!("nothing sets `{name}`; capture it, or give it under `client.variables`{hint}");
                report.add(code::DANGLING, path, message);
            }
            Gap::Pick(column) | Gap::Row(column) | Gap::ZipfCell { column, .. } => self.column(column, 1, path, report),
            Gap::Other(column) => self.column(column, 2, path, report),
            _ => {}
        }
    }

    /// A subscription has a number and the system's data, but no variables and no iterations.
    fn of_stream(&self, gap: &Gap, path: &[&str], report: &mut Report<'_>) {
        match gap {
            Gap::Variable(name) => {
                let message = format!(
                    "`{{{{{name}}}}}`: a subscription has no variables; use `{{{{row sessions.token}}}}` or its like"
                );
                report.add(code::DANGLING, path, message);
            }
            Gap::Nonce => report.bad_value(
                path,
                "`{{nonce}}`: a subscription has no iterations; it belongs to what is published",
            ),
            other => self.gap(other, path, report),
        }
    }

    /// The column must be there, and so many rows.
    fn column(&self, wanted: &ColumnName, rows: u32, path: &[&str], report: &mut Report<'_>) {
        let Some(tables) = self.scenario.system.tables().filter(|_| report.is_whole(&["system"])) else {
            return;
        };
        let ColumnName { table: name, column } = wanted;
        let message = match tables.iter().find(|table| table.name == *name) {
            None => {
                let known = tables.iter().map(|table| table.name);
                let hint = did_you_mean(name, known.clone());
                format!(
                    "`{wanted}`: this system has {}{hint}",
                    known.collect::<Vec<_>>().join(", ")
                )
            }
            Some(table) if !table.columns.contains(&column.as_str()) => {
                let hint = did_you_mean(column, table.columns.iter().copied());
                format!("`{wanted}`: {name} have {}{hint}", table.columns.join(", "))
            }
            Some(table) if table.rows == 0 => format!("`{wanted}`: there are no {name}; give `{}`", table.key),
            Some(table) if table.rows < rows => {
                format!(
                    "`{wanted}`: too few {name} for another one than the client's own; give {rows} at least in `{}`",
                    table.key
                )
            }
            Some(_) => return,
        };
        report.add(code::DANGLING, path, message);
    }
}

fn thresholds(scenario: &Scenario, report: &mut Report<'_>) {
    if !report.is_whole(&["journeys"]) || !report.is_whole(&["streams"]) {
        return;
    }
    let steps = scenario.step_names();
    for threshold in &scenario.thresholds.0 {
        let path = ["thresholds", threshold.name.as_str()];
        let unknown = |name: &str, kind: &str, known: &mut dyn Iterator<Item = &str>| {
            let known: Vec<_> = known.collect();
            let hint = did_you_mean(name, known.iter().copied());
            format!("there is no {kind} `{name}`; there are: {}{hint}", known.join(", "))
        };
        match &threshold.metric {
            Metric::Time { step: Some(step), .. } if !steps.contains(step) => {
                report.add(
                    code::DANGLING,
                    &path,
                    unknown(step, "step", &mut steps.iter().map(String::as_str)),
                );
            }
            Metric::Delivery {
                stream: Some(stream), ..
            } if scenario.streams.named(stream).is_none() => {
                report.add(
                    code::DANGLING,
                    &path,
                    unknown(stream, "stream", &mut scenario.streams.names()),
                );
            }
            Metric::Delivery { .. } if scenario.streams.is_empty() => {
                report.add(code::CONTRADICTION, &path, "there are no `streams` to deliver to");
            }
            Metric::Sustained if scenario.load.ramp.is_none() && scenario.load.stages.is_empty() => {
                report.add(
                    code::CONTRADICTION,
                    &path,
                    "only a `ramp` or `stages` tell which rate was kept up with",
                );
            }
            _ => {}
        }
    }
}
