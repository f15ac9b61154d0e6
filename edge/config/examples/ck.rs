//! x
fn main() {
    for f in std::env::args().skip(1) {
        match edge_config::Config::load(std::path::Path::new(&f), &|n| std::env::var(n).ok()) {
            Ok(l) => { println!("ok {f}"); for w in l.warnings { println!("{w}"); } }
            Err(all) => for d in all { println!("{d}"); }
        }
    }
}
