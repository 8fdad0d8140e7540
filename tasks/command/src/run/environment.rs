//! Environment of a run: variables and limits.

use milepost::task::TraceParent;

use crate::{
    definition::{Definition, Limits},
    folder::RunFolder,
    launch::wire::KernelLimits,
    value::ParamValue,
};

/// Names the trace that a run belongs to for the programs that it starts.
const TRACE: &str = "TRACEPARENT";

/// Variables of a run. Only allowed variables of the server are passed on, because others may hold
/// keys.
pub(super) fn of(
    definition: &Definition,
    values: &[ParamValue],
    folder: &RunFolder,
    trace: Option<TraceParent>,
) -> Vec<(String, String)> {
    // What the definition says comes later and counts.
    let mut env: Vec<_> = trace.iter().map(|it| (TRACE.to_owned(), it.to_string())).collect();
    env.extend(definition.environment(folder.path().display().to_string()));
    if definition.pty {
        env.push(("TERM".to_owned(), "xterm-256color".to_owned()));
    }
    for (param, value) in definition.params.iter().zip(values) {
        match (&param.env, value) {
            (Some(name), ParamValue::Text(text)) => env.push((name.clone(), text.clone())),
            (Some(name), ParamValue::Yes) => env.push((name.clone(), "1".to_owned())),
            _ => {}
        }
    }
    env.push(("MILEPOST_RUN_DIR".to_owned(), folder.path().display().to_string()));
    env
}

/// Limits enforced by the kernel.
pub(super) const fn limits(limits: &Limits) -> KernelLimits {
    let Limits { memory_bytes, cpu_s, file_bytes, .. } = *limits;
    KernelLimits { memory_bytes, cpu_s, file_bytes }
}
