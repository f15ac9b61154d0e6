use super::*;
use crate::journey::data::{Data, Table};
use proptest::prelude::*;
use std::sync::Arc;

fn data(posts: usize) -> Data {
    let mut data = Data::default();
    let mut users = Table::new(["id", "email"]);
    for id in 0..7 {
        users.push([id.to_string(), format!("u{id}@test.com")]);
    }
    let mut table = Table::new(["id"]);
    for id in 1..=posts {
        table.push([id.to_string()]);
    }
    data.insert("users", users);
    data.insert("posts", table);
    data
}

fn shared(data: &Data) -> Arc<Shared> {
    Shared::new(data, 42)
}

/// Renders with variable `v`.
fn rendered(program: &Program, value: Variable) -> String {
    let mut memory = Memory::new(&shared(&data(3)), 9, 1);
    memory.set(0, value);
    String::from_utf8(program.bytes(&mut memory).to_vec()).unwrap()
}

fn scope(data: &Data) -> Scope<'_> {
    Scope::new(["v".to_owned()], data)
}

fn text(template: &str, value: Variable) -> String {
    let data = data(3);
    rendered(
        &Program::text(&Template::parse(template).unwrap(), &scope(&data)).unwrap(),
        value,
    )
}

fn path(template: &str, value: Variable) -> String {
    let data = data(3);
    rendered(
        &Program::path(&Template::parse(template).unwrap(), &scope(&data)).unwrap(),
        value,
    )
}

fn json(template: serde_json::Value, value: Variable) -> String {
    let data = data(3);
    let template: JsonTemplate = serde_json::from_value(template).unwrap();
    rendered(&Program::json(&template, &scope(&data)).unwrap(), value)
}

#[test]
fn gaps_are_filled() {
    let cases = [
        ("Bearer {{v}}", "Bearer abc"),
        ("{{ v }}{{v}}", "abcabc"),
        ("{{client}}/{{iteration}}", "9/0"),
        ("{{row users.email}}", "u2@test.com"),
        ("{{\"{{\"}}v}}", "{{v}}"),
        ("{ a { b }}", "{ a { b }}"),
        ("{{random 5 5}}", "5"),
        ("{{zipf 1}}", "1"),
        ("", ""),
    ];
    for (template, want) in cases {
        assert_eq!(text(template, Variable::Text("abc".into())), want, "{template}");
    }
    assert_eq!(text("[{{v}}]", Variable::Unset), "[]");
}

#[test]
fn a_lone_gap_keeps_its_kind_in_json() {
    let template = serde_json::json!({ "after": "{{v}}", "text": "<{{v}}>", "n": "{{client}}" });
    let with = |value| serde_json::from_str::<serde_json::Value>(&json(template.clone(), value)).unwrap();
    assert_eq!(
        with(Variable::Unset),
        serde_json::json!({ "after": null, "text": "<>", "n": 9 })
    );
    assert_eq!(
        with(Variable::Json("17".into())),
        serde_json::json!({ "after": 17, "text": "<17>", "n": 9 })
    );
    let quoted = serde_json::json!({ "after": "a\"b", "text": "<a\"b>", "n": 9 });
    assert_eq!(with(Variable::Text("a\"b".into())), quoted);
}

#[test]
fn fillings_of_a_path_are_encoded_but_a_whole_address_is_not() {
    assert_eq!(
        path("/p/{{v}}?x={{v}}", Variable::Text("a/b c=&é".into())),
        "/p/a%2Fb%20c%3D%26%C3%A9?x=a%2Fb%20c%3D%26%C3%A9"
    );
    assert_eq!(path("{{v}}", Variable::Text("/media/a.png".into())), "/media/a.png");
}

#[test]
fn a_form_is_encoded() {
    let data = data(3);
    let fields = [
        ("a b".to_owned(), Template::parse("1&{{v}}").unwrap()),
        ("c".to_owned(), Template::parse("").unwrap()),
    ];
    let program = Program::form(&fields, &scope(&data)).unwrap();
    assert_eq!(rendered(&program, Variable::Text("=".into())), "a%20b=1%26%3D&c=");
}

#[test]
fn a_pick_is_one_row_and_a_nonce_one_word_throughout_an_iteration() {
    let data = data(3);
    let template =
        Template::parse("{{pick users.id}} {{pick users.email}} {{nonce}} {{nonce}} {{ip fresh}} {{ip fresh}}")
            .unwrap();
    let program = Program::text(&template, &scope(&data)).unwrap();
    let mut memory = Memory::new(&shared(&data), 0, 1);
    let mut seen = std::collections::HashSet::new();
    for iteration in 0..50 {
        memory.begin(iteration);
        let line = String::from_utf8(program.bytes(&mut memory).to_vec()).unwrap();
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(words[1], format!("u{}@test.com", words[0]));
        assert_eq!((words[2], words[4]), (words[3], words[5]));
        assert!(
            seen.insert(words[2].to_owned()) && seen.insert(words[4].to_owned()),
            "{line}"
        );
    }
}

#[test]
fn another_row_is_never_the_own_one_and_stays_for_an_iteration() {
    let data = data(3);
    let template = Template::parse("{{row users.id}} {{other users.id}} {{other users.email}}").unwrap();
    let program = Program::text(&template, &scope(&data)).unwrap();
    for client in 0..14 {
        let mut memory = Memory::new(&shared(&data), client, 1);
        let mut seen = std::collections::HashSet::new();
        for iteration in 0..200 {
            memory.begin(iteration);
            let line = String::from_utf8(program.bytes(&mut memory).to_vec()).unwrap();
            let words: Vec<_> = line.split(' ').collect();
            assert_ne!(words[0], words[1]);
            assert_eq!(words[2], format!("u{}@test.com", words[1]));
            seen.insert(words[1].to_owned());
        }
        // That one of six does not come up in 200 draws has a chance of 10^-15.
        assert_eq!(seen.len(), 6, "client {client}");
    }
}

#[test]
fn addresses_are_the_clients_own() {
    let data = data(3);
    let (shared, program) = (
        shared(&data),
        Program::text(&Template::parse("{{ip}}").unwrap(), &scope(&data)).unwrap(),
    );
    let address = |client| {
        let text = program.bytes(&mut Memory::new(&shared, client, 1));
        std::str::from_utf8(&text)
            .unwrap()
            .parse::<std::net::Ipv4Addr>()
            .unwrap()
    };
    assert_eq!(address(5), address(5));
    let all: std::collections::HashSet<_> = (0..1000).map(address).collect();
    assert_eq!(all.len(), 1000);
    assert!(
        all.iter()
            .all(|ip| ip.octets()[0] == 198 && [18, 19].contains(&ip.octets()[1]))
    );
}

#[test]
fn what_is_not_there_is_told() {
    let mut data = data(0);
    let mut alone = Table::new(["id"]);
    alone.push(["1".to_owned()]);
    data.insert("alone", alone);
    let told = |template: &str| {
        Program::text(&Template::parse(template).unwrap(), &scope(&data))
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(told("{{w}}"), Err("nothing sets `w`; did you mean `v`?".into()));
    assert_eq!(
        told("{{pick user.id}}"),
        Err("the system has no `user`; it has: alone, posts, users".into())
    );
    assert_eq!(
        told("{{pick users.name}}"),
        Err("the system's `users` have no `name`; they have: id, email".into())
    );
    assert_eq!(
        told("{{zipf posts.id}}"),
        Err("the system has no rows of `posts`".into())
    );
    assert_eq!(
        told("{{other alone.id}}"),
        Err("`alone.id`: the only row is everybody's own; there must be two at least".into())
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    let cases = [
        ("{{", "`{{` is not closed with `}}`"),
        ("a {{token", "`{{token` is not closed with `}}`"),
        ("{{}}", "`{{}}`: write a name between the braces, like `{{token}}`"),
        ("{{random 5}}", "`{{random 5}}`: write `{{random 1 100}}`"),
        (
            "{{random 5 1}}",
            "`{{random 5 1}}`: write `{{random 1 100}}`, the smaller number first",
        ),
        (
            "{{randon 1 5}}",
            "`randon` is not a function; there are nonce, client, iteration, random, zipf, pick, row, other, ip; did you mean `random`?",
        ),
        (
            "{{pick users}}",
            "`{{pick users}}`: write `{{pick users.email}}`, a table and its column",
        ),
        (
            "{{other users}}",
            "`{{other users}}`: write `{{other users.email}}`, a table and its column",
        ),
        ("{{client 1}}", "`{{client 1}}`: write the function without an argument"),
        ("{{a-b}}", "`a-b` is not a name; a variable has letters, digits and `_`"),
    ];
    for (template, want) in cases {
        assert_eq!(Template::parse(template), Err(want.to_owned()), "{template}");
    }
    for bad in [
        "{{zipf 0}}",
        "{{zipf 5 -1}}",
        "{{zipf 5 NaN}}",
        "{{zipf posts}}",
        "{{zipf}}",
    ] {
        assert!(Template::parse(bad).unwrap_err().contains("a number of ranks"), "{bad}");
    }
}

proptest! {
    /// Law: a text without gaps is rendered as it is, and costs nothing.
    #[test]
    fn plain_text_stays(plain in "\\PC{0,40}") {
        prop_assume!(!plain.contains("{{"));
        let template = Template::parse(&plain).unwrap();
        prop_assert_eq!(template.constant(), Some(plain.as_str()));
        prop_assert_eq!(text(&plain, Variable::Unset), plain);
    }

    /// Law: whatever fills a gap, what is rendered is JSON and says just that.
    #[test]
    fn json_stays_json(value in "[\\x00-\\x7f\\PC]{0,20}", key in "[\\x00-\\x7f\\PC]{0,6}", plain in "[\"\\\\a\\x01]{0,6}") {
        let template = serde_json::json!({ key.clone(): ["{{v}}", format!("{plain}{{{{v}}}}")] });
        let told: serde_json::Value = serde_json::from_str(&json(template, Variable::Text(value.clone()))).unwrap();
        prop_assert_eq!(told, serde_json::json!({ key: [value.clone(), format!("{plain}{value}")] }));
    }

    /// Law: a path is a path whatever fills it, and decodes to what was filled in.
    #[test]
    fn paths_stay_paths(value in "\\PC{0,20}") {
        let told = path("/a/{{v}}", Variable::Text(value.clone()));
        prop_assert!(told.parse::<http::Uri>().is_ok(), "{}", told);
        let decoded = percent_encoding::percent_decode_str(&told[3..]).decode_utf8().unwrap();
        prop_assert_eq!(decoded, value);
    }

    #[test]
    fn reading_never_panics(text in "(\\{\\{|\\}\\}|[a-z.0-9 \"]|zipf |pick |é){0,16}") {
        let _ = Template::parse(&text);
    }

    /// Law: rank k comes up in proportion to k to the minus exponent, and no rank beyond the last one does.
    #[test]
    fn ranks_follow_the_power_law(ranks in 2usize..50, exponent in 0.0f64..3.0, client in 0u32..1000) {
        const SAMPLES: usize = 4000;
        let data = data(ranks);
        let template = Template::parse(&format!("{{{{zipf posts.id {exponent}}}}}")).unwrap();
        let program = Program::text(&template, &scope(&data)).unwrap();
        let mut memory = Memory::new(&shared(&data), client, 1);
        let mut seen = vec![0usize; ranks];
        for _ in 0..SAMPLES {
            let cell = program.bytes(&mut memory);
            let rank: usize = std::str::from_utf8(&cell).unwrap().parse().unwrap();
            seen[rank - 1] += 1;
        }
        let weight = |rank: usize| ((rank + 1) as f64).powf(-exponent);
        let whole: f64 = (0..ranks).map(weight).sum();
        for (rank, seen) in seen.iter().enumerate() {
            let share = weight(rank) / whole;
            let (mean, variance) = (SAMPLES as f64 * share, SAMPLES as f64 * share * (1.0 - share));
            // Seven standard deviations, and room for the few that a Poisson tail gives.
            prop_assert!((*seen as f64 - mean).abs() <= 7.0 * variance.sqrt() + 5.0, "rank {rank}: {seen}, not {mean}");
        }
    }
}
