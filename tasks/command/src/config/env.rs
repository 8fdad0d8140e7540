//! Environment variables that a parameter may set. The person who starts a task chooses the value,
//! and programs take options, code, files and servers from variables. No list of dangerous names is
//! complete, so this is a list of allowed ones: `PARAM_…`, and the names in the command's
//! `allow_env`.

/// Rule for a variable set by a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Allowed.
    Free,
    /// Allowed only if listed in `allow_env`.
    OnlyIfAllowed,
    /// Forbidden: it determines which code any program runs.
    Never,
}

/// Prefix of variables that every parameter may set: only programs written for it read them.
const FREE: &str = "PARAM_";
/// Variables read by the dynamic linker, the C library and shells before the program's own code
/// runs.
const NEVER: [&str; 12] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "ZDOTDIR",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "GCONV_PATH",
    "LOCPATH",
    "GLIBC_TUNABLES",
];
/// Prefixes of such variables.
const NEVER_BEGIN: [&str; 3] = ["LD_", "DYLD_", "BASH_FUNC_"];

/// Rule for a name.
pub(super) fn rule(name: &str) -> Rule {
    if NEVER.contains(&name) || NEVER_BEGIN.iter().any(|family| name.starts_with(family)) {
        return Rule::Never;
    }
    match name.strip_prefix(FREE) {
        Some(rest) if !rest.is_empty() => Rule::Free,
        _ => Rule::OnlyIfAllowed,
    }
}

/// Error for a variable that no parameter may set.
pub(super) fn never(name: &str) -> String {
    format!(
        "{name} decides over which code runs, before the program does: no parameter may set it, and \
         allow_env cannot allow it"
    )
}

/// Error for a variable that a parameter of the command `command` may set only if `allow_env` lists
/// it.
pub(super) fn not_allowed(name: &str, command: &str) -> String {
    let free = name.trim_start_matches('_').to_ascii_uppercase();
    format!(
        "a parameter of the command {command} may not set {name}, as programs may take options, code, \
         files or servers from it: call it {FREE}{free}, or write allow_env = [\"{name}\"] in \
         [commands.{command}]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_param_is_free_and_all_else_has_to_be_allowed() {
        for name in ["PARAM_TOKEN", "PARAM_TAR_OPTIONS", "PARAM_LD_PRELOAD", "PARAM_1"] {
            assert_eq!(rule(name), Rule::Free, "{name}");
        }
        for name in [
            "TOKEN",
            "KEY",
            "TAR_OPTIONS",
            "https_proxy",
            "PARAM_",
            "PARAM",
            "param_x",
            "XPARAM_Y",
            "",
        ] {
            assert_eq!(rule(name), Rule::OnlyIfAllowed, "{name}");
        }
    }

    #[test]
    fn what_is_read_before_the_program_is_forbidden() {
        for name in NEVER.into_iter().chain(["LD_PRELOAD", "DYLD_X", "BASH_FUNC_ls"]) {
            assert_eq!(rule(name), Rule::Never, "{name}");
        }
    }

    #[test]
    fn a_refusal_names_the_variable_the_command_and_both_ways_out() {
        let error = not_allowed("https_proxy", "fetch");
        for part in [
            "the command fetch may not set https_proxy",
            "call it PARAM_HTTPS_PROXY, or write allow_env = [\"https_proxy\"] in [commands.fetch]",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(rule("PARAM_HTTPS_PROXY"), Rule::Free);
    }
}
