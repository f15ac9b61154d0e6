//! Times of every workload: `cargo bench -p bench-micro [-- FILTER]`.

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for mut workload in bench_micro::all() {
        criterion.bench_function(workload.name, |bencher| bencher.iter(|| workload.run()));
    }
    criterion.final_summary();
}
