//! What tracking costs; run with `--release -- --ignored --nocapture` to see it.

use std::hint::black_box;
use std::time::Duration;

use super::*;

const ROUNDS: u32 = 20_000;

fn spec(steps: usize) -> Value {
    let step = |number| {
        json!({"name": format!("step-{number}"), "image": "registry.example.com/tools/build:1.21",
        "args": ["build", "--verbose", "./..."], "env": {"CGO_ENABLED": "0", "GOFLAGS": "-mod=vendor"}})
    };
    json!({"text": "0 2 * * *", "number": 30, "steps": (0..steps).map(step).collect::<Vec<_>>()})
}

/// Measures the time on a processor, so that a busy machine does not count.
fn measure(what: &str, mut work: impl FnMut()) {
    let start = on_cpu();
    (0..ROUNDS).for_each(|_| work());
    let each = (on_cpu() - start) / ROUNDS;
    #[allow(clippy::print_stderr)]
    {
        eprintln!("{what}: {each:?}");
    }
}

fn on_cpu() -> Duration {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(spent.split(' ').next().unwrap().parse().unwrap())
}

#[test]
#[ignore = "a measurement, which needs Linux"]
fn what_tracking_costs() {
    let request = Manager { name: "u", subresource: "", api_version: VERSION, force: false, now: at(1) };
    let new = object(json!({ "spec": spec(4) }));
    let mut live = new.clone();
    track_update(None, &mut live, &request, &*SCHEMA);
    let mut changed = live.clone();
    changed["spec"]["steps"][1]["image"] = json!("other");
    measure("clone", || drop(black_box(new.clone())));
    measure("create", || track_update(None, black_box(&mut new.clone()), &request, &*SCHEMA));
    measure("update", || track_update(Some(&live), black_box(&mut changed.clone()), &request, &*SCHEMA));
    measure("no-op update", || track_update(Some(&live), black_box(&mut live.clone()), &request, &*SCHEMA));
    let request = Manager { name: "a", force: true, ..request };
    measure("apply", || drop(black_box(apply(Some(&live), &new, &request, &*SCHEMA))));
    let applied = apply(Some(&live), &new, &request, &*SCHEMA).unwrap();
    let fewer = object(json!({ "spec": spec(3) }));
    measure("apply that removes", || drop(black_box(apply(Some(&applied), &fewer, &request, &*SCHEMA))));
    #[allow(clippy::print_stderr)]
    {
        eprintln!("object: {} bytes", new.to_string().len());
    }
}
