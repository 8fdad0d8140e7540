//! What one report and one status read cost. `cargo bench -p milepost --features sqlite,http --bench status`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

#[path = "support/bench_task.rs"]
mod bench_task;

use bench_task::Bench;
use criterion::{Criterion, criterion_group, criterion_main};
use milepost::{
    engine::Caller,
    task::{PollRequest, Watch},
};

fn benches(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::start(Caller::owner("ada")));
    let service = bench.engine.service();

    c.bench_function("ctx.progress", |b| {
        b.to_async(&runtime).iter_custom(|n| bench.reports(n));
    });

    c.bench_function("status read of a running task", |b| {
        b.to_async(&runtime).iter(async || service.get(&bench.owner, bench.id).await.unwrap());
    });

    c.bench_function("status read of a running task, as JSON", |b| {
        b.to_async(&runtime).iter(async || {
            let snapshot = service.get(&bench.owner, bench.id).await.unwrap().unwrap();
            serde_json::to_vec(&snapshot).unwrap()
        });
    });

    let version = runtime
        .block_on(service.get(&bench.owner, bench.id))
        .unwrap()
        .map_or(0, |snapshot| snapshot.version);
    let watch = Watch::at_version(bench.id, version);
    let request = PollRequest::new(vec![watch], 0);
    c.bench_function("unchanged poll of a running task", |b| {
        b.to_async(&runtime).iter(async || service.poll(&bench.owner, &request).await.unwrap());
    });
}

criterion_group!(status, benches);
criterion_main!(status);
