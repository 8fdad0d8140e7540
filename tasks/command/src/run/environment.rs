//! Environment of a run: variables and limits.

use crate::{
    definition::{Definition, Limits},
    folder::RunFolder,
    launch::wire::KernelLimits,
    value::ParamValue,
};

/// Variables of a run. Only allowed variables of the server are passed on, because others may hold
/// keys.
pub(super) fn of(
    definition: &Definition,
    values: &[ParamValue],
    folder: &RunFolder,
) -> Vec<(String, String)> {
    let server = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    let path = server("PATH").map_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned(), |p| p.1);
    let home = folder.path().display().to_string();
    let mut env = vec![
        ("PATH".to_owned(), path),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        // Many programs need one, and write into it.
        ("HOME".to_owned(), home),
    ];
    if definition.pty {
        env.push(("TERM".to_owned(), "xterm-256color".to_owned()));
    }
    env.extend(definition.env.iter().filter_map(|name| server(name)));
    env.extend(definition.set_env.clone());
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
