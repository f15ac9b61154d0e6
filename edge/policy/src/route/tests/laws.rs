//! Laws over random rules. The law of all is a plain reading, rule by rule, of what the module's head says.

use super::*;
use std::cmp::Reverse;

/// Where a rule stands: of two, the lesser goes first. By host, then by path.
type Rank = ((u8, Reverse<usize>), (u8, Vec<bool>, Reverse<usize>));

fn host_rank(host: Option<&HostPattern>, asked: Option<&str>) -> Option<(u8, Reverse<usize>)> {
    let Some(pattern) = host else {
        return Some((2, Reverse(0)));
    };
    let name = asked?.split(':').next()?.trim_end_matches('.').to_ascii_lowercase();
    match pattern {
        HostPattern::Exact(exact) => (name == *exact).then_some((0, Reverse(0))),
        HostPattern::Wildcard(above) => name
            .ends_with(&format!(".{above}"))
            .then_some((1, Reverse(above.len()))),
    }
}

fn path_rank(pattern: &Pattern, path: &str) -> Option<(u8, Vec<bool>, Reverse<usize>)> {
    let is_parameter = |segment: &str| segment.starts_with('{');
    match pattern {
        Pattern::Exact(exact) => (exact == path).then_some((0, vec![], Reverse(0))),
        Pattern::Template(template) => {
            let same_length = template.split('/').count() == path.split('/').count();
            let mut segments = template.split('/').zip(path.split('/'));
            let fits =
                same_length && segments.all(|(want, got)| want == got || (is_parameter(want) && !got.is_empty()));
            fits.then(|| (1, template.split('/').map(is_parameter).collect(), Reverse(0)))
        }
        Pattern::Prefix(prefix) => is_under(path, prefix).then_some((2, vec![], Reverse(prefix.len()))),
    }
}

/// The best rank of a rule that takes host and path.
fn rank(rule: &Rule, request: &Request) -> Option<Rank> {
    let hosts = rule.hosts().filter_map(|host| host_rank(host, request.host.as_deref()));
    let paths = rule
        .patterns
        .iter()
        .filter_map(|pattern| path_rank(pattern, &request.path));
    Some((hosts.min()?, paths.min()?))
}

/// The rules that take host and path, in the order in which they are asked.
fn ranked(rules: &[Rule], request: &Request) -> Vec<usize> {
    let mut ranked: Vec<(Rank, usize)> = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        ranked.extend(rank(rule, request).map(|rank| (rank, place)));
    }
    ranked.sort();
    ranked.into_iter().map(|(_, place)| place).collect()
}

fn reading(rules: &[Rule], request: &Request) -> String {
    let ranked = ranked(rules, request);
    if let Some(place) = ranked.iter().find(|place| rules[**place].takes(&request.method)) {
        return place.to_string();
    }
    let mut names: Vec<&str> = ranked
        .iter()
        .flat_map(|place| rules[*place].methods())
        .map(Method::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        "404".to_owned()
    } else {
        format!("405 {}", names.join(", "))
    }
}

fn compiled(rules: &[Rule]) -> RouteTable<usize> {
    RouteTable::new(rules.iter().cloned().zip(0..))
}

fn answer(table: &RouteTable<usize>, request: &Request) -> String {
    match table.find(request.host.as_deref(), &request.path, &request.method) {
        Found::Route(place) => place.to_string(),
        Found::MethodNotAllowed { allow } => format!("405 {allow}"),
        Found::NotFound => "404".to_owned(),
    }
}

#[derive(Debug, Clone)]
struct Request {
    host: Option<String>,
    path: String,
    method: Method,
}

/// Few names, so that rules meet often.
fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let path = "(/([abc]|\\{x\\}|\\{y\\})){1,4}/?".prop_map(|text| Pattern::path(&text).unwrap());
    let prefix = "/|(/[abc]){1,3}".prop_map(|text| Pattern::prefix(&text).unwrap());
    let patterns = prop::collection::vec(prop_oneof![2 => path, 1 => prefix], 1..4);
    let methods = prop::sample::subsequence(vec![Method::GET, Method::HEAD, Method::POST], 0..=3);
    let names = [
        "a.example.com",
        "example.com",
        "*.example.com",
        "*.a.example.com",
        "*.com",
    ];
    let hosts = names.map(|name| name.parse::<HostPattern>().unwrap()).to_vec();
    let hosts = prop_oneof![Just(vec![]), prop::sample::subsequence(hosts, 0..=3)];
    let rule = (patterns, methods, hosts).prop_map(|(patterns, methods, hosts)| Rule {
        patterns,
        methods,
        hosts,
    });
    prop::collection::vec(rule, 0..14)
}

fn request() -> impl Strategy<Value = Request> {
    let hosts = [
        "a.example.com",
        "A.Example.Com:8080",
        "b.a.example.com",
        "b.example.com.",
        "example.com",
        "b.com",
        "com",
    ];
    let host = prop::option::of(prop::sample::select(hosts.map(str::to_owned).to_vec()));
    let method = prop::sample::select(vec![Method::GET, Method::HEAD, Method::POST, Method::PUT]);
    (host, "/|(/[abcd]){1,5}/?", method).prop_map(|(host, path, method)| Request { host, path, method })
}

/// Requests that one of a rule's hosts and patterns takes with nothing of other rules' names in them.
fn of_its_own(rule: &Rule) -> Vec<Request> {
    let host = |host: Option<&HostPattern>| match host {
        None => None,
        Some(HostPattern::Exact(name)) => Some(name.clone()),
        Some(HostPattern::Wildcard(above)) => Some(format!("fresh.{above}")),
    };
    let path = |pattern: &Pattern| match pattern {
        Pattern::Exact(path) => path.clone(),
        Pattern::Template(text) => text.replace("{x}", "fresh").replace("{y}", "fresh"),
        // Deeper than any template.
        Pattern::Prefix(prefix) => format!("{prefix}{}", "/fresh".repeat(9)),
    };
    let mut methods: Vec<Method> = rule.methods().cloned().collect();
    if methods.is_empty() {
        methods.push(Method::from_bytes(b"FRESH").unwrap());
    }
    let mut requests = Vec::new();
    for pattern in rule
        .hosts()
        .flat_map(|at| rule.patterns.iter().map(move |pattern| (at, pattern)))
    {
        requests.extend(methods.iter().map(|method| Request {
            host: host(pattern.0),
            path: path(pattern.1),
            method: method.clone(),
        }));
    }
    requests
}

proptest! {
    /// Law: the table answers as the plain reading does.
    #[test]
    fn the_table_answers_as_a_linear_reading(rules in rules(), requests in prop::collection::vec(request(), 1..20)) {
        let table = compiled(&rules);
        for request in &requests {
            prop_assert_eq!(answer(&table, request), reading(&rules, request), "{:?}", request);
        }
    }

    /// Law: an explanation lists what the plain reading ranks, in its order, and tells what `find` answers.
    #[test]
    fn an_explanation_is_the_ranking(rules in rules(), request in request()) {
        let table = compiled(&rules);
        let (host, path, method) = (request.host.as_deref(), &request.path, &request.method);
        let explanation = table.explain(host, path, method);
        let found = table.find(host, path, method);
        prop_assert_eq!(&explanation.found, &found);
        let (asked, others): (Vec<_>, Vec<_>) = explanation.candidates.iter().partition(|one| one.verdict != Verdict::Host);
        let places: Vec<usize> = asked.iter().map(|one| *one.route).collect();
        prop_assert_eq!(places, ranked(&rules, &request));
        let wins: Vec<_> = asked.iter().filter(|one| one.verdict == Verdict::Wins).map(|one| Found::Route(one.route)).collect();
        prop_assert!(wins.len() <= 1 && wins.iter().all(|route| *route == found));
        prop_assert_eq!(wins.is_empty(), !matches!(found, Found::Route(_)));
        prop_assert!(asked.iter().all(|one| (one.verdict == Verdict::Method) != one.rule.takes(method)));
        for one in others {
            prop_assert!(path_rank(one.pattern, path).is_some() && rank(one.rule, &request).is_none());
        }
    }

    /// Law: the order of the file does not matter where no rule is in another's shadow.
    #[test]
    fn order_matters_only_to_shadows(rules in rules(), turn in 0usize..14, request in request()) {
        let shadows = shadowed(&rules);
        let kept: Vec<(Rule, usize)> = rules.iter().cloned().zip(0..)
            .filter(|(_, place)| shadows.iter().all(|shadow| shadow.rule != *place))
            .collect();
        let mut turned = kept.clone();
        turned.rotate_left(turn.min(kept.len()));
        turned.reverse();
        prop_assert_eq!(answer(&RouteTable::new(kept), &request), answer(&RouteTable::new(turned), &request));
    }

    /// Law: a rule can never win exactly if it is told to be wholly in the shadow.
    #[test]
    fn whole_shadows_are_the_rules_that_never_win(rules in rules(), requests in prop::collection::vec(request(), 5)) {
        let table = compiled(&rules);
        let whole: Vec<usize> = shadowed(&rules).iter().filter(|one| one.whole).map(|one| one.rule).collect();
        for (place, rule) in rules.iter().enumerate() {
            let wins = |request: &Request| answer(&table, request) == place.to_string();
            let own = of_its_own(rule);
            prop_assert_eq!(own.iter().any(wins), !whole.contains(&place), "{}: {:?}", place, own);
            prop_assert!(!whole.contains(&place) || !requests.iter().any(wins));
        }
    }
}
