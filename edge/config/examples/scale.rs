//! tmp
use std::fmt::Write;
fn main() {
    let routes: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let ups = routes / 4;
    let mut t = String::from(
        "version: 1\nadmin: { bind: \"127.0.0.1:9901\" }\nlisteners: { http: { bind: \"0.0.0.0:8080\" } }\nredis: { url: \"redis://h\" }\ndefaults: { timeouts: { connect: 1s, request: 15s, idle: 60s }, retries: { attempts: 2 }, rate_limits: [few], max_body: 1MiB, cors: web }\ncors: { web: { allow_origins: [\"https://e.org\"] } }\nrate_limits: { few: { key: client_ip, rate: 5/m } }\nupstreams:\n",
    );
    for i in 0..ups {
        writeln!(
            t,
            "  up{i}: {{ targets: [\"10.0.0.1:{}\", \"10.0.0.2:{}\"], health_check: {{ path: /health }} }}",
            1 + i % 60000,
            1 + i % 60000
        )
        .unwrap();
    }
    t += "routes:\n";
    for i in 0..routes {
        writeln!(
            t,
            "  r{i}: {{ match: {{ path: \"/api/s{i}/{{id}}/x\", methods: [GET, POST] }}, upstream: up{} }}",
            i % ups
        )
        .unwrap();
    }
    println!("{} bytes", t.len());
    let broken = t.replace("upstream: up7 ", "upsteam: up7 ").replace(
        "methods: [GET, POST] }, upstream: up9 ",
        "methods: GET }, upstream: up9 ",
    );
    for (name, text) in [("good", &t), ("broken", &broken)] {
        for _ in 0..4 {
            let b = std::time::Instant::now();
            let got = edge_config::Config::parse(text, std::path::Path::new("e.yaml"), &|_| None);
            let took = b.elapsed();
            println!(
                "{name}: {took:?} {}",
                match &got {
                    Ok(l) => format!("ok {}", l.warnings.len()),
                    Err(a) => format!("{} {}", a.len(), a[0]),
                }
            );
            if let Ok(l) = got {
                let b = std::time::Instant::now();
                let d = edge_config::diff(&l.config, &l.config);
                println!("  diff {:?} {}", b.elapsed(), d.len());
                let b = std::time::Instant::now();
                let n = l.sources.under("").len();
                println!("  under {:?} {n}", b.elapsed());
            }
        }
    }
}
