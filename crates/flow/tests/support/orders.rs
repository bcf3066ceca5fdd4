//! How far loom goes through the orders in which threads can take their locks: the same for every crate that is tried so.

/// Forced switches of threads in one run of a model; one more multiplies the time by ten.
const SWITCHES: usize = 3;

pub fn in_every_order(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(SWITCHES);
    builder.check(model);
}
